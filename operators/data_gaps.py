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


def gap_row(gap: DataGap | None) -> tuple[Any, ...] | None:
    """Write a gap, if there is one, as plain values."""
    return None if gap is None else msgspec.structs.astuple(gap)


def gap_of(row: tuple[Any, ...] | None) -> Any:
    """Undo `gap_row`."""
    return None if row is None else DataGap(*row)


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


def marked_at_end(current: DataGap | None, told: DataGap, began_ns: int) -> DataGap | None:
    """Return what marks a plan that has ended, after a gap was told of: only of one that was open then it hears."""
    waited = current is not None and current.state == "open" and current.name == told.name
    return marked(current, told, began_ns) if waited else current


def marked_after_end(mark: DataGap | None, told: Iterable[DataGap], began_ns: int) -> DataGap | None:
    """`marked_at_end` for several gaps, in order."""
    return reduce(lambda current, each: marked_at_end(current, each, began_ns), told, mark)


def marked_by(mark: DataGap | None, told: Iterable[DataGap], began_ns: int) -> DataGap | None:
    """Return what marks a living plan that began then, after several gaps were told of, in order."""
    return reduce(lambda current, each: marked(current, each, began_ns), told, mark)


def parted(told: Iterable[DataGap], at_ns: int) -> tuple[tuple[DataGap, ...], tuple[DataGap, ...]]:
    """Return what was told by an instant and what later, each in the order of the tape, whose clock may go back."""
    known, later = list[DataGap](), list[DataGap]()
    for each in told:
        (known if each.at_ns <= at_ns else later).append(each)
    return tuple(known), tuple(later)


class DataGaps(msgspec.Struct, frozen=True):
    """The gaps of one symbol that stand: those that are open, and of what is lost what reaches furthest.

    `ahead`: what was told at later times than the symbol has come to.
    """

    open: tuple[DataGap, ...] = ()
    lost: DataGap | None = None
    ahead: tuple[DataGap, ...] = ()

    def told(self, gap: DataGap) -> "DataGaps":
        """Take note of a gap, for its own time."""
        return msgspec.structs.replace(self, ahead=(*self.ahead, gap))

    def by(self, at_ns: int) -> "DataGaps":
        """Return what stands once the symbol has come to an instant, ns UTC."""
        if not self.ahead:
            return self
        known, ahead = parted(self.ahead, at_ns)
        return msgspec.structs.replace(reduce(DataGaps.after, known, DataGaps(self.open, self.lost)), ahead=ahead)

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
        return tuple(map(gap_row, self.open)), gap_row(self.lost), tuple(map(gap_row, self.ahead))

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`, also of what was written when nothing was kept for its time."""
        opened, lost, *ahead = plain
        return cls(tuple(map(gap_of, opened)), gap_of(lost), tuple(map(gap_of, *ahead)) if ahead else ())


NO_GAPS: Final = DataGaps()


def mark_of(
    told: Iterable[DataGap], registered_ns: int, valid_from_ns: int, ended_ns: int | None = None
) -> DataGap | None:
    """Return what marks a plan once gaps of its symbol were told of, in the order in which they were.

    `registered_ns`, `ended_ns`: when its life began and, if it has, ended; ns UTC.
    """
    before, since = parted(told, registered_ns)
    standing = reduce(DataGaps.after, before, NO_GAPS)
    began_ns = max(registered_ns, valid_from_ns)
    lived, later = (since, ()) if ended_ns is None else parted(since, ended_ns)
    return marked_after_end(marked_by(standing.at_start(began_ns), lived, began_ns), later, began_ns)
