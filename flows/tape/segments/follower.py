"""Reading a tape by offset, to its present end and beyond as it grows.

A record is given once it is whole and visible.  Other bytes are damage, and said so, unless they are the unfinished end
of the last segment: then they are a record on its way, or what a writer left that was killed.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import IO, Final, NamedTuple, Self

from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.record import Record, decode, next_whole
from flows.tape.segments.segment import HEADER_BYTES, START, Offset, Segment, check_header, segments, told
from flows.tape.segments.visible import visible_end

READ_BYTES: Final = 1 << 20
POLL_SECONDS: Final = 0.01

Placed = tuple[Record, Offset]
"""A record and the offset after it: a reader that starts there gets the next one."""


class _Reach(NamedTuple):
    """How far a segment may be read: to `position` (None: to its end); `ended`: nothing more will be written to it."""

    position: int | None
    ended: bool


class TapeFollower:
    """Reads the tape in `folder` from `offset` on, which moves along.

    `visible_only`: no further than the writer allows.  Without it everything whole is read, which is right for a tape
    that nobody writes.  `torn`: where the tape ends in something unfinished, if it does.
    """

    def __init__(self, folder: Path, offset: Offset = START, *, visible_only: bool = True) -> None:
        self._folder, self._visible_only = folder, visible_only
        self.offset, self.torn = offset, None
        self._segment: Segment | None = None
        self._file: IO[bytes] | None = None
        self._held = b""
        self._judged = 0

    offset: Offset
    torn: Offset | None

    def read(self, size: int = READ_BYTES) -> list[Placed]:
        """Return what comes next, about `size` bytes of it; nothing when the tape ends here for now.

        Raises TapeDamagedError, and TapeError when the disk refuses.
        """
        while True:
            segment = self._open()
            if segment is None:
                return []
            reach = self._reach(segment)
            with told(segment.path, "be read"):
                grown = self._take(size, reach)
            found, _ = decode(self._held)
            if found:
                return self._given(segment, found)
            if grown == size:
                continue  # a record longer than that
            if not reach.ended:
                self._judge(segment, visible=reach.position is not None)
                return []
            if self._held:
                raise TapeDamagedError(self._damage(segment, "is no whole record"))
            self._advance(segment)

    def follow(self, stop: Event, poll_seconds: float = POLL_SECONDS) -> Iterator[list[Placed]]:
        """Yield what comes until `stop` is set, looking for more every so often; each look yields, found or not."""
        while not stop.is_set():
            found = self.read()
            yield found
            if not found:
                stop.wait(poll_seconds)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Segment | None:
        """Return the segment at the offset, opened; None while there is none yet."""
        if self._segment is not None:
            return self._segment
        found = segments(self._folder)
        wanted = self.offset.segment
        segment = next((each for each in found if each.number >= wanted), None)
        if segment is None or (wanted and segment.number > wanted):
            if found and not (segment is None and wanted == found[-1].number + 1):
                msg = f"{self._folder}: holds no offset {self.offset}; it is another tape, or was cut since"
                raise TapeDamagedError(msg)
            return None
        with told(segment.path, "be read"):
            self._file = segment.path.open("rb", buffering=0)
            header = self._file.read(HEADER_BYTES)
            size = segment.path.stat().st_size
        check_header(segment, header)
        self.offset = Offset(segment.number, max(self.offset.position, HEADER_BYTES))
        if self.offset.position > size:
            msg = f"{segment.path}: ends before offset {self.offset}; it is another tape, or was cut since"
            raise TapeDamagedError(msg)
        self._file.seek(self.offset.position)
        self._segment = segment
        return segment

    def _reach(self, segment: Segment) -> _Reach:
        """How far may be read now.  Asked before reading: what is written meanwhile comes with the next look."""
        visible = visible_end(self._folder) if self._visible_only else None
        if visible is None:
            return _Reach(None, segments(self._folder)[-1].number > segment.number)
        if visible.segment == segment.number:
            return _Reach(visible.position, ended=False)
        return _Reach(None, ended=True) if visible.segment > segment.number else _Reach(0, ended=False)

    def _take(self, size: int, reach: _Reach) -> int:
        """Read at most `size` bytes more; return how many came."""
        if self._file is None:
            return 0
        if reach.position is not None:
            size = min(size, max(0, reach.position - self.offset.position - len(self._held)))
        data = self._file.read(size)
        self._held += data
        return len(data)

    def _given(self, segment: Segment, found: list[tuple[Record, int]]) -> list[Placed]:
        base = self.offset.position
        self._held = self._held[found[-1][1] :]
        placed = [(record, Offset(segment.number, base + end)) for record, end in found]
        self.offset, self.torn = placed[-1][1], None
        return placed

    def _judge(self, segment: Segment, *, visible: bool) -> None:
        """Tell an unfinished end from damage: nothing whole stands behind the one, and none of it is visible."""
        if len(self._held) == self._judged:
            return
        if self._held and (visible or next_whole(self._held, 0) is not None):
            raise TapeDamagedError(self._damage(segment, "is no whole record, though others follow"))
        self._judged, self.torn = len(self._held), self.offset if self._held else None

    def _damage(self, segment: Segment, what: str) -> str:
        return f"{segment.path}: damaged, byte {self.offset.position} {what}; see `fancy-trader tape verify`"

    def _advance(self, segment: Segment) -> None:
        self.close()
        self._segment, self._held, self._judged = None, b"", 0
        self.offset = Offset(segment.number + 1, 0)
