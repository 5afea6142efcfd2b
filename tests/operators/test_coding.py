"""Symbols and condition lists as numbers: the same text always the same, whenever a column is coded."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators import ticks
from operators.coding import MOST_SYMBOLS, Coder, FlagCoder, SymbolCoder, minutes_behind
from operators.conditions import flags_of_text
from operators.times import DEFAULT_LATE_NS
from tests.oracle.times import new_york_ns

AT_NS = new_york_ns("2013-10-08", "10:00")
LISTS = ["", "12", "37", "12,37", "14,41", "999", "x"]
DTYPES = [pl.String(), pl.Categorical(), pl.Enum(LISTS), pl.Enum(LISTS[::-1])]


def frame(conditions: Sequence[str | None], dtype: pl.DataType | None = None, symbol: str = "A") -> pl.DataFrame:
    """Prints that are neither late nor corrected."""
    return pl.DataFrame(
        {
            ticks.SYMBOL: [symbol] * len(conditions),
            ticks.CONDITIONS: pl.Series(conditions, dtype=dtype or pl.String()),
            ticks.SIP_NS: pl.Series([AT_NS] * len(conditions), dtype=pl.Int64()),
            ticks.PARTICIPANT_NS: pl.Series([AT_NS] * len(conditions), dtype=pl.Int64()),
            ticks.TRF_NS: pl.Series([0] * len(conditions), dtype=pl.Int64()),
            ticks.CORRECTION: pl.Series([0] * len(conditions), dtype=pl.Int32()),
        }
    )


def codes(watched: Sequence[str], symbols: pl.Series) -> list[int]:
    coded = symbols.alias(ticks.SYMBOL).to_frame().select(SymbolCoder(watched).expression())
    assert coded.schema == {ticks.CODE: pl.UInt16()}
    return coded.to_series().to_list()


@pytest.mark.parametrize("dtype", [pl.String(), pl.Categorical(), pl.Enum(["B", "A", "a", "C", ""])])
def test_a_symbol_is_its_place_among_the_watched(dtype: pl.DataType) -> None:
    """Case matters; what nobody watches, and what has no name, shares the place after the last."""
    symbols = pl.Series(["A", "B", "a", "C", "", None, "A"], dtype=dtype)
    assert codes(["B", "A"], symbols) == [1, 0, 2, 2, 2, 2, 1]


def test_without_watched_symbols_every_print_is_unwatched() -> None:
    assert set(codes([], pl.Series(["A", "B"]))) == {0}


def test_no_more_symbols_can_be_watched_than_have_a_code() -> None:
    """The one that stands for nobody is not given away."""
    most = [f"S{number}" for number in range(MOST_SYMBOLS)]
    assert codes(most, pl.Series([most[-1], "T"])) == [MOST_SYMBOLS - 1, MOST_SYMBOLS]
    with pytest.raises(ValueError, match=f"got {MOST_SYMBOLS + 1} symbols; at most {MOST_SYMBOLS}"):
        SymbolCoder([*most, "T"])


@pytest.mark.parametrize("dtype", DTYPES, ids=["text", "categorical", "enum", "other enum"])
def test_a_list_keeps_its_flags_when_earlier_frames_are_gone(dtype: pl.DataType) -> None:
    """Nothing that was met before is taken for something else; polars may give a category's code out again."""
    coder = FlagCoder()
    for text in LISTS * 2:
        assert coder.column(frame([text], dtype)).tolist() == [flags_of_text(text)]


conditions = st.lists(st.none() | st.sampled_from(LISTS), max_size=6)


@settings(max_examples=75, deadline=None)
@given(
    frames=st.lists(st.tuples(conditions, st.sampled_from(DTYPES), st.booleans()), max_size=5),
    behind=st.integers(0, 3),
)
def test_it_does_not_matter_when_a_frame_was_coded(
    frames: list[tuple[list[str | None], pl.DataType, bool]], behind: int
) -> None:
    """In the reader, before the lists of other frames were met, or not at all: the flags are those of the texts."""
    coder = Coder(["A"])
    waiting: list[tuple[list[str | None], pl.DataFrame]] = []
    for texts, dtype, at_once in frames:
        columns = frame(texts, dtype)
        waiting.append((texts, columns if at_once else columns.with_columns(coder.expressions())))
        if len(waiting) > behind:
            check(coder, *waiting.pop(0))
    for each in waiting:
        check(coder, *each)


def check(coder: Coder, texts: list[str | None], columns: pl.DataFrame) -> None:
    assert coder.flags.column(columns).tolist() == [flags_of_text(text) for text in texts]


few_rows = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", ""]),
        st.none() | st.sampled_from(LISTS),
        st.sampled_from([None, 0, AT_NS, AT_NS - DEFAULT_LATE_NS, AT_NS - DEFAULT_LATE_NS - 1, AT_NS + 1]),
        st.sampled_from([None, 0, AT_NS, AT_NS - DEFAULT_LATE_NS - 1]),
        st.sampled_from([None, 0, 1]),
    ),
    max_size=8,
)


@settings(max_examples=75, deadline=None)
@given(frames=st.lists(few_rows, max_size=3))
def test_a_few_rows_are_coded_as_many_are(
    frames: list[list[tuple[str, str | None, int | None, int | None, int]]],
) -> None:
    """Whatever was met before; the flags of both ways are the same as well."""
    few, many = Coder(["B", "A"]), Coder(["B", "A"])
    for rows in frames:
        names = (ticks.SYMBOL, ticks.CONDITIONS, ticks.PARTICIPANT_NS, ticks.TRF_NS, ticks.CORRECTION)
        dtypes = (pl.String(), pl.String(), pl.Int64(), pl.Int64(), pl.Int32())
        columns = [
            pl.Series(name, [row[n] for row in rows], dtype)
            for n, (name, dtype) in enumerate(zip(names, dtypes, strict=True))
        ]
        given = pl.DataFrame(columns).with_columns(pl.lit(AT_NS, pl.Int64()).alias(ticks.SIP_NS))
        coded, usual = few.coded(given), given.with_columns(many.expressions())
        assert coded.schema == usual.schema
        assert coded.get_column(ticks.CODE).to_list() == usual.get_column(ticks.CODE).to_list()
        assert few.flags.column(coded).tolist() == many.flags.column(usual).tolist()


def test_a_print_lies_as_many_minutes_behind_as_its_own_minute_does() -> None:
    """Its own time is the participant's, else the TRF's; unknown and later times are none behind."""
    minute = 60_000_000_000
    frame = pl.DataFrame(
        {
            ticks.SIP_NS: [5 * minute] * 5,
            ticks.PARTICIPANT_NS: [5 * minute - 1, 0, None, 6 * minute, 4 * minute],
            ticks.TRF_NS: [None, 2 * minute, None, None, 0],
        }
    )
    assert frame.select(minutes_behind()).to_series().to_list() == [1, 3, 0, 0, 1]
