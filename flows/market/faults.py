"""How a practice market can misbehave.  A fault is text: `KIND[@SECONDS][:VALUE]`.

SECONDS are market time from the start.  Faults with a time happen once, then; the others hold from the beginning on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from flows.errors import BadInputError


class FaultKind(StrEnum):
    """What goes wrong."""

    DROP = "drop"
    CLOSE_1008 = "close-1008"
    CLOSE_1001 = "close-1001"
    SILENT = "silent"
    BAD_KEY = "bad-key"
    NO_ACCESS = "no-access"
    NOT_AUTHORIZED = "not-authorized"
    IGNORE = "ignore"
    DUPLICATE = "duplicate"
    SEQUENCE = "sequence"
    LATE = "late"
    HUGE = "huge"
    REST_429 = "rest-429"
    REST_500 = "rest-500"
    REST_403 = "rest-403"
    REST_TRUNCATED = "rest-truncated"


MEANINGS: Final = {
    FaultKind.DROP: "cut the line at SECONDS, and stay down for VALUE seconds of market time",
    FaultKind.CLOSE_1008: "say max_connections and close at SECONDS",
    FaultKind.CLOSE_1001: "go away at SECONDS",
    FaultKind.SILENT: "say nothing for VALUE seconds from SECONDS on, with the line open; what was due is lost",
    FaultKind.BAD_KEY: "refuse every key",
    FaultKind.NO_ACCESS: "take the key, but the plan holds no WebSocket",
    FaultKind.NOT_AUTHORIZED: "refuse the channel VALUE",
    FaultKind.IGNORE: "never answer to subscriptions that begin with VALUE",
    FaultKind.DUPLICATE: "send this share of the frames twice",
    FaultKind.SEQUENCE: "let this share of the sequence numbers repeat or go back",
    FaultKind.LATE: "send this share of the prints two seconds late",
    FaultKind.HUGE: "send frames of up to VALUE events",
    FaultKind.REST_429: "answer VALUE requests with 429",
    FaultKind.REST_500: "answer VALUE requests with 500",
    FaultKind.REST_403: "answer every request with 403",
    FaultKind.REST_TRUNCATED: "cut VALUE answers short",
}
TIMED: Final = (FaultKind.DROP, FaultKind.CLOSE_1008, FaultKind.CLOSE_1001, FaultKind.SILENT)
NAMING: Final = (FaultKind.NOT_AUTHORIZED, FaultKind.IGNORE)
_USUAL: Final = {
    FaultKind.SILENT: 30.0,
    FaultKind.DUPLICATE: 0.1,
    FaultKind.SEQUENCE: 0.05,
    FaultKind.LATE: 0.01,
    FaultKind.HUGE: 50_000.0,
    FaultKind.REST_429: 1.0,
    FaultKind.REST_500: 1.0,
    FaultKind.REST_TRUNCATED: 1.0,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`at_s`: market seconds from the start, if it is timed; `value`: as its meaning says; `name`: a channel."""

    kind: FaultKind
    at_s: float = 0.0
    value: float = 0.0
    name: str = ""


class Faults:
    """The faults of one market: those that happen in time, and those that hold."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.timed = tuple(sorted((each for each in faults if each.kind in TIMED), key=lambda each: each.at_s))
        self._holding: dict[FaultKind, float] = {each.kind: each.value for each in faults if each.kind not in TIMED}
        self._names = [(each.kind, each.name) for each in faults if each.kind in NAMING]

    def holds(self, kind: FaultKind) -> bool:
        """Whether a fault is there."""
        return kind in self._holding

    def value(self, kind: FaultKind) -> float:
        """Return a fault's value, 0 when it is not there."""
        return self._holding.get(kind, 0.0)

    def hits(self, kind: FaultKind, subscription: str) -> bool:
        """Whether a subscription begins with one of the names of a fault."""
        return any(each is kind and subscription.startswith(name) for each, name in self._names)

    def use_up(self, kind: FaultKind) -> bool:
        """Take one of a number of times that a fault has left; return whether there was one."""
        left = self._holding.get(kind, 0.0)
        if left >= 1:
            self._holding[kind] = left - 1
        return left >= 1


def parse_fault(text: str) -> Fault:
    """Read a fault.  Raises BadInputError naming what is allowed.

    >>> parse_fault("drop@60:5")
    Fault(kind=<FaultKind.DROP: 'drop'>, at_s=60.0, value=5.0, name='')
    """
    head, _, value = text.partition(":")
    word, at, seconds = head.partition("@")
    try:
        kind = FaultKind(word)
    except ValueError:
        msg = f"--fault: got {text!r}; must be KIND[@SECONDS][:VALUE], kinds: {', '.join(FaultKind)}"
        raise BadInputError(msg) from None
    try:
        if kind in NAMING:
            if not value or at:
                raise ValueError(text)
            return Fault(kind, name=value)
        number = float(value) if value else _USUAL.get(kind, 0.0)
        at_s = float(seconds) if at else 0.0
        if not (0 <= number < 1e9 and 0 <= at_s < 1e9) or bool(at) != (kind in TIMED):
            raise ValueError(text)
    except ValueError:
        msg = f"--fault: got {text!r}; {kind} will {MEANINGS[kind]}; only {', '.join(TIMED)} take @SECONDS, and must"
        raise BadInputError(msg) from None
    return Fault(kind, at_s, number)


def random_faults(count: int, seed: int, low_s: float, high_s: float, longest_s: float) -> list[Fault]:
    """Draw line faults over [low, high) seconds of market time, up to `longest_s` long.  Same seed, same faults."""
    rng = Random(seed)
    kinds = [FaultKind.DROP, FaultKind.DROP, FaultKind.CLOSE_1001]
    return [Fault(rng.choice(kinds), rng.uniform(low_s, high_s), rng.uniform(0, longest_s)) for _ in range(count)]
