"""Gaps: when something is missing, from when to when, and its repair by REST in the order of the tape.

Rule 1: the gap is marked before anything that came after it, so that no reader takes the rest for the whole.
Rule 2: the window reaches `OVERLAP_NS` over both ends; prints in there may be on the tape twice, each as its source
gave it, and the reader tells them apart by (symbol, exchange, TRF, id), else as the tape's rules say.
Rule 3: what cannot be fetched stays open, with its reason; nothing is guessed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flows.feed.decisions import Ending
from flows.feed.sink import EVERY_SYMBOL, FrameSink, Gap, GapState
from flows.feed.trades_client import NotEntitledError, RestError, TradesClient
from operators.times import SECOND_NS

OVERLAP_NS: Final = 3 * SECOND_NS
"""The tape's reader remembers 10 s of each symbol; an overlap must be well below that."""
SETTLE_SECONDS: Final = 1.0
"""How long after a window's end REST may still be without prints that the feed has sent already."""
LONGEST_WAIT_SECONDS: Final = 10.0
"""A frame with a time from far away must not hold the tape up."""
TRADES: Final = "T"


class StoppedError(Exception):
    """The feed shall stop; what is being done is left as it is."""


class GapBook:
    """Names the gaps.  At most one is open at a time.  `start_ns` makes names unique."""

    def __init__(self, symbols: Sequence[str], start_ns: int) -> None:
        self._symbols, self._start_ns, self._count = tuple(symbols), start_ns, 0
        self.open: Gap | None = None

    def opened(self, from_ns: int, reason: str) -> Gap | None:
        """Note a loss; return the mark to make, None when a gap is open already."""
        if self.open is not None:
            return None
        self._count += 1
        name = f"{self._start_ns}-{self._count}"
        self.open = Gap(name, GapState.OPEN, from_ns, None, self._symbols, reason, OVERLAP_NS)
        return self.open

    def watch(self, symbol: str) -> None:
        """From the next gap on one more symbol is concerned."""
        if EVERY_SYMBOL not in self._symbols:
            self._symbols = tuple(dict.fromkeys((*self._symbols, symbol)))

    def missed(self, symbol: str, from_ns: int, to_ns: int, reason: str) -> Gap:
        """Name a gap of one symbol that is over and stays; it is beside the one that may be open."""
        self._count += 1
        name = f"{self._start_ns}-{self._count}"
        return Gap(name, GapState.LOST, from_ns, to_ns, (symbol,), reason)

    def ended(self) -> Gap | None:
        """Note that frames come again; return the gap that lies behind, if there was one."""
        gap, self.open = self.open, None
        return gap


def repairable(subscriptions: Sequence[str], watched: Sequence[str]) -> tuple[str, ...]:
    """Return the symbols whose trades can be asked for: those subscribed to by name, or watched under `T.*`.

    Where there are none, `*`: then nothing is repaired.  What other channels miss is never fetched.

    >>> repairable(["T.A", "Q.B"], ["A", "C"]), repairable(["T.*"], ["A", "C"]), repairable(["T.*"], [])
    (('A',), ('A', 'C'), ('*',))
    """
    named = [each.partition(".")[2] for each in subscriptions if each.partition(".")[0] == TRADES]
    if EVERY_SYMBOL in named:
        named = list(watched)
    return tuple(dict.fromkeys(named)) or (EVERY_SYMBOL,)


@dataclass(slots=True)
class GapRepair:
    """Fetches what a gap lacks.  `client` None: nothing can be asked.  `now_ns`: the feed's clock.

    `wait`: sleeps wall seconds, raises StoppedError when the feed shall stop; `seconds_until`: those to an instant.
    """

    client: TradesClient | None
    now_ns: Callable[[], int]
    wait: Callable[[float], None]
    seconds_until: Callable[[int], float]
    settle_seconds: float = SETTLE_SECONDS

    def mend(self, gap: Gap, to_ns: int, sink: FrameSink) -> Gap:
        """Put on the tape what REST has of a gap's window, and the mark that says how it stands; return that mark.

        Raises StoppedError; the gap is open then.
        """
        failed, reason = self._fetch(gap, to_ns, sink)
        if failed and len(failed) < len(gap.symbols):
            left = replace(gap, name=f"{gap.name}-left", symbols=failed).given_up(to_ns, reason)
            sink.mark_gap(left, self.now_ns())
            sink.mark_gap(gap.closed(to_ns), self.now_ns())
            return left
        last = gap.given_up(to_ns, reason) if failed else gap.closed(to_ns)
        sink.mark_gap(last, self.now_ns())
        return last

    def _fetch(self, gap: Gap, to_ns: int, sink: FrameSink) -> tuple[tuple[str, ...], str]:
        """Fetch symbol by symbol; return those that could not be had, and why."""
        if self.client is None or EVERY_SYMBOL in gap.symbols:
            return gap.symbols, "no REST" if self.client is None else "every symbol is too many to ask for"
        end_ns = to_ns + gap.overlap_ns
        self.wait(min(self.seconds_until(end_ns), LONGEST_WAIT_SECONDS) + self.settle_seconds)
        failed, reason = list[str](), ""
        for symbol in gap.symbols:
            try:
                for page in self.client.pages(symbol, gap.from_ns - gap.overlap_ns, end_ns):
                    sink.repair(symbol, page, self.now_ns())
            except NotEntitledError as error:
                return (*failed, *gap.symbols[gap.symbols.index(symbol) :]), str(error)
            except RestError as error:
                failed.append(symbol)
                reason = str(error)
        return tuple(failed), reason


def reason_of(ending: Ending) -> str:
    """Say in a gap's mark why the line was lost."""
    return f"connection {ending}"
