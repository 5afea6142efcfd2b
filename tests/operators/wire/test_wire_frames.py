"""The vendor's messages into rows: fields, units, and everything that a message may hold instead of a trade."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import ticks
from operators.wire.frames import read_frame
from operators.wire.pages import read_page
from operators.wire.rows import WireRow, columns

AT_MS = 1_381_239_000_123
AT_NS = AT_MS * 1_000_000
GOOD: dict[str, Any] = {
    "ev": "T",
    "sym": "BRK.A",
    "i": "52983",
    "x": 11,
    "p": 281.1,
    "s": 2,
    "t": AT_MS,
    "q": 7,
    "z": 1,
}


EXPECTED = {"row": pl.UInt32(), **{name: ticks.TICK_SCHEMA[name] for name in ticks.DECISIVE}}


def frame(*events: Any) -> bytes:
    return json.dumps(list(events)).encode()


def test_a_trade_becomes_a_row() -> None:
    event = GOOD | {"c": [14, 37, 41], "pt": AT_MS - 3, "trfi": 202, "trft": AT_MS - 1, "ds": "2.5"}
    rows, rejects = read_frame(frame(event))
    trf_ns = AT_NS - 1_000_000
    ident = (7, "52983", 202, trf_ns, 0, 1)
    assert rows == [WireRow("BRK.A", AT_NS, AT_NS - 3_000_000, 281.1, 2.5, 11, "14,37,41", *ident)]
    assert rejects == []


def test_what_a_trade_lacks_is_unknown() -> None:
    rows, _ = read_frame(frame(GOOD, GOOD | {"c": None}, GOOD | {"c": []}))
    assert rows == [WireRow("BRK.A", AT_NS, None, 281.1, 2.0, 11, None, 7, "52983", None, None, 0, 1)] * 3


@pytest.mark.parametrize("number", [37, 0])
def test_a_condition_alone_is_a_list_of_one(number: int) -> None:
    """Left out, it would make a regular print of an odd lot."""
    alone, listed = frame(GOOD | {"c": number}), frame(GOOD | {"c": [number]})
    assert read_frame(alone) == read_frame(listed)
    assert read_frame(alone)[0][0].conditions == str(number)
    page = {"price": 1.5, "size": 1, "sip_timestamp": AT_NS, "conditions": number}
    assert read_page("A", json.dumps({"results": [page]}).encode())[0][0].conditions == str(number)


@pytest.mark.parametrize("stamp", [AT_MS, AT_MS * 1_000, AT_MS * 1_000_000])
def test_the_number_of_digits_tells_the_unit(stamp: int) -> None:
    rows, _ = read_frame(frame(GOOD | {"t": stamp}))
    assert rows[0].sip_ns == AT_NS


@pytest.mark.parametrize(
    ("fault", "field", "reason"),
    [
        ({"p": None}, "price", "is missing"),
        ({"p": -1.0}, "price", "got -1; must be dollars above 0"),
        ({"p": "x"}, "price", "got 'x'; must be a number"),
        ({"s": -1}, "size", "got -1; must be shares, 0 or more"),
        ({"ds": "many"}, "size", "got 'many'; must be a number"),
        ({"ds": "nan"}, "size", "got nan; must be shares, 0 or more"),
        ({"sym": ""}, "symbol", "is missing"),
        ({"t": None}, "sip_ns", "is missing"),
        ({"t": 1_381_239_000}, "sip_ns", "got 1381239000; outside 1993 to 2027; 10 digits are not ns since 1970"),
        ({"t": "noon"}, "t", "expected int | null, got str"),
        ({"x": [1]}, "x", "expected int | null, got array"),
        ({"pt": 9_999_999_999_999}, "participant_ns", "got 9999999999999000000; ns since 1970 must fit 64 bits"),
        ({"pt": -(10**20)}, "participant_ns", "got -100000000000000000000; ns since 1970 must fit 64 bits"),
        ({"trft": 10**30}, "trf_ns", f"got {10**30}; ns since 1970 must fit 64 bits"),
        ({"c": 37.5}, "conditions", "got 37.5; must be whole numbers"),
        ({"c": "37"}, "c", "expected int | float | array | null, got str"),
        ({"c": [37, None]}, "c[1]", "expected int, got null"),
        ({"q": 1 << 63}, "q", "expected int <= 9223372036854775807"),
        ({"x": 1 << 31}, "x", "expected int <= 2147483647"),
    ],
)
def test_what_is_no_tick_says_why_and_spares_its_neighbours(fault: dict[str, Any], field: str, reason: str) -> None:
    rows, rejects = read_frame(frame(GOOD, GOOD | fault, GOOD))
    assert [row.price for row in rows] == [281.1, 281.1]
    (reject,) = rejects
    assert (reject.place, reject.field, reject.reason) == (1, field, reason)
    assert '"ev":"T"' in reject.raw


DEEP = b"[" * 5_000 + b"1" + b"]" * 5_000


@pytest.mark.parametrize(
    "payload", [b"", b"[{", b"\xff\xfe", b'[{"ev":"T","p":NaN}]', DEEP, b'[{"ev":"T","n":%b}]' % DEEP]
)
def test_what_is_no_json_is_one_reject(payload: bytes) -> None:
    rows, (reject,) = read_frame(payload)
    assert rows == []
    assert reject.field == "frame"
    assert reject.reason.startswith("is not JSON")


def test_other_channels_pass_by() -> None:
    """Whatever they give the same names to."""
    others = [
        {"ev": "Q", "sym": "A", "c": 1, "i": [1, 2], "bp": 1.0, "t": AT_MS},
        {"ev": "AM", "sym": "A", "c": 78.08, "s": AT_MS, "e": AT_MS, "z": 62, "dv": "4989.0"},
        {"ev": "LULD", "T": "A", "h": 1.0, "l": 0.9, "i": [1], "t": AT_NS},
        {"ev": "C", "p": "USD/EUR", "x": 1.5, "t": AT_MS},
        {"ev": "status", "status": "success", "message": "subscribed to: T.A"},
        {"ev": "ZZ", "t": {"deep": [1]}},
    ]
    for other in others:
        assert read_frame(frame(other, GOOD))[0] == read_frame(frame(GOOD))[0]
        assert read_frame(frame(other, GOOD))[1] == []


def test_the_vendors_own_frames_are_read(shared_data: Path) -> None:
    """Equal sequence numbers are two prints; fields that are not there are not guessed."""
    lines = (shared_data / "polygon_samples" / "ws_frames.jsonl").read_bytes().splitlines()
    read = [read_frame(line) for line in lines]
    assert [len(rows) for rows, _ in read] == [1, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    assert not any(rejects for _, rejects in read)
    rows = [row for found, _ in read for row in found]
    assert [(row.symbol, row.trade_id, row.price, row.conditions) for row in rows[:5]] == [
        ("TCEHY", "00220725", 48.06, None),
        ("TCEHY", "00220726", 48.06, None),
        ("VWAGY", "00241707", 16.695, "37"),
        ("VWAGY", "00241708", 16.7, "37"),
        ("PAYC", "52983527388738", 281.1, "14,37,41"),
    ]
    table = columns(rows, list(range(len(rows))), "row")
    assert table.schema == EXPECTED
    assert table["conditions"].to_list() == [None, None, "37", "37", "14,37,41", "14,37,41", None, "37"]


@given(st.binary(max_size=80))
def test_no_bytes_make_it_fail(payload: bytes) -> None:
    rows, rejects = read_frame(payload)
    assert all(isinstance(row, WireRow) for row in rows)
    assert all(reject.reason for reject in rejects)


@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["ev", "sym", "p", "s", "ds", "t", "c", "i", "x"]), inner, max_size=6)
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_no_json_makes_it_fail(value: Any, trade: bool) -> None:
    if trade and isinstance(value, dict):
        value["ev"] = "T"
    rows, rejects = read_frame(json.dumps([value]).encode())
    assert len(rows) + len(rejects) <= 1


def test_no_row_at_all_is_an_empty_frame() -> None:
    assert columns([], [], "row").schema == EXPECTED


def test_a_page_gives_the_rows_that_the_feed_would_have_given() -> None:
    """Times are cut to the feed's milliseconds."""
    result = {
        "conditions": [14, 37, 41],
        "exchange": 11,
        "id": "52983",
        "participant_timestamp": AT_NS - 2_000_001,
        "price": 281.1,
        "sequence_number": 7,
        "sip_timestamp": AT_NS + 999_999,
        "size": 2,
        "decimal_size": "2.5",
        "trf_timestamp": AT_NS - 1,
        "trf_id": 202,
        "tape": 1,
    }
    event = GOOD | {"c": [14, 37, 41], "pt": AT_MS - 3, "trfi": 202, "trft": AT_MS - 1, "ds": "2.5"}
    body = json.dumps({"status": "OK", "results": [result]}).encode()
    assert read_page("BRK.A", body) == read_frame(frame(event))


def test_the_vendors_page_of_trades_is_read(shared_data: Path) -> None:
    bodies = [path.read_bytes() for path in sorted((shared_data / "polygon_samples" / "rest").glob("*trades*"))]
    assert bodies
    for body in bodies:
        rows, rejects = read_page("AAPL", body)
        assert len(rows) == len(json.loads(body)["results"]) > 0
        assert rejects == []


def test_a_page_without_results_is_empty_and_one_that_is_none_says_so() -> None:
    assert read_page("A", b'{"status":"OK"}') == ([], [])
    for body in (b"<html>", DEEP, b'{"results":[%b]}' % DEEP):
        (reject,) = read_page("A", body)[1]
        assert reject.field == "page"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"participant_timestamp": 9_999_999_999_999}, "got 9999999999999000000; ns since 1970 must fit 64 bits"),
        ({"trf_timestamp": 1 << 64}, "got 18446744073709000000; ns since 1970 must fit 64 bits"),
        ({"correction": 1 << 63}, "Expected int <= 2147483647 - at $.correction"),
    ],
)
def test_a_result_that_no_column_holds_says_why(fault: dict[str, Any], reason: str) -> None:
    good = {"price": 1.5, "size": 1, "sip_timestamp": AT_NS}
    rows, (reject,) = read_page("A", json.dumps({"results": [good, good | fault, good]}).encode())
    assert (len(rows), reject.place, reject.reason) == (2, 1, reason)


@given(st.sampled_from(["pt", "trft", "q", "x", "trfi", "z"]), st.integers(-(10**20), 10**20))
def test_whatever_is_read_fits_its_column(name: str, number: int) -> None:
    """One number that does not would keep a whole frame from being made."""
    rows, rejects = read_frame(frame(GOOD | {name: number}))
    assert len(rows) + len(rejects) == 1
    assert len(columns(rows, [0] * len(rows), "row")) == len(rows)


def test_a_bad_result_spares_its_neighbours() -> None:
    good = {"price": 1.5, "size": 1, "sip_timestamp": AT_NS}
    body = json.dumps({"results": [good, good | {"price": 0}, good | {"size": "x"}, good]}).encode()
    rows, rejects = read_page("A", body)
    assert len(rows) == 2
    assert [reject.place for reject in rejects] == [1, 2]
