"""Questions for the engine: a long intraday idea at 100, ATR 1, expected move 5, one-cent ticks, unless told otherwise.

So target ideals are 2.25, 4.00 and 5.50 ahead, the cap 5.50, the window 0.20, the spacing 0.35, the stop 0.90 to 2.00.
"""

from typing import Any

from hypothesis import strategies as st

from operators.engine.expected_move import ExpectedMove, MoveBasis
from operators.engine.inputs import EngineInput
from operators.engine.profile import TargetProfile
from operators.engine.trace import SnapLine
from operators.levels.level import Level, LevelKind
from operators.plans import Direction, Style

AS_OF_NS = 1_381_240_800_000_000_000
"""2013-10-08 10:00 New York."""

TICK = 0.01


def level(price: float, strength: float = 0.5, kind: LevelKind = LevelKind.PRIOR_DAY_HIGH, known_ns: int = 0) -> Level:
    """A level known since long ago."""
    return Level(price, kind, strength, 0, known_ns)


def move(dollars: float) -> ExpectedMove:
    """An expected move from realised volatility."""
    return ExpectedMove(dollars, MoveBasis.REALIZED, AS_OF_NS)


def ask(*levels: Level, em: float | None = 5.0, **changes: Any) -> EngineInput:
    """The question of the examples, with these levels."""
    fields: dict[str, Any] = {
        "symbol": "TEST",
        "style": Style.INTRADAY,
        "direction": Direction.LONG,
        "reference": 100.0,
        "as_of_ns": AS_OF_NS,
        "atr": 1.0,
        "expected_move": None if em is None else move(em),
        "levels": levels,
        "tick": TICK,
    }
    return EngineInput(**(fields | changes))


def line_of(profile: TargetProfile, price: float) -> SnapLine:
    """The only line of the trace at a price."""
    (found,) = [line for line in profile.snap_trace if line.price == price]
    return found


def prices(profile: TargetProfile) -> list[float]:
    """Where the targets are."""
    return [target.price for target in profile.targets]


HALF_TICKS = st.integers(-60, 60).map(lambda tenths: tenths * 20) | st.integers(-1_200, 1_200)
"""Levels in half ticks around the reference: whole dimes, so that many tie, or anywhere, also between two prices."""


# Made once: making a strategy costs more than drawing from it.
LEVELS = st.lists(HALF_TICKS, max_size=12)
KINDS = st.sampled_from(list(LevelKind))
STRENGTHS = st.sampled_from([0.3, 0.9])
KNOWN = st.sampled_from([0, 0, AS_OF_NS, AS_OF_NS + 1])
STYLES = st.sampled_from(list(Style))
DIRECTIONS = st.sampled_from(list(Direction))
NEAR = st.integers(-40, 40)
ATRS = st.integers(20, 400).map(lambda cents: cents / 100) | st.sampled_from([0.001, 0.004, 0.03])
MOVES = st.integers(10, 1_500).map(lambda cents: cents / 100) | st.sampled_from([0.002, 0.008])
BUDGETS = st.none() | st.integers(0, 50_000).map(lambda cents: cents / 100)
MAYBE_NEAR = st.none() | NEAR
MINUTES_LEFT = st.sampled_from([None, 0.0, 17.0, 390.0])


@st.composite
def questions(draw: st.DrawFn, around: float = 100.0) -> EngineInput:
    """Any question with an ATR and a move, some too small for a tick: 12 levels at most, some of them of the future."""
    levels = tuple(
        Level(
            price=round(around + half * TICK / 2, 3),
            kind=draw(KINDS),
            strength=draw(STRENGTHS),
            since_ns=0,
            available_at_ns=draw(KNOWN),
        )
        for half in draw(LEVELS)
    )
    last = draw(MAYBE_NEAR)
    return ask(
        *levels,
        style=draw(STYLES),
        direction=draw(DIRECTIONS),
        reference=round(around + draw(NEAR) * TICK / 2, 3),
        atr=draw(ATRS),
        em=draw(MOVES),
        risk_budget=draw(BUDGETS),
        last=None if last is None else round(around + last * TICK / 2, 3),
        session_minutes_left=draw(MINUTES_LEFT),
    )
