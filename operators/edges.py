"""One gate edge for the many plans that meet it at rest: what `lifecycle.step` gives, without taking each through it.

A plan is at rest when the edge is all that is due for it in a slice, and its quiet band holds every tick of the slice
before the edge and after.  Then the edge changes its gate and the ticks its last price, whichever came first.
"""

from dataclasses import dataclass
from typing import Any, Self

from msgspec.structs import replace

from operators.columnar import Ticks, quiet_band
from operators.events import Kind, PlanEvent
from operators.lifecycle import told_of_edge
from operators.plans import Gate
from operators.records import GateEdge
from operators.rows import state_row
from operators.slots import Outcome, Slot


@dataclass(frozen=True, slots=True)
class Meeting:
    """An edge in a slice, and what it says to every plan: `kind` and `data` of the event, the gate in a row.

    `view`: the ticks of the slice, None when there are none; `at_ns`: when the later of edge and last tick was.
    """

    edge: GateEdge
    view: Ticks | None
    at_ns: int
    price: float | None
    kind: Kind
    data: dict[str, Any]
    gate: str

    @classmethod
    def of(cls, edge: GateEdge, view: Ticks | None) -> Self:
        """Prepare what all plans share."""
        at_ns, price = edge.at_ns, None
        if view is not None:
            at_ns, price = max(at_ns, int(view.sip_ns[-1])), float(view.price[-1])
        return cls(edge, view, at_ns, price, *told_of_edge(edge), str(edge.gate))

    def meet(self, slot: Slot, outcome: Outcome) -> bool:
        """Let a plan meet the edge; False, and nothing done, when it is not at rest after all."""
        plan, old = slot.plan, slot.state
        if plan is None or old is None or not old.live or old.gate is self.edge.gate:
            return False
        new = replace(old, gate=self.edge.gate, last_seq=old.last_seq + 1, updated_ns=max(old.updated_ns, self.at_ns))
        if self.view is not None:
            if old.gate is Gate.SUPPRESS and not quiet_band(plan, new).holds(self.view):
                return False
            new = replace(new, last_price=self.price)
            if old.high is not None and old.low is not None:
                new = replace(new, high=max(old.high, self.view.high), low=min(old.low, self.view.low))
        row, symbol = slot.row, new.symbol
        if row is None or new.fill_price is not None:
            row = state_row(plan, new)
        else:  # before the fill a row holds nothing else that could have changed
            row = replace(
                row, gate=self.gate, last_price=new.last_price, last_seq=new.last_seq, updated_ns=new.updated_ns
            )
        slot.state = slot.written = new
        slot.row = row
        event = PlanEvent(new.plan_id, new.version, new.last_seq, symbol, self.kind, self.edge.at_ns, None, self.data)
        outcome.events.append(event)
        outcome.states.append(row)
        return True
