"""The collector of cycles, spared: millions of small values and no cycles among them, or modules on their way in."""

import gc
from typing import Final

SELDOM: Final = (200_000, 20, 100)


def collect_later() -> None:
    """Do not look for cycles before `spare_the_standing`: a sixth of a start goes into looking at what stays anyway."""
    gc.disable()


def spare_the_standing() -> None:
    """Look for cycles seldom from now on, and never among what is there by now."""
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()
