"""Recorded sources: tapes, flat files and Parquet; option quotes in the vendor's quotes_v1 files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

import polars as pl

from flows.asof.sources import ChainWanted
from flows.errors import DataMissingError
from flows.option_quotes import option_files
from flows.option_rows import AT, SCHEMA, TICKER, OptionFilter, read_option_quotes
from flows.tape.files import TapeFile, find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from operators.chains.contracts import read_contract, root_of
from operators.chains.option_quote import OptionQuote
from operators.frames import TickFrame, tag
from operators.rows import DeadLetter
from operators.sessions import SessionCalendar, new_york
from operators.times import DEFAULT_LATE_NS


@dataclass(slots=True)
class RecordedPrints:
    """The prints of recordings.  A tape that was recorded live has whole milliseconds, as the feed gave them."""

    paths: Sequence[Path]
    calendar: SessionCalendar
    late_ns: int = DEFAULT_LATE_NS
    unusable: list[DeadLetter] = field(default_factory=list)

    def forward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield a symbol's prints in tape order."""
        files, _ = find_tape_files(self.paths)
        files = [file for file in files if _may_hold(file, low_ns, high_ns)]
        wanted = ScanFilter(low_ns, high_ns, frozenset({symbol}))
        for piece in TapeReader(files, (symbol,), wanted, self.late_ns, for_bars=True).pieces():
            self.unusable += piece.dead_letters
            if len(piece.frame.sip_ns):
                yield tag(piece.frame, self.calendar)

    def backward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield the frames from the last one back."""
        yield from reversed(list(self.forward(symbol, low_ns, high_ns)))


@dataclass(slots=True)
class RecordedQuotes:
    """Option quotes in files and under folders."""

    paths: Sequence[Path]
    unusable: list[DeadLetter] = field(default_factory=list)

    def last_quotes(
        self, underlying: str, day: date, since_ns: int, as_of_ns: int, wanted: ChainWanted
    ) -> Sequence[OptionQuote]:
        """Return the last quote of each contract."""
        if not self.paths:
            msg = "no recorded option quotes to look into"
            raise DataMissingError(msg)
        rows = OptionFilter({root_of(underlying)}, day, since_ns, as_of_ns, furthest=None)
        frames = [pl.DataFrame(schema=SCHEMA)]
        for file in chain.from_iterable(option_files(path, rows) for path in self.paths):
            found = read_option_quotes(file, rows)
            self.unusable += found.letters
            frames.append(found.quotes)
        told = pl.concat(frames).sort(TICKER, AT, maintain_order=True)  # names and order of files say nothing
        last = told.unique(subset=[TICKER], keep="last", maintain_order=True)
        quotes = (quote_of(underlying, *row) for row in last.select(*SCHEMA).iter_rows())
        return [quote for quote in quotes if wanted.holds(read_contract(quote.contract))]


def quote_of(underlying: str, ticker: str, bid: float, ask: float, at_ns: int) -> OptionQuote:
    """Return a quote of a contract with what its ticker says.  Raises ValueError for a ticker that is none."""
    contract = read_contract(ticker)
    expiry, right = contract.expiry.isoformat(), str(contract.right)
    return OptionQuote(ticker, underlying, expiry, right, contract.strike, at_ns, bid, ask)


def _may_hold(file: TapeFile, low_ns: int, high_ns: int) -> bool:
    return file.day is None or new_york(low_ns).date() <= file.day <= new_york(high_ns).date()
