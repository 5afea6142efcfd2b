"""The life of one plan over one symbol's prints: the slow, plain answer that a fast one has to equal.

At one instant: expiry, then gate edges, then registrations, then ticks.  A deadline fires at the first record
at or past it, and its event carries the deadline's own time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.oracle.prints import Row, Tape, prepare
from tests.oracle.spec import FOREVER, Spec, read_spec
from tests.oracle.track import Event, State, Track
from tests.oracle.windows import windows


@dataclass(slots=True)
class Life:
    """All versions of one plan: which is registered, which are to come, and what falls due next."""

    to_come: list[Spec]
    windows: list[tuple[int, int]]
    events: list[Event] = field(default_factory=list)
    track: Track | None = None

    def live(self) -> Track | None:
        """Return the registered version unless it has ended."""
        return None if self.track is None or self.track.over else self.track

    def due_ns(self) -> int:
        """Return the instant of the next deadline or registration."""
        instants = [FOREVER]
        if self.to_come:
            instants.append(self.to_come[0].valid_from_ns)
        track = self.live()
        if track is not None:
            instants.append(track.spec.expires_at_ns)
            instants.extend(at_ns for at_ns, _ in track.edges[:1])
        return min(instants)

    def advance(self, until_ns: int) -> None:
        """Do everything that falls due up to and including an instant, in order."""
        while (at_ns := self.due_ns()) <= until_ns:
            self.fire(at_ns)

    def fire(self, at_ns: int) -> None:
        """Do one thing: expiry before gate edge before registration."""
        track = self.live()
        if track is not None and track.spec.expires_at_ns == at_ns:
            track.expire(at_ns)
        elif track is not None and track.edges and track.edges[0][0] == at_ns:
            track.turn_gate(at_ns, on=track.edges.pop(0)[1])
        else:
            self.register(at_ns, self.to_come.pop(0))

    def register(self, at_ns: int, spec: Spec) -> None:
        """Begin a version; the one before it is replaced, unless it has ended."""
        replaced = self.live()
        if replaced is not None:
            replaced.end("replaced", at_ns)
        edges = [edge for start, end in self.windows for edge in ((start, True), (end, False))]
        self.track = Track(spec, self.events, [edge for edge in edges if edge[0] > at_ns])
        self.track.tell("registered", at_ns)
        if any(start <= at_ns < end for start, end in self.windows):
            self.track.turn_gate(at_ns, on=True)

    def play(self, tape: Tape) -> None:
        """Go through the tape, print by print, until the plan and all its versions are over.

        Nothing can happen before the first version is due.
        """
        track, hears, since_ns, due_ns = self.listener()
        first = tape.first_from(due_ns)
        for at_ns, price, code in zip(tape.times[first:], tape.prices[first:], tape.codes[first:], strict=True):
            if at_ns >= due_ns:
                self.advance(at_ns)
                track, hears, since_ns, due_ns = self.listener()
            if track is not None:
                if hears[code] and since_ns <= at_ns:
                    track.tick(at_ns, price)
                    if track.over:
                        track, hears, since_ns, due_ns = self.listener()
            elif due_ns == FOREVER:
                return

    def listener(self) -> tuple[Track | None, list[bool], int, int]:
        """Return who hears the next prints: the version, the classes, from when on, until what falls due."""
        track = self.live()
        if track is None:
            return None, [], FOREVER, self.due_ns()
        return track, track.spec.hears, track.spec.valid_from_ns, self.due_ns()


def run_plan(
    plans: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    rows: Tape | Iterable[Row],
    market_events: Iterable[Mapping[str, object]],
    first_day_open_ns: int,
    clock_mark_ns: int | None = None,
    *,
    tape_end_ns: int | None = None,
    other_records_ns: Iterable[int] = (),
) -> tuple[list[Event], State | None]:
    """Return the events and the final state of one plan, given as its versions in order.

    `rows`: the symbol's prints in tape order, raw or prepared.
    `clock_mark_ns`: everything up to here is due.
    `tape_end_ns`: the last record of the whole tape, if that is later; registrations happen up to it.
    `other_records_ns`: records of the symbol that are no prints, such as other plans' registrations.
    """
    tape = rows if isinstance(rows, Tape) else prepare(rows)
    versions = [plans] if isinstance(plans, Mapping) else plans
    specs = [read_spec(plan, first_day_open_ns) for plan in versions]
    check_order(specs)
    ends = [at_ns for at_ns in (tape.last_ns, clock_mark_ns, tape_end_ns) if at_ns is not None]
    records = [spec.valid_from_ns for spec in specs] + list(other_records_ns)
    seen = [at_ns for at_ns in (tape.last_ns, clock_mark_ns) if at_ns is not None]
    last_ns = max(ends, default=-1)
    seen += [at_ns for at_ns in records if at_ns <= last_ns]
    life = Life(specs, windows(market_events, specs[0].symbol))
    life.play(tape)
    life.advance(max(seen, default=-1))
    return life.events, None if life.track is None else life.track.state()


def check_order(specs: Sequence[Spec]) -> None:
    """Refuse versions that are not of one symbol, rising, and registered in that order."""
    for before, after in pairwise(specs):
        in_order = before.version < after.version and before.valid_from_ns <= after.valid_from_ns
        if not in_order or before.symbol != after.symbol:
            msg = f"version {after.version} cannot follow version {before.version}"
            raise ValueError(msg)
