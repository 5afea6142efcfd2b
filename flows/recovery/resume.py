"""What a worker needs to go on reading where an earlier run ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flows.recovery.place import START, Place, Reached
from operators.held import Held


@dataclass(frozen=True, slots=True)
class Resume:
    """`reached`: how far each symbol's state goes; `start`: where reading begins, with what the reader remembered then.

    `newest_ns`: each symbol's latest SIP time, `end_ns` the latest of all, as of `reached`.  `calendar`: market events
    of the tape as of `start`, as plain rows; `gaps`: those told of by then, see `ToldGaps`.  `kept`: what stood under
    each key of the places, see `standing`; `ahead`: by what symbols were ahead of their states, see `flows.dues`.
    """

    reached: Reached
    start: Place = START
    memory: tuple[Any, ...] | None = None
    calendar: tuple[tuple[Any, ...], ...] | None = None
    newest_ns: Mapping[str, int] = field(default_factory=dict)
    end_ns: int = 0
    kept: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    ahead: Mapping[str, Held] = field(default_factory=dict)
    gaps: tuple[Any, ...] = ()

    def from_start(self) -> "Resume":
        """Read from the first file on: of several recorded tapes, what earlier ones told is remembered by none."""
        return replace(self, start=START, memory=None, calendar=None, gaps=())
