"""Running replays in tests: options in, events and states out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from operators.events import PlanEvent
from operators.rows import StateRow
from sinks.database import open_database
from sinks.digest import digest
from sinks.reader import events_after, plan_standings


@dataclass(frozen=True)
class Replayed:
    """What a replay left in its database."""

    events: list[PlanEvent]
    states: dict[str, StateRow]
    digest: str
    meter: Meter
    database: str


ReplayRunner = Callable[..., Replayed]


@pytest.fixture
def replayed(tmp_path: Path) -> ReplayRunner:
    """Replay files with plans given as data; each call has a database of its own unless one is named."""
    return replaying_in(tmp_path)


def replaying_in(folder: Path) -> ReplayRunner:
    """A runner of replays whose files lie in a folder."""
    count = 0

    def runner(
        paths: Sequence[Path], plans: list[dict[str, Any]], *, events: str | None = None, **options: Any
    ) -> Replayed:
        nonlocal count
        count += 1
        plans_file = folder / f"plans-{count}.json"
        plans_file.write_text(json.dumps(plans))
        if events is not None:
            options["events"] = folder / f"events-{count}.csv"
            options["events"].write_text(events)
        options.setdefault("database", f"sqlite:///{folder}/run-{count}.db")
        prepared = prepare(ReplayOptions(tuple(paths), plans_file, **options))
        meter = Meter()
        run(prepared, meter)
        return read_back(options["database"], meter)

    return runner


def read_back(database: str, meter: Meter) -> Replayed:
    """Read everything a replay wrote."""
    engine = open_database(database)
    try:
        with engine.connect() as connection:
            events = [event for _, event in events_after(connection, 0, 10_000_000)]
            states = {each.state.plan_id: each.state for each in plan_standings(connection)}
        return Replayed(events, states, digest(engine), meter, database)
    finally:
        engine.dispose()
