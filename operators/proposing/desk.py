"""What becomes of one symbol's proposals.  Rule: a setup has one living plan at most; its events tell when it ended.

A plan that a print ended at the very instant of a proposal still lives for it: prints come last of an instant.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from operators.engine.to_plan import PlanIdentity, to_plan
from operators.events import Kind, PlanEvent
from operators.gating import GateTimeline
from operators.plan_reading import SESSION_BOUND
from operators.plans import Plan
from operators.proposing.proposer import Proposal
from operators.rows import ScanRow
from operators.scan.setups import Decision, Setups
from operators.sessions import new_york
from operators.state import LIVE, Phase
from operators.structured.build import structured_plan

BEFORE_PRINTS: Final = frozenset({Kind.EXPIRED, Kind.CANCELLED})
"""Ends that come before the prints, and before the proposals, of their instant."""
ENDS: Final = {Kind(str(phase)): phase for phase in Phase if phase not in LIVE | {Phase.REPLACED}}
"""The phase that an event of these kinds leaves a plan in.  One that was replaced lives on as its next version."""


class Ended(msgspec.Struct, frozen=True, gc=False):
    """A plan's end: `at_ns` (ns UTC), and whether it came before the prints of that instant."""

    plan_id: str
    phase: Phase
    at_ns: int
    first: bool

    def by(self, at_ns: int) -> bool:
        """Whether the plan had ended when a proposal of that instant was made."""
        return self.at_ns < at_ns or (self.first and self.at_ns == at_ns)


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What became of a proposal: its row; the plan that is to be registered, and the id of the plan it follows."""

    row: ScanRow
    plan: Plan | None = None
    follows: str | None = None


class Desk:
    """Decides on the proposals of one symbol."""

    def __init__(self, symbol: str) -> None:
        self._setups = Setups(symbol)
        self._ended: tuple[Ended, ...] = ()

    def note(self, events: Iterable[PlanEvent]) -> None:
        """Take the events of the symbol's plans; the ends among them count from their own times on."""
        living = {setup.living for setup in self._setups.known}
        ended = [
            Ended(each.plan_id, ENDS[each.kind], each.at_ns, each.kind in BEFORE_PRINTS)
            for each in events
            if each.kind in ENDS and each.plan_id in living
        ]
        if ended:
            self._ended = tuple(sorted((*self._ended, *ended), key=lambda each: (each.at_ns, each.plan_id)))

    def take(self, proposal: Proposal, gates: GateTimeline) -> Taken:
        """Decide on a proposal; those of earlier instants came before."""
        candidate, profile = proposal.candidate, proposal.profile
        self._settle(candidate.at_ns)
        decision = self._setups.consider(candidate)
        self._setups = self._setups.accept(decision, actionable=profile.actionable)
        row = scan_row(proposal, decision, gates)
        if decision.ordinal is None or not profile.actionable:
            return Taken(row)
        return Taken(row, to_plan(profile, identity_of(proposal, decision)), decision.replaces)

    def _settle(self, at_ns: int) -> None:
        """Let the setups know of the plans that had ended by an instant."""
        for each in self._ended:
            if each.by(at_ns):
                self._setups = self._setups.ended(each.plan_id, each.phase, new_york(each.at_ns).date())
        self._ended = tuple(each for each in self._ended if not each.by(at_ns))

    def remembered(self) -> frozenset[str]:
        """The plans of setups that live, or that a fresh signal may replan."""
        plans = {plan for setup in self._setups.known for plan in (setup.living, setup.ended) if plan is not None}
        return frozenset(plans | {each.plan_id for each in self._ended})

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        ended = tuple((each.plan_id, str(each.phase), each.at_ns, each.first) for each in self._ended)
        return self._setups.to_plain(), ended

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> "Desk":
        """Undo `to_plain`."""
        setups, ended = plain
        own = cls(setups[0])
        own._setups = Setups.from_plain(setups)
        own._ended = tuple(Ended(name, Phase(phase), at_ns, first) for name, phase, at_ns, first in ended)
        return own


def identity_of(proposal: Proposal, decision: Decision) -> PlanIdentity:
    """Name a proposal's plan; those of a session end with it."""
    candidate = proposal.candidate
    until_ns = proposal.session.next_close_ns if candidate.style in SESSION_BOUND else None
    return PlanIdentity(decision.plan_id, candidate.strategy, candidate.at_ns, until_ns)


def scan_row(proposal: Proposal, decision: Decision, gates: GateTimeline) -> ScanRow:
    """Write a candidate as it stood: what was found, what the engine says, what became of it."""
    candidate, profile = proposal.candidate, proposal.profile
    proposed = decision.ordinal is not None
    identity = identity_of(proposal, decision)
    gate, causes = gates.standing(candidate.at_ns)
    document = structured_plan(profile, identity, proposal.session, candidate.conditions, gate, causes)
    return ScanRow(
        symbol=candidate.symbol,
        strategy=candidate.strategy,
        direction=str(candidate.direction),
        at_ns=candidate.at_ns,
        session_date=candidate.session_date.isoformat(),
        ordinal=decision.ordinal,
        plan_id=decision.plan_id if not proposed or profile.actionable else None,
        actionable=profile.actionable,
        confidence=candidate.confidence,
        profile=document,
        features=dict(candidate.features),
        conditions=candidate.conditions,
    )
