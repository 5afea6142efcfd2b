"""One client of the practice market: what it is answered, as the vendor answers.  No socket here.

Unknown channels get no answer; a subscription that is held already is not acknowledged again; unknown tickers are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from flows.market.faults import FaultKind, Faults

CHANNELS: Final = ("T", "Q", "A", "AM", "LULD", "FMV", "NOI", "LV")
"""Channels that are acknowledged.  Only T carries data here."""
TRADES: Final = "T"
GREETING: Final = ("connected", "Connected Successfully")
TOO_MANY: Final = (
    "max_connections",
    "Maximum number of websocket connections exceeded. You have reached the connection limit for your account.",
)
NO_ACCESS: Final = "Your plan doesn't include websocket access."


def status(word: str, message: str, **fields: Any) -> dict[str, Any]:
    """Return a status event."""
    return {"ev": "status", "status": word, "message": message, **fields}


@dataclass(slots=True)
class Reply:
    """Statuses to send, in one frame; then whether to cut the line."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    cut: bool = False


class Customer:
    """`tickers`: code of each ticker on the tape."""

    def __init__(self, faults: Faults, tickers: Mapping[str, int]) -> None:
        self.authenticated, self.held = False, dict[str, None]()
        self.wants: npt.NDArray[np.bool_] = np.zeros(len(tickers), dtype=np.bool_)
        self._faults, self._tickers = faults, tickers

    def hear(self, text: str | bytes) -> Reply:
        """Answer a message."""
        try:
            message = json.loads(text)
            action, params = message["action"], str(message["params"])
        except (ValueError, KeyError, TypeError):
            return Reply([status("error", "invalid message")])
        if action == "auth":
            return self._auth(params)
        if not self.authenticated:
            return Reply([status("error", "not authenticated")])
        names = [name for name in params.replace(" ", "").split(",") if name]
        answers = [self._subscribe(name) if action == "subscribe" else self._unsubscribe(name) for name in names]
        self._note_wants()
        return Reply([answer for answer in answers if answer is not None])

    def _auth(self, key: str) -> Reply:
        if not key or self._faults.holds(FaultKind.BAD_KEY):
            return Reply([status("auth_failed", "authentication failed")], cut=True)
        if self._faults.holds(FaultKind.NO_ACCESS):
            return Reply([status("auth_failed", NO_ACCESS)], cut=True)
        self.authenticated = True
        return Reply([status("auth_success", "authenticated")])

    def _subscribe(self, name: str) -> dict[str, Any] | None:
        channel, _, ticker = name.partition(".")
        if channel not in CHANNELS or not ticker or name in self.held:
            return None
        if self._faults.hits(FaultKind.IGNORE, name):
            return None
        if self._faults.hits(FaultKind.NOT_AUTHORIZED, name):
            return status("error", "not authorized")
        self.held[name] = None
        return status("success", f"subscribed to: {name}")

    def _unsubscribe(self, name: str) -> dict[str, Any] | None:
        if name not in self.held:
            return None
        del self.held[name]
        return status("success", f"unsubscribed to: {name}")

    def _note_wants(self) -> None:
        everything = f"{TRADES}.*" in self.held
        for ticker, code in self._tickers.items():
            self.wants[code] = everything or f"{TRADES}.{ticker}" in self.held
