"""What people ask for, on its way to the tape: market events and plans from files, the universe, the commands table.

Rule: nothing is put on the tape before the feed has told the time, since its time is the commands' time.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Set

import sqlalchemy as sa

from flows.event_files import load_events
from flows.logs import log_line
from flows.options import ReplayOptions
from flows.plan_files import given_plans
from flows.tape.command_feed import commands_to_tape, universe_to_tape
from flows.tape.segments import payloads
from flows.tape.segments.payloads import PlanCommand
from flows.tape.segments.record import Record
from flows.tape.segments.writer import TapeWriter
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from sinks.canonical import canonical


class Asked:
    """`told`: whether time was told; `now_ns`: the feed's clock, ns UTC, whose time the commands carry.

    `watch`: takes each symbol that joins the universe, and when.  `followed`: whose prints come; none: everybody's.
    `token`: with which the commands were taken; None: nobody is kept off.
    """

    def __init__(
        self,
        flow: ReplayOptions,
        engine: sa.Engine,
        told: Callable[[], bool],
        now_ns: Callable[[], int],
        watch: Callable[[str, int], None],
        followed: Collection[str] = (),
        token: int | None = None,
    ) -> None:
        self._flow, self._engine, self._told, self._now_ns, self._watch = flow, engine, told, now_ns, watch
        self._followed, self._token = frozenset(followed), token
        self._joined: set[str] = set()
        self._begun = False

    def __call__(self, writer: TapeWriter) -> None:
        """Put on the tape what is asked for by now.  Raises DatabaseError, TapeError; calling again is safe."""
        if not self._told():
            return
        if not self._begun:
            writer.append(list(self._of_files(self._now_ns())))
            universe_to_tape(self._engine, writer, self._now_ns)
            self._begun = True
        applied = commands_to_tape(self._engine, writer, self._now_ns, self._token)
        for each in applied:
            if each.symbol is not None and each.applied_ns is not None:
                self._watch(each.symbol, each.applied_ns)
                self._joined.add(each.symbol)
        plans = [each.plan for each in applied if each.plan is not None]
        self._warn({str(plan["symbol"]) for plan in plans if "symbol" in plan})  # others become dead letters

    def _of_files(self, at_ns: int) -> Iterator[Record]:
        """Market events and plans; told again after a restart, they have the names that they had before.

        A plan that was changed has another name, so that the flow takes it, or says why it does not.
        """
        flow = self._flow
        if flow.events is not None:
            yield payloads.market_events(load_events(flow.events), at_ns)
        if flow.plans is not None:
            plans = given_plans(flow.plans, PlanDefaults(at_ns, nyse_calendar().close_after))
            self._warn({plan.symbol for plan, _ in plans})
            for plan, data in plans:
                told = hashlib.sha256(canonical(data).encode()).hexdigest()[:12]
                name = f"file:{plan.plan_id}:{plan.version}:{told}"
                yield payloads.command(PlanCommand(name, "register", data), at_ns)

    def _warn(self, symbols: Set[str]) -> None:
        """Say of which symbols no print will come; their plans are watched, since a command may add them yet."""
        strange = sorted(symbols - self._followed - self._joined) if self._followed else []
        if strange:
            hint = "name them in --symbols, or use: fancy-trader universe add SYMBOL"
            log_line("plans_not_followed", symbols=",".join(strange), hint=hint)
