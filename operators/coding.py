"""Prints as small numbers: symbols as codes, condition lists and times as flags.  Done where the columns are decoded.

The expressions are plain and run wherever polars runs them; what they cannot know yet (a condition list never met) is
completed afterwards, with the same result.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from operators import ticks
from operators.conditions import CORRECTED_MARK, DEFAULT_LATE_NS, LATE_MARK, Flag, flags_of_text, marks

UNWATCHED: Final = 0xFFFF
"""The code of symbols that nobody watches; one symbol less than this can be watched."""


class SymbolCoder:
    """Numbers the watched symbols in the order given."""

    def __init__(self, watched: Sequence[str]) -> None:
        if len(watched) > UNWATCHED:
            msg = f"got {len(watched)} symbols; at most {UNWATCHED} can be watched at once"
            raise ValueError(msg)
        self._watched = list(watched)

    def expression(self) -> pl.Expr:
        """Return each row's symbol code (uint16), UNWATCHED for symbols that are not watched."""
        if not self._watched:
            return pl.lit(UNWATCHED, dtype=pl.UInt16).alias(ticks.CODE)
        codes = pl.col(ticks.SYMBOL).cast(pl.Enum(self._watched), strict=False).to_physical()
        return codes.cast(pl.UInt16).fill_null(UNWATCHED).alias(ticks.CODE)


class FlagCoder:
    """Derives flags from condition lists and marks.  Which lists it remembers saves work and decides nothing."""

    def __init__(self, late_ns: int = DEFAULT_LATE_NS) -> None:
        self._marks = marks(late_ns)
        self._lists: list[str] = [""]
        self._flags = np.array([flags_of_text("")], dtype=np.uint8)

    def expressions(self) -> list[pl.Expr]:
        """Return, for each row, the number of its condition list, null where it is new, and its mark."""
        return [self._numbers(), self._marks]

    def learn(self, lists: pl.Series) -> None:
        """Take note of the condition lists in a column."""
        met = set(self._lists)
        new = [text for text in lists.drop_nulls().unique().to_list() if text not in met]
        self._lists = [*self._lists, *new]
        self._flags = np.append(self._flags, np.array([flags_of_text(text) for text in new], dtype=np.uint8))

    def column(self, frame: pl.DataFrame) -> npt.NDArray[np.uint8]:
        """Return the flags of every row; the frame holds the tick columns, and the expressions' if it was coded."""
        if ticks.MARK not in frame.columns:
            frame = frame.with_columns(self.expressions())
        numbers, mark = frame.get_column(ticks.LIST), frame.get_column(ticks.MARK)
        flags: npt.NDArray[np.uint8] = self._flags[numbers.fill_null(0).to_numpy()]
        if numbers.null_count():
            new = frame.filter(numbers.is_null())
            self.learn(new.get_column(ticks.CONDITIONS))
            flags[numbers.is_null().to_numpy()] = self._flags[new.select(self._numbers()).to_series().to_numpy()]
        if mark.max():
            marked = mark.to_numpy()
            flags |= (marked == LATE_MARK).astype(np.uint8) * np.uint8(Flag.LATE)
            flags[marked == CORRECTED_MARK] = 0
        return flags

    def _numbers(self) -> pl.Expr:
        texts = pl.col(ticks.CONDITIONS).cast(pl.String).fill_null("")
        return texts.cast(pl.Enum(self._lists), strict=False).to_physical().alias(ticks.LIST)


class Coder:
    """Both, for the readers of a tape."""

    def __init__(self, watched: Sequence[str], late_ns: int = DEFAULT_LATE_NS) -> None:
        self.symbols, self.flags = SymbolCoder(watched), FlagCoder(late_ns)

    def expressions(self) -> list[pl.Expr]:
        """Return all coded columns: CODE, LIST and MARK."""
        return [self.symbols.expression(), *self.flags.expressions()]
