"""Holding a session against another, or against the replay of its own tape."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from sinks.comparison import Comparison, compare_events
from sinks.database import open_database
from sinks.schema import ensure_schema


def diff(one: str, other: str, options: ReplayOptions) -> Comparison:
    """Compare the plan events of two databases, or of a database and a tape's replay under `options`.

    Raises DatabaseError, and what a replay raises.
    """
    with _database(one, options) as left, _database(other, options) as right:
        engines = [open_database(url, read_only=True) for url in (left, right)]
        try:
            for engine in engines:
                ensure_schema(engine, create=False)
            return compare_events(*engines)
        finally:
            for engine in engines:
                engine.dispose()


@contextmanager
def _database(given: str, options: ReplayOptions) -> Iterator[str]:
    """Give a database's URL as it is; a recording is replayed into a database that is gone afterwards."""
    if ":" in given and not Path(given).exists():
        yield given
        return
    with TemporaryDirectory(prefix="fancy-trader-diff-") as folder:
        url = f"sqlite:///{folder}/replay.db"
        run(prepare(replace(options, paths=(Path(given),), database=url)), Meter())
        yield url
