"""Events to hear of, written as a flow writes them.  Without the API: processes that only write start quickly."""

from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from operators.data_gaps import DataGap
from operators.events import Kind, PlanEvent
from operators.lifecycle import register
from operators.plan_json import plan_to_json
from operators.rows import Batch, PlanRow, StateRow, state_row
from operators.state import PlanState
from sinks.database import open_database
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter
from tests.operators.builders import START_NS, make_plan


class Flow:
    """Writes events of plans as the flow would: numbered per plan, in one transaction with the plan's state."""

    def __init__(self, url: str) -> None:
        self.engine: sa.Engine = open_database(url)
        ensure_schema(self.engine)
        self.writer = SinkWriter(self.engine, "tape")
        self.states: dict[str, PlanState] = {}
        self.at_ns = START_NS

    def happen(self, *plan_ids: str, price: float | None = None) -> None:
        """Register plans that are new, and let something happen to the others, all in one batch."""
        plans: list[PlanRow] = []
        events: list[PlanEvent] = []
        for plan_id in plan_ids:
            self.at_ns += 1
            plan = make_plan(plan_id=plan_id, symbol=plan_id.split("-")[0].upper())
            state = self.states.get(plan_id)
            if state is None:
                state, registered = register(plan, self.at_ns)
                events += registered
                row = PlanRow(plan_id, 1, plan.symbol, "swing", "long", self.at_ns, plan_to_json(plan))
                plans.append(row)
            else:
                state = replace(state, last_seq=state.last_seq + 1, updated_ns=self.at_ns)
                kind = (Kind.GATED, Kind.UNGATED)[state.last_seq % 2]
                data = {"action": "allow" if kind is Kind.UNGATED else "defined_risk", "why": f"no {state.last_seq}"}
                events.append(PlanEvent(plan_id, 1, state.last_seq, plan.symbol, kind, self.at_ns, None, data))
            self.states[plan_id] = replace(state, last_price=price or state.last_price)
        self.writer.write(Batch(plans=tuple(plans), events=tuple(events), states=self._rows(plan_ids)))

    def move(self, plan_id: str, price: float, gap: DataGap | None = None) -> None:
        """Let a plan's price move, and a gap mark it or none, with no event."""
        self.at_ns += 1
        moved = replace(self.states[plan_id], last_price=price, updated_ns=self.at_ns, data_gap=gap)
        self.states[plan_id] = moved
        self.writer.write(Batch(states=self._rows([plan_id])))

    def _rows(self, plan_ids: Any) -> tuple[StateRow, ...]:
        return tuple(
            state_row(make_plan(plan_id=each, symbol=each.split("-")[0].upper()), self.states[each])
            for each in dict.fromkeys(plan_ids)
        )

    def close(self) -> None:
        """Disconnect."""
        self.engine.dispose()
