"""A scan over a tape with prints that are lost: it goes on, and says so of whatever it finds from then on."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from flows.tape.segments.payloads import GapMark, gap
from operators.times import MINUTE_NS, SECOND_NS
from tests.flows.made_tape import MS_NS, Print, as_frames, in_order, with_clock, write_records
from tests.flows.scanned import AT, OPENS, Scanned, scan, sessions, simulated

PROFILE = 9
"""Column of scan results."""
FIRST, SECOND = sessions(2)
FROM_NS, TO_NS = FIRST.open_ns + 60 * MINUTE_NS, FIRST.open_ns + 120 * MINUTE_NS
TOLD_NS = TO_NS + SECOND_NS


def prints_of(paths: Iterable[Path]) -> list[Print]:
    """What files hold, in order of time and as precise as the feed is, but for what it does not tell."""
    rows = [row for path in paths for row in csv.DictReader(path.read_text().splitlines())]
    for row in rows:
        row["id"] = f"{row['ticker']}{row['id']}"
        for name in ("sip_timestamp", "participant_timestamp"):
            row[name] = str(int(row[name]) // MS_NS * MS_NS)
    return sorted(rows, key=lambda row: int(row["sip_timestamp"]))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sessions; an hour of the first is lost."""
    folder, symbols = tmp_path_factory.mktemp("lost"), tuple(OPENS)
    prints = prints_of(simulated(folder / "days", 2))
    heard = [each for each in prints if not FROM_NS <= int(each["sip_timestamp"]) < TO_NS]
    marks = [
        gap(GapMark("one", "open", FROM_NS, None, symbols, "line lost"), FROM_NS + SECOND_NS),
        gap(GapMark("one", "lost", FROM_NS, TO_NS, symbols, "no REST"), TOLD_NS),
    ]
    return write_records(folder / "tape", with_clock(in_order(as_frames(heard), marks), 60 * SECOND_NS))


@pytest.fixture(scope="module")
def whole(tape: Path) -> Scanned:
    return scan([tape], f"sqlite:///{tape.parent}/whole.db")


def test_what_is_found_after_the_loss_was_told_says_so(whole: Scanned) -> None:
    warned = {
        row[AT]: any("may be missing" in each for each in json.loads(row[PROFILE])["warnings"]) for row in whole.scans
    }
    assert set(warned.values()) == {True, False}
    assert all(said == (at_ns >= TOLD_NS) for at_ns, said in warned.items())
    assert any(at_ns > SECOND.open_ns for at_ns in warned)


@pytest.mark.parametrize("cut_ns", [FROM_NS, TOLD_NS - 1, TOLD_NS + 30 * MINUTE_NS])
def test_l5_a_replay_up_to_t_is_the_prefix_of_the_whole(
    tmp_path: Path, tape: Path, whole: Scanned, cut_ns: int
) -> None:
    assert scan([tape], f"sqlite:///{tmp_path}/part.db", to_ns=cut_ns).scans == whole.until(cut_ns)[2]


def test_l3_a_replay_that_keeps_its_state_says_the_same(tmp_path: Path, tape: Path, whole: Scanned) -> None:
    kept = scan([tape], f"sqlite:///{tmp_path}/kept.db", recovery=tmp_path / "kept", batch_rows=500)
    assert kept.everything == whole.everything
