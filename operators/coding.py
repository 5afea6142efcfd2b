"""Prints as small numbers: symbols as codes, condition lists and times as flags.  Done where the columns are decoded.

The expressions are plain and run wherever polars runs them; what they cannot know yet (a condition list never met) is
completed afterwards, with the same result.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from operators import ticks
from operators.conditions import CORRECTED, CORRECTED_MARK, LATE_MARK, Flag, flags_of_text, mark_of, marks
from operators.times import DEFAULT_LATE_NS, MINUTE_NS

MOST_SYMBOLS: Final = 0xFFFF
MOST_MINUTES: Final = 0xFFFF
MARKS: Final = 3
"""How many marks there are, none among them."""
FEW_ROWS: Final = 4_096
"""So many rows plain Python codes before polars has planned its query and woken its threads."""
UNMET: Final = 1 << 30
"""The number of every condition list that was not met before."""


class SymbolCoder:
    """Numbers the watched symbols in the order given; all others share the number after the last."""

    def __init__(self, watched: Sequence[str]) -> None:
        if len(watched) > MOST_SYMBOLS:
            msg = f"got {len(watched)} symbols; at most {MOST_SYMBOLS} can be watched at once"
            raise ValueError(msg)
        self._expression = _symbol_code(tuple(watched))
        self._codes, self._others = {symbol: code for code, symbol in enumerate(watched)}, len(watched)

    def expression(self) -> pl.Expr:
        """Return each row's symbol code (uint16)."""
        return self._expression

    def of_few(self, rows: pl.DataFrame) -> pl.Series:
        """Return what `expression` gives for a few rows."""
        code_of, others = self._codes.get, self._others
        codes = [code_of(symbol, others) for symbol in rows.get_column(ticks.SYMBOL).to_list()]
        return pl.Series(ticks.CODE, codes, dtype=pl.UInt16)


@lru_cache(maxsize=4)
def _symbol_code(watched: tuple[str, ...]) -> pl.Expr:
    others = len(watched)
    if not watched:
        return pl.lit(others, dtype=pl.UInt16).alias(ticks.CODE)
    codes = pl.col(ticks.SYMBOL).cast(pl.Enum(watched), strict=False).to_physical()
    return codes.cast(pl.UInt16).fill_null(others).alias(ticks.CODE)


class FlagCoder:
    """Derives flags from condition lists and marks.  Which lists it remembers saves work and decides nothing."""

    def __init__(self, late_ns: int = DEFAULT_LATE_NS) -> None:
        self._mark, self._late_ns = marks(late_ns), late_ns
        self._lists: list[str] = [""]
        self._numbers: dict[str | None, int] = {None: 0, "": 0}
        self._flags = np.array(_marked_flags(""), dtype=np.uint8)

    def expression(self) -> pl.Expr:
        """Return a number for each row's condition list and mark (uint32), from UNMET on where the list is new."""
        return (self._number().fill_null(UNMET) * MARKS + self._mark).alias(ticks.LIST)

    def of_few(self, rows: pl.DataFrame) -> pl.Series:
        """Return what `expression` gives for a few rows, none of whose lists is new afterwards."""
        columns = [rows.get_column(name).to_list() for name in _MARKED]
        if not self._numbers.keys() >= set(columns[0]):
            self.learn(rows.get_column(ticks.CONDITIONS))
        number_of, late_ns = self._numbers, self._late_ns
        numbers = [
            number_of[conditions] * MARKS + mark_of(sip_ns, participant_ns, trf_ns, correction, late_ns)
            for conditions, sip_ns, participant_ns, trf_ns, correction in zip(*columns, strict=True)
        ]
        return pl.Series(ticks.LIST, numbers, dtype=pl.UInt32)

    def learn(self, lists: pl.Series) -> None:
        """Take note of the condition lists in a column."""
        met = set(self._lists)
        new = [text for text in lists.drop_nulls().unique(maintain_order=True).to_list() if text not in met]
        self._lists = [*self._lists, *new]
        self._numbers = {None: 0} | {text: number for number, text in enumerate(self._lists)}
        self._flags = np.concatenate((self._flags, *(np.array(_marked_flags(text), dtype=np.uint8) for text in new)))

    def column(self, frame: pl.DataFrame) -> npt.NDArray[np.uint8]:
        """Return the flags of every row.

        The frame holds LIST and CONDITIONS if it was coded before, else the columns that decide them.
        """
        if ticks.LIST not in frame.columns:
            frame = frame.with_columns(self.expression())
        numbers = frame.get_column(ticks.LIST).to_numpy()
        unmet = numbers >= UNMET * MARKS
        if unmet.any():
            new = frame.filter(pl.Series(unmet))
            self.learn(new.get_column(ticks.CONDITIONS))
            met = new.select(self._number()).to_series().to_numpy()
            numbers = numbers.copy()
            numbers[unmet] = met * MARKS + (numbers[unmet] - UNMET * MARKS)
        flags: npt.NDArray[np.uint8] = self._flags[numbers]
        return flags

    def _number(self) -> pl.Expr:
        texts = pl.col(ticks.CONDITIONS).cast(pl.String)
        met = texts.cast(pl.Enum(self._lists), strict=False).to_physical().cast(pl.UInt32)
        return pl.when(texts.is_null()).then(pl.lit(self._numbers[None], pl.UInt32)).otherwise(met)


_MARKED: Final = (ticks.CONDITIONS, ticks.SIP_NS, ticks.PARTICIPANT_NS, ticks.TRF_NS, ticks.CORRECTION)


def _marked_flags(conditions: str) -> list[int]:
    """Return the flags of a condition list under each mark: none, late, corrected."""
    flags = flags_of_text(conditions)
    marked = [flags] * MARKS
    marked[LATE_MARK], marked[CORRECTED_MARK] = flags | Flag.LATE, int(CORRECTED)
    return marked


def minutes_behind() -> pl.Expr:
    """Return by how many minutes a print's own minute lies before that of its SIP time (uint16).

    Its own time is the participant's, else the TRF's; 0 where neither is known.
    """
    participant, trf = pl.col(ticks.PARTICIPANT_NS), pl.col(ticks.TRF_NS).fill_null(0)
    happened = pl.when(participant > 0).then(participant).otherwise(trf)
    behind = pl.col(ticks.SIP_NS) // MINUTE_NS - happened // MINUTE_NS
    known = pl.when(happened > 0).then(behind.clip(0, MOST_MINUTES)).otherwise(0)
    return known.cast(pl.UInt16, wrap_numerical=True).alias(ticks.BEHIND)  # in its range already: not looked at again


class Coder:
    """Both, for the readers of a tape."""

    def __init__(self, watched: Sequence[str], late_ns: int = DEFAULT_LATE_NS, *, for_bars: bool = False) -> None:
        self.symbols, self.flags = SymbolCoder(watched), FlagCoder(late_ns)
        self.for_bars = for_bars

    def expressions(self) -> list[pl.Expr]:
        """Return the coded columns: CODE and LIST, and for bars SIZE and BEHIND."""
        for_bars = [pl.col(ticks.SIZE), minutes_behind()] if self.for_bars else []
        return [self.symbols.expression(), self.flags.expression(), *for_bars]

    def coded(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with their coded columns."""
        if self.for_bars or len(rows) > FEW_ROWS:
            return rows.with_columns(self.expressions())
        return rows.hstack([self.symbols.of_few(rows), self.flags.of_few(rows)])
