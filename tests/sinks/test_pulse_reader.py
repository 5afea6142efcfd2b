"""How the flow is doing, read from its tables."""

from collections.abc import Callable

import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, DeadLetter, ProgressRow, StateRow
from sinks.commands import CANCEL, append
from sinks.fencing import set_failure, take
from sinks.pulse_reader import Counts, Pulse, counts_of, pulse_of
from sinks.streams import set_complete, set_inputs
from sinks.writer import SinkWriter

GAP = {"name": "g", "state": "lost", "at_ns": 2, "from_ns": 1, "to_ns": 2, "reason": "no REST"}


def test_a_run_has_a_pulse_from_its_start_to_its_end(engine: sa.Engine) -> None:
    def pulse() -> Pulse:
        with engine.connect() as connection:
            return pulse_of(connection)

    assert pulse() == Pulse(running=False, tape_ns=None)
    set_inputs(engine, "tape", {})
    assert pulse() == Pulse(running=True, tape_ns=None)
    rows = tuple(ProgressRow(symbol, tape_ns, 10, 8, 1, 0, 1) for symbol, tape_ns in (("AAPL", 100), ("MSFT", 90)))
    SinkWriter(engine, "tape").write(Batch(progress=rows))
    assert pulse() == Pulse(running=True, tape_ns=100)
    set_complete(engine, "tape")
    assert pulse() == Pulse(running=False, tape_ns=None)


def test_everything_kept_is_counted_by_meaning(
    engine: sa.Engine, make_event: Callable[..., PlanEvent], make_state: Callable[..., StateRow]
) -> None:
    ended = make_state("P4", phase="stopped", data_gap=GAP)
    batch = Batch(
        events=(make_event("P1", 1), make_event("P2", 1), make_event("P3", 1)),
        states=(make_state("P1"), make_state("P2"), make_state("P3", phase="waiting", data_gap=GAP), ended),
        dead_letters=tuple(DeadLetter("day.csv", row, "price", "not a number", "x") for row in (1, 2)),
    )
    with engine.connect() as connection:
        assert counts_of(connection) == Counts({}, 0, 0, 0, 0, 0)
    SinkWriter(engine, "tape").write(batch)
    with engine.begin() as connection:
        append(connection, CANCEL, "P1", None, 1, None)
    with engine.connect() as connection:
        assert counts_of(connection) == Counts({"open": 2, "stopped": 1, "waiting": 1}, 3, 0, 2, 1, 1)


def test_a_run_that_gave_up_says_so_until_another_takes_the_stream(engine: sa.Engine) -> None:
    """Its words stay while the stream is unfinished and nobody has taken it up."""

    def failure() -> str | None:
        with engine.connect() as connection:
            return pulse_of(connection).failure

    token = take(engine, "tape")
    set_failure(engine, "tape", token, "the disk is full")
    assert failure() is None  # a stream that reads nothing has no pulse
    set_inputs(engine, "tape", {})
    assert failure() == "the disk is full"
    take(engine, "tape")
    assert failure() is None
