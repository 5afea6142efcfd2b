"""The as-of provider.  Rule: one code path whatever the source, so that recordings and REST give the same answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from flows.asof.sources import EVERYTHING, ChainWanted, PrintSource, QuoteSource
from flows.errors import BadInputError, DataMissingError
from operators.asof.bars_by import bars_by, last_opened, usual_since_ns
from operators.asof.last_print import REGULAR, last_admitted, newest_admitting_ns
from operators.asof.values import BarsAsOf, ChainAsOf, LastPrice
from operators.bars.columns import Interval
from operators.eligibility import Profile
from operators.sessions import SessionCalendar, SessionRangeError, new_york
from operators.times import SECOND_NS, iso

LOOKBACK_NS: Final = 7 * 24 * 3600 * SECOND_NS
"""How far back a last price is looked for: over every weekend and holiday, and the closure of 2001."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AsOf:
    """Answers for an instant, ns UTC.  Nothing that became known after it is looked at, or asked for.

    All raise DataMissingError where nothing was known, BadInputError for an instant outside the calendar.
    """

    prints: PrintSource
    quotes: QuoteSource
    calendar: SessionCalendar

    def last_price_asof(self, symbol: str, as_of: int, profile: Profile = REGULAR) -> LastPrice:
        """Return the price of the last print that a plan with such a profile would have acted on."""
        high_ns = _within(lambda: newest_admitting_ns(self.calendar, profile, as_of))
        low_ns = as_of - LOOKBACK_NS
        if low_ns <= high_ns:
            for frame in self.prints.backward(symbol, low_ns, high_ns):
                found = last_admitted(frame, profile, as_of)
                if found is not None:
                    return found
        msg = f"no print of {symbol} that sets a last price is known from {iso(low_ns)} to {iso(as_of)}"
        raise DataMissingError(msg)

    def bars_asof(
        self, symbol: str, as_of: int, interval: Interval = Interval.M1, since: int | None = None
    ) -> BarsAsOf:
        """Return the bars that start at or after `since` and had ended, as they stood.

        `since` None: the session that has begun last; for days and weeks, five and ten sessions before it.
        """
        since_ns = _within(lambda: usual_since_ns(self.calendar, interval, as_of)) if since is None else since
        if since_ns > as_of:
            msg = f"bars since {iso(since_ns)}: that is after {iso(as_of)}"
            raise BadInputError(msg)
        frames = self.prints.forward(symbol, since_ns, as_of)
        bars = _within(lambda: bars_by(frames, self.calendar, interval, since_ns, as_of))
        if not bars:
            msg = (
                f"no {interval} bar of {symbol} is known that started from {iso(since_ns)} on and ended by {iso(as_of)}"
            )
            raise DataMissingError(msg)
        return BarsAsOf(symbol, interval, as_of, bars)

    def fetch_option_chain_asof(
        self, underlying: str, as_of: int, wanted: ChainWanted = EVERYTHING, since: int | None = None
    ) -> ChainAsOf:
        """Return the last quote of each standard contract listed on the instant's New York date.

        `since` None: quotes of the session that opened last.  A contract that nobody has quoted since is not there.
        """
        _, midnight_ns = _within(lambda: last_opened(self.calendar, as_of))
        since_ns = midnight_ns if since is None else since
        found = self.quotes.last_quotes(underlying, new_york(as_of).date(), since_ns, as_of, wanted)
        if not found:
            msg = f"no quote of an option on {underlying} is known from {iso(since_ns)} to {iso(as_of)}"
            raise DataMissingError(msg)
        ordered = sorted(found, key=lambda quote: (quote.expiry, quote.strike, quote.contract))
        return ChainAsOf(underlying, as_of, tuple(ordered))


def _within(ask: Callable[[], T]) -> T:
    """Ask the calendar.  Raises BadInputError for an instant outside of it."""
    try:
        return ask()
    except SessionRangeError as error:
        raise BadInputError(str(error)) from None
