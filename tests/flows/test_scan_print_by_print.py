"""L8 with the scanner on: the columnar flow against a plain loop over the same rules, one print at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from operators.bars.columns import Interval
from operators.bars.symbol_bars import BarPiece, SymbolBars
from operators.book import SymbolBook
from operators.conditions import Flag
from operators.events import PlanEvent
from operators.frames import by_symbol, tag
from operators.gating import GateSettings, gate_timeline
from operators.nyse import nyse_calendar
from operators.proposing.proposer import Proposal, Proposer
from operators.rows import BarRows, ScanRow
from operators.scan.features.clock import SessionClock
from operators.scan.scanner import SymbolScan
from operators.slots import Outcome
from operators.times import DEFAULT_LATE_NS, parse_instant
from sinks.scan_encoding import scan_rows
from tests.flows.scanned import KEY, OPENS, REVISION, Row, Scanned, bar_rows, scan, sessions, simulated, told

TRADES = Path("flatfiles/us_stocks_sip/trades_v1/2013/10")
SYMBOL = "IBM"


class Plain:
    """One symbol, taken through bars, scan, engine and plans at every print."""

    def __init__(self, symbol: str) -> None:
        calendar = nyse_calendar()
        self.symbol, self.bars = symbol, SymbolBars(calendar)
        self.scan, self.proposer = SymbolScan(symbol, SessionClock.of(calendar)), Proposer(calendar)
        self.book = SymbolBook(symbol)
        self.book.set_gates(gate_timeline(symbol, (), GateSettings()))
        self.rows: dict[Row, Row] = {}
        self.events: list[PlanEvent] = []
        self.scans: list[ScanRow] = []

    def found(self, piece: BarPiece) -> tuple[Proposal, ...]:
        """What the bars that ended lead to."""
        for interval, bars in piece.bars.items():
            self.keep(BarRows(self.symbol, interval, bars))
        for at in range(len(piece.revised.bars)):
            self.keep(BarRows(self.symbol, Interval.M1, piece.revised.bars.take(np.array([at]))))
        return self.proposer.take(piece.bars, self.scan.extend(piece.bars)) if piece.bars else ()

    def keep(self, rows: BarRows) -> None:
        """The newest row of a bar stands."""
        self.rows |= {row[:KEY]: tuple(row) for row in bar_rows([rows])}

    def note(self, outcome: Outcome) -> None:
        """Collect what happened."""
        self.events += outcome.events
        self.scans += outcome.scans


def print_by_print(paths: list[Path], end_ns: int, symbols: Sequence[str] = tuple(OPENS)) -> list[Plain]:
    """Take every print on its own, then let time reach the end."""
    calendar, plain = nyse_calendar(), {symbol: Plain(symbol) for symbol in symbols}
    reader = TapeReader(
        tuple(find_tape_files(tuple(paths))[0]), tuple(symbols), ScanFilter(to_ns=end_ns), DEFAULT_LATE_NS, True
    )
    for piece in reader.pieces():
        for at in range(len(piece.frame.code)):
            one = tag(piece.frame.take(np.array([at])), calendar)
            for symbol, ticks in by_symbol(one, Flag.LAST):
                own = plain[symbol]
                own.note(own.book.advance(ticks, own.found(own.bars.extend(ticks.summed, ticks.end_ns))))
    for own in plain.values():
        own.note(own.book.mark(end_ns, own.found(own.bars.extend(None, end_ns))))
    return list(plain.values())


def test_l8_one_print_at_a_time_gives_the_events_bars_and_candidates_of_the_flow(tmp_path: Path) -> None:
    """Two simulated sessions of two symbols, late and odd prints among them."""
    paths, end_ns = simulated(tmp_path / "tape", 2, trades=800), sessions(2)[-1].post_end_ns
    flow = scan(paths, f"sqlite:///{tmp_path}/flow.db", to_ns=end_ns)
    plain = print_by_print(paths, end_ns)
    check_same(plain, flow)
    assert any(row[REVISION] for row in flow.bars)


def test_l8_one_print_at_a_time_gives_the_same_on_a_slice_of_a_recorded_day(shared_data: Path, tmp_path: Path) -> None:
    """One symbol until three quarters of an hour after the opening, without history."""
    paths, end_ns = sorted((shared_data / TRADES).glob("*.csv.gz"))[:1], parse_instant("2013-10-07T10:15:00-04:00")
    flow = scan(paths, f"sqlite:///{tmp_path}/flow.db", to_ns=end_ns, symbols=frozenset({SYMBOL}))
    check_same(print_by_print(paths, end_ns, (SYMBOL,)), flow)


def check_same(plain: list[Plain], flow: Scanned) -> None:
    """Hold bars, candidates and events against the flow's, none of them empty."""
    assert sorted(row for own in plain for row in own.rows.values()) == flow.bars
    scans = sorted(scan_rows(row for own in plain for row in own.scans))
    assert scans == flow.scans
    assert told(event for own in plain for event in own.events) == told(flow.replayed.events)
    assert scans
    assert flow.replayed.events
