"""How a day's prints spread over it: thin before the open, a rush at the open, a lull at noon, a rush at the close."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from operators.columnar import Floats, Ints
from operators.sessions import SessionDay
from operators.times import MINUTE_NS

PRE_SHARE, POST_SHARE = 0.03, 0.03
"""Parts of the day's prints that fall outside the regular session."""


@dataclass(frozen=True, slots=True)
class Activity:
    """The cumulative share of the day's prints (0 to 1) at times in ns after `start_ns` (UTC), ascending."""

    start_ns: int
    after_ns: Floats
    share: Floats

    @classmethod
    def of(cls, day: SessionDay) -> Self:
        """Spread a trading day's prints, minute by minute."""
        minute = np.arange(day.pre_ns, day.post_end_ns, MINUTE_NS)
        part = np.zeros(len(minute))
        for weights, start_ns, end_ns, share in (
            (_pre, day.pre_ns, day.open_ns, PRE_SHARE),
            (_regular, day.open_ns, day.close_ns, 1 - PRE_SHARE - POST_SHARE),
            (_post, day.close_ns, day.post_end_ns, POST_SHARE),
        ):
            inside = (minute >= start_ns) & (minute < end_ns)
            weight = weights(np.linspace(0, 1, int(inside.sum())))
            part[inside] = share * weight / weight.sum()
        after_ns = np.append(minute, day.post_end_ns) - day.pre_ns
        return cls(day.pre_ns, after_ns.astype(np.float64), np.append(0, part.cumsum() / part.sum()))

    def instants(self, share: Floats) -> Ints:
        """Return when the given shares of the day's prints have been made, ns UTC."""
        after: npt.NDArray[np.float64] = np.interp(share, self.share, self.after_ns)
        return self.start_ns + after.astype(np.int64)


def ascending(sip_ns: Ints) -> Ints:
    """Move times that are not later than the one before to the ns after it."""
    count = np.arange(len(sip_ns))
    return np.maximum.accumulate(sip_ns - count) + count


def _pre(progress: Floats) -> Floats:
    weight: Floats = np.exp(3 * progress)
    return weight


def _regular(progress: Floats) -> Floats:
    opening = 4 * np.exp(-progress / 0.03) + 1.3 * np.exp(-progress / 0.15)
    weight: Floats = 0.6 + opening + 3 * np.exp((progress - 1) / 0.06)
    return weight


def _post(progress: Floats) -> Floats:
    weight: Floats = np.exp(-8 * progress)
    return weight
