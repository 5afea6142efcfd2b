"""Sources by REST: trades, listed contracts and their quotes.  Rule: the window asked for ends at the instant.

The vendor's aggregates are not asked: a bar of theirs holds late prints and corrections of any later time, and does
not say so.  Bars are built of the trades that were known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from flows.asof.recorded import quote_of
from flows.asof.sources import ChainWanted
from flows.rest.client import RestClient
from flows.rest.options import contract_rows, last_quote
from flows.rest.trades import PAGE_ROWS, trade_pages
from flows.tape.reader import framed
from flows.tape.scan import ROW, dead_letter
from operators.chains.contracts import read_contract, root_of
from operators.chains.option_quote import OptionQuote
from operators.coding import Coder
from operators.frames import TickFrame, tag
from operators.rows import DeadLetter
from operators.sessions import SessionCalendar
from operators.times import DEFAULT_LATE_NS
from operators.wire.pages import read_page
from operators.wire.rows import columns

LAST_ROWS: Final = 1_000
"""Trades asked for at once when the last one that counts is looked for."""
SHARES: Final = 100


@dataclass(slots=True)
class RestPrints:
    """The prints that the vendor's REST side has."""

    rest: RestClient
    calendar: SessionCalendar
    late_ns: int = DEFAULT_LATE_NS
    unusable: list[DeadLetter] = field(default_factory=list)

    def forward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield a symbol's prints in tape order."""
        for body in trade_pages(self.rest, symbol, low_ns, high_ns, PAGE_ROWS):
            yield self._frame(symbol, body, ascending=True)

    def backward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield the frames from the last one back."""
        for body in trade_pages(self.rest, symbol, low_ns, high_ns, LAST_ROWS, ascending=False):
            yield self._frame(symbol, body, ascending=False)

    def _frame(self, symbol: str, body: bytes, *, ascending: bool) -> TickFrame:
        rows, rejects = read_page(symbol, body, whole_ms=False)
        self.unusable += [dead_letter(f"trades of {symbol}", *reject) for reject in rejects]
        rows = rows if ascending else rows[::-1]
        coder = Coder((symbol,), self.late_ns, for_bars=True)
        table = columns(rows, list(range(len(rows))), ROW).with_columns(coder.expressions())
        return tag(framed(table, (symbol,), coder), self.calendar)


@dataclass(slots=True)
class RestQuotes:
    """The option quotes that the vendor's REST side has."""

    rest: RestClient
    unusable: list[DeadLetter] = field(default_factory=list)

    def last_quotes(
        self, underlying: str, day: date, since_ns: int, as_of_ns: int, wanted: ChainWanted
    ) -> Sequence[OptionQuote]:
        """Return the last quote of each contract that was listed on the day; one request for each."""
        found = list[OptionQuote]()
        for ticker in self._listed(underlying, day, wanted):
            quote = last_quote(self.rest, ticker, since_ns, as_of_ns)
            if quote is not None:
                found.append(quote_of(underlying, ticker, *quote))
        return found

    def _listed(self, underlying: str, day: date, wanted: ChainWanted) -> Iterator[str]:
        root = root_of(underlying)
        bounds = wanted.first_expiry, wanted.last_expiry, wanted.low_strike, wanted.high_strike
        for place, row in enumerate(contract_rows(self.rest, underlying, day, *bounds)):
            try:
                contract = read_contract(row.ticker)
            except ValueError as error:
                letter = dead_letter(f"contracts of {underlying}", place, "ticker", str(error), row.ticker)
                self.unusable.append(letter)
                continue
            if contract.root == root and row.shares_per_contract == SHARES and wanted.holds(contract):
                yield contract.ticker
