"""What a worker tells of its place with everything that it gives, and the step that keeps it.

It goes the same way as the prints, so the engine keeps it with the state that the prints left, of the same instant.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import bytewax.operators as op

from flows.errors import BadInputError, CommandError
from flows.tape.share import worker_of

PLACES_STEP: Final = "places"
PLACES_LAYOUT: Final = 3
"""Version of what the step keeps; raise it when the layout changes."""
READ_LAYOUTS: Final = (1, 2, PLACES_LAYOUT)
"""Anchors of the first know of no gaps; places of the first two of no symbols that are ahead.  They are still read."""

Plain = tuple[Any, ...]


class RecoveryError(CommandError):
    """What a recovery directory holds cannot be used, and nobody may guess."""


class OtherRunError(RecoveryError, BadInputError):
    """A recovery directory belongs to another run: trying again is of no use."""


@dataclass(frozen=True, slots=True)
class Standing:
    """From now on `key` stands for what `tell` says when it is asked; `before`: what it stood for when the run began.

    `tell` None: the key is of an earlier run and no longer needed.
    """

    key: str
    before: Plain | None
    tell: Callable[[], Plain] | None


class PlacesLogic(op.StatefulLogic[Standing, Any, Plain]):
    """Keeps one key."""

    def __init__(self, kept: Plain | None) -> None:
        self._kept, self._asked = kept, False
        self._tell: Callable[[], Plain] | None = None

    def on_item(self, value: Standing) -> tuple[Iterable[Any], bool]:
        """Take note.  Raises RecoveryError when the engine restored anything else than the run began with."""
        if not self._asked and value.before != self._kept:
            msg = f"recovery: the engine restored another state of {value.key} than this run began with; start anew"
            raise RecoveryError(msg)
        self._asked, self._tell = True, value.tell
        return [], op.StatefulLogic.DISCARD if value.tell is None else op.StatefulLogic.RETAIN

    def snapshot(self) -> Plain:
        """Ask; nothing was read since, for the source waits until everything is kept."""
        if self._tell is not None:
            self._kept = self._tell()
        return self._kept or ()


def key_of(kind: str, index: int, count: int, workers: int) -> str:
    """A key of a share, the `index`th of `count`, that the engine sends to the worker that reads it."""
    key = f"{kind} {index}/{count}"
    while worker_of(key, workers) != index % workers:
        key += "'"
    return key
