"""A print that says it was known well after it was received moves nothing: not its symbol, and nobody's time."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.market.taped import taped_prints
from flows.tape.compacting import compact
from flows.tape.log_reader import read_log
from flows.tape.scan import ROW, ScanFilter
from flows.tape.segments.payloads import frame, repair
from flows.tape.segments.record import Record
from operators.times import iso
from operators.wire.ahead import AHEAD_NS
from tests.flows.made_tape import MS_NS, as_event, as_frames, as_result, market_prints, with_clock, write_records

PRINTS = market_prints(("AAA", "BBB"), 40, seed=3, seconds=120)
FRAMES = with_clock(as_frames(PRINTS))
HALF = len(FRAMES) // 2
RECEIVED_NS = FRAMES[HALF].receive_ns // MS_NS * MS_NS
LATEST_NS = RECEIVED_NS + AHEAD_NS


def printed(sip_ns: int) -> dict[str, str]:
    return PRINTS[0] | {"ticker": "BBB", "id": "far", "sip_timestamp": str(sip_ns)}


def in_a_frame(sip_ns: int) -> Record:
    return frame(json.dumps([as_event(printed(sip_ns))]).encode(), RECEIVED_NS)


def in_a_page(sip_ns: int) -> Record:
    row = as_result(printed(sip_ns)) | {"sip_timestamp": sip_ns}
    return repair("BBB", json.dumps({"results": [row]}).encode(), RECEIVED_NS)


def read(folder: Path) -> tuple[pl.DataFrame, list[Any], list[tuple[str, str]]]:
    """Return the prints of a tape, its marks, and what could not be used."""
    pieces = list(read_log(folder, ScanFilter()))
    marks = [each for piece in pieces for each in piece.marks]
    letters = [(each.field, each.reason) for piece in pieces for each in piece.dead_letters]
    return pl.concat(piece.ticks.drop(ROW) for piece in pieces), marks, letters


@pytest.mark.parametrize("in_a_record", [in_a_frame, in_a_page])
@pytest.mark.parametrize("compacted", [False, True])
def test_all_but_the_print_itself_is_as_if_it_were_not_there(tmp_path: Path, in_a_record: Any, compacted: bool) -> None:
    """It is told with both times; what comes after it still comes, and clock marks reach no further."""
    records = [*FRAMES[:HALF], in_a_record(LATEST_NS + MS_NS), *FRAMES[HALF:]]
    without = write_records(tmp_path / "without", FRAMES, segment_bytes=3_000)
    folder = write_records(tmp_path / "tape", records, segment_bytes=3_000)
    for each in (without, folder) if compacted else ():
        compact(each, lambda _: None)
    prints, marks, letters = read(without)
    found, found_marks, found_letters = read(folder)
    assert found.equals(prints)
    assert max(each.at_ns for each in found_marks) == max(each.at_ns for each in marks)
    assert letters == []
    reason = f"got {iso(LATEST_NS + MS_NS)}; more than 10 minutes after its receipt at {iso(RECEIVED_NS)}"
    assert found_letters == [("sip_ns", reason)]
    assert taped_prints(folder).equals(taped_prints(without))


@pytest.mark.parametrize("in_a_record", [in_a_frame, in_a_page])
def test_a_clock_that_is_some_minutes_slow_costs_no_print(tmp_path: Path, in_a_record: Any) -> None:
    prints, _, letters = read(write_records(tmp_path / "tape", [in_a_record(LATEST_NS)]))
    assert (len(prints), letters) == (1, [])
