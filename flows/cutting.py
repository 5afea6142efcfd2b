"""Cutting ahead: frames are cut into symbols in a thread beside the dataflow, some before it asks for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from flows.items import CutFrame
from flows.tape.prefetch import prefetched
from flows.tape.reader import TapePiece
from operators.frames import TickFrame

AHEAD: Final = 1
"""Frames that are cut beforehand; each is some memory."""

Cut = Callable[[TickFrame], CutFrame]


def cut_pieces(pieces: Iterable[TapePiece], cut: Cut) -> Iterator[TapePiece]:
    """Yield each piece with its frame cut as well.

    Reading, sorting and summing up are long steps of polars and numpy, which leave Python to the rules.
    """
    return prefetched((replace(each, cut=cut(each.frame)) for each in pieces), AHEAD)
