"""The table of phases, and the one way to move through it: an event that the table allows, next in its plan's order."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from operators import why
from operators.data_gaps import DataGap, marked_after_end, parted
from operators.events import Kind, PlanEvent
from operators.state import LIVE, Phase, PlanState

NEXT: Final[Mapping[Phase, Mapping[Kind, Phase]]] = MappingProxyType(
    {
        Phase.WAITING: {
            Kind.ENTERED: Phase.OPEN,
            Kind.INVALIDATED: Phase.INVALIDATED,
            Kind.MISSED: Phase.MISSED,
            Kind.EXPIRED: Phase.EXPIRED,
            Kind.CANCELLED: Phase.CANCELLED,
            Kind.REPLACED: Phase.REPLACED,
            Kind.GATED: Phase.WAITING,
            Kind.UNGATED: Phase.WAITING,
        },
        **{
            phase: {
                Kind.TARGET_HIT: Phase.SCALED,
                Kind.COMPLETED: Phase.COMPLETED,
                Kind.STOPPED: Phase.STOPPED,
                Kind.EXPIRED: Phase.EXPIRED,
                Kind.CANCELLED: Phase.CANCELLED,
                Kind.REPLACED: Phase.REPLACED,
                Kind.TRAIL_RAISED: phase,
                Kind.AT_RISK: phase,
                Kind.RECOVERED: phase,
                Kind.GATED: phase,
                Kind.UNGATED: phase,
            }
            for phase in (Phase.OPEN, Phase.SCALED)
        },
        Phase.COMPLETED: {},  # terminal: nothing leads out
        Phase.STOPPED: {Kind.REPLAN: Phase.STOPPED},  # a word about what came after; the plan stays what it is
        Phase.INVALIDATED: {Kind.REPLAN: Phase.INVALIDATED},
        Phase.MISSED: {},
        Phase.EXPIRED: {},
        Phase.CANCELLED: {},
        Phase.REPLACED: {},
    }
)


ENDS: Final = frozenset(kind for phase in LIVE for kind, after in NEXT[phase].items() if after not in LIVE)
"""The kinds of event that end a version of a plan."""


class LifecycleError(RuntimeError):
    """An event that the table does not allow: a defect of the caller, never of the input."""


Stepped = tuple[PlanState, tuple[PlanEvent, ...]]
"""A plan's new state, and what happened on the way, in order."""


def happen(state: PlanState, kind: Kind, at_ns: int, price: float | None, data: dict[str, Any]) -> Stepped:
    """Write the next event and move to the phase that the table gives for it."""
    try:
        phase = NEXT[state.phase][kind]
    except KeyError:
        allowed = ", ".join(NEXT[state.phase]) or "nothing (terminal)"
        msg = f"plan {state.plan_id} in phase {state.phase} cannot be {kind}; allowed: {allowed}"
        raise LifecycleError(msg) from None
    state = replace(state, phase=phase, last_seq=state.last_seq + 1, updated_ns=max(state.updated_ns, at_ns))
    data = honest(state, data, at_ns)
    if state.gaps_ahead and not state.live:
        state = replace(state, data_gap=_mark_left(state, at_ns), gaps_ahead=())
    event = PlanEvent(state.plan_id, state.version, state.last_seq, state.symbol, kind, at_ns, price, data)
    return state, (event,)


def _mark_left(state: PlanState, ended_ns: int) -> DataGap | None:
    """What marks a plan that ended at an instant, though more was told before that was decided."""
    _, later = parted(state.gaps_ahead, ended_ns)
    return marked_after_end(state.gap_known(ended_ns), later, state.began_ns)


def honest(state: PlanState, data: dict[str, Any], at_ns: int) -> dict[str, Any]:
    """Let an event say that prints were lost that might have made it another, where that was known at its time."""
    gap = state.gap_known(at_ns)
    if gap is None or gap.state != "lost":
        return data
    return {**data, "data_gap": True, "why": f"{data['why']}; {why.missing(gap)}"}
