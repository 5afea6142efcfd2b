"""Databases that a run of the flow wrote, and clients of an API over them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from flows.cli import run
from flows.options import ReplayOptions
from flows.replay import prepare
from flows.run_replay import replay_and_show
from flows.simulation.demo_day import DEMO_CANCELS, write_demo
from sinks.database import open_database
from sinks.schema import ensure_schema
from tests.api.serving import PATIENT

NOW_NS = 1_781_800_000_000_000_000
"""2026-06-18T16:26:40Z, the day after the demo's: a Thursday, the market open."""


@dataclass
class Demo:
    """The demo's folder, its database, and the databases of runs that stopped earlier, by instant."""

    folder: Path
    url: str
    cut: dict[int, str] = field(default_factory=dict)

    def until(self, at_ns: int) -> str:
        """The database of the same run, stopped at an instant."""
        if at_ns not in self.cut:
            self.cut[at_ns] = _replayed(self.folder, f"until-{at_ns}", at_ns)
        return self.cut[at_ns]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's day, replayed with the plans that are given, and no others."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, 1)
    return Demo(folder, _replayed(folder, "demo"))


def _replayed(folder: Path, name: str, to_ns: int | None = None) -> str:
    url, tape = f"sqlite:///{folder / f'{name}.db'}", next(folder.glob("*.csv.gz"))
    plans, events = folder / "plans.json", folder / "events.csv"
    options = ReplayOptions(paths=(tape,), plans=plans, events=events, database=url, to_ns=to_ns)
    prepared = prepare(options)
    prepared = replace(prepared, replay=replace(prepared.replay, cancels=DEMO_CANCELS))
    replay_and_show(prepared, as_json=True, quiet=True)
    return url


@pytest.fixture(scope="session")
def scan_url(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of a replay with a scan."""
    files = shared_data / "flatfiles" / "us_stocks_sip"
    url = f"sqlite:///{tmp_path_factory.mktemp('scan') / 'scan.db'}"
    tape = files / "trades_v1" / "2013" / "10" / "2013-10-07.csv.gz"
    assert run(["replay", str(tape), "--bars", str(files), "--db", url, "--symbols", "AIG,IBM", "--json", "-q"]) == 0
    return url


MakeClient = Callable[..., TestClient]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes a client of an API over a database; its clock stands still the day after the demo's."""
    entered: list[TestClient] = []

    def make(url: str, **settings: object) -> TestClient:
        options: dict[str, object] = {**PATIENT, "clock": lambda: NOW_NS, "price_s": 0.05, **settings}
        client = TestClient(create_app(ApiSettings(url, **options)), raise_server_exceptions=False)  # type: ignore[arg-type]
        client.__enter__()
        entered.append(client)
        return client

    yield make
    for client in entered:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: MakeClient, demo: Demo) -> TestClient:
    """A client over the demo's database."""
    return make_client(demo.url)


@pytest.fixture
def empty_url(database_url: str) -> str:
    """A database of either engine with its tables and nothing in them."""
    engine = open_database(database_url)
    ensure_schema(engine)
    engine.dispose()
    return database_url
