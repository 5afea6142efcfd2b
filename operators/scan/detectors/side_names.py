"""What conditions are called.  Rule: a name says what is true, so that of a short is the mirror of a long's.

Rules are written for longs, and read in the mirrored market for shorts; so are their values: distances count in the
direction of the plan, and an RSI is what is left to 100.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OF_SHORTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "above_prior_close": "below_prior_close",
        "above_vwap": "below_vwap",
        "base_upper": "base_lower",
        "closes_above": "closes_below",
        "inside_high": "inside_low",
        "inside_low": "inside_high",
        "near_high": "near_low",
        "oversold": "overbought",
        "reclaims": "loses",
        "rising": "falling",
        "slow_rising": "slow_falling",
        "turned_up": "turned_down",
        "upper_part": "lower_part",
        "was_below": "was_above",
    }
)
"""What has another name where it speaks of a short."""


def named(name: str, side: int) -> str:
    """Return a rule's name by row of a both-sided column.

    >>> named("above_vwap", 0), named("above_vwap", 1), named("busy", 1)
    ('above_vwap', 'below_vwap', 'busy')
    """
    return OF_SHORTS.get(name, name) if side else name
