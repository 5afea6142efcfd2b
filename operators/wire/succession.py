"""What may follow what on a tape: no print twice, none that goes back in its symbol's time.

Rules, each over one symbol's prints in the order of the tape, whatever batches they come in:
- A print with an id is there once: id, exchange, TRF, SIP time and price tell it.
- Without an id, equal prints may all be real.  Then sources are compared, the feed and each repair of a gap: of equal
  prints there are as many as the source that has most of them.  Within one source nothing is dropped.
- A print older than the symbol's newest one, or than the last clock mark, goes back in time.
Equal prints are looked for within `MEMORY_NS` of the symbol's newest; what is older goes back in time anyway.
So only prints of a symbol's newest instant decide what is new; the others, whether a print that does not count is told
as repeated or as going back.  `to_plain` writes what decides.
"""

from collections.abc import Sequence
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
_ONCE: Final = _Seen(1, 1, 0, 0)
"""What one print of the feed leaves."""


class _Symbol:
    """One symbol's newest time, and its recent prints in two halves, of which the older one is forgotten whole.

    `fresh`, `stale`: prints, in order, that nobody had to look up yet, of either half: of the feed, or with an id.
    `instant`: the keys of the prints at `newest_ns`, and whether an id is in them; None: the last of `fresh`, else of
    `stale`, is the only one.
    """

    __slots__ = ("fresh", "instant", "newer", "newest_ns", "older", "since_ns", "stale")

    def __init__(self, newest_ns: int, since_ns: int) -> None:
        self.newest_ns, self.since_ns = newest_ns, since_ns
        self.newer: dict[Any, _Seen] = {}
        self.older: dict[Any, _Seen] = {}
        self.fresh: list[WireRow] = []
        self.stale: list[WireRow] = []
        self.instant: dict[Any, bool] | None = {}

    def turn(self, since_ns: int) -> None:
        """Begin a new half at an instant."""
        self.older, self.newer, self.since_ns = self.newer, {}, since_ns
        self.stale, self.fresh = self.fresh, []

    def among_newest(self, row: WireRow) -> Verdict:
        """Take a print with an id of the newest instant: only one of that instant can be equal to it."""
        instant, (key, named) = self.keys_of_newest(), _key(row)
        if key in instant:
            return Verdict.REPEATED
        instant[key] = named
        self.fresh.append(row)
        return Verdict.NEW

    def keys_of_newest(self) -> dict[Any, bool]:
        """Return the keys of the prints at `newest_ns`, which may be added to."""
        if self.instant is None:
            self.instant = dict([_key((self.fresh or self.stale)[-1])])
        return self.instant

    def look(self) -> None:
        """Let prints that came in order be looked up."""
        self.keys_of_newest()
        for rows, seen in ((self.stale, self.older), (self.fresh, self.newer)):
            for row in rows:
                key, named = _key(row)
                seen[key] = _UNSEEN if named else _ONCE
            rows.clear()


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

    def left_out(self, rows: Sequence[WireRow], source: int = FEED) -> list[tuple[int, Verdict]]:
        """Take the next prints of the tape; return the places of those that do not count, and why."""
        found, judge, known_of, feed = list[tuple[int, Verdict]](), self.judge, self._symbols.get, source == FEED
        for place, row in enumerate(rows):
            known, sip_ns = known_of(row.symbol), row.sip_ns
            later = feed and known is not None and known.newest_ns < sip_ns >= self._marked_ns
            if later and known is not None and sip_ns - known.since_ns <= MEMORY_NS:  # as `judge` says of nearly all
                known.fresh.append(row)
                known.newest_ns, known.instant = sip_ns, None
            elif (verdict := judge(row, source)) is not Verdict.NEW:
                found.append((place, verdict))
        return found

    def judge(self, row: WireRow, source: int = FEED) -> Verdict:
        """Take the next print of the tape and say whether it counts."""
        sip_ns = row.sip_ns
        known = self._symbols.get(row.symbol)
        if known is None:
            known = self._symbols[row.symbol] = _Symbol(0, sip_ns)
        elif sip_ns - known.since_ns > MEMORY_NS:
            known.turn(sip_ns)
        if sip_ns >= known.newest_ns and sip_ns >= self._marked_ns:
            if sip_ns > known.newest_ns and source == FEED:  # none can be equal to it
                known.fresh.append(row)
                known.newest_ns, known.instant = sip_ns, None
                return Verdict.NEW
            if sip_ns == known.newest_ns and row.trade_id not in NO_IDS:
                return known.among_newest(row)
        return self._compared(known, row, source)

    def _compared(self, known: _Symbol, row: WireRow, source: int) -> Verdict:
        known.look()
        key, named = _key(row)
        verdict = _judged(known, row.sip_ns, source, key, named=named)
        if verdict is Verdict.NEW and row.sip_ns < self._marked_ns:
            return Verdict.BACKWARDS
        if verdict is Verdict.NEW and row.sip_ns > known.newest_ns:
            known.newest_ns, known.instant = row.sip_ns, {}
        if row.sip_ns == known.newest_ns:
            known.keys_of_newest()[key] = named
        return verdict

    def to_plain(self) -> tuple[Any, ...]:
        """Write what decides which prints are new as plain values."""
        symbols = tuple(
            (name, known.newest_ns, known.since_ns, _pairs(known), ()) for name, known in self._symbols.items()
        )
        return self._marked_ns, symbols

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Succession":
        """Undo `to_plain`."""
        own = cls()
        own._marked_ns, symbols = plain
        for name, newest_ns, since_ns, newer, older in symbols:
            known = own._symbols[name] = _Symbol(newest_ns, since_ns)
            known.newer, known.older = _seen(newer), _seen(older)
            known.instant = {key: seen is _UNSEEN for key, seen in (known.older | known.newer).items()}
        return own


def _key(row: WireRow) -> tuple[Any, bool]:
    """Return what equal prints have in common, and whether an id is part of it."""
    if row.trade_id not in NO_IDS:
        return (row.trade_id, row.exchange, row.trf_id or 0, row.sip_ns, row.price), True
    return (row.exchange, row.trf_id or 0, row.sip_ns, row.price, row.size, row.conditions, row.sequence), False


def _judged(known: _Symbol, sip_ns: int, source: int, key: Any, *, named: bool) -> Verdict:
    """Remember a print; say whether its symbol has it already, or has gone on."""
    if named:
        if key in known.newer or key in known.older:
            return Verdict.REPEATED
        known.newer[key] = _UNSEEN
    else:
        seen = known.newer.get(key) or known.older.get(key) or _UNSEEN
        seen, count = _counted(seen, source)
        known.newer[key] = seen._replace(kept=max(seen.kept, count))
        if count <= seen.kept:
            return Verdict.REPEATED
    return Verdict.BACKWARDS if sip_ns < known.newest_ns else Verdict.NEW


def _counted(seen: _Seen, source: int) -> tuple[_Seen, int]:
    """Count one more from a source; return also how many that makes from it."""
    if source == FEED:
        return seen._replace(by_feed=seen.by_feed + 1), seen.by_feed + 1
    count = seen.by_repair + 1 if source == seen.repair else 1
    return seen._replace(repair=source, by_repair=count), count


def _pairs(known: _Symbol) -> tuple[Any, ...]:
    """Write the prints of a symbol's newest instant, in the order in which they came."""
    return tuple(
        (key, None if named else tuple(known.newer.get(key) or known.older.get(key) or _ONCE))
        for key, named in known.keys_of_newest().items()
    )


def _seen(pairs: tuple[Any, ...]) -> dict[Any, _Seen]:
    return {key: _UNSEEN if value is None else _Seen(*value) for key, value in pairs}
