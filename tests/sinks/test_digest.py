"""The digest: one number for one story, however it came into whichever database."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import asdict

from operators.events import PlanEvent
from operators.rows import Batch, StateRow
from sinks import digest as digest_module
from sinks.database import open_database
from sinks.digest import digest
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter

GAPS = (None, {"name": "1-1", "state": "lost", "at_ns": 3, "from_ns": 1, "to_ns": None, "reason": "≥ 9"})
IDS = ("b", "A", "_", "a", "B", "a.b", "a-b", "a:b")


@pytest.fixture
def story(make_event: Callable[..., PlanEvent], make_state: Callable[..., StateRow]) -> Batch:
    """Ids that locales sort otherwise, floats that do not come out even, a minus zero, text that is not ASCII."""
    events = [
        make_event(plan_id, seq, price=[None, 0.1 + 0.2, 1e-7, 1e22][seq % 4], data={"why": "≥ 99", "z": 1 / seq})
        for seq in range(1, 11)
        for plan_id in IDS
    ]
    states = [
        make_state(plan_id, 10, realized_r=-0.0, open_r=None, mfe_r=2 / 3, data_gap=GAPS[number % 2])
        for number, plan_id in enumerate(IDS)
    ]
    return Batch(events=tuple(events), states=tuple(states))


@pytest.fixture
def both_engines(sqlite_url: str, postgresql_url: str) -> Iterator[list[sa.Engine]]:
    engines = [open_database(url) for url in (sqlite_url, postgresql_url)]
    for engine in engines:
        ensure_schema(engine)
    yield engines
    for engine in engines:
        engine.dispose()


def expected(story: Batch) -> str:
    """The same by the definition, in one piece."""
    ordered = {
        "plan_events": [asdict(e) for e in sorted(story.events, key=lambda e: (e.plan_id, e.seq))],
        "plan_states": [
            {**_whole(asdict(s)), "realized_r": s.realized_r + 0.0}
            for s in sorted(story.states, key=lambda s: s.plan_id)
        ],
    }
    return hashlib.sha256(json.dumps(ordered, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _whole(state: dict[str, Any]) -> dict[str, Any]:
    """A gap that is none is left out."""
    return {name: value for name, value in state.items() if name != "data_gap" or value is not None}


def test_the_digest_is_that_of_the_canonical_json(engine: sa.Engine, story: Batch) -> None:
    SinkWriter(engine, "tape").write(story)
    assert digest(engine) == expected(story)


@pytest.mark.postgres
def test_both_engines_give_one_digest(both_engines: list[sa.Engine], story: Batch) -> None:
    for engine in both_engines:
        SinkWriter(engine, "tape").write(story)
    assert len({digest(engine) for engine in both_engines}) == 1


def test_an_empty_database_has_a_digest(engine: sa.Engine) -> None:
    assert digest(engine) == hashlib.sha256(b'{"plan_events":[],"plan_states":[]}').hexdigest()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_cut_of_the_batches_does_not_show(engine: sa.Engine, story: Batch, size: int) -> None:
    """Nor does the order between plans, which only stream_seq remembers."""
    writer = SinkWriter(engine, "tape")
    for plan_id in reversed(IDS):
        events = [event for event in story.events if event.plan_id == plan_id]
        for start in range(0, len(events), size):
            writer.write(Batch(events=tuple(events[start : start + size])))
    writer.write(Batch(states=story.states))
    assert digest(engine) == expected(story)


def test_the_size_of_the_pieces_does_not_show(engine: sa.Engine, story: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    SinkWriter(engine, "tape").write(story)
    for chunk in (1, 3, len(story.events)):
        monkeypatch.setattr(digest_module, "CHUNK", chunk)
        assert digest(engine) == expected(story)


def test_any_change_of_the_story_shows(engine: sa.Engine, story: Batch) -> None:
    writer = SinkWriter(engine, "tape")
    writer.write(story)
    seen = {digest(engine)}
    for change in (
        "UPDATE plan_events SET price = 1 WHERE plan_id = 'a' AND seq = 3",
        "UPDATE plan_events SET data = '{}' WHERE plan_id = 'a' AND seq = 3",
        "UPDATE plan_states SET phase = 'stopped' WHERE plan_id = 'a'",
        "DELETE FROM plan_events WHERE plan_id = 'a' AND seq = 10",
    ):
        with engine.begin() as connection:
            connection.execute(sa.text(change))
        seen.add(digest(engine))
    assert len(seen) == 5


def test_positions_do_not_show(engine: sa.Engine, story: Batch) -> None:
    SinkWriter(engine, "tape").write(story)
    before = digest(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE plan_events SET stream_seq = stream_seq + 1000"))
    assert digest(engine) == before
