"""Past the scan: what no bar ended with does not wake the steps that only bars concern.

What is remembered of a symbol's bars is large, and where state is kept the engine keeps it anew whenever the symbol's
step had anything to do.  So `build_bars` numbers what it gives, most of which takes a way of its own, and here it
stands in order again.
"""

from collections.abc import Iterable

import bytewax.operators as op

from flows.items import History, ShardItems, SymbolItem, Watched
from operators.data_gaps import DataGap


class InOrder(op.StatefulLogic[ShardItems, ShardItems, tuple[()]]):
    """Gives what comes to a shard in the order of its numbers, which begin with each run."""

    def __init__(self) -> None:
        self._next = 0
        self._early: dict[int, ShardItems] = {}

    def on_item(self, value: ShardItems) -> tuple[Iterable[ShardItems], bool]:
        """Give it, and what waited for it; or let it wait for those before it."""
        self._early[value.number] = value
        ready = []
        while self._next in self._early:
            ready.append(self._early.pop(self._next))
            self._next += 1
        return ready, op.StatefulLogic.RETAIN

    def snapshot(self) -> tuple[()]:
        """Return nothing: when the engine asks, all that came before has passed both ways.

        Raises RuntimeError if it has not, which would be lost.
        """
        if self._early:
            msg = f"item {self._next} of a shard did not come past the scan; {len(self._early)} wait for it"
            raise RuntimeError(msg)
        return ()


def concerns_scan(keyed: tuple[str, ShardItems]) -> bool:
    """Whether anything in it changes what the steps of the scan remember: bars that ended or of earlier days, a gap."""
    return any(_is_remembered(item) for _, item in keyed[1].items)


def _is_remembered(item: SymbolItem) -> bool:
    return isinstance(item, History | DataGap) or (isinstance(item, Watched) and bool(item.bars))
