"""From texts to small numbers, columns at a time: symbols to codes, condition lists to flags."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

UNMET: Final = -1


class Lookup:
    """Gives every text of a column its number, the same text always the same.

    `number` says it for a text not met before; a null counts as the empty text.  What is remembered saves work and
    decides nothing.  Columns may be text, categorical or enum; the latter two are looked up by their codes.
    """

    def __init__(self, number: Callable[[str], int]) -> None:
        self._number = number
        self._by_code: dict[pl.DataType, npt.NDArray[np.int32]] = {}

    def column(self, texts: pl.Series) -> npt.NDArray[np.int32]:
        """Return the number of every row."""
        if texts.null_count():
            texts = texts.cast(pl.String).fill_null("")
        if texts.dtype == pl.String():
            texts = texts.cast(pl.Categorical)
        codes = texts.to_physical().to_numpy()
        if not len(codes):
            return np.empty(0, dtype=np.int32)
        table = self._table(texts.dtype, int(codes.max()))
        numbers: npt.NDArray[np.int32] = table[codes]
        if (numbers == UNMET).any():
            met = texts.unique()
            for text, code in zip(met.cast(pl.String).to_list(), met.to_physical().to_list(), strict=True):
                table[code] = self._number(text)
            numbers = table[codes]
        return numbers

    def _table(self, dtype: pl.DataType, highest: int) -> npt.NDArray[np.int32]:
        table = self._by_code.get(dtype, np.empty(0, dtype=np.int32))
        if len(table) <= highest:
            table = np.concatenate((table, np.full(2 * highest + 2 - len(table), UNMET, dtype=np.int32)))
            self._by_code[dtype] = table
        return table
