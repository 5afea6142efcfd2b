"""From texts to small numbers, columns at a time: symbols to codes, condition lists to flags."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

ABSENT: Final = -1


class Lookup:
    """Gives every text of a column its number, the same text always the same.

    `number` says it, once per text; a null counts as the empty text.  Columns may be text, categorical or enum.
    Category codes are looked up anew in every column: polars may give them out again once nobody holds them.
    """

    def __init__(self, number: Callable[[str], int]) -> None:
        self._number = number
        self._known: dict[str, int] = {}

    def column(self, texts: pl.Series) -> npt.NDArray[np.int32]:
        """Return the number of every row."""
        if not len(texts):
            return np.empty(0, dtype=np.int32)
        if texts.dtype == pl.String():
            texts = texts.cast(pl.Categorical)
        physical = texts.to_physical()
        if physical.null_count():
            physical = physical.fill_null((physical.max() or 0) + 1)  # type: ignore[operator]
        codes = physical.to_numpy()
        rows = np.full(int(codes.max()) + 1, ABSENT, dtype=np.int64)
        rows[codes] = np.arange(len(codes))
        present = np.flatnonzero(rows != ABSENT)
        table = np.empty(len(rows), dtype=np.int32)
        table[present] = [self._of(text) for text in texts.gather(rows[present]).cast(pl.String).to_list()]
        numbers: npt.NDArray[np.int32] = table[codes]
        return numbers

    def _of(self, text: str | None) -> int:
        text = text or ""
        number = self._known.get(text)
        if number is None:
            number = self._known[text] = self._number(text)
        return number
