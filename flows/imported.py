"""What workers need, imported once for all of them, by the process that they are born of: see `crew`.

Rule: nothing here, or imported here, starts a thread that works, opens a file or asks for the time.
"""

from flows.collector import collect_later

collect_later()

import flows.worker  # noqa: E402, F401
from operators.nyse import nyse_calendar  # noqa: E402

nyse_calendar()
