"""The space in which the engine thinks: signed distance from the entry, in ticks; ahead is where the plan profits.

Long and short are one there, so the mirror law holds by construction (around any multiple of the tick), and so does
the scale law: prices, ATR, expected move and tick times k are the same numbers of ticks.
"""

from dataclasses import dataclass
from math import ceil, floor, inf, nan
from typing import Final, Self

from operators.plans import Direction
from operators.prices import tidy

NOISE_TICKS: Final = 1e-6
"""What binary floats may add to a number of ticks; a comparison that is nearer than this is an equality."""

MICRO: Final = 1e6


@dataclass(frozen=True, slots=True)
class Grid:
    """`sign`: +1 long, -1 short.  `entry_ticks`: the entry in whole ticks, 1 or more.  `tick`: dollars, > 0."""

    sign: int
    entry_ticks: int
    tick: float

    @classmethod
    def around(cls, reference: float, direction: Direction, tick: float) -> Self:
        """Put the entry on the tick nearest the reference, itself a tick or more; halfway, on the worse side.

        >>> Grid.around(10.005, Direction.LONG, 0.01).price(0), Grid.around(10.005, Direction.SHORT, 0.01).price(0)
        (10.01, 10.0)
        """
        sign = 1 if direction is Direction.LONG else -1
        return cls(sign, sign * floor(sign * reference / tick + 0.5 + NOISE_TICKS), tick)

    def distance(self, price: float) -> float:
        """Return how many ticks a price is ahead of the entry, below 0 behind it; nan for what is no price."""
        if not 0 < price < inf:
            return nan
        return micro(self.sign * (price / self.tick - self.entry_ticks))

    def price(self, ticks: int) -> float:
        """Return the price so many ticks ahead of the entry, in dollars."""
        return tidy((self.entry_ticks + self.sign * ticks) * self.tick)

    def dollars(self, ticks: float) -> float:
        """Return a distance in dollars."""
        return tidy(ticks * self.tick)

    @property
    def furthest_ahead(self) -> int | None:
        """The most ticks ahead that are still a price: none is 0 or less.  None: no end."""
        return self.entry_ticks - 1 if self.sign < 0 else None

    @property
    def furthest_behind(self) -> int | None:
        """The most ticks behind that are still a price."""
        return self.entry_ticks - 1 if self.sign > 0 else None


def micro(number: float) -> float:
    """Round to six places: what differs by noise alone becomes equal, and can tie.

    Several times faster than `round(number, 6)`, which goes by way of decimal text.
    """
    return round(number * MICRO) / MICRO


def whole_up(ticks: float) -> int:
    """Round a number of ticks up, noise aside."""
    return ceil(ticks - NOISE_TICKS)


def whole_down(ticks: float) -> int:
    """Round a number of ticks down, noise aside."""
    return floor(ticks + NOISE_TICKS)


def nearest(ticks: float) -> int:
    """Round a number of ticks to the nearest; halfway, towards the entry.

    >>> nearest(2.5), nearest(2.6), nearest(2.4999999)
    (2, 3, 2)
    """
    return ceil(ticks - 0.5 - NOISE_TICKS)
