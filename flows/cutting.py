"""Cutting ahead: frames are cut into symbols in a thread beside the dataflow, some before it asks for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from flows.items import CutFrame
from flows.tape.prefetch import prefetched
from flows.tape.reader import TapePiece
from operators.frames import TickFrame

AHEAD: Final = 1
"""Frames that are cut beforehand; each is some memory."""
NO_ROWS: Final = np.empty(0, dtype=np.int64)

Cut = Callable[[TickFrame], CutFrame]


def cut_pieces(pieces: Iterable[TapePiece], cut: Cut) -> Iterator[tuple[TapePiece, CutFrame]]:
    """Yield each piece, without its frame, and the frame, cut.

    Reading, sorting and summing up are long steps of polars and numpy, which leave Python to the rules.
    """
    return prefetched(((replace(each, frame=each.frame.take(NO_ROWS)), cut(each.frame)) for each in pieces), AHEAD)
