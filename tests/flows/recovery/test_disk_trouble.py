"""A recovery directory on a disk that refuses: one line says so, and the same run finishes once there is room."""

import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir

from flows.errors import CommandError
from flows.meter import Meter
from flows.options import STREAM, ReplayOptions
from flows.recovery.standing import RecoveryError
from flows.replay import prepare, run
from sinks.database import open_database
from sinks.fencing import failure_of
from tests.flows.conftest import Replayed
from tests.flows.made import digest_of, plans_around, walk, write_plans, write_tape
from tests.flows.made_day import Day, check_same, day, whole

__all__ = ["day", "whole"]  # fixtures


REFUSED = (
    "cannot be used (No space left on device); check the folder and the free space",
    "state cannot be kept (database or disk is full); check the disk and its free space, then run the same again",
)


@pytest.mark.parametrize(
    ("free_bytes", "began"),
    [(0, False), (90_000, False), (140_000, True)],
    ids=["nothing fits", "no state fits", "some states fit"],
)
def test_a_disk_that_fills_up_with_states_ends_the_run_in_one_line(
    day: Day, whole: Replayed, small_disk: Path, tmp_path: Path, free_bytes: int, began: bool
) -> None:
    """The database knows why if the run had begun; moved to where there is room, the run goes on to the same bytes."""
    url = f"sqlite:///{tmp_path}/plans.db"
    options = day.options(url, batch_rows=1_000, recovery=small_disk / "kept", snapshot_s=0.05)
    (small_disk / "ballast").write_bytes(bytes(400 * 1024 - free_bytes))
    with pytest.raises(RecoveryError) as raised:
        run(prepare(options), Meter())
    assert str(raised.value) in [f"{small_disk}/kept: {words}" for words in REFUSED]
    assert failure(url) == (str(raised.value) if began else None)
    shutil.copytree(small_disk / "kept", tmp_path / "kept")
    run(prepare(replace(options, recovery=tmp_path / "kept")), Meter())
    check_same(url, whole)


def failure(url: str) -> str | None:
    """Why the run ended, as its database tells."""
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            return failure_of(connection, STREAM)
    finally:
        engine.dispose()


class Failing:
    """Calls that touch a folder, its files and its locks; the `at`-th fails once."""

    def __init__(self, at: int, folder: Path) -> None:
        self._at, self._folder, self.calls, self.happened = at, str(folder), 0, False

    def wrapped(self, whole: Callable[..., Any], error: Exception) -> Callable[..., Any]:
        def call(*args: Any, **given: Any) -> Any:
            self.calls += named(args[0]).startswith(self._folder)
            if self.calls == self._at and not self.happened:
                self.happened = True
                raise error
            return whole(*args, **given)

        return call

    def set(self, patch: pytest.MonkeyPatch) -> None:
        """Take the place of everything that a recovery directory is touched with."""
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for owner, name in (
            (Path, "mkdir"),
            (Path, "write_text"),
            (Path, "replace"),
            (Path, "unlink"),
            (fcntl, "flock"),
        ):
            patch.setattr(owner, name, self.wrapped(getattr(owner, name), full))
        patch.setattr("flows.recovery.directory.init_db_dir", self.wrapped(init_db_dir, full))
        store = "flows.recovery.store.sqlite3.connect"
        patch.setattr(store, self.wrapped(sqlite3.connect, sqlite3.OperationalError("disk I/O error")))


def named(what: Path | int) -> str:
    """The file that a call is about; a lock's is known by its number alone."""
    return str(Path(f"/proc/self/fd/{what}").readlink()) if isinstance(what, int) else str(what)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ReplayOptions]:
    """A replay of few prints."""
    folder = tmp_path_factory.mktemp("short")
    tape = write_tape(folder, walk("AAA", 60, 7))
    plans = write_plans(folder, plans_around(tape, 5, seed=7))

    def options(database: Path, recovery: Path | None) -> ReplayOptions:
        return ReplayOptions((tape,), plans, f"sqlite:///{database}", recovery=recovery, batch_rows=20)

    return options


def test_whichever_touch_of_the_directory_fails_the_run_says_so_and_can_be_repeated(
    short: Callable[..., ReplayOptions], tmp_path: Path
) -> None:
    """Each call in its turn; what fails is one line, never a traceback, and the next run ends with the same bytes."""
    run(prepare(short(tmp_path / "whole.db", None)), Meter())
    expected, told = digest_of(f"sqlite:///{tmp_path}/whole.db"), list[str]()
    at = touched = 0
    while touched >= at:
        at += 1
        options = short(tmp_path / f"{at}.db", tmp_path / f"kept-{at}")
        failing = Failing(at, tmp_path / f"kept-{at}")
        with pytest.MonkeyPatch.context() as patch:
            failing.set(patch)
            try:
                run(prepare(options), Meter())
            except CommandError as error:
                told.append(str(error))
        run(prepare(options), Meter())
        assert digest_of(options.database) == expected, at
        touched = failing.calls
    assert len(told) >= 8
    assert not any("\n" in line for line in told)
