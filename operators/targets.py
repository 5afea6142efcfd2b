"""What a plan's levels are worth: reward to risk, distances, and where the last price leaves the position.

Formulas: R = signed move / |fill - stop| (Van Tharp); MFE, MAE: extreme R since the fill (Sweeney), MAE 0 or below.
"""

import msgspec

from operators.plans import Plan
from operators.prices import tidy
from operators.state import PlanState, effective_stop, in_r, initial_risk


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


def profile(plan: Plan) -> LadderMeasure:
    """Measure a plan's ladder from its entry price."""
    if plan.entry.price is None or plan.sign * (plan.entry.price - plan.stop) <= 0:
        return LadderMeasure(None, None)
    risk = initial_risk(plan, plan.entry.price)
    ratios = tuple(tidy(in_r(plan, plan.entry.price, target.price)) for target in plan.targets)
    return LadderMeasure(risk, ratios)


def standing(plan: Plan, state: PlanState) -> Standing:
    """Measure a plan at its last eligible price."""
    if state.fill_price is None:
        return _standing_before_entry(plan, state)
    stop = effective_stop(plan, state)
    return Standing(
        effective_stop=stop,
        open_r=_open_r(plan, state),
        mfe_r=_extreme_r(plan, state, best=True),
        mae_r=_extreme_r(plan, state, best=False),
        rr_to_next_target=_reward_to_risk(plan, state, stop),
        to_next_target=_distance(plan, state.last_price, _next_price(plan, state)),
        to_stop=_distance(plan, stop, state.last_price),
    )


def _standing_before_entry(plan: Plan, state: PlanState) -> Standing:
    """As `standing` where nothing was bought or sold yet: the stop is the plan's, and nothing has been won or lost."""
    last, target = state.last_price, plan.targets[0].price
    return Standing(
        effective_stop=plan.stop,
        open_r=None,
        mfe_r=None,
        mae_r=None,
        rr_to_next_target=_reward_to_risk(plan, state, plan.stop),
        to_next_target=None if last is None else _distance(plan, last, target),
        to_stop=None if last is None else _distance(plan, plan.stop, last),
    )


def _open_r(plan: Plan, state: PlanState) -> float | None:
    if state.fill_price is None or state.last_price is None:
        return None
    return tidy(state.remaining_fraction * in_r(plan, state.fill_price, state.last_price))


def _extreme_r(plan: Plan, state: PlanState, *, best: bool) -> float | None:
    if state.fill_price is None or state.high is None or state.low is None:
        return None
    return tidy(in_r(plan, state.fill_price, state.high if best == (plan.sign > 0) else state.low))


def _next_price(plan: Plan, state: PlanState) -> float | None:
    return plan.targets[state.targets_hit].price if state.targets_hit < len(plan.targets) else None


def _distance(plan: Plan, low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else tidy(plan.sign * (high - low))


def _reward_to_risk(plan: Plan, state: PlanState, stop: float) -> float | None:
    origin = state.last_price if state.fill_price is not None else plan.entry.price
    reward, risk = _distance(plan, origin, _next_price(plan, state)), _distance(plan, stop, origin)
    if not state.live or reward is None or risk is None or risk <= 0:
        return None
    return tidy(reward / risk)
