"""Several writers on one database at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, StateRow
from sinks.database import open_database
from sinks.tables import plan_events, plan_states, streams
from sinks.writer import SinkWriter, WriteReport

BATCHES = 15
SIZES = (1, 7, 40)


def test_concurrent_writers_number_events_without_gap_or_repetition(
    engine: sa.Engine, make_event: Callable[..., PlanEvent], make_state: Callable[..., StateRow]
) -> None:
    """Each has plans of its own, and all write one more that is the same for all, as reruns do."""

    def batches(name: str) -> list[Batch]:
        seq, found = 0, []
        for number in range(BATCHES):
            seqs = range(seq + 1, seq + 1 + SIZES[number % len(SIZES)])
            events = [make_event(plan_id, each) for each in seqs for plan_id in (name, "shared")]
            seq = seqs[-1]
            states = (make_state("shared", seq), make_state(name, seq))
            found.append(Batch(events=tuple(events), states=states))
        return found

    def run(name: str) -> list[WriteReport]:
        own = open_database(engine.url.render_as_string(hide_password=False))
        writer = SinkWriter(own, f"stream {name}")
        reports = [writer.write(batch) for batch in batches(name)]
        own.dispose()
        return reports

    names = ("A", "B", "C")
    with ThreadPoolExecutor(len(names)) as pool:
        reports = [report for found in pool.map(run, names) for report in found]

    each = sum(SIZES) * BATCHES // len(SIZES)
    total = each * (len(names) + 1)
    assert sum(report.events for report in reports) == total
    assert [report.first_divergence for report in reports if report.divergences] == []
    with engine.connect() as connection:
        query = sa.select(plan_events.c.plan_id, plan_events.c.seq, plan_events.c.stream_seq)
        rows = connection.execute(query.order_by(plan_events.c.stream_seq)).all()
        states = connection.execute(sa.select(plan_states.c.last_seq)).scalars().all()
        last = connection.scalar(sa.select(sa.func.max(streams.c.last_stream_seq)))
    assert [row[2] for row in rows] == list(range(1, total + 1))
    assert last == total
    for name in (*names, "shared"):
        assert [row[1] for row in rows if row[0] == name] == list(range(1, each + 1))
    assert states == [each] * 4
