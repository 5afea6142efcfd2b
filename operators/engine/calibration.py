"""From raw to calibrated probabilities.  Rule: the map never decreases, so an order of targets survives it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Calibration:
    """A piecewise-linear map named `name`: `raw` to `calibrated`, knots in [0, 1].

    `raw` ascends strictly, `calibrated` never descends; beyond the outer knots the outer value stands, so a table
    that is to leave 0 and 1 alone says so.  Raises ValueError for a table that is none.
    """

    name: str
    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse tables that are no monotone map of probabilities."""
        if not self.name:
            msg = "a calibration table needs a name"
            raise ValueError(msg)
        if not 2 <= len(self.raw) == len(self.calibrated):
            msg = f"calibration {self.name!r}: needs two or more knots, as many raw as calibrated"
            raise ValueError(msg)
        if not all(0 <= each <= 1 for each in (*self.raw, *self.calibrated)):
            msg = f"calibration {self.name!r}: knots must lie in 0 to 1"
            raise ValueError(msg)
        if not _ascends(self.raw, strictly=True) or not _ascends(self.calibrated, strictly=False):
            msg = f"calibration {self.name!r}: raw knots must ascend, calibrated ones must not descend"
            raise ValueError(msg)

    def apply(self, probability: float) -> float:
        """Return the calibrated probability.

        >>> Calibration("halved", (0.0, 1.0), (0.0, 0.5)).apply(0.4)
        0.2
        """
        right = bisect_right(self.raw, probability)
        if right == 0:
            return self.calibrated[0]
        if right == len(self.raw):
            return self.calibrated[-1]
        low, high = self.raw[right - 1], self.raw[right]
        share = (probability - low) / (high - low)
        return self.calibrated[right - 1] + share * (self.calibrated[right] - self.calibrated[right - 1])


def _ascends(values: Sequence[float], *, strictly: bool) -> bool:
    return all(low < high or (low == high and not strictly) for low, high in pairwise(values))
