"""The plans of one symbol, one record at a time: what the columns have to equal.

At one instant: expiry, then gate edge, then command, then ticks.  A deadline fires at the first record at or past it.
"""

from dataclasses import dataclass, field

from operators.data_gaps import NO_GAPS, DataGap, DataGaps
from operators.eligibility import Profile
from operators.events import PlanEvent
from operators.gating import GateTimeline
from operators.lifecycle import Record, register, step
from operators.plans import Gate, Plan
from operators.records import Cancel, Command, Expiry, GateEdge, Register, Tick
from operators.state import PlanState
from operators.targets import profile as measure
from tests.operators.scenarios import Print, Scenario

EXPIRY, GATE, COMMAND = range(3)


@dataclass
class Life:
    """All versions of one plan."""

    to_come: list[Command]
    gates: GateTimeline
    plan: Plan | None = None
    state: PlanState | None = None
    edges: list[GateEdge] = field(default_factory=list)
    events: list[PlanEvent] = field(default_factory=list)
    refused: int = 0
    gaps: DataGaps = NO_GAPS
    now_ns: int = 0

    def due(self) -> tuple[int, int] | None:
        """When something other than a tick happens next, and what."""
        found = [(self.to_come[0].at_ns, COMMAND)] if self.to_come else []
        if self.plan is not None and self.state is not None and self.state.live:
            found += [(edge.at_ns, GATE) for edge in self.edges[:1]]
            if self.plan.expires_at_ns is not None:
                found.append((self.plan.expires_at_ns, EXPIRY))
        return min(found, default=None)

    def reach(self, now_ns: int) -> None:
        """Let time pass."""
        self.now_ns = max(self.now_ns, now_ns)
        while (due := self.due()) is not None and due[0] <= now_ns:
            at_ns, what = due
            if what == COMMAND:
                self.obey(self.to_come.pop(0))
            else:
                self.apply(Expiry(at_ns) if what == EXPIRY else self.edges.pop(0))

    def obey(self, command: Command) -> None:
        """Cancel, or let a higher version take the place of the one before."""
        if isinstance(command, Cancel):
            if self.state is None or not self.state.live:
                self.refused += 1
            else:
                self.apply(command)
        elif self.plan is not None and command.plan.version <= self.plan.version:
            self.refused += 1
        else:
            self.begin(command)

    def begin(self, command: Register) -> None:
        """Register a version, and put it before the gate as it stands."""
        last_seq = 0
        if self.state is not None:
            self.apply(command)
            last_seq = self.state.last_seq
        self.plan = command.plan
        self.state, events = register(command.plan, command.at_ns, last_seq, measure(command.plan), self.gaps)
        self.events += events
        self.edges = []
        for window in self.gates.windows:
            opening = GateEdge(max(window.start_ns, command.at_ns), command.plan.on_event, window.opened_by)
            if command.at_ns >= window.end_ns:
                continue
            if window.start_ns <= command.at_ns:
                self.apply(opening)
            else:
                self.edges.append(opening)
            self.edges.append(GateEdge(window.end_ns, Gate.ALLOW, window.closed_by))

    def apply(self, record: Record) -> None:
        """One step of the rules."""
        if self.plan is not None and self.state is not None:
            self.state, events = step(self.plan, self.state, record)
            self.events += events

    def tell(self, gap: DataGap) -> None:
        """Take note of a gap."""
        self.gaps = self.gaps.told(gap).by(self.now_ns)
        self.apply(gap)

    def hear(self, heard: Print) -> None:
        """Everything due up to the print, then the print, if the plan may act on it."""
        self.reach(heard.at_ns)
        if self.plan is None or heard.at_ns < self.plan.valid_from_ns:
            return
        if Profile.of(self.plan).admits(heard.flags, heard.phase):
            self.apply(Tick(heard.at_ns, heard.price))


def plain_loop(scenario: Scenario, until_ns: int) -> dict[str, Life]:
    """Live through all prints, then let time reach `until_ns`."""
    lives: dict[str, Life] = {}
    for command in sorted(scenario.commands, key=lambda each: each.at_ns):
        plan_id = command.plan.plan_id if isinstance(command, Register) else command.plan_id
        lives.setdefault(plan_id, Life([], scenario.gates)).to_come.append(command)
    for life in lives.values():
        for number in range(len(scenario.prints) + 1):
            for place, gap in scenario.gaps:
                if place == number:
                    life.tell(gap)
            if number < len(scenario.prints):
                life.hear(scenario.prints[number])
        life.reach(until_ns)
    return lives
