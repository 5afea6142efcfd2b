"""The collector of cycles, spared: millions of small values and no cycles among them, or modules on their way in."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = (200_000, 20, 100)
RARELY: Final = (1_000_000, 20, 100)
"""For runs that nobody waits for print by print: a look at what all stays may take a tenth of a second."""


def collect_later() -> None:
    """Do not look for cycles before `spare_the_standing`: a sixth of a start goes into looking at what stays anyway."""
    gc.disable()


@contextmanager
def importing() -> Iterator[None]:
    """Look for no cycles while the block imports what is heavy: a sixth of a start, too, for commands that go on.

    What was imported is not looked at later either: at a command's end that alone took a fifth of a second.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looking:
            gc.enable()


def spare_the_standing(thresholds: tuple[int, int, int]) -> None:
    """Look for cycles as seldom as told from now on, and never among what is there by now."""
    gc.freeze()
    gc.set_threshold(*thresholds)
    gc.enable()
