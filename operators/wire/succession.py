"""What may follow what on a tape: no print twice, none that goes back in its symbol's time.

Rules, each over one symbol's prints in the order of the tape, whatever batches they come in:
- A print with an id is there once: id, exchange, TRF, SIP time and price tell it.
- Without an id, equal prints may all be real.  Then sources are compared, the feed and each repair of a gap: of equal
  prints there are as many as the source that has most of them.  Within one source nothing is dropped.
- A print older than the symbol's newest one, or than the last clock mark, goes back in time.
Equal prints are looked for within `MEMORY_NS` of the symbol's newest; what is older goes back in time anyway.
"""

from enum import Enum, auto
from typing import Any, Final, NamedTuple

from operators.times import SECOND_NS
from operators.wire.rows import WireRow

MEMORY_NS: Final = 10 * SECOND_NS
"""At least this much of each symbol's tape is remembered; overlaps of repairs must be shorter."""
FEED: Final = 0
"""The source number of the feed itself; repairs have numbers from 1 on, higher for later ones."""
NO_IDS: Final = frozenset({None, "", "0"})


class Verdict(Enum):
    """What became of a print."""

    NEW = auto()
    REPEATED = auto()
    BACKWARDS = auto()


class _Seen(NamedTuple):
    """How many of one print are kept, came by the feed, and by the latest repair that had any."""

    kept: int
    by_feed: int
    repair: int
    by_repair: int


_UNSEEN: Final = _Seen(0, 0, 0, 0)


class _Symbol:
    """One symbol's newest time, and its recent prints in two halves, of which the older one is forgotten whole."""

    __slots__ = ("newer", "newest_ns", "older", "since_ns")

    def __init__(self, at_ns: int) -> None:
        self.newest_ns = self.since_ns = at_ns
        self.newer: dict[Any, _Seen] = {}
        self.older: dict[Any, _Seen] = {}


class Succession:
    """Remembers the recent tape of every symbol."""

    def __init__(self) -> None:
        self._symbols: dict[str, _Symbol] = {}
        self._marked_ns = 0

    def mark(self, at_ns: int) -> None:
        """Let time reach `at_ns` (ns UTC) for every symbol."""
        self._marked_ns = max(self._marked_ns, at_ns)

    def newest_ns(self, symbol: str) -> int:
        """Return the time that a symbol's next print must not be older than."""
        known = self._symbols.get(symbol)
        return self._marked_ns if known is None else max(self._marked_ns, known.newest_ns)

    def judge(self, row: WireRow, source: int = FEED) -> Verdict:
        """Take the next print of the tape and say whether it counts."""
        sip_ns = row.sip_ns
        known = self._symbols.get(row.symbol)
        if known is None:
            known = self._symbols[row.symbol] = _Symbol(sip_ns)
        elif sip_ns - known.since_ns > MEMORY_NS:
            known.older, known.newer, known.since_ns = known.newer, {}, sip_ns
        if self._repeated(known, row, source):
            return Verdict.REPEATED
        if sip_ns < known.newest_ns or sip_ns < self._marked_ns:
            return Verdict.BACKWARDS
        known.newest_ns = sip_ns
        return Verdict.NEW

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        symbols = tuple(
            (name, known.newest_ns, known.since_ns, _pairs(known.newer), _pairs(known.older))
            for name, known in self._symbols.items()
        )
        return self._marked_ns, symbols

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Succession":
        """Undo `to_plain`."""
        own = cls()
        own._marked_ns, symbols = plain
        for name, newest_ns, since_ns, newer, older in symbols:
            known = own._symbols[name] = _Symbol(newest_ns)
            known.since_ns, known.newer, known.older = since_ns, _seen(newer), _seen(older)
        return own

    def _repeated(self, known: _Symbol, row: WireRow, source: int) -> bool:
        if row.trade_id not in NO_IDS:
            key: Any = (row.trade_id, row.exchange, row.trf_id or 0, row.sip_ns, row.price)
            if key in known.newer or key in known.older:
                return True
            known.newer[key] = _UNSEEN
            return False
        key = (row.exchange, row.trf_id or 0, row.sip_ns, row.price, row.size, row.conditions, row.sequence)
        seen = known.newer.get(key) or known.older.get(key) or _UNSEEN
        seen, count = _counted(seen, source)
        known.newer[key] = seen._replace(kept=max(seen.kept, count))
        return count <= seen.kept


def _counted(seen: _Seen, source: int) -> tuple[_Seen, int]:
    """Count one more from a source; return also how many that makes from it."""
    if source == FEED:
        return seen._replace(by_feed=seen.by_feed + 1), seen.by_feed + 1
    count = seen.by_repair + 1 if source == seen.repair else 1
    return seen._replace(repair=source, by_repair=count), count


def _pairs(seen: dict[Any, _Seen]) -> tuple[Any, ...]:
    return tuple((key, tuple(value) if value is not _UNSEEN else None) for key, value in seen.items())


def _seen(pairs: tuple[Any, ...]) -> dict[Any, _Seen]:
    return {key: _UNSEEN if value is None else _Seen(*value) for key, value in pairs}
