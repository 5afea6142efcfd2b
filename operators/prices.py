"""Price arithmetic.  Rule: a price that touches a level touches it, whatever binary floats make of the decimals.

Prices arrive as decimals (pennies, at most six places) and live as floats.  Levels that were read compare exactly;
levels that were computed (best minus distance) carry noise of some 1e-11, so every comparison goes through this module.
"""

from typing import Final

PRICE_TOLERANCE: Final = 1e-9
"""Dollars.  Far below a tick (1e-6 at the finest), far above the noise of one subtraction at any listed price."""

PLACES: Final = 9
"""Decimal places that a computed price, fraction or R keeps."""


_SCALE: Final = 1e9
_SHIFT: Final = 1.5 * 2.0**52
"""Adding and taking it away again rounds a float to a whole number."""
_SURE: Final = 1e14
"""Below it, scaling is wrong by less than 0.02, and so the nearest whole number is sure within 0.4 of it."""


def tidy(value: float) -> float:
    """Round a computed number to nine places, so that decimals stay decimals and minus zero is zero.

    What `round` says, at a third of its cost: a whole number below 2**53 over 1e9 is the float nearest to that decimal.

    >>> 100.35 - 0.5 - 0.4, tidy(100.35 - 0.5 - 0.4)
    (99.44999999999999, 99.45)
    """
    scaled = value * _SCALE
    whole = scaled + _SHIFT - _SHIFT
    if -_SURE < scaled < _SURE and -0.4 < scaled - whole < 0.4:
        return whole / _SCALE
    return round(value, PLACES) + 0.0


def at_or_below(price: float, level: float) -> bool:
    """Whether `price` is at or below `level`, both in dollars.

    >>> at_or_below(99.45, 100.35 - 0.5 - 0.4)
    True
    """
    return price <= level + PRICE_TOLERANCE


def at_or_above(price: float, level: float) -> bool:
    """Whether `price` is at or above `level`, both in dollars."""
    return price >= level - PRICE_TOLERANCE


def plain(value: float) -> str:
    """Write a price for people: at least two places, at most six, no exponent.

    >>> plain(99.5), plain(0.0001), plain(100.123456789)
    ('99.50', '0.0001', '100.123457')
    """
    text = f"{value:.6f}"
    if text[-4:] == "0000":
        return text[:-4]  # whole pennies, as most prices are
    text = text.rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"
