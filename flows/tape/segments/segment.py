"""Segment files: their names, their headers, their order.

A segment is NUMBER-DATE.tape: numbers count up from 1 without a hole, DATE is the New York date of its first record.
Its header is 32 bytes and comes into being whole (a file is named only once it is on disk).  A finished segment may
have been compacted: then NUMBER-DATE.records.parquet stands for it, with NUMBER-DATE.parquet for its prints.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from flows.tape.segments.errors import TapeDamagedError, TapeError

SUFFIX: Final = ".tape"
MAGIC: Final = b"fancytap"
VERSION: Final = 1
_FIELDS: Final = Struct("<8sHHIIq")
_CHECKSUM: Final = Struct("<I")
HEADER_BYTES: Final = _FIELDS.size + _CHECKSUM.size
COMPACTED: Final = ".records.parquet"
_NAME: Final = re.compile(r"(\d{6,})-(\d{4}-\d\d-\d\d)(\.tape|\.records\.parquet)")


class Offset(NamedTuple):
    """A place on the tape: a segment's number and a position in bytes within it.  Offsets compare as the tape goes."""

    segment: int
    position: int

    def __str__(self) -> str:
        """Write it as people do: 3:1024."""
        return f"{self.segment}:{self.position}"


START: Final = Offset(0, 0)
"""Before the first record of any tape."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment file: what its name says."""

    path: Path
    number: int
    day: date

    @property
    def compacted(self) -> bool:
        """Whether it is Parquet by now."""
        return self.path.name.endswith(COMPACTED)

    @property
    def stem(self) -> str:
        """Its name without what says of which kind it is."""
        return f"{self.number:06d}-{self.day}"


def segments(folder: Path) -> list[Segment]:
    """Return a folder's segments in order.  Raises TapeDamagedError when one between others is missing."""
    found: dict[int, Segment] = {}
    for path in sorted(folder.glob(f"[0-9]*{SUFFIX}")) + sorted(folder.glob(f"[0-9]*{COMPACTED}")):
        name = _NAME.fullmatch(path.name)
        if name:  # while a segment is being compacted, the segment counts
            segment = Segment(path, int(name[1]), date.fromisoformat(name[2]))
            found.setdefault(segment.number, segment)
    ordered = sorted(found.values(), key=lambda each: each.number)
    for before, after in pairwise(ordered):
        if after.number != before.number + 1:
            msg = f"{folder}: between {before.path.name} and {after.path.name} a segment is missing or one too many"
            raise TapeDamagedError(msg)
    return ordered


def readable(folder: Path) -> list[Segment]:
    """Return a folder's segments in order, compacted ones first, as they are read.

    Raises TapeDamagedError when one between others is missing, or was compacted before those that came earlier.
    """
    found = segments(folder)
    for before, after in pairwise(found):
        if after.compacted and not before.compacted:
            msg = (
                f"{folder}: {before.path.name} stands before {after.path.name}; `fancy-trader tape compact` mends that"
            )
            raise TapeDamagedError(msg)
    return found


def is_tape(folder: Path) -> bool:
    """Whether a folder holds a tape."""
    return folder.is_dir() and any(_NAME.fullmatch(path.name) for path in folder.glob("[0-9]*"))


def create(folder: Path, number: int, day: date, created_ns: int) -> Segment:
    """Make an empty segment, on disk with its name.  Raises OSError when the disk refuses."""
    path = folder / f"{number:06d}-{day}{SUFFIX}"
    unnamed = path.with_suffix(".new")
    fields = _FIELDS.pack(MAGIC, VERSION, HEADER_BYTES, number, _as_number(day), created_ns)
    file = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        write_all(file, fields + _CHECKSUM.pack(crc32(fields)))
        os.fsync(file)
    finally:
        os.close(file)
    unnamed.rename(path)
    sync_folder(folder)
    return Segment(path, number, day)


def check_header(segment: Segment, data: bytes) -> None:
    """Hold a segment's first bytes against its name.  Raises TapeDamagedError, or TapeError for a later version."""
    name = segment.path
    if len(data) < HEADER_BYTES or _CHECKSUM.unpack_from(data, _FIELDS.size)[0] != crc32(data[: _FIELDS.size]):
        msg = f"{name}: the header is damaged; restore the file from a copy"
        raise TapeDamagedError(msg)
    magic, version, size, number, day, _ = _FIELDS.unpack_from(data)
    if magic != MAGIC or version != VERSION or size != HEADER_BYTES:
        msg = f"{name}: is a tape of version {version}; this program reads version {VERSION}"
        raise TapeError(msg)
    if (number, day) != (segment.number, _as_number(segment.day)):
        msg = f"{name}: the header is that of segment {number} of {day}; was the file renamed?"
        raise TapeDamagedError(msg)


def write_all(file: int, data: bytes) -> None:
    """Write all of the data, in as many pieces as the system takes it.  Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def told(path: Path, doing: str) -> Iterator[None]:
    """Turn the system's errors into one line: which file, what was tried, why not."""
    try:
        yield
    except OSError as error:
        msg = f"{path}: cannot {doing} ({error.strerror or error})"
        raise TapeError(msg) from error


def _as_number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
