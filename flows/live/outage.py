"""Outages in the log: when one begins and why, and when it is over; nothing in between, however long it lasts."""

import time
from collections.abc import Callable
from typing import Any, Final


class Outage:
    """Logs `{name}_wait` and `{name}_go_on`."""

    def __init__(self, name: str, log: Callable[..., Any]) -> None:
        self._name: Final = name
        self._log = log
        self._since: float | None = None

    def look(self, why: str | None) -> None:
        """Take note of what is waited for now; None: nothing."""
        if why is not None and self._since is None:
            self._since = time.monotonic()
            self._log(f"{self._name}_wait", why=why)
        elif why is None and self._since is not None:
            seconds, self._since = time.monotonic() - self._since, None
            self._log(f"{self._name}_go_on", seconds=round(seconds, 3))
