"""Reopening a tape: what the last writer left unfinished is found and cut.

Only the last segment can end in the middle of a record.  Everything from the first place that is no whole record on is
cut; if whole records stand behind it (a disk may lose pages out of order), the cut bytes are kept in a file beside.
"""

import os
from pathlib import Path

from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.record import Broken, decode, next_whole
from flows.tape.segments.segment import HEADER_BYTES, Segment, check_header, segments, sync_folder, told, write_all


def recover(folder: Path) -> tuple[Segment | None, int, list[str]]:
    """Return the last segment, where it ends, and a note for everything that was cut.

    Afterwards that segment is whole and durable.  Raises TapeError or TapeDamagedError.
    """
    found, notes = segments(folder), list[str]()
    if not found:
        return None, 0, notes
    last = found[-1]
    with told(last.path, "be read"):
        data = last.path.read_bytes()
    if len(data) < HEADER_BYTES:
        with told(last.path, "be removed"):
            last.path.unlink()
            sync_folder(folder)
        return _before(found[:-1], [f"{last.path}: ended within its header; removed"])
    check_header(last, data)
    end = whole_end(data)
    with told(last.path, "be mended"):
        if end < len(data):
            notes.append(_cut(last.path, data, end))
        _sync(last.path)
    return last, end, notes


def whole_end(data: bytes) -> int:
    """Return where the whole records of a segment's bytes end."""
    broken = first_broken(data)
    return len(data) if broken is None else broken.position


def first_broken(data: bytes) -> Broken | None:
    """Return the first place of a segment's bytes that is no whole record."""
    return decode(data, HEADER_BYTES)[1]


def _before(found: list[Segment], notes: list[str]) -> tuple[Segment | None, int, list[str]]:
    """The segment before an empty last one was closed by its writer: it must be whole."""
    if not found:
        return None, 0, notes
    data = found[-1].path.read_bytes()
    check_header(found[-1], data)
    broken = first_broken(data)
    if broken is not None:
        msg = f"{found[-1].path}: damaged at byte {broken.position}, though its writer had closed it"
        raise TapeDamagedError(msg)
    return found[-1], len(data), notes


def _cut(path: Path, data: bytes, end: int) -> str:
    kept = ""
    if next_whole(data, end) is not None:
        aside = path.with_name(f"{path.name}.cut-{end}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            write_all(handle, data[end:])
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)
        kept = f"; whole records stood behind it, kept in {aside.name}"
    os.truncate(path, end)
    return f"{path}: cut at byte {end}, {len(data) - end} bytes of an unfinished record{kept}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
