"""The demo of some seeds, written once and replayed, for the tests of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.plan_files import load_plans
from flows.replay import prepare, run
from flows.simulation.demo_day import DEMO_DAY, DemoFiles, write_demo
from operators.events import Kind, PlanEvent
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from operators.plans import Plan
from operators.records import Cancel
from operators.rows import StateRow
from tests.flows.conftest import Replayed, read_back

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Shown:
    """One seed's demo: its files, its plans, and what a replay made of them."""

    files: DemoFiles
    plans: list[Plan]
    events: list[PlanEvent]
    states: dict[str, StateRow]
    meter: Meter

    def of(self, plan_id: str, *kinds: Kind) -> list[PlanEvent]:
        return [event for event in self.events if event.plan_id == plan_id and (not kinds or event.kind in kinds)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], DemoFiles]:
    """The demo of a seed, written once."""

    @cache
    def write(seed: int) -> DemoFiles:
        return write_demo(tmp_path_factory.mktemp("demo"), seed)

    return write


@pytest.fixture(scope="module", params=SEEDS)
def shown(request: pytest.FixtureRequest, written: Callable[[int], DemoFiles]) -> Shown:
    """The demo of each seed, replayed from its files."""
    files = written(request.param)
    day = nyse_calendar().day_on_or_after(DEMO_DAY)
    plans, problems = load_plans(files.plans, PlanDefaults(day.pre_ns, nyse_calendar().close_after))
    assert problems == []
    result = replay_demo(files)
    return Shown(files, plans, result.events, result.states, result.meter)


def replay_demo(files: DemoFiles, cancels: tuple[Cancel, ...] = ()) -> Replayed:
    """Replay the files into a new database beside them."""
    database = f"sqlite:///{files.plans.parent}/run-{len(cancels)}.db"
    prepared = prepare(ReplayOptions((files.tape,), files.plans, database, files.events))
    meter = Meter()
    run(replace(prepared, replay=replace(prepared.replay, cancels=cancels)), meter)
    return read_back(database, meter)
