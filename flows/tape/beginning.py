"""Where a tape that was recorded live begins: on which day, and with which record."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from flows.errors import DataMissingError
from flows.tape.compacting import PLACE, RECEIVED, prints_of
from flows.tape.files import TapeFile
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.segment import Segment, segments
from operators.sessions import new_york

Beginning = tuple[int, int]
"""The number of the first segment that is there, and when its first record came, ns UTC."""


def first_day(file: TapeFile) -> date | None:
    """Return the New York day of a recording's first record, None before there is one; of any other file None."""
    begun_ns = begins_at(file)
    return None if begun_ns is None else new_york(begun_ns).date()


def begins_at(file: TapeFile) -> int | None:
    """Return when a recording's first record came, ns UTC, None before there is one; of any other file None."""
    if file.topic is not None:
        from flows.kafka.client import last_stamps

        return next((stamp.origin_ns for stamp in last_stamps(file.topic.topic) if stamp is not None), None)
    begun = beginning(file.path) if file.is_log else None
    return None if begun is None else begun[1]


def beginnings(files: Sequence[TapeFile]) -> tuple[Beginning | None, ...]:
    """Return how each file's tape begins: what tells it from another one of its name.  None where nothing tells."""
    return tuple(beginning(file.path) if file.is_log and file.topic is None else None for file in files)


def beginning(folder: Path) -> Beginning | None:
    """Return how a folder's tape begins, compacted by now or not; None before it does."""
    found = segments(folder)
    if not found:
        return None
    came_ns = _of_compacted(found[0]) if found[0].compacted else _of_records(folder)
    return None if came_ns is None else (found[0].number, came_ns)


def _of_records(folder: Path) -> int | None:
    with TapeFollower(folder, visible_only=False) as follower:
        placed = follower.read()
    return placed[0][0].receive_ns if placed else None


def _of_compacted(segment: Segment) -> int | None:
    """Of prints and other records, the one that stands first.  Raises DataMissingError for a damaged file."""
    paths = prints_of(segment), segment.path
    try:
        firsts = [pl.scan_parquet(path).select(PLACE, RECEIVED).head(1).collect() for path in paths]
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{segment.path}: cannot be read ({str(error).splitlines()[0]})"
        raise DataMissingError(msg) from None
    rows = [row for first in firsts for row in first.iter_rows()]
    return min(rows)[1] if rows else None
