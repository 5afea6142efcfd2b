"""Following: offsets, growth, and what may not be seen yet."""

from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.follower import Placed, TapeFollower
from flows.tape.segments.record import Record
from flows.tape.segments.segment import START, Offset, segments
from flows.tape.segments.visible import VisibleMark, visible_end
from flows.tape.segments.writer import Sync, TapeWriter
from tests.flows.tape_segments.made_records import everything, numbered


def all_of(follower: TapeFollower, size: int = 1 << 20) -> list[Placed]:
    found: list[Placed] = []
    while placed := follower.read(size):
        found += placed
    return found


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 records over some segments."""
    folder = tmp_path_factory.mktemp("tape")
    with TapeWriter(folder, Sync.NEVER, segment_bytes=4_000) as writer:
        for record in numbered(200, 90):
            writer.append([record])
    return folder


@settings(max_examples=15, deadline=None)
@given(at=st.integers(0, 199), size=st.integers(50, 5_000))
def test_a_reader_goes_on_from_any_offset(tape: Path, at: int, size: int) -> None:
    """Whatever the size of its bites."""
    with TapeFollower(tape) as first:
        placed = all_of(first)
    with TapeFollower(tape, placed[at][1]) as second:
        assert all_of(second, size) == placed[at + 1 :]
    assert [record for record, _ in placed] == numbered(200, 90)


def test_a_growing_tape_is_followed_over_its_segments(tmp_path: Path) -> None:
    written = numbered(600)
    stop, found = Event(), list[Record]()

    def follow() -> None:
        with TapeFollower(tmp_path) as follower:
            for placed in follower.follow(stop, 0.001):
                found.extend(record for record, _ in placed)
                if len(found) == len(written):
                    return

    thread = Thread(target=follow)
    thread.start()
    with TapeWriter(tmp_path, segment_bytes=5_000) as writer:
        for start in range(0, 600, 7):
            writer.append(written[start : start + 7])
    thread.join(timeout=60)
    stop.set()
    assert found == written
    assert len(segments(tmp_path)) > 3


def test_nothing_is_seen_before_it_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the call that makes a batch durable a reader still sees the tape without it."""
    seen: list[int] = []
    with TapeWriter(tmp_path) as writer, TapeFollower(tmp_path) as follower:
        writer.append(numbered(1))
        assert len(follower.read()) == 1
        monkeypatch.setattr("flows.tape.segments.writer.os.fsync", lambda _: seen.append(len(follower.read())))
        writer.append(numbered(3))
        assert seen == [0]
        assert len(follower.read()) == 3


def test_an_empty_folder_may_become_a_tape(tmp_path: Path) -> None:
    with TapeFollower(tmp_path) as follower:
        assert follower.read() == []
        assert follower.offset == START
        with TapeWriter(tmp_path) as writer:
            assert follower.read() == []
            writer.append(numbered(1))
        assert len(follower.read()) == 1


def test_an_offset_of_another_tape_is_refused(tape: Path) -> None:
    for offset in (Offset(99, 32), Offset(1, 1 << 30)):
        with TapeFollower(tape, offset) as follower, pytest.raises(TapeDamagedError, match="another tape"):
            follower.read()


def test_damage_in_a_finished_segment_is_said(tmp_path: Path) -> None:
    with TapeWriter(tmp_path, segment_bytes=1) as writer:
        for record in numbered(3):
            writer.append([record])
    path = segments(tmp_path)[0].path
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(TapeDamagedError, match=r"000001-2013-10-08\.tape: damaged, byte 32 is no whole record"):
        everything(tmp_path)


def test_a_torn_end_is_told_and_not_given(tmp_path: Path) -> None:
    with TapeWriter(tmp_path) as writer:
        end = writer.append(numbered(3))
        writer.append(numbered(1))
    path = segments(tmp_path)[0].path
    path.write_bytes(path.read_bytes()[:-1])
    with TapeFollower(tmp_path, visible_only=False) as follower:
        assert len(all_of(follower)) == 3
        assert follower.torn == end


def test_a_visible_mark_that_is_no_mark_sets_no_limit(tmp_path: Path) -> None:
    assert visible_end(tmp_path) is None
    mark = VisibleMark(tmp_path, Offset(2, 77))
    assert visible_end(tmp_path) == Offset(2, 77)
    mark.close()
    (tmp_path / "visible").write_bytes(bytes(20))
    assert visible_end(tmp_path) is None
