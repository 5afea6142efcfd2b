"""Sale conditions against the vendor's table, written down again here, and columns against single rows."""

import csv
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.coding import FlagCoder
from operators.conditions import ANY_LAST, CORRECTED, UPDATE_RULES, Flag, flags_of, flags_of_text
from tests.oracle.times import SECOND_NS, new_york_ns

# The vendor's consolidated rules: what a print with this condition alone may update.
LAST_HIGH_LOW_VOLUME = [1, 3, 4, 6, 8, 9, 11, 14, 18, 19, 23, 24, 25, 27, 28, 30, 31, 34, 35, 36, 55, 41]
HIGH_LOW_VOLUME = [5, 10, 17, 22, 32, 33]
VOLUME_ONLY = [2, 7, 12, 13, 20, 21, 29, 37, 52, 53]
NOTHING = [15, 16]
NO_VOLUME = [38]

RULES: dict[int, tuple[bool, bool, bool]] = {
    **dict.fromkeys(LAST_HIGH_LOW_VOLUME, (True, True, True)),
    **dict.fromkeys(HIGH_LOW_VOLUME, (False, True, True)),
    **dict.fromkeys(VOLUME_ONLY, (False, False, True)),
    **dict.fromkeys(NOTHING, (False, False, False)),
    **dict.fromkeys(NO_VOLUME, (True, True, False)),
}
"""Condition id: last price, high and low, volume."""

UNKNOWN = [0, 26, 39, 40, 42, 51, 54, 56, 57, 71, 200, 209, 999, -12]
AT_NS = new_york_ns("2013-10-08", "10:00")


def touches(flags: Flag) -> tuple[bool, bool, bool]:
    """Last price, high and low, volume."""
    return bool(flags & Flag.LAST), bool(flags & Flag.HIGH_LOW), bool(flags & Flag.VOLUME)


def expected(ids: Sequence[int]) -> Flag:
    """The flags of a print, one question at a time."""
    if any(each not in RULES for each in ids):
        return Flag.UNKNOWN_CONDITION
    flags = Flag(0)
    for column, flag in enumerate((Flag.LAST, Flag.HIGH_LOW, Flag.VOLUME)):
        if all(RULES[each][column] for each in ids):
            flags |= flag
    for flag, forgiven in (
        (Flag.LAST_IF_ODD_LOTS, [37]),
        (Flag.LAST_IF_EXTENDED, [12]),
        (Flag.LAST_IF_BOTH, [37, 12]),
    ):
        if all(RULES[each][0] for each in ids if each not in forgiven):
            flags |= flag
    return flags


def test_the_table_knows_exactly_the_vendors_ids() -> None:
    assert sorted(UPDATE_RULES) == sorted(RULES)


@pytest.mark.parametrize("condition", sorted(RULES))
def test_a_condition_allows_what_the_vendor_says(condition: int) -> None:
    """Alone on a print, and as an entry of the table."""
    assert touches(UPDATE_RULES[condition]) == RULES[condition]
    assert touches(flags_of([condition])) == RULES[condition]


@pytest.mark.parametrize("condition", UNKNOWN)
def test_an_unknown_condition_allows_nothing_and_says_so(condition: int) -> None:
    """Alone or beside known ones; odd lots and extended hours do not forgive it."""
    for ids in ([condition], [14, condition], [condition, 37], [12, condition, 37]):
        assert flags_of(ids) == Flag.UNKNOWN_CONDITION
        assert flags_of_text(",".join(map(str, ids))) == Flag.UNKNOWN_CONDITION


def test_no_condition_means_a_regular_print() -> None:
    """Everything is allowed, under every option."""
    assert flags_of([]) == Flag.LAST | Flag.HIGH_LOW | Flag.VOLUME | ANY_LAST


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_print_may_update_only_what_all_its_conditions_allow(size: int) -> None:
    """Every pair and, of one id per rule and the two that options forgive, every triple."""
    ids = sorted(RULES) if size < 3 else [12, 37, 14, 41, 5, 2, 13, 15, 38, 32]
    for group in combinations(ids, size):
        assert flags_of(group) == expected(group), group


@pytest.mark.parametrize(
    ("ids", "options"),
    [
        ([37], Flag.LAST_IF_ODD_LOTS | Flag.LAST_IF_BOTH),
        ([12], Flag.LAST_IF_EXTENDED | Flag.LAST_IF_BOTH),
        ([12, 37], Flag.LAST_IF_BOTH),
        ([14, 37, 41], Flag.LAST_IF_ODD_LOTS | Flag.LAST_IF_BOTH),
        ([13], Flag(0)),  # extended hours, but sold out of sequence
        ([12, 13], Flag(0)),
        ([2, 37], Flag(0)),
        ([15, 12], Flag(0)),
    ],
)
def test_odd_lots_and_extended_hours_forgive_their_own_condition_only(ids: list[int], options: Flag) -> None:
    assert flags_of(ids) & ANY_LAST == options


@pytest.mark.parametrize(
    ("text", "ids"),
    [(None, []), ("", []), ("12", [12]), ("12,37", [12, 37]), (" 14 , 41 ", [14, 41]), ("[14, 41]", [14, 41])],
)
def test_a_list_of_conditions_is_read_from_text(text: str | None, ids: list[int]) -> None:
    """As the vendor writes it, with or without blanks and brackets; nothing when there are none."""
    assert flags_of_text(text) == expected(ids)


@pytest.mark.parametrize("text", ["x", "12,x", "12;37", "1.0", "@"])
def test_unreadable_conditions_are_unknown(text: str) -> None:
    """A print that cannot be judged is not judged favourably."""
    assert flags_of_text(text) == Flag.UNKNOWN_CONDITION


def test_the_table_agrees_with_the_vendors_reference_file(shared_data: Path) -> None:
    """All sale conditions of trades, consolidated rules: open/close is the last price."""
    path = shared_data / "polygon_samples" / "conditions_stocks.csv"
    if not path.exists():
        pytest.skip(f"no {path.name} among the recorded data")
    with path.open(newline="") as text:
        rows = [
            row
            for row in csv.DictReader(text)
            if row["type"] == "sale_condition" and "trade" in row["data_types"].split("|")
        ]
    columns = ("cons_open_close", "cons_high_low", "cons_volume")
    vendor = {int(row["id"]): tuple(row[name] == "True" for name in columns) for row in rows}
    assert {row[name] for row in rows for name in columns} == {"True", "False"}
    assert {each: touches(UPDATE_RULES[each]) for each in vendor} == vendor
    assert UPDATE_RULES.keys() - vendor.keys() == {41}  # trade-through exempt: a rule of its own it has not


TEXTS = [None, "", "12", "37", "12,37", "14,41", "2", "15", "38", "13", "999", "14,x", "[37]"]
SCHEMA = {
    "conditions": pl.String(),
    "sip_ns": pl.Int64(),
    "participant_ns": pl.Int64(),
    "trf_ns": pl.Int64(),
    "correction": pl.Int32(),
}


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Conditions, SIP time, participant time, TRF time, correction."""
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def flags_of_row(row: tuple[Any, ...], late_ns: int = SECOND_NS) -> int:
    """One print at a time."""
    conditions, sip_ns, participant_ns, trf_ns, correction = row
    if correction not in (None, 0):
        return int(CORRECTED)
    ids = [each for each in (conditions or "").strip("[]").split(",") if each]
    flags = expected([int(each) if each.isdigit() else -1 for each in ids])
    known = [each for each in (participant_ns, trf_ns) if each]
    return int(flags | Flag.LATE if any(sip_ns - each > late_ns for each in known) else flags)


def printed(conditions: str | None = "", behind: int | None = 0, trf: int | None = None, correction: int = 0) -> Any:
    """A print at 10:00; `behind` and `trf`: how long before, ns, the others saw it (None: they do not say)."""
    participant_ns = None if behind is None else AT_NS - behind
    return conditions, AT_NS, participant_ns, None if trf is None else AT_NS - trf, correction


@pytest.mark.parametrize(
    ("row", "late"),
    [
        (printed(behind=SECOND_NS), False),
        (printed(behind=SECOND_NS + 1), True),
        (printed(behind=None, trf=SECOND_NS), False),
        (printed(behind=None, trf=SECOND_NS + 1), True),
        (printed(behind=0, trf=SECOND_NS + 1), True),
        (printed(behind=SECOND_NS + 1, trf=0), True),
        (printed(behind=None, trf=None), False),
        (printed(behind=AT_NS, trf=AT_NS), False),  # zero: not known
        (printed(behind=-5), False),  # a participant whose clock runs ahead
    ],
)
@pytest.mark.parametrize("beside", [[], [printed()], [printed(behind=10 * SECOND_NS)], [printed(behind=AT_NS, trf=7)]])
def test_a_print_is_late_when_somebody_saw_it_more_than_a_second_before(row: Any, late: bool, beside: Any) -> None:
    """By the participant's time or the TRF's; a time of zero or none is not known.  Other rows do not matter."""
    flags = FlagCoder().column(frame(*beside, row))
    assert bool(flags[-1] & Flag.LATE) == late
    assert flags.dtype == "uint8"


def test_how_late_is_late_can_be_set() -> None:
    rows = frame(printed(behind=5), printed(behind=6))
    assert [bool(each & Flag.LATE) for each in FlagCoder(late_ns=5).column(rows)] == [False, True]


@pytest.mark.parametrize("correction", [1, 7, 12, -1])
def test_a_corrected_print_may_touch_nothing(correction: int) -> None:
    """Whatever its conditions; rows around it keep theirs, a missing correction is none."""
    rows = frame(
        printed(), printed(correction=correction), (None, AT_NS, 0, 0, None), printed("12", correction=correction)
    )
    assert FlagCoder().column(rows).tolist() == [expected([]), CORRECTED, expected([]), CORRECTED]


@pytest.mark.parametrize(
    "ids", [each for count in range(5) for each in combinations((1, 2, 5, 12, 15, 37, 38, 999), count)]
)
def test_no_conditions_make_a_print_look_corrected(ids: tuple[int, ...]) -> None:
    """Nor do they if it is late: what an official close may not touch is no correction."""
    assert CORRECTED not in (flags_of(ids), flags_of(ids) | Flag.LATE)


times = st.none() | st.sampled_from([0, AT_NS, AT_NS - SECOND_NS, AT_NS - SECOND_NS - 1, AT_NS + 5])
print_rows = st.tuples(st.sampled_from(TEXTS), st.just(AT_NS), times, times, st.sampled_from([0, 0, 0, None, 1, 8]))


@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(st.lists(print_rows, max_size=8), max_size=3),
    dtype=st.sampled_from(["string", "categorical", "enum"]),
)
def test_flags_of_a_column_are_those_of_its_rows(frames: list[list[Any]], dtype: str) -> None:
    """Texts, categories and enums; one deriver for many frames, as a replay uses it."""
    types = {
        "string": pl.String(),
        "categorical": pl.Categorical(),
        "enum": pl.Enum([each for each in TEXTS if each is not None]),
    }
    deriver = FlagCoder()
    for rows in frames:
        columns = frame(*rows).with_columns(pl.col("conditions").cast(types[dtype]))
        assert deriver.column(columns).tolist() == [flags_of_row(row) for row in rows]
