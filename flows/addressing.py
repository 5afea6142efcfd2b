"""What stands between the prints of a tape, and the symbols of one worker that each must reach."""

from collections.abc import Iterator, Sequence

from flows.items import Announced, Commands, GapOf, MarketCalendar, TapeItem, ToAll, Watch
from flows.recovery.place import Place
from flows.recovery.places import event_from_row
from flows.replayed import Replay
from flows.tape.decoding import reached_ns
from flows.tape.passed import Passed
from flows.tape.scan import Mark
from flows.tape.told_gaps import ToldGaps
from operators.market_events import told_anew
from operators.records import ClockMark
from operators.rows import GapRow, MarketEventRow


class Addressing:
    """Remembers the symbols so far, and what those that come later must be told.

    `passed`: how far prints have taken them; whoever gives frames tells it.  `reached_ns`: the last clock mark so far,
    ns UTC, 0 before the first.  What ends at a place is kept from symbols whose states hold it already.
    """

    def __init__(self, replayed: Replay) -> None:
        self._replay, self._reader = replayed, replayed.reader
        self.symbols = tuple(self._reader.watched)
        self._known = set(self.symbols)
        self.calendar, self.gaps, self.reached_ns = MarketCalendar(replayed.events), ToldGaps(), 0
        resume = self._reader.resume
        self.passed = Passed(self.symbols, {} if resume is None else resume.newest_ns)
        if resume is not None and resume.calendar is not None:
            self.calendar = MarketCalendar(tuple(event_from_row(row) for row in resume.calendar))
            self.gaps = ToldGaps.from_plain(resume.gaps)
        if resume is not None and resume.memory is not None:
            self.reached_ns = reached_ns(resume.memory)

    def items(self, marks: Sequence[Mark], place: Place) -> Iterator[TapeItem]:
        """Give marks the symbols that they must reach; a command may bring a new one."""
        for mark in marks:
            match mark:
                case Commands():
                    yield from self._commanded(mark, place)
                case Watch():
                    if self._joins(mark.symbol) and self._reader.new(mark.symbol, place):
                        newcomers = self._replay.newcomers
                        yield from () if newcomers is None else newcomers.items(mark.symbol, mark.at_ns)
                        yield from self._told(mark.symbol)
                case MarketCalendar():
                    told = told_anew(self.calendar.events, mark.events)
                    self.calendar = MarketCalendar((*self.calendar.events, *(event for _, event in told)))
                    rows = tuple(MarketEventRow(event, revision) for revision, event in told)
                    yield from self._announced(Announced(events=rows))
                    if mark.reached_ns:  # edges up to there have passed, whoever was spared the marks
                        yield ToAll(self._new(place), ClockMark(mark.reached_ns))
                    self.passed.told(self.symbols)
                    yield ToAll(self._new(place), self.calendar)
                case ClockMark():
                    self.reached_ns = mark.at_ns
                    yield ToAll(self.passed.marked(self._new(place), mark.at_ns), mark)
                case GapOf():
                    gaps = tuple(GapRow(symbol, mark.gap) for symbol in mark.symbols)
                    yield from self._announced(Announced(gaps=gaps))
                    yield from self.gaps.take(mark, self._new(place))

    def _announced(self, told: Announced) -> Iterator[TapeItem]:
        """All workers hear of it; one has it written."""
        if self._reader.share.index == 0:
            yield told

    def _commanded(self, mark: Commands, place: Place) -> Iterator[TapeItem]:
        joins, new = self._joins(mark.symbol), self._reader.new(mark.symbol, place)
        if joins and new:
            yield from self._told(mark.symbol)
        if new and mark.symbol in self._known:
            if mark.reached_ns:  # a command from before acts there, whoever was spared marks or not yet watched
                yield ToAll((mark.symbol,), ClockMark(mark.reached_ns))
            self.passed.told((mark.symbol,))
            yield mark

    def _joins(self, symbol: str) -> bool:
        """Whether a symbol is this worker's and was not watched so far; then it is from now on."""
        joins = self._reader.share.holds(symbol) and symbol not in self._known
        if joins:
            self._known.add(symbol)
            self.symbols = (*self.symbols, symbol)
        return joins

    def _told(self, symbol: str) -> Iterator[TapeItem]:
        """Tell a new symbol what all others know."""
        self.passed.told((symbol,))
        yield ToAll((symbol,), self.calendar)
        yield from self.gaps.standing(symbol)

    def _new(self, place: Place) -> tuple[str, ...]:
        resume = self._reader.resume
        if resume is None or place > resume.reached.furthest:
            return self.symbols
        return tuple(symbol for symbol in self.symbols if self._reader.new(symbol, place))
