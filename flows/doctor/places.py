"""Where runs write: a database and a tape.  Looking changes neither."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flows.doctor.finding import Finding, fail, ok, warn
from flows.tape.segments.segment import is_tape, segments
from operators.times import SECOND_NS
from sinks.database import open_database, reading, sqlite_file
from sinks.errors import DatabaseError, shown
from sinks.pulse_reader import Counts, Pulse, counts_of, pulse_of
from sinks.schema import ensure_schema

FREE_BYTES: Final = 1 << 30


def look_at_database(url: str, now_ns: int) -> Iterator[Finding]:
    """Look whether it answers, has today's tables, and how its last run is doing."""
    try:
        file = sqlite_file(url) if url.startswith("sqlite") else None
        if file is not None and not file.exists():
            yield _to_come(file)
        else:
            yield from _standing(url, now_ns)
    except DatabaseError as error:
        yield fail("database", str(error), "mend what the line says; runs and `serve` would stop with it")
        return
    if file is not None:
        yield space("database's disk", file.parent)


def _to_come(file: Path) -> Finding:
    if os.access(file.absolute().parent, os.W_OK | os.X_OK):
        return ok("database", f"{file}: not there yet; the first run makes it")
    return fail("database", f"{file.parent}: not there, or may not be written", "make the folder, or change its rights")


def _standing(url: str, now_ns: int) -> Iterator[Finding]:
    engine = open_database(url, read_only=True)
    try:
        ensure_schema(engine, create=False)
        with reading(engine) as connection:
            pulse, counts = pulse_of(connection), counts_of(connection)
    finally:
        engine.dispose()
    yield ok("database", f"{shown(url)}: {counts.events:,} events, {sum(counts.plans_by_phase.values()):,} plans")
    yield run_of(pulse, now_ns)
    yield answers(counts)


def run_of(pulse: Pulse, now_ns: int) -> Finding:
    """How the run that writes the database fares."""
    if pulse.failure is not None:
        return fail("run", f"stopped: {pulse.failure}", "mend that and start the same command again")
    if not pulse.running or pulse.tape_ns is None:
        return ok("run", "none is under way")
    behind_s = (now_ns - pulse.tape_ns) / SECOND_NS
    found = f"not at its end; its tape time is {behind_s:,.0f} s behind the clock"
    return ok("run", found)


def answers(counts: Counts) -> Finding:
    """Whether what the database says can be trusted whole."""
    if counts.divergences:
        found = f"{counts.divergences:,} divergences: a row came again with other content"
        return fail("answers", found, "find the first with `fancy-trader tape diff`; replay into a new database")
    odd = {"dead letters": counts.dead_letters, "plans that may lack prints": counts.plans_in_gap}
    found = ", ".join(f"{number:,} {name}" for name, number in odd.items() if number)
    if found:
        return warn("answers", found, "each says why: tables dead_letters and plan_states (data_gap), or `explain`")
    return ok("answers", "no divergence, no dead letter, no plan with a gap")


def look_at_tape(folder: Path) -> Iterator[Finding]:
    """Look whether a tape can be written there, and what is there.  `tape verify` reads every record."""
    if folder.exists() and not folder.is_dir():
        yield fail("tape", f"{folder}: a file", "name a folder")
        return
    home = _nearest(folder)
    if not os.access(home, os.W_OK | os.X_OK):
        yield fail("tape", f"{home}: may not be written", "change its rights, or choose another folder")
        return
    if is_tape(folder):
        found = segments(folder)
        yield ok("tape", f"{folder}: {len(found):,} segments, the last of {found[-1].day}")
    elif folder.exists() and any(folder.iterdir()):
        yield warn("tape", f"{folder}: holds other files and no tape", "check the name")
    else:
        yield ok("tape", f"{folder}: empty; the first run begins it")
    yield space("tape's disk", folder)


def space(name: str, folder: Path) -> Finding:
    """How much room is left on a folder's disk.  A live day of the whole market is a few GB; see the README."""
    free = shutil.disk_usage(_nearest(folder)).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free >= FREE_BYTES:
        return ok(name, found)
    return warn(name, found, "make room: a run stops, and goes on later, when the disk is full")


def _nearest(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())
