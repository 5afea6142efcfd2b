"""The same rules, one print and one plan at a time: what the columns are measured against."""

import time
from pathlib import Path
from typing import Any

from flows.calendars import nyse_calendar
from flows.event_files import load_events
from flows.options import ReplayOptions
from flows.plan_files import load_plans
from flows.replay import plan_defaults
from flows.tape.files import find_tape_files
from flows.tape.pacing import cut
from flows.tape.reader import TapeReader
from operators.eligibility import Profile, admission_table
from operators.gating import GateSettings, gate_timeline
from operators.lifecycle import register, step
from operators.plans import Plan
from operators.records import Expiry, Tick
from operators.state import PlanState

Print = tuple[str, int, float, int]


class ScalarPlan:
    """One plan in a plain loop."""

    def __init__(self, plan: Plan, timeline: Any) -> None:
        self.plan, self.timeline = plan, timeline
        self.admits = admission_table(Profile.of(plan)).tolist()
        self.state: PlanState | None = None
        self.now_ns = 0
        self.events = 0

    def see(self, at_ns: int, price: float, flags: int, phase_code: int) -> None:
        """Take one print: what is due first, then the print itself if the plan may act on it."""
        plan, state = self.plan, self.state
        if state is None:
            if at_ns < plan.valid_from_ns:
                return
            state, events = register(plan, plan.valid_from_ns)
            self.events += len(events)
            self.now_ns = plan.valid_from_ns
        if not state.live:
            self.state = state
            return
        edge = self.timeline.next_edge(self.now_ns, plan.on_event)
        if plan.expires_at_ns is not None and plan.expires_at_ns <= at_ns:
            state, events = step(plan, state, Expiry(plan.expires_at_ns))
            self.events += len(events)
        elif edge is not None and edge.at_ns <= at_ns:
            state, events = step(plan, state, edge)
            self.events += len(events)
        if self.admits[phase_code][flags]:
            state, events = step(plan, state, Tick(at_ns, price))
            self.events += len(events)
        self.state, self.now_ns = state, at_ns


def run_scalar(tape: Path, plans_file: Path, events_file: Path, rows: int) -> dict[str, Any]:
    """Take about `rows` prints of the whole day through all plans; the time is the loop's alone."""
    files, _ = find_tape_files([tape])
    plans, _ = load_plans(plans_file, plan_defaults(ReplayOptions((tape,), plans_file), files))
    events = load_events(events_file)
    by_symbol: dict[str, list[ScalarPlan]] = {}
    for plan in plans:
        timeline = gate_timeline(plan.symbol, events, GateSettings())
        by_symbol.setdefault(plan.symbol, []).append(ScalarPlan(plan, timeline))
    prints = _prints(TapeReader(files, sorted(by_symbol)), rows)
    calendar = nyse_calendar()
    phases = calendar.phase_codes
    started = time.perf_counter()
    for (symbol, at_ns, price, flags), phase in zip(prints, phases(_times(prints)).tolist(), strict=True):
        for plan_loop in by_symbol.get(symbol, ()):
            plan_loop.see(at_ns, price, flags, phase)
    return {"rows": len(prints), "seconds": time.perf_counter() - started}


def _prints(reader: TapeReader, rows: int) -> list[Print]:
    """Return about `rows` prints, some from every part of the day."""
    pieces = [piece.frame for piece in reader.pieces()]
    part = max(1, rows // len(pieces))
    found: list[Print] = []
    for frame in (cut(each, 0, min(part, len(each.sip_ns))) for each in pieces):
        names = (*frame.symbols, "")  # the last stands for symbols without a plan
        symbols = [names[code] for code in frame.code.tolist()]
        flags = frame.flags.tolist()
        found += zip(symbols, frame.sip_ns.tolist(), frame.price.tolist(), flags, strict=True)
    return found


def _times(prints: list[Print]) -> Any:
    import numpy as np

    return np.array([at_ns for _, at_ns, _, _ in prints], dtype=np.int64)
