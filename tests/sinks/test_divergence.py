"""A stored row is never given another content: what differs is kept out, counted and described."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from operators.events import Kind, PlanEvent
from operators.rows import Batch, PlanRow, ScanRow
from operators.times import parse_instant
from sinks.reader import stream_of
from sinks.writer import SinkWriter

AT_NS = parse_instant("2013-10-08T13:30:00Z")
SCAN = ScanRow(
    *("A", "vwap_reclaim", "long", AT_NS, "2013-10-08", 1, "A.vwap_reclaim.long.20131008.1", True, 0.5),
    *({"shares": 3}, {"atr": 0.25}, [{"name": "coverage", "met": True}]),
)
MakeEvent = Callable[..., PlanEvent]
MakePlan = Callable[..., PlanRow]
BODY: dict[str, Any] = {"plan_id": "P1", "version": 1, "stop": 99.0, "targets": [{"price": 101.0}]}
"""Of the plan that `make_plan` makes."""
Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]
Positions = Callable[[sa.Engine], list[tuple[str, int, int]]]


def test_an_event_with_other_content_is_kept_out_counted_and_described(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, contents: Contents, positions: Positions
) -> None:
    writer.write(Batch(events=(make_event("P1", 3, kind=Kind.STOPPED), make_event("P1", 4))))
    before = positions(engine)
    other = make_event("P1", 3, kind=Kind.TARGET_HIT, price=101.0)
    more = make_event("P1", 4, version=2), make_event("P1", 5), make_event("P2", 1)
    report = writer.write(Batch(events=(other, *more)))
    assert (report.events, report.divergences) == (1, 2)
    assert report.first_divergence == (
        "plan P1 seq 3: stored stopped at 2013-10-08T13:30:00.000000003Z, "
        "now target_hit at 2013-10-08T13:30:00.000000003Z; price 99.5 became 101.0"
    )
    assert positions(engine) == [*before, ("P2", 1, 3)], "a plan that diverged goes no further"
    assert contents(engine)["plan_events"][0][4] == "stopped"
    with engine.connect() as connection:
        stream = stream_of(connection, "tape")
    assert stream is not None
    assert stream.divergences == 2


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"symbol": "MSFT"},
        {"kind": Kind.AT_RISK},
        {"at_ns": 1},
        {"price": None},
        {"price": 99.50000000000001},
        {"data": {"why": "another", "level": 99.5}},
    ],
    ids=lambda change: "-".join(change),
)
def test_no_field_of_an_event_may_change(writer: SinkWriter, make_event: MakeEvent, change: dict[str, Any]) -> None:
    writer.write(Batch(events=(make_event(),)))
    report = writer.write(Batch(events=(make_event(**change),)))
    assert (report.events, report.divergences) == (0, 1)


def test_two_contents_in_one_batch_diverge_too(writer: SinkWriter, make_event: MakeEvent) -> None:
    report = writer.write(Batch(events=(make_event(), make_event(price=1.0))))
    assert (report.events, report.divergences) == (0, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"actionable": False, "confidence": 0.25}, "actionable, confidence"), ({"profile": {"shares": 7}}, "profile")],
)
def test_a_scan_result_with_other_content_is_kept_out_counted_and_described(
    engine: sa.Engine, writer: SinkWriter, contents: Contents, change: dict[str, Any], told: str
) -> None:
    """A run with another risk budget, say: its plans are the same, and their sizes are not."""
    assert writer.write(Batch(scan_results=(SCAN,))).divergences == 0
    before = contents(engine)["scan_results"]
    report = writer.write(Batch(scan_results=(replace(SCAN, **change), replace(SCAN, at_ns=SCAN.at_ns + 1))))
    assert (report.scan_results, report.divergences) == (1, 1)
    assert report.first_divergence == (
        f"scan of A, vwap_reclaim long at 2013-10-08T13:30:00Z: stored with another {told}"
    )
    assert contents(engine)["scan_results"][0] == before[0]
    assert writer.write(Batch(scan_results=(SCAN, SCAN))).divergences == 0


def test_a_plan_with_other_content_is_kept_out_counted_and_described(
    engine: sa.Engine, writer: SinkWriter, make_plan: MakePlan, contents: Contents
) -> None:
    writer.write(Batch(plans=(make_plan(),)))
    report = writer.write(Batch(plans=(make_plan(body={**BODY, "stop": 98.0}), make_plan("P2"))))
    assert (report.plans, report.divergences) == (1, 1)
    assert report.first_divergence == (
        "plan P1 version 1: stored registered at 2013-10-08T13:30:00Z, "
        "now registered at 2013-10-08T13:30:00Z; its body differs in stop"
    )
    assert contents(engine)["plans"][0][6]["stop"] == 99.0
    assert writer.write(Batch(plans=(make_plan(registered_ns=5),))).divergences == 1
