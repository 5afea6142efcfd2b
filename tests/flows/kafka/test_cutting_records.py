"""However a record is cut, whoever reads its parts finds what whoever reads the record finds."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.kafka import cutting
from flows.kafka.cutting import NOBODY, Part, cut
from flows.kafka.folder import as_message
from flows.kafka.wire import BEHIND, REACHED, Stamp, headers, read_headers
from flows.tape.segments.payloads import clock, frame, read_repair, repair
from operators.wire.frames import read_frame
from operators.wire.pages import read_page

AT_MS = 1_381_239_000_000
SYMBOLS = ("AAA", "B", "ÜÄ")

symbols = st.sampled_from((*SYMBOLS, "", None, 5))
prices = st.sampled_from((1.5, 100.25, -1, "x", None))
trades = st.builds(
    lambda sym, p, t: {"ev": "T", "sym": sym, "p": p, "s": 1, "t": AT_MS + t}, symbols, prices, st.integers(0, 9)
)
good = st.builds(
    lambda sym, p, t: {"ev": "T", "sym": sym, "p": p, "s": 1, "ds": "1.5", "t": AT_MS + t, "c": [14, 37], "i": "7"},
    st.sampled_from(SYMBOLS),
    st.sampled_from((1.5, 3.25)),
    st.integers(0, 9),
)
others: st.SearchStrategy[Any] = st.sampled_from(
    [{"ev": "status", "message": "x"}, {"ev": "AM", "sym": "AAA"}, 7, "x", None, []]
)
frames = st.one_of(st.lists(good), st.lists(good | trades), st.lists(trades | others))


@given(frames.map(lambda each: json.dumps(each, ensure_ascii=False).encode()))
def test_parts_read_as_their_record_reads(payload: bytes) -> None:
    """Each symbol's prints in their order; what cannot be used, with its element's place."""
    rows, rejects = read_frame(payload)
    parts, newest_ns = cut(frame(payload, AT_MS * 1_000_000))
    found = [(part, *read_frame(part.value)) for part in parts]
    assert Counter(row for _, some, _ in found for row in some) == Counter(rows)
    for part, some, _ in found:
        assert list(some) == [row for row in rows if row.symbol == part.symbol]
    places = [
        (part.steps[each.place] if part.steps else each.place, each.field) for part, _, bad in found for each in bad
    ]
    assert sorted(places) == sorted((each.place, each.field) for each in rejects)
    assert newest_ns == max((row.sip_ns for row in rows), default=0)


@pytest.mark.parametrize("payload", [b"", b"{", b'[{"ev":"T"', b"\xff", b'[{"ev":"T","sym":"A","i":"\xff"}]', b"7"])
def test_what_cannot_be_read_stays_whole(payload: bytes) -> None:
    assert cut(frame(payload, 1)).parts == [Part(NOBODY, payload)]


def test_a_print_that_is_ahead_of_its_receipt_takes_no_time_along() -> None:
    """Each message tells how far the prints of all symbols had come."""
    prints = [{"ev": "T", "sym": name, "p": 1.0, "s": 1, "t": AT_MS + ms} for name, ms in (("A", 0), ("B", 86_400_000))]
    received = cut(frame(json.dumps(prints).encode(), AT_MS * 1_000_000))
    assert (len(received.parts), received.newest_ns) == (2, AT_MS * 1_000_000)


def test_one_event_is_a_message_too() -> None:
    payload = json.dumps({"ev": "T", "sym": "A", "p": 1.0, "s": 1, "t": AT_MS}).encode()
    (part,) = cut(frame(payload, 1)).parts
    assert (part.symbol, part.value) == ("A", b"[" + payload + b"]")


def test_long_pages_are_cut_into_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MOST_BYTES", 200)
    results = [{"price": 1.0 + n, "size": 1, "sip_timestamp": AT_MS * 1_000_000 + n} for n in range(20)]
    payload = repair("AAA", json.dumps({"status": "OK", "results": results}).encode(), 1).payload
    parts = cut(repair("AAA", payload.partition(b"\n")[2], 1)).parts
    assert len(parts) > 5
    assert {part.symbol for part in parts} == {"AAA"}
    rows = [row for part in parts for row in read_page(*read_repair(part.value))[0]]
    assert rows == read_page(*read_repair(payload))[0]
    assert [step for part in parts for step in part.steps or range(part.held)] == list(range(20))


def test_what_is_nested_too_deep_stays_whole() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    assert cut(frame(deep, 1)).parts == [Part(NOBODY, deep)]
    assert cut(repair("A", deep, 1)).parts == [Part("A", b"A\n" + deep)]


def test_what_concerns_all_symbols_is_for_every_partition() -> None:
    assert cut(clock(5)).parts == [Part(None, b"")]


@given(st.lists(good, min_size=1).map(lambda each: json.dumps(each).encode()))
def test_a_compacted_message_reads_as_it_read(payload: bytes) -> None:
    rows, _ = read_frame(payload)
    assert read_frame(as_message(rows)) == (rows, [])


whole = st.integers(0, 1 << 31)


@given(
    st.builds(Stamp, *[st.integers(0, 255)], *[st.integers(0, 65_535)] * 2, *[whole] * 11), st.lists(whole, max_size=5)
)
def test_a_stamp_comes_back(stamp: Stamp, steps: list[int]) -> None:
    assert read_headers(headers(stamp, steps)) == (stamp, tuple(steps))


@pytest.mark.parametrize(
    ("given_headers", "told"),
    [([], "is no record of a tape"), ([("tape", None)], "is no record"), ([("tape", b"")], "is no record")],
)
def test_what_is_none_of_ours_is_said_so(given_headers: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_headers(given_headers)


def test_a_later_version_is_said_so() -> None:
    stamp = Stamp(REACHED, 0, 3, BEHIND, 0, 0, 1, 32, 60, 9, 1, 1, 1, 1)
    ((name, data),) = headers(stamp)
    assert isinstance(data, bytes)
    with pytest.raises(ValueError, match="is a record of version 2; this program reads version 1"):
        read_headers([(name, b"\x02" + data[1:])])
