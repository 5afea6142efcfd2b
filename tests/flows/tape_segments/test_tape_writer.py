"""The writer: order, rotation, one writer, and disks that refuse."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from flows.tape.segments.errors import TapeError
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import HEADER_BYTES, Offset, segments
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from tests.flows.tape_segments.made_records import MORNING, everything, numbered

DAY_NS = 86_400 * SECOND_NS


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    written = numbered(100)
    with TapeWriter(tmp_path) as writer:
        writer.append(written[:1])
        writer.append(written[1:60])
        writer.append([])
        assert writer.append(written[60:]) == writer.end
    assert everything(tmp_path) == written


def test_a_tape_goes_on_where_it_ended(tmp_path: Path) -> None:
    written = numbered(10)
    for record in written:
        with TapeWriter(tmp_path) as writer:
            assert writer.notes == []
            writer.append([record])
    assert everything(tmp_path) == written
    assert len(segments(tmp_path)) == 1


def test_a_new_york_day_begins_a_segment(tmp_path: Path) -> None:
    """Midnight in New York, not in Greenwich; a clock set back stays in the later day."""
    evening = MORNING + 14 * 3600 * SECOND_NS
    instants = [MORNING, evening, MORNING + DAY_NS, MORNING, MORNING + 3 * DAY_NS]
    with TapeWriter(tmp_path) as writer:
        for at_ns in instants:
            writer.append([Record(Kind.CLOCK, at_ns)])
    assert [str(each.day) for each in segments(tmp_path)] == ["2013-10-08", "2013-10-09", "2013-10-11"]
    assert [record.receive_ns for record in everything(tmp_path)] == instants


def test_a_full_segment_ends(tmp_path: Path) -> None:
    written = numbered(50)
    with TapeWriter(tmp_path, Sync.NEVER, segment_bytes=500) as writer:
        for record in written:
            writer.append([record])
    found = segments(tmp_path)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert all(each.path.stat().st_size < 600 for each in found)
    assert len(found) > 5
    assert everything(tmp_path) == written


def test_a_second_writer_is_refused_in_one_line(tmp_path: Path) -> None:
    with TapeWriter(tmp_path):
        with pytest.raises(TapeError, match=rf"another process \(pid {os.getpid()}\) writes this tape") as refused:
            TapeWriter(tmp_path)
        assert "\n" not in str(refused.value)
    TapeWriter(tmp_path).close()


class Disk:
    """A disk that takes some bytes of a write and then fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.takes: list[int | OSError] = []
        self._write = os.write
        monkeypatch.setattr("flows.tape.segments.segment.os.write", self)

    def __call__(self, file: int, data: Any) -> int:
        next_one = self.takes.pop(0) if self.takes else len(data)
        if isinstance(next_one, OSError):
            raise next_one
        return self._write(file, bytes(data)[:next_one])


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_short_write_is_carried_on(tmp_path: Path, disk: Disk) -> None:
    written = numbered(5)
    with TapeWriter(tmp_path) as writer:
        writer.append(written[:1])
        disk.takes = [1, 7, 20]
        writer.append(written[1:])
    assert everything(tmp_path) == written


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_refusing_disk_leaves_a_valid_tape(tmp_path: Path, disk: Disk, code: int) -> None:
    """Half a batch was written: it is taken back, and when the disk takes more again, the tape goes on."""
    written = numbered(30)
    with TapeWriter(tmp_path) as writer:
        writer.append(written[:10])
        disk.takes = [77, OSError(code, os.strerror(code))]
        with pytest.raises(TapeError, match=r"cannot be written \(") as refused:
            writer.append(written[10:20])
        assert "\n" not in str(refused.value)
        assert everything(tmp_path) == written[:10]
        writer.append(written[20:])
    assert everything(tmp_path) == written[:10] + written[20:]


def test_no_space_for_a_new_segment_leaves_the_old_one(tmp_path: Path, disk: Disk) -> None:
    written = numbered(3)
    with TapeWriter(tmp_path, segment_bytes=40) as writer:
        writer.append(written[:1])
        disk.takes = [OSError(errno.ENOSPC, "No space left on device")]
        with pytest.raises(TapeError, match="cannot take a new segment"):
            writer.append(written[1:2])
        writer.append(written[2:])
    assert everything(tmp_path) == [written[0], written[2]]
    assert len(segments(tmp_path)) == 2


def test_a_failed_sync_ends_the_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the disk then is unknown; only reading it again can tell."""
    writer = TapeWriter(tmp_path)
    writer.append(numbered(1))

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("flows.tape.segments.writer.os.fsync", fail)
        with pytest.raises(TapeError, match="cannot be made durable"):
            writer.append(numbered(2))
    with pytest.raises(TapeError, match="must be opened again"):
        writer.append(numbered(3))
    writer.close()
    with TapeWriter(tmp_path) as again:
        again.append(numbered(1))


@pytest.mark.parametrize(("policy", "expected"), [(Sync.BATCH, 3), (Sync.INTERVAL, 0), (Sync.NEVER, 0)])
def test_the_policy_says_when_to_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: Sync, expected: int
) -> None:
    with TapeWriter(tmp_path, policy, sync_seconds=3600) as writer:
        writer.append(numbered(1))
        count = 0

        def note(_: int) -> None:
            nonlocal count
            count += 1

        monkeypatch.setattr("flows.tape.segments.writer.os.fsync", note)
        for _ in range(3):
            writer.append(numbered(1))
        assert count == expected


def test_an_interval_that_has_passed_syncs(tmp_path: Path) -> None:
    with TapeWriter(tmp_path, Sync.INTERVAL, sync_seconds=0.0) as writer:
        assert writer.append(numbered(1)) > Offset(1, HEADER_BYTES)
