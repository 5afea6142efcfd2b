"""How proposals ended, read from the tables that a replay fills."""

import msgspec
import sqlalchemy as sa

from operators.backtest.outcome import Standing
from operators.engine.evaluation import evaluate
from operators.engine.expected_move import realized_move
from operators.engine.inputs import EngineInput
from operators.engine.to_plan import PlanIdentity, to_plan
from operators.lifecycle import register, replan, step
from operators.nyse import nyse_calendar
from operators.plans import Direction, Style
from operators.records import Tick
from operators.rows import Batch, ScanRow, state_row
from operators.structured.build import structured_plan
from operators.times import parse_instant
from sinks.outcomes import outcomes, strategies
from sinks.writer import SinkWriter

AT_NS = parse_instant("2013-10-08T10:30:00-04:00")


def proposal(
    plan_id: str, strategy: str, *, ordinal: int | None, move: float, replanned_ns: int | None = None
) -> tuple[ScanRow, Batch]:
    """A proposal with its row, and the batch that registers and stops its plan if it is actionable.

    `replanned_ns`: when a plan that came after it is named, ns UTC; None: never.
    """
    asked = EngineInput(
        symbol="SPY",
        style=Style.SCALP,
        direction=Direction.LONG,
        reference=100.0,
        as_of_ns=AT_NS,
        atr=0.5,
        expected_move=realized_move(1.0, move, 60, AT_NS),
    )
    profile = evaluate(asked)
    identity = PlanIdentity(plan_id, strategy, AT_NS, None)
    document = structured_plan(profile, identity, nyse_calendar().block(AT_NS))
    row = ScanRow(
        symbol="SPY",
        strategy=strategy,
        direction="long",
        at_ns=AT_NS,
        session_date="2013-10-08",
        ordinal=ordinal,
        plan_id=plan_id if profile.actionable else None,
        actionable=profile.actionable,
        confidence=0.75,
        profile=msgspec.to_builtins(document),
        features={},
        conditions=[],
    )
    if not profile.actionable:
        return row, Batch(scan_results=(row,))
    plan = to_plan(profile, identity)
    state, registered = register(plan, AT_NS)
    state, entered = step(plan, state, Tick(AT_NS + 1, 100.0))
    state, stopped = step(plan, state, Tick(AT_NS + 2, plan.stop))
    state, named = (state, ()) if replanned_ns is None else replan(state, replanned_ns, f"{plan_id}.next")
    events = (*registered, *entered, *stopped, *named)
    return row, Batch(events=events, states=(state_row(plan, state),), scan_results=(row,))


def test_a_stopped_proposal_is_a_finished_trade_with_the_odds_it_claimed(engine: sa.Engine) -> None:
    row, batch = proposal("a.1", "alpha", ordinal=1, move=0.4)
    SinkWriter(engine, "tape").write(batch)
    with engine.connect() as connection:
        (found,) = outcomes(connection)
    assert (found.plan_id, found.strategy, found.standing, found.realized_r) == (
        "a.1",
        "alpha",
        Standing.FINISHED,
        -1.0,
    )
    assert found.probabilities == tuple(each["before_stop"] for each in row.profile["probabilities"])
    assert len(found.probabilities) == found.n_targets > 0
    assert found.at_ns == AT_NS + 2


def test_a_word_about_the_next_plan_moves_no_end(engine: sa.Engine) -> None:
    """A stopped plan ended when it was stopped, however much later a `replan` names its successor."""
    _, batch = proposal("a.1", "alpha", ordinal=1, move=0.4, replanned_ns=AT_NS + 10**12)
    SinkWriter(engine, "tape").write(batch)
    with engine.connect() as connection:
        (found,) = outcomes(connection)
    assert batch.states[0].updated_ns == AT_NS + 10**12
    assert found.at_ns == AT_NS + 2


def test_a_plan_that_does_not_pay_is_only_watched(engine: sa.Engine) -> None:
    row, batch = proposal("b.1", "beta", ordinal=1, move=0.01)
    assert not row.actionable
    SinkWriter(engine, "tape").write(batch)
    with engine.connect() as connection:
        (found,) = outcomes(connection)
    assert found.standing is Standing.WATCH


def test_a_withheld_candidate_is_no_proposal_and_a_strategy_can_be_asked_for(engine: sa.Engine) -> None:
    writer = SinkWriter(engine, "tape")
    writer.write(proposal("a.1", "alpha", ordinal=1, move=0.4)[1])
    writer.write(Batch(scan_results=(proposal("b.1", "beta", ordinal=None, move=0.4)[0],)))
    with engine.connect() as connection:
        assert [each.plan_id for each in outcomes(connection)] == ["a.1"]
        assert outcomes(connection, "beta") == []
        assert strategies(connection) == ["alpha", "beta"]
