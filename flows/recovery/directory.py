"""A recovery directory: one run at a time, one set of inputs, one database.

It holds the engine's snapshots (`part-0.sqlite3`), what they belong to (`run.json`), and two lock files: `lock` is held
by the run, `workers` is shared by its processes, so that nobody begins while one of a run that was killed still writes.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bytewax.recovery import RecoveryConfig, init_db_dir

from flows.recovery.standing import OtherRunError, RecoveryError
from flows.recovery.store import Snapshots
from flows.recovery.trouble import keeping
from flows.tape.beginning import Beginning
from sinks.fencing import PATIENCE_SECONDS, POLL_SECONDS, locked_file

PART: Final = "part-0.sqlite3"
RUN: Final = "run.json"
LOCK: Final = "lock"
WORKERS: Final = "workers"
LAYOUT: Final = 1
"""Version of `run.json`, and of how the steps are called and cut; raise it when old snapshots are of no use."""
OLDER: Final = "the database is older than what was kept"


@contextmanager
def sole_run(folder: Path, patience_s: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Keep every other run off a directory, which is made if need be.

    Raises RecoveryError when another run holds it and goes on holding it for `patience_s`, or the disk refuses.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            number = _patiently(folder / LOCK, patience_s)
            held.callback(os.close, number)
            os.close(_patiently(folder / WORKERS, patience_s))  # those of a run that was killed are gone
        except OSError as error:
            msg = f"{folder}: cannot be used ({error.strerror}); check the folder and the free space"
            raise RecoveryError(msg) from error
        yield


@contextmanager
def joined(folder: Path) -> Iterator[None]:
    """Take part in a run as one of its processes.  Raises RecoveryError, also where the engine's disk refuses."""
    try:
        number = os.open(folder / WORKERS, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(number, fcntl.LOCK_SH)
    except OSError as error:
        msg = f"{folder / WORKERS}: cannot be locked ({error.strerror}); check the folder"
        raise RecoveryError(msg) from error
    try:
        with keeping(folder):
            yield
    finally:
        os.close(number)


def _patiently(path: Path, patience_s: float) -> int:
    until = time.monotonic() + patience_s
    while (number := locked_file(path)) is None:
        if time.monotonic() >= until:
            msg = f"{path.parent}: another run uses it; stop that one, or choose another directory"
            raise OtherRunError(msg)
        time.sleep(POLL_SECONDS)
    return number


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run has begun with.

    `generation`: of its database; `token`: with which it writes there, one more than that of the last run there.
    `tapes`: how each of its files begins, None where nothing tells, see `flows.tape.beginning`.
    """

    inputs: Mapping[str, Any]
    generation: str
    token: int
    tapes: tuple[Beginning | None, ...] = ()


def opened(folder: Path, begun: Begun, *, insists: bool = True) -> tuple[Snapshots, str | None]:
    """Return a directory's snapshots, none if there were none; and a note when those that it held are given up.

    They are given up when the database is another one than they were made with, or another run has written there since;
    and, unless the run `insists` on them, when they belong to a run with other inputs, be it a tape of the same name.
    Raises RecoveryError.
    """
    try:
        return _opened(folder, replace(begun, inputs=json.loads(json.dumps(dict(begun.inputs)))), insists=insists)
    except OSError as error:
        msg = f"{folder}: cannot be used ({error.strerror}); check the folder and the free space"
        raise RecoveryError(msg) from error


def _opened(folder: Path, begun: Begun, *, insists: bool) -> tuple[Snapshots, str | None]:
    known = _known(folder)
    if known is None:
        begin_anew(folder, begun)
        return Snapshots(folder / PART), None
    last = begun.token - 1
    own = known.get("token", last)  # earlier versions did not write it
    if own == last:
        _name(folder, known | {"token": begun.token})  # at once: should this run be refused, nobody came between
    reason = _other_inputs(folder, known, begun, insists=insists)
    if reason is None and known["generation"] != begun.generation:
        reason = "the database is another than before"
    elif reason is None and own != last:
        reason = OLDER if own > last else "another run has written to the database since"
    if reason is None:
        _name(folder, known | {"token": begun.token, "tapes": begun.tapes})
        return Snapshots(folder / PART), None
    begin_anew(folder, begun)
    return Snapshots(folder / PART), f"{folder}: {reason}; the tape is read anew"


def _other_inputs(folder: Path, known: Mapping[str, Any], begun: Begun, *, insists: bool) -> str | None:
    before, now = known["inputs"], begun.inputs
    names = [name for name in sorted({**now, **before}) if now.get(name) != before.get(name)]
    if not names and any(map(_others, known.get("tapes", ()), begun.tapes)):  # earlier versions did not write it
        names = ["another tape of that name"]
    told = ", ".join(names)
    if names and insists:
        msg = f"{folder}: belongs to a run with other inputs ({told}); choose another, or delete it"
        raise OtherRunError(msg)
    return f"what was asked has changed ({told})" if names else None


def _others(before: Sequence[int] | None, now: Beginning | None) -> bool:
    """Whether these begin two tapes: one whose oldest segments were taken away is still the same."""
    if before is None or now is None:
        return False
    return now[0] < before[0] or (now[0] == before[0] and now[1] != before[1])


def begin_anew(folder: Path, begun: Begun) -> None:
    """Give up what a directory holds.  It is named last: a directory without `run.json` holds nothing."""
    for path in (folder / RUN, *sorted(folder.glob(f"{PART}*"))):
        path.unlink(missing_ok=True)
    with keeping(folder):
        init_db_dir(folder, 1)
    _name(folder, {"layout": LAYOUT, **asdict(begun)})


def _name(folder: Path, known: Mapping[str, Any]) -> None:
    """Write whose directory it is."""
    unnamed = folder / f"{RUN}.new"
    unnamed.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    unnamed.replace(folder / RUN)


def config(folder: Path) -> RecoveryConfig:
    """What the engine is told.  What is no longer needed is deleted at once."""
    return RecoveryConfig(str(folder), timedelta(0))


def _known(folder: Path) -> dict[str, Any] | None:
    path = folder / RUN
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except ValueError:
        msg = f"{path}: is damaged; delete its folder to start anew"
        raise RecoveryError(msg) from None
    if found.get("layout") != LAYOUT:
        msg = f"{folder}: has layout {found.get('layout')}; this version reads {LAYOUT}; delete it to start anew"
        raise RecoveryError(msg)
    return found
