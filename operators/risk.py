"""What may be lost."""

from typing import Final

DEFAULT_RISK_BUDGET: Final = 500.0
"""Dollars lost at a plan's stop, by which the scanner's plans are sized unless told otherwise."""
MOST_RISK_BUDGET: Final = 1e9
"""No plan may lose more, in dollars: beyond it is a slip of the keyboard, and far beyond it sizes are no numbers."""
