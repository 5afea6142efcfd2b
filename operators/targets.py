"""What a plan's levels are worth: reward to risk, distances, and where the last price leaves the position.

Formulas: R = signed move / |fill - stop| (Van Tharp); MFE, MAE: extreme R since the fill (Sweeney), MAE 0 or below.
"""

import msgspec

from operators.plans import Plan
from operators.prices import tidy
from operators.state import PlanState, effective_stop, initial_risk


class LadderMeasure(msgspec.Struct, frozen=True, gc=False):
    """A plan's ladder before any tick.  `risk`: dollars per share from entry to stop; `reward_to_risk` per target.

    Both are None for a market entry without a reference price.
    """

    risk: float | None
    reward_to_risk: tuple[float, ...] | None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where a plan stands at its last price.  R in units of initial risk, distances in dollars; None: not defined yet.

    `open_r` counts only what is left of the position.  `rr_to_next_target` is reward to the next unhit target over
    risk to the effective stop, from the last price once entered, from the entry before.
    """

    effective_stop: float
    open_r: float | None
    mfe_r: float | None
    mae_r: float | None
    rr_to_next_target: float | None
    to_next_target: float | None
    to_stop: float | None


Worth = tuple[float, float | None, float | None, float | None, float | None]
"""`effective_stop`, `open_r`, `mfe_r`, `mae_r` and `rr_to_next_target` of a Standing."""


def profile(plan: Plan) -> LadderMeasure:
    """Measure a plan's ladder from its entry price."""
    entry, sign = plan.entry.price, plan.sign
    if entry is None or sign * (entry - plan.stop) <= 0:
        return LadderMeasure(None, None)
    risk = initial_risk(plan, entry)
    ratios = [tidy(sign * tidy(target.price - entry) / risk) for target in plan.targets]  # `in_r`, the risk known
    return LadderMeasure(risk, tuple(ratios))


def standing(plan: Plan, state: PlanState) -> Standing:
    """Measure a plan at its last eligible price."""
    measured = worth(plan, state)
    stop, last = measured[0], state.last_price
    target = _next_price(plan, state) if last is not None else None
    return Standing(*measured, _distance(plan, last, target), _distance(plan, stop, last))


def worth(plan: Plan, state: PlanState) -> Worth:
    """As `standing`, and no more than a row of the database holds: made once for every row that is written.

    Before the entry nothing has been won or lost, and the stop is the plan's.
    """
    fill, last = state.fill_price, state.last_price
    if fill is None:
        return plan.stop, None, None, None, _reward_to_risk(plan, state, plan.entry.price, plan.stop)
    stop, sign, risk = effective_stop(plan, state), plan.sign, initial_risk(plan, fill)
    open_r = mfe_r = mae_r = None
    if last is not None:
        open_r = tidy(state.remaining_fraction * (sign * tidy(last - fill) / risk))
    if state.high is not None and state.low is not None:
        best, worst = (state.high, state.low) if sign > 0 else (state.low, state.high)
        mfe_r, mae_r = tidy(sign * tidy(best - fill) / risk), tidy(sign * tidy(worst - fill) / risk)
    return stop, open_r, mfe_r, mae_r, _reward_to_risk(plan, state, last, stop)


def _next_price(plan: Plan, state: PlanState) -> float | None:
    return plan.targets[state.targets_hit].price if state.targets_hit < len(plan.targets) else None


def _distance(plan: Plan, low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else tidy(plan.sign * (high - low))


def _reward_to_risk(plan: Plan, state: PlanState, origin: float | None, stop: float) -> float | None:
    target = _next_price(plan, state)
    if origin is None or target is None or not state.live:
        return None
    sign = plan.sign
    risk = tidy(sign * (origin - stop))
    return tidy(tidy(sign * (target - origin)) / risk) if risk > 0 else None
