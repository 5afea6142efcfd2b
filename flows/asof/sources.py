"""Where as-of answers come from: a source of prints and a source of option quotes, recorded or asked for by REST."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from operators.chains.contracts import Contract
from operators.chains.option_quote import OptionQuote
from operators.frames import TickFrame
from operators.rows import DeadLetter


@dataclass(frozen=True, slots=True)
class ChainWanted:
    """Which contracts: expiries (dates in tickers) and strikes (dollars) within these bounds; None: no bound."""

    first_expiry: date | None = None
    last_expiry: date | None = None
    low_strike: float | None = None
    high_strike: float | None = None

    def holds(self, contract: Contract) -> bool:
        """Whether a contract is wanted.  Adjusted ones never are: their quotes are not of 100 shares."""
        return (
            contract.standard
            and (self.first_expiry is None or self.first_expiry <= contract.expiry)
            and (self.last_expiry is None or contract.expiry <= self.last_expiry)
            and (self.low_strike is None or self.low_strike <= contract.strike)
            and (self.high_strike is None or contract.strike <= self.high_strike)
        )


EVERYTHING = ChainWanted()


class PrintSource(Protocol):
    """One symbol's prints with SIP times in [low, high], ns UTC, as tagged frames with sizes, ascending within.

    Raises DataMissingError when there is no such source, or no right to it.
    """

    unusable: list[DeadLetter]

    def forward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield them in tape order."""

    def backward(self, symbol: str, low_ns: int, high_ns: int) -> Iterator[TickFrame]:
        """Yield the frames from the last one back; whoever has found enough stops."""


class QuoteSource(Protocol):
    """The last quote by `as_of_ns`, and not before `since_ns`, of each contract that had not expired by `day`."""

    unusable: list[DeadLetter]

    def last_quotes(
        self, underlying: str, day: date, since_ns: int, as_of_ns: int, wanted: ChainWanted
    ) -> Sequence[OptionQuote]:
        """Return them, in any order.  Raises DataMissingError like a source of prints."""
