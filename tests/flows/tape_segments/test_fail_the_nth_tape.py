"""Every call to the disk is made to fail once, at every position: the tape stays whole, and tells what it refused."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.tape.segments import follower, recovery, segment, writer
from flows.tape.segments.errors import TapeError
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import clock, frame
from flows.tape.segments.record import Record
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS

START_NS = 1_381_239_000 * SECOND_NS
COUNTED = ("open", "write", "fsync", "ftruncate", "truncate", "read", "close")
SEGMENT_BYTES = 600
MOST_CALLS = 200
BATCHES = [[frame(bytes([65 + number]) * 90, START_NS + number), clock(START_NS + number)] for number in range(12)]


class FaultyOs:
    """The `os` module; its `at`-th call to the disk fails once.  `kind`: an errno, or "short" for part of a write."""

    def __init__(self, kind: int | str, at: int) -> None:
        self._kind, self._at, self.calls, self.happened = kind, at, 0, False

    def __getattr__(self, name: str) -> Any:
        whole = getattr(os, name)
        return self._counted(name, whole) if name in COUNTED else whole

    def _counted(self, name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **given: Any) -> Any:
            self.calls += 1
            if self.calls != self._at or self.happened:
                return whole(*args, **given)
            self.happened = True
            return self._fail(name, whole, *args, **given)

        return call

    def _fail(self, name: str, whole: Callable[..., Any], *args: Any, **given: Any) -> Any:
        if name == "write" and len(args[1]) > 1:
            count = whole(args[0], bytes(args[1])[: len(args[1]) // 2])  # some of it gets there in any case
            if self._kind == "short":
                return count
        if self._kind == "short":
            return whole(*args, **given)
        if name == "close":
            whole(*args, **given)  # Linux lets go of the number even then
        raise OSError(self._kind, os.strerror(int(self._kind)))


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, kind: int | str, at: int) -> Iterator[FaultyOs]:
    """Let the tape's writer meet a disk that fails once."""
    faulty = FaultyOs(kind, at)
    with monkeypatch.context() as patch:
        for module in (writer, segment, recovery):
            patch.setattr(module, "os", faulty)
        yield faulty


def written(folder: Path, batches: list[list[Record]], segment_bytes: int = SEGMENT_BYTES) -> tuple[int, str]:
    """Write batches until one is refused; return how many were taken, and why no more."""
    taken = 0
    try:
        with TapeWriter(folder, Sync.BATCH, segment_bytes=segment_bytes) as tape:
            for batch in batches:
                tape.append(batch)
                taken += 1
    except TapeError as error:
        return taken, str(error)
    return taken, ""


def records(folder: Path) -> list[Record]:
    """All that is on a tape."""
    found = list[Record]()
    with TapeFollower(folder, visible_only=False) as reader:
        while placed := reader.read():
            found += [record for record, _ in placed]
    return found


@pytest.mark.parametrize("kind", [errno.ENOSPC, errno.EIO, "short"])
def test_whichever_call_fails_what_was_taken_is_there_and_the_rest_can_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int | str
) -> None:
    """A batch that was refused is on the tape whole (its fsync failed, so nobody knew) or not at all."""
    struck = refused = 0
    for at in range(1, MOST_CALLS):
        folder = tmp_path / f"{kind}-{at}"
        with failing(monkeypatch, kind, at) as faulty:
            taken, why = written(folder, BATCHES)
        if not faulty.happened:
            break
        struck += 1
        refused += bool(why)
        assert (kind == "short") <= (not why)
        assert "\n" not in why
        if why:
            assert os.strerror(int(kind)) in why
        first = [record for batch in BATCHES[:taken] for record in batch]
        again = records(folder) if folder.exists() else []
        assert again[: len(first)] == first
        rest, why = written(folder, BATCHES[taken:])
        assert (rest, why) == (len(BATCHES) - taken, "")
        doubled = [record for batch in BATCHES[taken : taken + 1] for record in batch]
        last = [record for batch in BATCHES[taken:] for record in batch]
        assert records(folder) in ([*first, *last], [*first, *doubled, *last])
    assert struck > 40
    assert refused > 30 or kind == "short"


def test_a_full_disk_stops_the_tape_with_a_reason_and_given_room_it_goes_on(small_disk: Path) -> None:
    """A real one: what was taken is there, nothing of the batch that was refused, and the same folder is written on."""
    ballast, folder = small_disk / "ballast", small_disk / "tape"
    ballast.write_bytes(bytes(200_000))
    batches = [[frame(bytes([number]) * 9_000, START_NS + number)] for number in range(40)]
    taken, why = written(folder, batches, 60_000)
    assert 0 < taken < len(batches)
    assert "No space left on device" in why
    assert records(folder) == [record for batch in batches[:taken] for record in batch]
    again, why = written(folder, batches[taken:], 60_000)
    assert again == 0
    assert "No space left on device" in why
    ballast.unlink()
    more = batches[taken : taken + 10]
    assert written(folder, more, 60_000) == (10, "")
    assert records(folder) == [record for batch in batches[: taken + 10] for record in batch]


class FaultyFile:
    """A file whose read fails."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, *_: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_whichever_read_fails_the_reader_says_so_and_a_new_one_reads_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it gave before is the beginning of what there is."""
    assert written(tmp_path, BATCHES) == (len(BATCHES), "")
    whole = records(tmp_path)
    for at in range(1, MOST_CALLS):
        reads = 0
        take = follower.TapeFollower._take

        def failing_take(
            self: TapeFollower, size: int, reach: Any, at: int = at, take: Callable[..., int] = take
        ) -> int:
            nonlocal reads
            reads += 1
            if reads == at:
                self._file = FaultyFile(self._file)  # type: ignore[assignment]
            return take(self, size, reach)

        found = list[Record]()
        with monkeypatch.context() as patch:
            patch.setattr(follower.TapeFollower, "_take", failing_take)
            reader = TapeFollower(tmp_path, visible_only=False)
            why = ""
            try:
                while placed := reader.read(150):
                    found += [record for record, _ in placed]
            except TapeError as error:
                why = str(error)
            reader.close()
        assert found == whole[: len(found)]
        assert records(tmp_path) == whole
        if not why:
            assert found == whole
            break
        assert "cannot be read (Input/output error)" in why
    assert at > 8
