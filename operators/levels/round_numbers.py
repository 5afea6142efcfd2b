"""Round numbers near a price.  Rule: the step is the largest of 1 or 5 times a power of ten within 5 % of the price.

So it lies between 1 % and 5 % of it: 0.01 at 0.35 dollars, 0.50 at 14, 5 at 165, 50 at 1 200.  Where that is fewer
than five ticks, no number is rounder than another, and there is none.  Round numbers belong to the decimal system, not
to the market: they are the one kind of level that has no mirror image.
"""

from math import ceil, floor, log10
from typing import Final

COARSEST: Final = 0.05
EACH_SIDE: Final = 2
LEAST_TICKS: Final = 5
_NOISE: Final = 1e-9


def round_step(price: float) -> float:
    """Return the step in dollars at a price in dollars.

    >>> [round_step(price) for price in (0.35, 4.0, 14.0, 100.0, 165.0, 1200.0)]
    [0.01, 0.1, 0.5, 5.0, 5.0, 50.0]
    """
    most = COARSEST * price * (1 + _NOISE)
    decade = 10.0 ** floor(log10(most))
    return 5 * decade if 5 * decade <= most else decade


def round_numbers(price: float, tick: float) -> list[float]:
    """Return the two round numbers on either side of a price, and the price's own when it is one, ascending.

    `price`, `tick`: dollars, above 0.

    >>> round_numbers(165.2, 0.01), round_numbers(100.0, 0.01), round_numbers(0.1, 0.01)
    ([160.0, 165.0, 170.0, 175.0], [90.0, 95.0, 100.0, 105.0, 110.0], [])
    """
    step = round_step(price)
    if step < LEAST_TICKS * tick * (1 - _NOISE):
        return []
    steps = price / step
    below, above = floor(steps + _NOISE), ceil(steps - _NOISE)
    own = below == above
    return [count * step for count in range(below - EACH_SIDE + (not own), above + EACH_SIDE + own)]
