"""The same rules, one print and one plan at a time: what the columns are measured against.

Rows are handed over decoded, which the replay has to do itself; from there on every rule is asked for every print:
is it a tick, what may it touch, is it late, does it go back in time, which session is it in, what is due, what next.
"""

import time
from bisect import bisect_right
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from flows.event_files import load_events
from flows.options import ReplayOptions
from flows.plan_files import load_plans
from flows.replay import plan_defaults
from flows.tape.files import TapeFile, find_tape_files
from flows.tape.parquet_reader import read_parquet
from flows.tape.scan import ScanFilter, day_bounds
from operators import ticks
from operators.conditions import Flag, flags_of_text
from operators.eligibility import Profile, admission_table
from operators.gating import GateSettings, gate_timeline
from operators.lifecycle import register, step
from operators.nyse import nyse_calendar
from operators.plans import Plan
from operators.records import Expiry, Tick
from operators.state import PlanState
from operators.times import DEFAULT_LATE_NS
from operators.usable import TimeBounds, why_unusable

Row = tuple[str, int, int | None, float, float, str | None, int | None, int | None]
"""The decisive columns of one print, in the order of `ticks.DECISIVE`."""
PARTS = 20
"""From how many places of the day prints are taken."""


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


class ScalarTape:
    """What a plain loop knows of the tape: the session edges, where each symbol stands, and what it has counted."""

    def __init__(self, bounds: TimeBounds) -> None:
        self.bounds = bounds
        self.edges_ns = nyse_calendar().edges_ns.tolist()
        self.last_ns: dict[str, int] = {}
        self.counts: Counter[str] = Counter()

    def read(self, row: Row) -> tuple[str, int, float, int, int] | None:
        """Return a row as symbol, SIP time, price, flags and phase code; None when it is no tick."""
        symbol, sip_ns, participant_ns, price, size, conditions, trf_ns, correction = row
        if why_unusable(symbol, sip_ns, price, size, self.bounds) is not None or sip_ns < self.last_ns.get(symbol, 0):
            self.counts["unusable"] += 1
            return None
        self.last_ns[symbol] = sip_ns
        flags = 0 if correction else flags_of_text(conditions)
        if not correction and any(each and sip_ns - each > DEFAULT_LATE_NS for each in (participant_ns, trf_ns)):
            flags |= Flag.LATE
        self.counts[symbol] += 1
        return symbol, sip_ns, price, flags, bisect_right(self.edges_ns, sip_ns) % 4


def run_scalar(tape: Path, plans_file: Path, events_file: Path, rows: int) -> dict[str, Any]:
    """Take about `rows` prints of the whole day through all plans; the time is the loop's alone."""
    files, _ = find_tape_files([tape])
    plans, _ = load_plans(plans_file, plan_defaults(ReplayOptions((tape,), plans_file), files))
    events = load_events(events_file)
    by_symbol: dict[str, list[ScalarPlan]] = {}
    for plan in plans:
        timeline = gate_timeline(plan.symbol, events, GateSettings())
        by_symbol.setdefault(plan.symbol, []).append(ScalarPlan(plan, timeline))
    prints = _prints(files[0], rows)
    scalar = ScalarTape(day_bounds(files[0].day))
    started = time.perf_counter()
    for row in prints:
        read = scalar.read(row)
        if read is not None:
            symbol, at_ns, price, flags, phase = read
            for plan_loop in by_symbol.get(symbol, ()):
                plan_loop.see(at_ns, price, flags, phase)
    return {"rows": len(prints), "seconds": time.perf_counter() - started}


def _prints(file: TapeFile, rows: int) -> list[Row]:
    """Return about `rows` prints, some from every part of the day."""
    pieces = [piece.ticks.select(ticks.DECISIVE) for piece in read_parquet(file, ScanFilter())]
    every = pl.concat(pieces)
    step, part = len(every) // PARTS, max(1, rows // PARTS)
    return [row for place in range(PARTS) for row in every.slice(place * step, min(part, step)).rows()]
