"""Symbols that join a feed while it runs: asked for on the line that there is, and on every one after it.

Rule: `add` is for whoever asks, in a thread of its own; all else is for the feed's reader alone.
"""

from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue

from flows.feed.gaps import TRADES
from flows.feed.sink import EVERY_SYMBOL


class Joining:
    """`subscriptions`: what the feed began with."""

    def __init__(self, subscriptions: Sequence[str]) -> None:
        self.wanted = list(dict.fromkeys(subscriptions))
        self._new: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self._since_ns: dict[str, int] = {}

    def add(self, symbol: str, at_ns: int) -> None:
        """Wish for a symbol's trades, which are missing from `at_ns` on, ns UTC."""
        self._new.put((symbol, at_ns))

    def take(self) -> list[str]:
        """Return the symbols that were added since it was last asked and not had before; they are wanted now."""
        found = list[str]()
        while True:
            try:
                symbol, at_ns = self._new.get_nowait()
            except Empty:
                return found
            name = subscription_of(symbol)
            if name not in self.wanted and subscription_of(EVERY_SYMBOL) not in self.wanted:
                self.wanted.append(name)
                self._since_ns[name] = at_ns
                found.append(symbol)

    def begun(self, held: Iterable[str]) -> list[tuple[str, int]]:
        """Return the symbols of `held` that came to be held now, each with the time since when it was missing."""
        names = [each for each in held if each in self._since_ns]
        return [(each.partition(".")[2], self._since_ns.pop(each)) for each in names]


def subscription_of(symbol: str) -> str:
    """Return the subscription to a symbol's trades."""
    return f"{TRADES}.{symbol}"
