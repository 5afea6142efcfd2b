"""Units of measure.  Rule: nothing can be measured in units of nothing, so a unit that is 0 is not available."""

import numpy as np

from operators.bars.columns import Floats


def above_zero(column: Floats) -> Floats:
    """Return the column with NaN where it is not above zero: nothing can be measured in units of nothing."""
    positive = column > 0
    return column if positive.all() else np.where(positive, column, np.nan)
