"""True range: how far a bar went, counted from the close before it.  Rule: the first bar ever has none.

max(high, close before) - min(low, close before), Wilder's greatest of three distances.
"""

import numpy as np

from operators.indicators.values import Floats, before_and_after


def true_range(close_before: float | None, high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the true range of each bar that has a bar before it, in dollars; without `close_before` all but the first.

    >>> true_range(None, *(np.array(column) for column in ([10.0, 11.0], [9.0, 10.5], [9.5, 10.75]))).tolist()
    [1.5]
    """
    before, _ = before_and_after(close_before, close)
    first = len(close) - len(before)
    ranges: Floats = np.maximum(high[first:], before) - np.minimum(low[first:], before)
    return ranges
