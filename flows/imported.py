"""What workers need, imported once for all of them, by the process that they are born of: see `crew`.

Rule: nothing here, or imported here, starts a thread that works, keeps a file open or asks for the time.
"""

from flows.collector import collect_later
from flows.silence import fall_silent

fall_silent()
collect_later()

import flows.cli  # noqa: E402 - what a worker's `__main__` imports, which it looks at again
import flows.worker  # noqa: E402, F401
from operators.nyse import nyse_calendar  # noqa: E402

nyse_calendar()
