"""Records into pieces: runs of prints in columns, and what stands between them.

Rule: a piece's prints come before its marks, and nothing else of the tape's order is lost.  Clock marks are the
exception that changes nothing: after one, no older print is let through, so of several only the last is given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flows.items import Commands, GapOf, MarketCalendar
from flows.tape.commands import CommandReader
from flows.tape.scan import ROW, Mark, Piece, dead_letter
from flows.tape.segments.follower import Placed
from flows.tape.segments.payloads import GapMark, read_events, read_gap, read_repair
from flows.tape.segments.record import AROUND, Kind, Record
from flows.tape.segments.segment import START, Offset
from operators import ticks
from operators.data_gaps import DataGap
from operators.market_events import MarketEvent
from operators.records import ClockMark
from operators.rows import DeadLetter
from operators.times import iso
from operators.wire.ahead import is_ahead, why_ahead
from operators.wire.frames import read_frame
from operators.wire.pages import read_page
from operators.wire.reckoning import Reckoning
from operators.wire.rows import Reject, WireRow, columns
from operators.wire.succession import FEED, Succession, Verdict

MEMORY_LAYOUT: Final = 2
"""Version of `TapeDecoder.to_plain`; raise it when the layout changes."""
WITHOUT_ADDED: Final = 1
"""A layout that knows of no symbols that were added to the universe.  It is still read."""
MEMORY_VALUES: Final = 6
"""How many values it writes; readers that remember more put it behind them."""


class TapeDecoder:
    """Decodes one tape from its beginning.  What it remembers depends on the records alone, not on how they come.

    `tells`: whether commands and other records that concern all symbols become dead letters here when they are bad.
    """

    def __init__(self, source: Path | str, commands: CommandReader, *, tells: bool = True) -> None:
        self._source, self._commands, self._tells = source, commands, tells
        self._succession, self._reckoning = Succession(), Reckoning()
        self._repairs = FEED
        self._rows: list[WireRow] = []
        self._places: list[int] = []
        self._letters: list[DeadLetter] = []
        self._time: ClockMark | None = None
        self._read = 0
        self._at = START

    def to_plain(self) -> tuple[Any, ...]:
        """Write what is remembered as plain values; between two pieces only, what a piece would hold is left out."""
        remembered = self._succession.to_plain(), self._reckoning.to_plain(), self._commands.to_plain()
        return MEMORY_LAYOUT, tuple(self._at), self._repairs, *remembered

    def restore(self, plain: tuple[Any, ...]) -> Offset:
        """Undo `to_plain`; return where to read on.  Raises ValueError for a layout of another version."""
        if plain[0] not in (WITHOUT_ADDED, MEMORY_LAYOUT):
            known = f"{WITHOUT_ADDED} and {MEMORY_LAYOUT}"
            msg = f"what was remembered of {self._source} has layout {plain[0]}; this version reads {known}"
            raise ValueError(msg)
        _, at, self._repairs, succession, reckoning, commands = plain
        self._at = Offset(*at)
        self._succession, self._reckoning = Succession.from_plain(succession), Reckoning.from_plain(reckoning)
        self._commands.restore(commands)
        return self._at

    @property
    def held(self) -> int:
        """How many prints the next piece would have."""
        return len(self._rows)

    @property
    def repair(self) -> int:
        """The source number of a repair that comes now."""
        return max(1, self._repairs)

    def heard(self, newest_ns: int, receive_ns: int) -> None:
        """Note how far prints had come by now (ns UTC) of which this decoder sees only a part."""
        self._reckoning.heard(newest_ns, receive_ns)

    def begin(self, at: Offset) -> None:
        """Note where on the tape what comes next stands."""
        self._at = at

    def pieces(self, placed: Iterable[Placed]) -> Iterator[Piece]:
        """Yield what some records hold, in their order; the last piece reaches to the last record."""
        for record, end in placed:
            mark = self.record(record, end)
            if mark is not None:
                yield self.piece(mark)
        if self._read or self._time is not None or self._letters:
            yield self.piece()

    def record(self, record: Record, end: Offset) -> Mark | None:
        """Take one record that ends at `end`; return the mark it is, if any: then a piece must be taken."""
        self._at = end
        kind, receive_ns, payload, _ = record
        place = end.position - AROUND - len(payload)
        if kind is Kind.FRAME:
            self.prints(*read_frame(payload), place, receive_ns)
        elif kind is Kind.CLOCK:
            self._clock(receive_ns)
        elif kind is Kind.REPAIR:
            symbol, body = read_repair(payload)
            self.prints(*read_page(symbol, body), place, receive_ns, self.repair)
        else:
            return self._mark(record, place)
        return None

    def prints(
        self,
        rows: list[WireRow],
        rejects: list[Reject],
        place: int,
        receive_ns: int,
        source: int = FEED,
        steps: Sequence[int] = (),
    ) -> None:
        """Take the prints of one record at `place`, in bytes from the segment's start.

        `steps`: which of the record's elements these are; empty: the first ones.
        """
        numbers = [place + step for step in steps or range(len(rows))][: len(rows)]
        self._read += len(rows) + len(rejects)
        newest_ns = max([row.sip_ns for row in rows], default=0)
        if is_ahead(newest_ns, receive_ns):
            rows, numbers = self._believed(rows, numbers, receive_ns)
            newest_ns = max([row.sip_ns for row in rows], default=0)
        left_out = self._succession.left_out(rows, source)
        for where, verdict in left_out:
            self._left_out(rows[where], verdict, numbers[where])
        gone = {where for where, _ in left_out}
        self._rows += [row for where, row in enumerate(rows) if where not in gone] if gone else rows
        self._places += [each for where, each in enumerate(numbers) if where not in gone] if gone else numbers
        for each in rejects:
            step = steps[each.place] if steps else each.place
            self._letters.append(self._letter(place + step, each.field, each.reason, each.raw))
        if rows:
            self._reckoning.heard(newest_ns, receive_ns)

    def piece(self, mark: Mark | None = None) -> Piece:
        """Return what came since the last piece, and begin the next."""
        marks = tuple(each for each in (self._time, mark) if each is not None)
        frame = columns(self._rows, self._places, ROW)
        piece = Piece(frame, self._letters, marks, self._at, self._read, self.to_plain)
        self._rows, self._places, self._letters, self._time, self._read = [], [], [], None, 0
        return piece

    def _clock(self, clock_ns: int) -> None:
        reached_ns = self._reckoning.reached(clock_ns)
        if reached_ns is not None:
            self._succession.mark(reached_ns)
            self._time = ClockMark(reached_ns)

    def _mark(self, record: Record, place: int) -> Mark | None:
        try:
            match record.kind:
                case Kind.EVENTS:
                    return self._told(read_events(record.payload), record.receive_ns)
                case Kind.GAP:
                    return self._gap(read_gap(record.payload), record.receive_ns)
                case _:
                    found = self._commands.read(record.payload, record.receive_ns)
        except ValueError as error:
            found = record.kind.name.lower(), f"is not as it should be ({error})"
        if isinstance(found, tuple):
            if self._tells:
                self._letters.append(self._letter(place, *found, record.payload.decode(errors="replace")))
            return None
        if isinstance(found, Commands):
            return replace(found, reached_ns=self._succession.newest_ns(found.symbol))
        return found

    def _told(self, events: Iterable[MarketEvent], receive_ns: int) -> MarketCalendar:
        told_ns = self._reckoning.no_sooner(receive_ns)
        return MarketCalendar(tuple(replace(each, told_ns=told_ns) for each in events), self._reckoning.reached_ns)

    def _gap(self, mark: GapMark, at_ns: int) -> GapOf:
        self._repairs += mark.state == "open"
        self._reckoning.gap(mark.gap, opened=mark.state == "open")
        return GapOf(mark.symbols, DataGap(mark.gap, mark.state, at_ns, mark.from_ns, mark.to_ns, mark.reason))

    def _believed(
        self, rows: Sequence[WireRow], numbers: Sequence[int], receive_ns: int
    ) -> tuple[list[WireRow], list[int]]:
        """Tell of the prints that are ahead of their receipt; return the others and their numbers."""
        kept = list[tuple[WireRow, int]]()
        for row, number in zip(rows, numbers, strict=True):
            if is_ahead(row.sip_ns, receive_ns):
                self._letters.append(self._letter(number, ticks.SIP_NS, why_ahead(row, receive_ns), _shown(row)))
            else:
                kept.append((row, number))
        return [row for row, _ in kept], [number for _, number in kept]

    def _left_out(self, row: WireRow, verdict: Verdict, place: int) -> None:
        if verdict is Verdict.REPEATED:
            field, reason = ticks.TRADE_ID, f"{row.symbol} has this print on the tape already"
        else:
            newest = iso(self._succession.newest_ns(row.symbol))
            field, reason = ticks.SIP_NS, f"{row.symbol} goes back in time, after {newest}"
        self._letters.append(self._letter(place, field, reason, _shown(row)))

    def _letter(self, place: int, field: str, reason: str, raw: str) -> DeadLetter:
        return dead_letter(f"{self._source}/{self._at.segment:06d}", place, field, reason, raw)


def _shown(row: WireRow) -> str:
    return f"{row.symbol} {row.sip_ns} {row.price}"


def commanded_symbols(memory: tuple[Any, ...]) -> frozenset[str]:
    """Return the symbols of all plans that what a decoder remembered knows of."""
    return frozenset(symbol for _, symbol in memory[5][0])


def added_symbols(memory: tuple[Any, ...]) -> dict[str, int]:
    """Return the symbols that were added to the universe by then, each with the time since when it counts, ns UTC."""
    _, _, *added = memory[5]
    return dict(*added)


def reached_ns(memory: tuple[Any, ...]) -> int:
    """Return how far the last clock mark had brought time by then, ns UTC; 0 before the first."""
    return Reckoning.from_plain(memory[4]).reached_ns
