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


@st.composite
def many_outcomes(draw: st.DrawFn) -> list[TradeOutcome]:
    """Outcomes of every standing, some at the same instant, each plan once."""
    made = []
    for number in range(draw(st.integers(0, 25))):
        n_targets = draw(st.integers(1, 3))
        entered = draw(st.booleans())
        claims = st.lists(st.floats(0, 1), min_size=n_targets, max_size=n_targets).map(tuple)
        made.append(
            outcome(
                f"p{number}",
                draw(st.integers(-200, 400)) / 100 if entered else 0.0,
                strategy=draw(st.sampled_from(["ema_pullback", "gap_fill"])),
                style=draw(st.sampled_from(Style)),
                direction=draw(st.sampled_from(Direction)),
                phase=draw(st.sampled_from(Phase)),
                entered=entered,
                at_ns=NOON_NS + draw(st.integers(0, 5)) * MINUTE_NS,
                probabilities=draw(st.just(()) | claims),
                n_targets=n_targets,
                targets_hit=draw(st.integers(0, n_targets)) if entered else 0,
                actionable=draw(st.booleans()),
            )
        )
    return made
