"""How a practice market can misbehave.  A fault is text: `KIND[@SECONDS][:VALUE]`.

SECONDS are market time from the start.  Some faults happen once, at their time.  Others hold from the beginning on, or,
if they are given a time, for a spell of `SPELL_SECONDS` from then; REST's then begin to count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

import numpy as np

from flows.errors import BadInputError
from operators.columnar import Floats

SPELL_SECONDS: Final = 10.0


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
    FaultKind.SILENT: "say nothing for VALUE seconds from SECONDS on, on the lines then open; what was due is lost",
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
SPELLS: Final = (FaultKind.DUPLICATE, FaultKind.SEQUENCE, FaultKind.LATE, FaultKind.HUGE)
COUNTED: Final = (FaultKind.REST_429, FaultKind.REST_500, FaultKind.REST_TRUNCATED)
SURVIVABLE: Final = (*TIMED, *SPELLS, *COUNTED)
"""What a session outlives with nothing lost; the rest are refusals, which it must take for an answer."""
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
    """`at_s`: market seconds from the start, if it is `timed`; `value`: as its meaning says; `name`: a channel."""

    kind: FaultKind
    at_s: float = 0.0
    value: float = 0.0
    name: str = ""
    timed: bool = False


class Faults:
    """The faults of one market: those that happen in time, and those that hold."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        happening = (each for each in faults if each.kind in TIMED or (each.timed and each.kind in COUNTED))
        self.timed = tuple(sorted(happening, key=lambda each: each.at_s))
        holding = [each for each in faults if each.kind not in TIMED and not each.timed]
        self._holding: dict[FaultKind, float] = {each.kind: each.value for each in holding}
        self._spells = [each for each in faults if each.timed and each.kind in SPELLS]
        self._names = [(each.kind, each.name) for each in faults if each.kind in NAMING]

    def holds(self, kind: FaultKind) -> bool:
        """Whether a fault is there."""
        return kind in self._holding

    def value(self, kind: FaultKind, at_s: float) -> float:
        """Return a fault's value at a market time, in seconds from the start; 0 when it is not there."""
        return float(self.values(kind, np.array([at_s]))[0])

    def values(self, kind: FaultKind, at_s: Floats) -> Floats:
        """Return a fault's value at each of some market times."""
        found = np.full(len(at_s), self._holding.get(kind, 0.0))
        for each in self._spells:
            if each.kind is kind:
                within = (at_s >= each.at_s) & (at_s < each.at_s + SPELL_SECONDS)
                found[within] = np.maximum(found[within], each.value)
        return found

    def give(self, kind: FaultKind, times: float) -> None:
        """Let a counted fault happen so many times from now on; what is left of earlier ones is not added."""
        self._holding[kind] = max(self._holding.get(kind, 0.0), times)

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
    Fault(kind=<FaultKind.DROP: 'drop'>, at_s=60.0, value=5.0, name='', timed=True)
    """
    head, _, value = text.partition(":")
    word, at, seconds = head.partition("@")
    try:
        kind = FaultKind(word)
    except ValueError:
        msg = f"--fault: got {text!r}; must be KIND[@SECONDS][:VALUE], kinds: {', '.join(FaultKind)}"
        raise BadInputError(msg) from None
    try:
        return _fault(kind, seconds if at else None, value)
    except ValueError:
        msg = (
            f"--fault: got {text!r}; {kind} will {MEANINGS[kind]}; {', '.join(TIMED)} must have @SECONDS, and only "
            f"{', '.join((*SPELLS, *COUNTED))} may"
        )
        raise BadInputError(msg) from None


def _fault(kind: FaultKind, seconds: str | None, value: str) -> Fault:
    """Build a fault.  Raises ValueError."""
    if kind in NAMING:
        if not value or seconds is not None:
            raise ValueError(value)
        return Fault(kind, name=value)
    number = float(value) if value else _USUAL.get(kind, 0.0)
    at_s = float(seconds or 0) if seconds is None or seconds else -1.0
    timed = seconds is not None
    if (
        not (0 <= number < 1e9 and 0 <= at_s < 1e9)
        or (timed and kind not in SURVIVABLE)
        or (kind in TIMED and not timed)
    ):
        raise ValueError(value)
    return Fault(kind, at_s, number, timed=timed)


def random_faults(count: int, seed: int, low_s: float, high_s: float, longest_s: float) -> list[Fault]:
    """Draw faults of every kind that a session can survive, over [low, high) seconds of market time.

    Lines stay down for up to `longest_s`.  A silence lasts until the client leaves: a shorter one nobody could notice.
    Same seed, same faults.
    """
    rng = Random(seed)
    kinds = [SURVIVABLE[number % len(SURVIVABLE)] for number in range(count)]
    rng.shuffle(kinds)
    return [_drawn(kind, rng, rng.uniform(low_s, high_s), longest_s) for kind in kinds]


def _drawn(kind: FaultKind, rng: Random, at_s: float, longest_s: float) -> Fault:
    match kind:
        case FaultKind.SILENT:
            value = UNTIL_LEFT_SECONDS
        case FaultKind.DUPLICATE | FaultKind.SEQUENCE | FaultKind.LATE:
            value = rng.uniform(0.1, 0.9)
        case FaultKind.HUGE:
            value = _USUAL[kind]
        case FaultKind.REST_429 | FaultKind.REST_500 | FaultKind.REST_TRUNCATED:
            value = 1.0
        case _:
            value = rng.uniform(0, longest_s)
    return Fault(kind, at_s, value, timed=True)


UNTIL_LEFT_SECONDS: Final = 1e6
