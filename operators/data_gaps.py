"""What is missing on a symbol's tape, and which plans that marks.

Rule 1: a gap marks the plans that live when it is told; its end takes the mark away.  Rule 2: what is lost marks for
good the plans that began before its end.  Rule 3: only what is lost is said in events, from the time of its telling on;
what an open gap lacks may still come, and then comes at its place.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, Final, Literal, Self

import msgspec


class DataGap(msgspec.Struct, frozen=True, gc=False):
    """Prints between `from_ns` and `to_ns` (None: not known) may be missing, as it was told at `at_ns`; ns UTC.

    `open`: they are waited for or being fetched; `lost`: they will not come, and `reason` says why; `close`: they came.
    """

    name: str
    state: Literal["open", "close", "lost"]
    at_ns: int
    from_ns: int
    to_ns: int | None = None
    reason: str = ""

    @property
    def end_ns(self) -> int:
        """Before when a plan must have begun to be concerned."""
        return self.at_ns if self.to_ns is None else self.to_ns

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON-ready data."""
        return msgspec.structs.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Undo `to_json`."""
        return cls(**data)


def marked(current: DataGap | None, told: DataGap, began_ns: int) -> DataGap | None:
    """Return what marks a living plan that began then, after a gap was told of; `current` marked it before."""
    lost = current is not None and current.state == "lost"
    same = current is not None and current.name == told.name
    match told.state:
        case "open":
            return current if lost and not same else told
        case "lost":
            if began_ns < told.end_ns:
                return told
            return None if same else current
        case "close":
            return None if same else current


def marked_at_end(current: DataGap | None, told: DataGap) -> DataGap | None:
    """Return what marks a plan that has ended: what was open then saw all of it until then, and is over."""
    waited = current is not None and current.state == "open" and current.name == told.name
    return None if waited and told.state != "open" else current


class DataGaps(msgspec.Struct, frozen=True):
    """The gaps of one symbol that stand: those that are open, and of what is lost what reaches furthest."""

    open: tuple[DataGap, ...] = ()
    lost: DataGap | None = None

    def after(self, told: DataGap) -> "DataGaps":
        """Return what stands once a gap was told of."""
        others = tuple(each for each in self.open if each.name != told.name)
        lost = None if self.lost is not None and self.lost.name == told.name else self.lost
        match told.state:
            case "open":
                return DataGaps((*others, told), lost)
            case "lost":
                return DataGaps(others, told if lost is None or lost.end_ns <= told.end_ns else lost)
            case "close":
                return DataGaps(others, lost)

    def at_start(self, began_ns: int) -> DataGap | None:
        """Return what marks a plan that begins now, at `began_ns`."""
        if self.lost is not None and began_ns < self.lost.end_ns:
            return self.lost
        return self.open[-1] if self.open else None

    def to_plain(self) -> tuple[Any, ...]:
        """Write them as plain values."""
        plain = [msgspec.structs.astuple(each) for each in self.open]
        return tuple(plain), None if self.lost is None else msgspec.structs.astuple(self.lost)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        opened, lost = plain
        return cls(tuple(DataGap(*each) for each in opened), None if lost is None else DataGap(*lost))


NO_GAPS: Final = DataGaps()


def mark_of(
    told: Iterable[DataGap], registered_ns: int, valid_from_ns: int, ended_ns: int | None = None
) -> DataGap | None:
    """Return what marks a plan once gaps of its symbol were told of, in the order in which they were.

    `registered_ns`, `ended_ns`: when its life began and, if it has, ended; ns UTC.
    """
    before, since = list[DataGap](), list[DataGap]()
    for each in told:
        (before if each.at_ns <= registered_ns else since).append(each)
    standing = reduce(DataGaps.after, before, NO_GAPS)
    mark = standing.at_start(max(registered_ns, valid_from_ns))
    for each in since:
        lives = ended_ns is None or each.at_ns <= ended_ns
        mark = marked(mark, each, valid_from_ns) if lives else marked_at_end(mark, each)
    return mark
