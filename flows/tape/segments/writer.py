"""The one writer of a tape: whole batches of records, in order, durable as its policy says.  Threads may share it.

Whatever fails, the tape stays valid: a batch that could not be written is taken back, and if even that fails, what is
left of it is cut when the tape is next opened.
"""

import fcntl
import os
import time
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from threading import RLock
from typing import Final, Self

from flows.tape.segments.errors import TapeError
from flows.tape.segments.record import Record, encode
from flows.tape.segments.recovery import recover
from flows.tape.segments.segment import HEADER_BYTES, START, Offset, Segment, create, told, write_all
from flows.tape.segments.visible import VisibleMark
from operators.sessions import new_york, new_york_day_ns

LOCK: Final = "writer.lock"
SEGMENT_BYTES: Final = 1 << 28
SYNC_SECONDS: Final = 1.0


class Sync(StrEnum):
    """When a batch is made durable: before `append` returns, at most every so often, or when the system likes."""

    BATCH = "batch"
    INTERVAL = "interval"
    NEVER = "never"


class TapeWriter:
    """Appends to the tape in `folder`, alone.  `notes`: what was cut when it was opened.

    A segment ends with the New York day of its records, and when it holds `segment_bytes`.
    Raises TapeError in one line when another process writes the tape, or the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        sync: Sync = Sync.BATCH,
        *,
        sync_seconds: float = SYNC_SECONDS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._folder, self._sync, self._sync_seconds, self._most = folder, sync, sync_seconds, segment_bytes
        with told(folder, "be made"):
            folder.mkdir(parents=True, exist_ok=True)
        self._file, self._failed, self._high_ns, self._low_ns = -1, "", 0, 0
        self._synced_at, self._unsynced = time.monotonic(), False
        self._alone = RLock()
        self._lock = _locked(folder)
        try:
            self._segment, position, self.notes = recover(folder)
            self.end = START if self._segment is None else Offset(self._segment.number, position)
            if self._segment is not None:
                self._open(self._segment)
            with told(folder, "be written"):
                self._visible = VisibleMark(folder, self.end)
        except BaseException:
            self._release()
            raise

    def append(self, records: Sequence[Record]) -> Offset:
        """Write a batch; return the offset after it.  With the default policy it is durable by then.

        Raises TapeError when the disk refuses: nothing of the batch is on the tape then.
        """
        data = encode(records)
        with self._alone:
            if self._failed:
                raise TapeError(self._failed)
            return self._append(records[0].receive_ns, data) if records else self.end

    def _append(self, first_ns: int, data: bytes) -> Offset:
        self._rotate(first_ns)
        segment = self._current()
        try:
            with told(segment.path, "be written"):
                write_all(self._file, data)
        except TapeError:
            self._take_back()
            raise
        self._unsynced = True
        end = Offset(segment.number, self.end.position + len(data))
        if self._sync is Sync.BATCH or (self._sync is Sync.INTERVAL and self._due()):
            self.sync()
        self.end = end
        self._visible.set(end)
        return end

    def sync(self) -> None:
        """Make durable what was written.  Raises TapeError; after that, nothing more can be appended."""
        with self._alone:
            if self._unsynced:
                self._make_durable()

    def _make_durable(self) -> None:
        try:
            with told(self._current().path, "be made durable"):
                os.fsync(self._file)
        except TapeError as error:
            # What a failed fsync left on the disk is unknown, and a second call would claim success.
            self._failed = f"{error}; the tape must be opened again"
            raise
        self._unsynced, self._synced_at = False, time.monotonic()

    def finish_segment(self) -> None:
        """End the segment that is being written, so that it can be compacted; the next record begins after it."""
        with self._alone:
            segment = self._segment
            if segment is not None and self.end.position > HEADER_BYTES:
                self._begin(segment.number + 1, segment.day, self._low_ns)
                self._visible.set(self.end)

    def close(self) -> None:
        """Make durable what was written and let other writers in."""
        with self._alone:
            try:
                if not self._failed:
                    self.sync()
            finally:
                self._visible.close()
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rotate(self, receive_ns: int) -> None:
        """Begin a new segment for a later day, or when this one is full.  A clock set back does not go back a day."""
        segment = self._segment
        full = self.end.position >= self._most
        later = not self._low_ns <= receive_ns < self._high_ns and (
            segment is None or new_york(receive_ns).date() > segment.day
        )
        if segment is not None and not full and not later:
            return
        day = new_york(receive_ns).date() if segment is None or later else segment.day
        self._begin(1 if segment is None else segment.number + 1, day, receive_ns)

    def _begin(self, number: int, day: date, created_ns: int) -> None:
        self.sync()
        with told(self._folder, "take a new segment"):
            new = create(self._folder, number, day, created_ns)
        self._open(new)
        self._segment, self.end = new, Offset(new.number, HEADER_BYTES)

    def _open(self, segment: Segment) -> None:
        with told(segment.path, "be opened"):
            file, before = os.open(segment.path, os.O_WRONLY | os.O_APPEND), self._file
            self._file = file
            if before >= 0:
                os.close(before)
        self._low_ns, self._high_ns = new_york_day_ns(segment.day)

    def _current(self) -> Segment:
        if self._segment is None:
            msg = f"{self._folder}: no segment is open"
            raise TapeError(msg)
        return self._segment

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._file, self.end.position)
        except OSError as error:
            self._failed = f"{self._current().path}: an unfinished record could not be taken back ({error.strerror})"

    def _due(self) -> bool:
        return time.monotonic() - self._synced_at >= self._sync_seconds

    def _release(self) -> None:
        file, self._file = self._file, -1
        with told(self._folder, "be closed"):
            try:
                if file >= 0:
                    os.close(file)
            finally:
                os.close(self._lock)


def _locked(folder: Path) -> int:
    """Take the writer's lock; it is gone with the process, however that ends."""
    path = folder / LOCK
    with told(path, "be opened"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        msg = f"{folder}: another process (pid {holder}) writes this tape; stop it first, or choose another folder"
        raise TapeError(msg) from None
    try:
        with told(path, "be written"):
            os.ftruncate(handle, 0)
            write_all(handle, f"{os.getpid()}\n".encode())
    except TapeError:
        os.close(handle)
        raise
    return handle
