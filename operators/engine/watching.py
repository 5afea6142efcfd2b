"""Why a profile is only to be watched: the first reason in the order of `WatchReason`, with its numbers."""

from dataclasses import dataclass

from operators.engine.expected_move import ExpectedMove
from operators.engine.inputs import EngineInput
from operators.engine.profile import ProfileTarget, WatchReason
from operators.engine.styles import EXPECTED_MOVE_CAP, STYLES
from operators.prices import plain


@dataclass(frozen=True, slots=True)
class Watch:
    """A reason and its sentence."""

    reason: WatchReason
    text: str


def watch_atr(atr: float | None) -> Watch:
    """Say what is wrong with an ATR that measures nothing."""
    got = "not available" if atr is None else "zero: nothing has moved"
    return Watch(WatchReason.NO_ATR, f"the ATR is {got}")


def watch_move(move: ExpectedMove | None) -> Watch:
    """Say what is wrong with an expected move that leads nowhere."""
    got = "not available" if move is None else f"zero ({move.basis})"
    return Watch(WatchReason.NO_EXPECTED_MOVE, f"the expected move is {got}")


def watch_stop(atr: float, price: float) -> Watch:
    """Say that the style's limits leave the stop no place."""
    text = f"no whole tick above 0 lies within the stop's limits, for an ATR of {plain(atr)} at {plain(price)}"
    return Watch(WatchReason.NO_STOP, text)


def watch_room(move: ExpectedMove) -> Watch:
    """Say that not even one tick lies below the cap."""
    cap = f"{EXPECTED_MOVE_CAP} expected moves of {plain(move.dollars)}"
    return Watch(WatchReason.NO_ROOM, f"no tick ahead of the entry lies within {cap}")


def watch_ladder(asked: EngineInput, first: ProfileTarget, risk: float, size: int | None) -> Watch | None:
    """Return why a complete ladder is not to be traded, or None.  `risk`: dollars per share."""
    rule = STYLES[asked.style]
    if first.r < rule.minimum_reward_to_risk:
        pays = f"target 1 at {plain(first.price)} pays {first.r:.2f} R, less than {rule.minimum_reward_to_risk:.2f}"
        text = f"{pays}, and no level within {EXPECTED_MOVE_CAP} expected moves pays more"
        return Watch(WatchReason.RR_FLOOR, text)
    if rule.within_session and asked.session_minutes_left == 0:
        return Watch(WatchReason.SESSION_OVER, f"the session is over, and the {asked.style} style ends with it")
    if size == 0 and asked.risk_budget is not None:
        text = f"one share risks {plain(risk)}, more than the budget of {plain(asked.risk_budget)}"
        return Watch(WatchReason.BUDGET, text)
    return None
