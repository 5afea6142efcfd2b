"""A scan of a tape that begins within a session looks at the sessions that it knows whole, and says so."""

import json
from pathlib import Path

import pytest

from flows.begun_within import begins_ns
from flows.live.following import _prepared
from flows.live.options import LiveOptions
from flows.options import ReplayOptions
from flows.replay import prepare
from flows.tape.segments.payloads import clock
from operators.times import MINUTE_NS, SECOND_NS
from tests.flows.made import OPEN_NS, climb, write_plans, write_tape
from tests.flows.made import simple_plan as plan
from tests.flows.made_tape import as_frames, market_prints, write_records
from tests.flows.scanned import Scanned, scan, sessions, simulated

PRE_NS = OPEN_NS - 330 * 60 * SECOND_NS
PROFILE = 9
"""Column of scan results."""
TOLD = "the tape begins at 2013-10-08 {} ET, and the scan looks from {} ET on: of a {} that is known in part it tells"


@pytest.mark.parametrize(
    ("from_ns", "told"),
    [
        (None, ()),
        (PRE_NS, ()),
        (PRE_NS + 1, ("04:00:00", "2013-10-08 09:30:00", "pre-market")),
        (OPEN_NS + 660 * SECOND_NS, ("09:41:00", "2013-10-09 04:00:00", "session")),
    ],
)
def test_a_replay_from_within_a_session_says_so_where_it_scans(
    tmp_path: Path, from_ns: int | None, told: tuple[str, ...]
) -> None:
    tape = write_tape(tmp_path, climb())
    for does_scan in (True, False):
        plans = write_plans(tmp_path, [plan("p")])
        given = ReplayOptions((tape,), plans, f"sqlite:///{tmp_path}/x.db", from_ns=from_ns, scan=does_scan)
        notes = [each for each in prepare(given).notes if "known in part" in each]
        assert [each.startswith(TOLD.format(*told)) for each in notes] == ([True] if does_scan and told else [])


@pytest.mark.parametrize(("first_ns", "count"), [(PRE_NS, 0), (OPEN_NS + 60 * SECOND_NS, 1)])
def test_a_recorded_tape_and_the_live_run_that_writes_it_begin_alike(tmp_path: Path, first_ns: int, count: int) -> None:
    """A replay may begin later than its tape, and no sooner."""
    prints = [each for each in market_prints(("AAA",), 40) if int(each["sip_timestamp"]) >= first_ns]
    folder = write_records(tmp_path / "tape", [clock(first_ns), *as_frames(prints)])
    options = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/x.db", scan=True)
    prepared = prepare(options)
    live = _prepared(LiveOptions(options, folder, "ws://nowhere", symbols=("AAA",)), first_ns)
    assert [len(each.notes) for each in (prepared, live)] == [count, count]
    assert live.replay.scan_from_ns == prepared.replay.scan_from_ns
    files = prepared.replay.reader.files
    assert [begins_ns(files, first_ns + off) for off in (-1, 1)] == [first_ns, first_ns + 1]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three simulated sessions of two symbols."""
    return simulated(tmp_path_factory.mktemp("days"), 3)


def found(tmp_path: Path, name: str, paths: list[Path], from_ns: int | None = None) -> Scanned:
    return scan(paths, f"sqlite:///{tmp_path}/{name}.db", from_ns=from_ns)


def test_from_within_a_session_a_scan_finds_what_it_does_of_the_later_ones_alone(
    tmp_path: Path, three: list[Path]
) -> None:
    """Neither that session's candidates nor, later, levels of that day; its bars are written as they were built."""
    first = sessions(1)[0]
    part = found(tmp_path, "part", three, first.open_ns + 30 * MINUTE_NS)
    alone = found(tmp_path, "alone", three[1:])
    assert part.scans == alone.scans != []
    assert part.replayed.digest == alone.replayed.digest
    assert len(part.bars) > len(alone.bars)


def test_from_within_a_pre_market_a_scan_knows_all_but_its_levels(tmp_path: Path, three: list[Path]) -> None:
    """And finds what a scan from the open does."""
    first = sessions(1)[0]
    whole = found(tmp_path, "whole", three[:1])
    part = found(tmp_path, "part", three[:1], first.pre_ns + MINUTE_NS)
    regular = found(tmp_path, "regular", three[:1], first.open_ns)
    assert part.scans == regular.scans != []
    assert [has_pre_market(each) for each in (whole, part)] == [True, False]


def has_pre_market(scanned: Scanned) -> bool:
    kinds = {level["kind"] for row in scanned.scans for level in json.loads(row[PROFILE])["layers"]["levels"]}
    assert kinds
    return any(kind.startswith("premarket") for kind in kinds)
