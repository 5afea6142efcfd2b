"""The proof: one undisturbed run, then tormented ones over the same tape, with every kind of database and cluster."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from flows.chaos.tormenting import live, torment
from flows.errors import CommandError
from flows.options import ReplayOptions
from flows.simulation.tape import write_tape
from flows.simulation.universe import universe
from flows.simulation.workload import write_events, write_plans
from operators.nyse import nyse_calendar
from sinks.database import open_database, reading
from sinks.digest import digest
from sinks.tables import plan_events, streams

DAY: Final = date(2026, 10, 1)
NEAR_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Torment:
    """What is asked: sizes, the seed of everything, how many deaths per case, and the cases.

    `postgres`: URL of a server's maintenance database, where databases are made and dropped, None: SQLite alone;
    `sqlite` False: PostgreSQL alone.  `batch_rows` None: frames as they come, which are cut ahead.
    """

    ticks: int
    symbols: int
    plans: int
    seed: int
    kills: int
    workers: Sequence[int]
    postgres: str | None
    batch_rows: int | None
    snapshot_s: float
    sqlite: bool = True


def prove(asked: Torment, folder: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Run everything; return the report.  Raises CommandError when any bytes differ, or a run fails by itself."""
    whole = _workload(asked, folder)
    told(f"seed {asked.seed}: {asked.ticks:,} ticks, undisturbed first")
    expected = _undisturbed(whole)
    told(f"digest {expected['digest'][:16]}, {expected['events']:,} events")
    cases = []
    for number, (kind, workers) in enumerate(product(_kinds(asked), asked.workers)):
        home = folder / f"case-{number}"
        options = replace(
            whole,
            workers=workers,
            batch_rows=asked.batch_rows,
            recovery=home / "kept",
            snapshot_s=asked.snapshot_s,
        )
        with _home(home, asked.postgres if kind == "postgresql" else None) as (url, anew):
            case = _Case(f"{kind}, {workers} workers, seed {asked.seed}", replace(options, database=url), anew, told)
            cases.append({"database": kind, "workers": workers} | case.tormented(asked, kind, expected))
    return {"seed": asked.seed, "ticks": asked.ticks, "plans": asked.plans, **expected, "cases": cases}


@dataclass(frozen=True, slots=True)
class _Case:
    """One kind of database and cluster; `anew` gives it an empty database and recovery directory."""

    label: str
    options: ReplayOptions
    anew: Callable[[], None]
    told: Callable[[str], None]

    def tormented(self, asked: Torment, kind: str, expected: dict[str, Any]) -> dict[str, Any]:
        """Kill as often as asked; every end that a run comes to is held against the undisturbed one's."""

        def ended() -> None:
            found = facts(self.options.database)
            pairs = [(name, found[name], value) for name, value in expected.items()]
            wrong = [f"{name} {one} instead of {other}" for name, one, other in pairs if one != other]
            if wrong:
                msg = f"chaos: {self.label}: {', '.join(wrong)}, which an undisturbed run has"
                raise CommandError(msg)
            self.anew()

        began, rng = time.monotonic(), Random(f"{asked.seed} {kind} {self.options.workers}")
        found = torment(self.options, asked.kills, rng, ended, lambda line: self.told(f"{self.label}: {line}"))
        counts = {"deaths": found.deaths.total(), "starts": found.starts, "equal_ends": found.ends}
        return {**counts, "seconds": round(time.monotonic() - began, 1), **expected, "by_site": dict(found.deaths)}


def _kinds(asked: Torment) -> list[str]:
    return ["sqlite"] * asked.sqlite + ["postgresql"] * (asked.postgres is not None)


def facts(url: str) -> dict[str, Any]:
    """What a database holds: its digest, events, divergences, and plans whose numbers are not 1, 2, 3 and so on."""
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            count, last = sa.func.count(), sa.func.max(plan_events.c.seq)
            broken = sa.select(plan_events.c.plan_id).group_by(plan_events.c.plan_id).having(count != last)
            found = {
                "events": connection.scalar(sa.select(count).select_from(plan_events)),
                "divergences": connection.scalar(sa.select(sa.func.sum(streams.c.divergences))),
                "broken_plans": len(connection.execute(broken).all()),
            }
        return {"digest": digest(engine), **found}
    finally:
        engine.dispose()


def _workload(asked: Torment, folder: Path) -> ReplayOptions:
    day = nyse_calendar().day_on_or_after(DAY)
    tape, plans, events = folder / "tape.parquet", folder / "plans.json", folder / "events.csv"
    write_tape(tape, asked.ticks, asked.symbols, asked.seed, day)
    write_plans(plans, asked.plans, universe(asked.symbols, asked.seed), asked.seed, NEAR_SHARE)
    write_events(events, day)
    return ReplayOptions((tape,), plans, f"sqlite:///{folder}/undisturbed.db", events)


def _undisturbed(options: ReplayOptions) -> dict[str, Any]:
    code = live(options, None)
    if code:
        msg = f"chaos: the undisturbed run left with {code}"
        raise CommandError(msg)
    return facts(options.database)


@contextmanager
def _home(folder: Path, server: str | None) -> Iterator[tuple[str, Callable[[], None]]]:
    """A folder and an empty database for one case; and how to have both anew."""
    name = f"fancy_chaos_{folder.name.replace('-', '_')}"

    def anew() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if server is not None:
            _administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")

    anew()
    url = f"sqlite:///{folder}/plans.db"
    if server is not None:
        url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        yield url, anew
    finally:
        if server is not None:
            _administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _administer(server: str, *statements: str) -> None:
    engine = open_database(server).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()
