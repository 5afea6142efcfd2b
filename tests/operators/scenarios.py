"""Random plans, prints, gates and commands of one symbol, on the penny grid and within a day of five minutes.

The day: pre-market for one minute, regular session for two, post-market for one, closed afterwards.
Equal random sources give equal scenarios; many levels are prices that are printed, many instants those of a print.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, pairwise
from random import Random

import numpy as np
from hypothesis import strategies as st

from operators.conditions import Flag, flags_of
from operators.data_gaps import DataGap
from operators.eligibility import SymbolSlice
from operators.frames import TickFrame, by_symbol, tag
from operators.gating import GateMargins, GateSettings, GateTimeline, gate_timeline
from operators.market_events import MarketEvent, Severity
from operators.plans import Direction, Entry, EntryType, Gate, Plan, SessionPhase, Style, Target, Trail
from operators.records import Cancel, Command, Register
from operators.sessions import PHASE_CODES, SessionCalendar, SessionDay
from tests.operators.builders import SECOND_NS, START_NS

SYMBOL = "TEST"
END_NS = START_NS + 300 * SECOND_NS
MINI_DAY = SessionCalendar.of(
    [SessionDay(date(2013, 10, 8), START_NS, *(START_NS + second * SECOND_NS for second in (60, 180, 240)))]
)
HALF_MINUTE = GateSettings(GateMargins(0.5, 0.25), {"cpi": GateMargins(0.0, 0.5)})
PAR = 10_000
"""Cents around which prices walk."""

REGULAR, ODD_LOT, FORM_T, BOTH, AVERAGE, UNKNOWN = (
    int(flags_of(ids)) for ids in ([], [37], [12], [12, 37], [2], [999])
)
MOVES = (0, 1, -1, 2, -2, 5, -5, 12, -12)
MANY_FLAGS = [REGULAR] * 40 + [ODD_LOT, ODD_LOT, FORM_T, FORM_T, BOTH, AVERAGE, UNKNOWN, 0, REGULAR | int(Flag.LATE)]


@dataclass(frozen=True)
class Print:
    """One row of the tape."""

    at_ns: int
    price: float
    flags: int

    @property
    def phase(self) -> SessionPhase:
        return PHASE_CODES[int(MINI_DAY.phase_codes(np.array([self.at_ns]))[0])]


@dataclass(frozen=True)
class Scenario:
    """Everything on one symbol's tape, and the gate windows.  `gaps`: marks of gaps, each behind so many prints."""

    commands: tuple[Command, ...]
    prints: tuple[Print, ...]
    gates: GateTimeline
    gaps: tuple[tuple[int, DataGap], ...] = ()

    def until(self, at_ns: int) -> "Scenario":
        """The same with the prints and marks up to and including an instant."""
        return replace(
            self,
            prints=tuple(each for each in self.prints if each.at_ns <= at_ns),
            gaps=tuple(each for each in self.gaps if each[1].at_ns <= at_ns),
        )


def random_scenario(rng: Random, most_prints: int = 60, most_plans: int = 3) -> Scenario:
    """A scenario whose plans have levels around the walk's start."""
    prints = random_prints(rng, rng.randint(0, most_prints))
    commands: list[Command] = []
    for number in range(rng.randint(1, most_plans)):
        commands += random_commands(rng, f"p{number}", prints or [Print(START_NS, 100.0, REGULAR)])
    rng.shuffle(commands)
    instants = [each.at_ns for each in prints] or [START_NS]
    return Scenario(tuple(commands), tuple(prints), random_gates(rng, instants), random_gaps(rng, prints))


def random_prints(rng: Random, count: int) -> list[Print]:
    """A walk in cents with ties in time, standstills and gaps."""
    moves = rng.choice((MOVES[:5], MOVES, MOVES * 4 + (40, -40), (12, -12, 40, -40)))
    steps = accumulate((rng.choice(moves) for _ in range(count)), initial=PAR)
    longest = max(1, 600 // max(1, count))
    waits = accumulate((rng.randint(0, longest) for _ in range(count)), initial=rng.randint(0, 60))
    return [
        Print(START_NS + half * SECOND_NS // 2, cents / 100, rng.choice(MANY_FLAGS))
        for cents, half, _ in zip(steps, waits, range(count), strict=False)
    ]


def random_commands(rng: Random, plan_id: str, prints: list[Print]) -> list[Command]:
    """One to three versions of a plan around the price of their time, some refused, and perhaps a cancel."""
    commands: list[Command] = []
    for version in rng.choice(((1,), (1,), (1,), (1,), (1, 2), (1, 4), (2, 2), (3, 1), (1, 2, 3))):
        start = prints[int(len(prints) * rng.random() ** 2)]
        plan = random_plan(rng, plan_id, near(rng, [start.at_ns]), version, round(start.price * 100))
        early = rng.choice((0, 0, 0, 0, SECOND_NS, 20 * SECOND_NS))
        commands.append(Register(plan.valid_from_ns - early, plan))
    if rng.random() < 0.15:
        commands.append(Cancel(near(rng, [each.at_ns for each in prints]), plan_id))
    return commands


def near(rng: Random, instants: list[int]) -> int:
    """The instant of a print, early ones more often, or one beside it."""
    return instants[int(len(instants) * rng.random() ** 2)] + rng.choice((0, 0, 0, 1, -1, 3 * SECOND_NS))


def random_plan(
    rng: Random, plan_id: str = "p", valid_from_ns: int = START_NS, version: int = 1, par: int = PAR
) -> Plan:
    """Any plan that the design accepts, levels in whole cents around `par`."""
    sign = rng.choice((1, -1))
    reach = rng.choice((3, 10, 30, 80))
    entry = par + rng.choice((0, 1, -1, rng.randint(-reach, reach)))
    stop = entry - sign * rng.randint(1, 2 * reach)
    rungs = list(accumulate((rng.randint(1, reach) for _ in range(rng.randint(1, 5))), initial=0))[1:]
    kind = rng.choice((EntryType.LIMIT, EntryType.LIMIT, EntryType.STOP, EntryType.MARKET))
    price = None if kind is EntryType.MARKET and rng.random() < 0.5 else entry / 100
    expires_ns = valid_from_ns + rng.choice((1, 10, 60, 150)) * SECOND_NS + rng.choice((0, 1, -1))
    return Plan(
        plan_id=plan_id,
        version=version,
        symbol=SYMBOL,
        style=rng.choice((Style.SWING, Style.LEAP)),
        direction=Direction.LONG if sign > 0 else Direction.SHORT,
        entry=Entry(kind, price),
        stop=stop / 100,
        targets=random_targets(rng, [(entry + sign * rung) / 100 for rung in rungs]),
        valid_from_ns=valid_from_ns,
        expires_at_ns=expires_ns if rng.random() < 0.4 else None,
        sessions=random_sessions(rng),
        breakeven_after=rng.choice((0, 1, 1, 2, 3)),
        trail=random_trail(rng, reach),
        at_risk_buffer=rng.choice((0.0, 0.05, 0.2, 0.2, 0.333, 0.5, 1.0, 1.5)),
        on_event=rng.choice((Gate.DEFINED_RISK, Gate.SUPPRESS)),
        odd_lots=rng.random() < 0.3,
        extended_hours=rng.random() < 0.3,
    )


def random_targets(rng: Random, prices: list[float]) -> tuple[Target, ...]:
    """Equal fractions, others that sum to one, or less than the whole."""
    count, form = len(prices), rng.random()
    if form < 0.4:
        return tuple(Target(price, 1 / count) for price in prices)
    total = 100 if form < 0.7 else rng.randint(count, 99)
    cuts = [0, *sorted(rng.sample(range(1, total), count - 1)), total]
    return tuple(
        Target(price, (after - before) / 100) for price, (before, after) in zip(prices, pairwise(cuts), strict=True)
    )


def random_sessions(rng: Random) -> tuple[SessionPhase, ...]:
    """Mostly all of the day, in any order."""
    pre, regular, post = SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST
    return rng.choice(((pre, regular, post),) * 6 + ((regular,), (pre,), (post, regular), (post, pre)))


def random_trail(rng: Random, reach: int) -> Trail | None:
    """No trail, or one in whole cents."""
    if rng.random() < 0.4:
        return None
    return Trail(rng.randint(1, 2 * reach) / 100, rng.choice((1, 2, 5, 20, 100)) / 100, rng.choice((1, 1, 1, 2, 3)))


def random_gates(rng: Random, instants: list[int]) -> GateTimeline:
    """Windows of up to three market events, half a minute before and a quarter after, whose edges meet prints."""
    offset = rng.choice((0, 30 * SECOND_NS, -15 * SECOND_NS))
    events = [
        MarketEvent(
            f"e{number}",
            rng.choice((SYMBOL, "*")),
            rng.choice(("fomc", "cpi")),
            rng.choice(list(Severity)),
            near(rng, instants) + offset,
            near(rng, instants) - rng.choice((0, 10**12)),
            "label",
        )
        for number in range(rng.choice((0, 0, 1, 2, 3)))
    ]
    return gate_timeline(SYMBOL, events, HALF_MINUTE)


def random_gaps(rng: Random, prints: list[Print]) -> tuple[tuple[int, DataGap], ...]:
    """Up to five marks of two gaps, in any order of states; each has the time of the print before it."""
    instants = [START_NS, *(each.at_ns for each in prints)]
    places = sorted(rng.randint(0, len(prints)) for _ in range(rng.choice((0, 0, 1, 2, 3, 5))))
    names, states = ("g1", "g2"), ("open", "open", "lost", "close")
    return tuple(
        (
            place,
            DataGap(
                rng.choice(names),
                rng.choice(states),  # type: ignore[arg-type]
                instants[place],
                instants[place] - rng.randint(0, 60) * SECOND_NS,
                rng.choice((None, instants[place], instants[place] - SECOND_NS, instants[place] + 9 * SECOND_NS)),
                rng.choice(("", "no REST")),
            ),
        )
        for place in places
    )


def any_plans() -> st.SearchStrategy[Plan]:
    """Plans whose every field may be anything."""
    return st.builds(random_plan, st.randoms(use_true_random=False))


def any_scenarios(most_prints: int = 60, most_plans: int = 3) -> st.SearchStrategy[Scenario]:
    """Scenarios small enough to shrink."""
    return st.builds(
        random_scenario, st.randoms(use_true_random=False), st.just(most_prints), st.integers(1, most_plans)
    )


def sliced(prints: Iterable[Print], usable: Flag) -> SymbolSlice:
    """One piece of tape as the dataflow hands it to a book: tagged, cut by symbol, without useless prints."""
    rows = list(prints)
    frame = TickFrame(
        (SYMBOL,),
        np.zeros(len(rows), dtype=np.uint16),
        np.array([each.at_ns for each in rows], dtype=np.int64),
        np.array([each.price for each in rows], dtype=np.float64),
        np.array([each.flags for each in rows], dtype=np.uint8),
    )
    ((_, piece),) = by_symbol(tag(frame, MINI_DAY), usable)
    return piece
