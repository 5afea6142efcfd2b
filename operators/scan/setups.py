"""Which candidates are proposed.  Rule: a setup (symbol, strategy, direction) has one living plan at most.

A candidate is a fresh signal (see `edges.py`).  While the setup's plan lives, it is withheld, and spent: when the plan
ends later, only a signal after that end counts.  The first proposal after the setup's plan was stopped or invalidated
is a replan of it; for scalp and intraday within the same session, for swing and leap whenever it comes.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from operators.plans import Direction, Style
from operators.scan.candidate import Candidate
from operators.scan.plan_ids import plan_id
from operators.state import LIVE, Phase

REPLANNED: Final = frozenset({Phase.STOPPED, Phase.INVALIDATED})
"""Ends after which the next proposal replans the old plan."""
SAME_SESSION: Final = frozenset({Style.SCALP, Style.INTRADAY})
"""Styles whose ideas end with their session."""


class Outcome(StrEnum):
    """What becomes of a candidate: a new plan, a new plan in an old one's place, or nothing, for a plan still lives."""

    PROPOSED = "proposed"
    REPLANNED = "replanned"
    WITHHELD = "withheld"


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What becomes of one candidate.

    `plan_id`: of the new plan, or of the living one when withheld; `ordinal`: of the new plan in its session, from 1;
    None when withheld; `replaces`: the plan that a replan is of, whose `replan` event names `plan_id`.
    """

    candidate: Candidate
    outcome: Outcome
    plan_id: str
    ordinal: int | None
    replaces: str | None


class Setup(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a setup: its last session and ordinal, its living plan, and the plan to be replanned."""

    strategy: str
    direction: Direction
    session_date: date
    ordinal: int
    living: str | None = None
    ended: str | None = None
    ended_session: date | None = None


class Setups(msgspec.Struct, frozen=True, gc=False):
    """All setups of one symbol that ever had a candidate, by strategy and direction."""

    symbol: str
    known: tuple[Setup, ...] = ()

    def consider(self, candidate: Candidate) -> Decision:
        """Decide on a candidate; nothing is remembered until `accept`."""
        setup = self._of(candidate.strategy, candidate.direction)
        if setup is not None and setup.living is not None:
            return Decision(candidate, Outcome.WITHHELD, setup.living, None, None)
        today = setup is not None and setup.session_date == candidate.session_date
        ordinal = setup.ordinal + 1 if setup is not None and today else 1
        name = plan_id(self.symbol, candidate.strategy, candidate.direction, candidate.session_date, ordinal)
        replaces = None if setup is None else _replaced(setup, candidate)
        outcome = Outcome.PROPOSED if replaces is None else Outcome.REPLANNED
        return Decision(candidate, outcome, name, ordinal, replaces)

    def accept(self, decision: Decision, *, actionable: bool) -> Self:
        """Remember a decision: its ordinal is used, and an actionable plan lives from now on.

        A watch plan does not live: it holds nothing back, and a plan to be replanned waits on.
        """
        if decision.ordinal is None:
            return self
        candidate = decision.candidate
        before = self._of(candidate.strategy, candidate.direction)
        setup = Setup(candidate.strategy, candidate.direction, candidate.session_date, decision.ordinal)
        if actionable:
            return self._with(replace(setup, living=decision.plan_id))
        if before is not None:
            setup = replace(setup, ended=before.ended, ended_session=before.ended_session)
        return self._with(setup)

    def ended(self, name: str, phase: Phase, session_date: date) -> Self:
        """Remember that a plan reached a terminal phase in a session; plans of no setup are passed over.

        Raises ValueError for a phase that is not terminal.
        """
        if phase in LIVE:
            msg = f"plan {name!r} is {phase}; only a plan in a terminal phase has ended"
            raise ValueError(msg)
        for setup in self.known:
            if setup.living == name:
                again = phase in REPLANNED
                ended = (name, session_date) if again else (None, None)
                return self._with(replace(setup, living=None, ended=ended[0], ended_session=ended[1]))
        return self

    def _of(self, strategy: str, direction: Direction) -> Setup | None:
        return next((each for each in self.known if (each.strategy, each.direction) == (strategy, direction)), None)

    def _with(self, setup: Setup) -> Self:
        others = [e for e in self.known if (e.strategy, e.direction) != (setup.strategy, setup.direction)]
        known = sorted((*others, setup), key=lambda each: (each.strategy, each.direction))
        return replace(self, known=tuple(known))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as builtins: texts, numbers and None."""
        return self.symbol, tuple(tuple(msgspec.to_builtins(setup).values()) for setup in self.known)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        symbol, known = plain
        names = Setup.__struct_fields__
        return cls(symbol, tuple(msgspec.convert(dict(zip(names, row, strict=True)), Setup) for row in known))


def _replaced(setup: Setup, candidate: Candidate) -> str | None:
    """The plan that a proposal would replan."""
    over = candidate.style in SAME_SESSION and setup.ended_session != candidate.session_date
    return None if over else setup.ended
