"""Point of control and value area (Steidlmayer's market profile, the exchange's own expansion).

From the fullest bin outwards, the two bins above against the two below: the fuller pair joins, both when they are
equal, until 70 % of the volume is inside.  Prices are the middles of bins.  Equal peaks: the nearest to the middle of
them all; two that touch are one, with the price between; of two that do not, the lower (the one choice that has no
mirror image).
"""

from math import fsum
from typing import Final, NamedTuple

from operators.levels.volume_profile import VolumeProfile

VALUE_SHARE: Final = 0.70
PAIR: Final = 2
_NOISE: Final = 1 - 1e-12
"""What is due counts as reached when only the rounding of sums is missing."""


class ValueArea(NamedTuple):
    """Dollars: the fullest price, and the highest and lowest of the value area around it."""

    poc: float
    vah: float
    val: float


def value_area(profile: VolumeProfile) -> ValueArea | None:
    """Return point of control and value area; None before any volume."""
    shares = profile.shares()
    if not shares:
        return None
    first, last = _peak(shares)
    low, high = _expand(shares, first, last)
    return ValueArea(profile.price((first + last) / 2), profile.price(high), profile.price(low))


def _peak(shares: list[float]) -> tuple[int, int]:
    """The position of the fullest bin, twice, or of two that touch."""
    most = max(shares)
    peaks = [position for position, each in enumerate(shares) if each == most]
    middle = peaks[0] + peaks[-1]
    nearest = min(abs(2 * peak - middle) for peak in peaks)
    first, *others = (peak for peak in peaks if abs(2 * peak - middle) == nearest)
    return (first, others[0]) if others == [first + 1] else (first, first)


def _expand(shares: list[float], low: int, high: int) -> tuple[int, int]:
    """Grow [low, high] until it holds the value share.  fsum: the same total from either end."""
    due, size = VALUE_SHARE * fsum(shares) * _NOISE, len(shares)
    inside = shares[low] if low == high else shares[low] + shares[high]
    while inside < due:
        below, above = shares[max(0, low - PAIR) : low], shares[high + 1 : high + 1 + PAIR]
        lower, upper = sum(below), sum(above)
        down, up = bool(below) and (lower >= upper or not above), bool(above) and (upper >= lower or not below)
        inside += lower * down + upper * up
        low, high = max(0, low - PAIR * down), min(size - 1, high + PAIR * up)
    return low, high
