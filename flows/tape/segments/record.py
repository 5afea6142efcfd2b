"""Records, and how one stands in a segment: head, payload, checksum.  Nothing here touches a file.

A record is whole when all of its bytes are there and the CRC-32 over head and payload is right; there is no other way
to be a record.  Little-endian: payload length u32, kind u8, zero u8, feed u16, receive_ns i64, payload, crc u32.
"""

from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

HEAD: Final = Struct("<IBBHq")
CHECKSUM: Final = Struct("<I")
AROUND: Final = HEAD.size + CHECKSUM.size
"""Bytes of a record besides its payload."""
LONGEST: Final = 1 << 28
"""Bytes of the longest payload; a length beyond it is damage."""
MOST_FEEDS: Final = 1 << 16


class Kind(IntEnum):
    """What a record's payload is; see `payloads` for its layout."""

    FRAME = 1
    COMMAND = 2
    EVENTS = 3
    CLOCK = 4
    GAP = 5
    REPAIR = 6


class Record(NamedTuple):
    """One record.  `receive_ns`: when its writer got it, ns UTC; `feed`: which source it came from, 0 for none."""

    kind: Kind
    receive_ns: int
    payload: bytes = b""
    feed: int = 0


class Broken(NamedTuple):
    """The bytes at `position` are no whole record.  `torn`: they end too early; else they are not what was written."""

    position: int
    torn: bool


def encode(records: Iterable[Record]) -> bytes:
    """Write records one after the other.  Raises ValueError for a payload or feed number that does not fit."""
    parts: list[bytes] = []
    for kind, receive_ns, payload, feed in records:
        if len(payload) > LONGEST or not 0 <= feed < MOST_FEEDS:
            msg = (
                f"a record of {len(payload)} bytes and feed {feed} does not fit; at most {LONGEST} and {MOST_FEEDS - 1}"
            )
            raise ValueError(msg)
        head = HEAD.pack(len(payload), kind, 0, feed, receive_ns)
        parts += (head, payload, CHECKSUM.pack(crc32(payload, crc32(head))))
    return b"".join(parts)


def decode(data: bytes, start: int = 0) -> tuple[list[tuple[Record, int]], Broken | None]:
    """Read whole records from `start` on, each with the position after it, and what stopped that, if anything."""
    found: list[tuple[Record, int]] = []
    position, size = start, len(data)
    while position < size:
        body = position + HEAD.size
        if body > size:
            return found, Broken(position, torn=True)
        length, kind, zero, feed, receive_ns = HEAD.unpack_from(data, position)
        end = body + length
        if length > LONGEST or zero or kind not in _KINDS:
            return found, Broken(position, torn=False)
        if end + CHECKSUM.size > size:
            return found, Broken(position, torn=True)
        payload = data[body:end]
        if CHECKSUM.unpack_from(data, end)[0] != crc32(payload, crc32(data[position:body])):
            return found, Broken(position, torn=False)
        position = end + CHECKSUM.size
        found.append((Record(_KINDS[kind], receive_ns, payload, feed), position))
    return found, None


def next_whole(data: bytes, start: int) -> int | None:
    """Return where the first whole record after `start` begins, None when there is none."""
    for position in range(start + 1, len(data) - AROUND + 1):
        length, kind, zero = HEAD.unpack_from(data, position)[:3]
        end = position + HEAD.size + length
        if zero or kind not in _KINDS or end + CHECKSUM.size > len(data):
            continue
        if CHECKSUM.unpack_from(data, end)[0] == crc32(data[position:end]):
            return position
    return None


_KINDS: Final = {int(kind): kind for kind in Kind}
