"""Outcomes for examples and for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from operators.backtest.outcome import TradeOutcome
from operators.plans import Direction, Style
from operators.state import Phase

NOON_NS = 1_381_248_000_000_000_000
MINUTE_NS = 60_000_000_000


def outcome(plan_id: str, r: float = 0.0, **changes: Any) -> TradeOutcome:
    """A finished intraday long with two targets; what it claimed and hit as told."""
    fields: dict[str, Any] = {
        "symbol": "TEST",
        "strategy": "vwap_reclaim",
        "style": Style.INTRADAY,
        "direction": Direction.LONG,
        "phase": Phase.STOPPED,
        "entered": True,
        "mfe_r": max(r, 0.0),
        "mae_r": min(r, 0.0),
        "at_ns": NOON_NS,
        "probabilities": (),
        "targets_hit": 0,
        "n_targets": 2,
    }
    return TradeOutcome(plan_id=plan_id, realized_r=r, **(fields | changes))


# Made once: making a strategy costs more than drawing from it.
COUNTS = st.integers(0, 25)
TARGETS = st.integers(1, 3)
YES_OR_NO = st.booleans()
R_HUNDREDTHS = st.integers(-200, 400)
STRATEGIES = st.sampled_from(["ema_pullback", "gap_fill"])
STYLES, DIRECTIONS, PHASES = st.sampled_from(Style), st.sampled_from(Direction), st.sampled_from(Phase)
MINUTES = st.integers(0, 5)
CLAIMS = {count: st.just(()) | st.tuples(*[st.floats(0, 1)] * count) for count in (1, 2, 3)}
HITS = {count: st.integers(0, count) for count in (1, 2, 3)}


@st.composite
def many_outcomes(draw: st.DrawFn) -> list[TradeOutcome]:
    """Outcomes of every standing, some at the same instant, each plan once."""
    made = []
    for number in range(draw(COUNTS)):
        n_targets = draw(TARGETS)
        entered = draw(YES_OR_NO)
        made.append(
            outcome(
                f"p{number}",
                draw(R_HUNDREDTHS) / 100 if entered else 0.0,
                strategy=draw(STRATEGIES),
                style=draw(STYLES),
                direction=draw(DIRECTIONS),
                phase=draw(PHASES),
                entered=entered,
                at_ns=NOON_NS + draw(MINUTES) * MINUTE_NS,
                probabilities=draw(CLAIMS[n_targets]),
                n_targets=n_targets,
                targets_hit=draw(HITS[n_targets]) if entered else 0,
                actionable=draw(YES_OR_NO),
            )
        )
    return made
