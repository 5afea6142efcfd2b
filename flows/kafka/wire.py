"""A record of the tape in Kafka's messages: what stands in their headers beside the key and the value.

Rule: whoever reads one partition alone knows what whoever reads the whole tape knows.  So every message tells where its
record stands on the tape, and which prints the feed had brought by then, of whatever symbol: clock marks count by them.
"""

from collections.abc import Iterable, Sequence
from struct import Struct, pack, unpack
from typing import Final, NamedTuple

STAMP: Final = "tape"
STEPS: Final = "steps"
REACHED: Final = 0
"""The kind of a message that holds no record: the partition goes as far as the tape does."""
BEHIND: Final = 0xFFFF_FFFF
"""The part of such a message: behind all parts of the last record."""
_VERSION: Final = 1
_FIELDS: Final = Struct("<BBHHIIIIIIQqqqq")


class Stamp(NamedTuple):
    """Where a message belongs.  Times in ns UTC.

    `kind`, `feed`, `receive_ns`: the record's; `part` of `parts`: which of the record's in this partition; `held`: how
    many elements of the record it holds, 0 where they cannot be told apart; `segment`,
    `place`, `end`: where the record begins and ends on the tape; `number`: of the message in its partition, from 0;
    `newest_ns`, `heard_ns`: SIP time of the newest print of all up to the record, and when the last ones came;
    `partitions`, `origin_ns`: the topic's number of them, and when the tape's first record came, the same in all.
    """

    kind: int
    feed: int
    partitions: int
    part: int
    parts: int
    held: int
    segment: int
    place: int
    end: int
    number: int
    receive_ns: int
    newest_ns: int
    heard_ns: int
    origin_ns: int

    @property
    def where(self) -> tuple[int, int, int]:
        """Its place among all messages of its partition; the same record cut anew has the same."""
        return self.segment, self.place, self.part

    @property
    def last(self) -> bool:
        """Whether its record is whole with it."""
        return self.part + 1 >= self.parts


Headers = list[tuple[str, str | bytes | None]]


def headers(stamp: Stamp, steps: Sequence[int] = ()) -> Headers:
    """Write a stamp.  `steps`: which of the record's elements the value holds; empty: the first ones, as they come."""
    found: Headers = [(STAMP, _FIELDS.pack(_VERSION, *stamp))]
    if steps:
        found.append((STEPS, pack(f"<{len(steps)}I", *steps)))
    return found


def read_headers(given: Iterable[tuple[str, str | bytes | None]]) -> tuple[Stamp, tuple[int, ...]]:
    """Undo `headers`.  Raises ValueError for what is none of ours, or of a later version."""
    found = dict(given)
    stamp, steps = found.get(STAMP), found.get(STEPS)
    if not isinstance(stamp, bytes) or len(stamp) != _FIELDS.size or stamp[0] != _VERSION:
        told = stamp and f"is a record of version {stamp[0]}; this program reads version {_VERSION}"
        raise ValueError(told or "is no record of a tape")
    fields = Stamp._make(_FIELDS.unpack(stamp)[1:])
    return fields, unpack(f"<{len(steps) // 4}I", steps) if isinstance(steps, bytes) else ()
