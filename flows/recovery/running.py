"""One run with a recovery directory: what it belongs to, whether its state may be used, and what workers go on from."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from flows.options import STREAM, ReplayOptions
from flows.recovery.directory import OLDER, Begun, begin_anew, opened, sole_run
from flows.recovery.resume import Resume
from flows.recovery.resuming import resumes
from flows.recovery.standing import PLACES_STEP
from flows.recovery.store import Snapshots
from flows.replayed import Replay
from flows.tape.beginning import beginnings
from flows.tape.files import TapeFile
from sinks.database import reading
from sinks.generation import generation
from sinks.tables import progress

HITS_STEP = "detect_hits"


class Recovery:
    """A run's recovery directory, which nobody else uses."""

    def __init__(self, folder: Path, options: ReplayOptions) -> None:
        self._folder, self._options = folder, options
        self.notes: list[str] = []

    def resumes(self, engine: sa.Engine, replayed: Replay, token: int) -> list[Resume] | None:
        """Return what each worker goes on from; None: all begin, because nothing was kept or it is of no use.

        `token`: with which the run writes.  Raises RecoveryError when the directory cannot be used, or belongs to other
        inputs.
        """
        with reading(engine) as connection:
            inputs, tapes = inputs_of(self._options, replayed), beginnings(replayed.reader.files)
            begun = Begun(inputs, generation(connection), token, tapes)
            told = _progress(connection)
        snapshots, note = opened(self._folder, begun, insists=not replayed.follow)
        if note is None and _ahead(snapshots, told):
            note = f"{self._folder}: {OLDER}; the tape is read anew"
            begin_anew(self._folder, begun)
            snapshots = Snapshots(self._folder / snapshots.path.name)
        if note is not None:
            self.notes.append(note)
        snapshots.forget_unreached()
        shares, apart = replayed.shares(self._options.workers), replayed.reader.topic is not None
        found = resumes(dict(snapshots.states(PLACES_STEP)), shares, apart=apart)
        if found is not None and sum(file.is_log for file in replayed.reader.files) > 1:
            return [each.from_start() for each in found]
        return found


@contextmanager
def recovering(options: ReplayOptions) -> Iterator[Recovery | None]:
    """Keep every other run off the recovery directory, if there is one.  Raises RecoveryError when one is on it."""
    if options.recovery is None:
        yield None
        return
    with sole_run(options.recovery):
        yield Recovery(options.recovery, options)


def inputs_of(options: ReplayOptions, replayed: Replay) -> dict[str, Any]:
    """What decides the state: a run with anything else of it must not go on from there.

    Neither workers nor the size of frames are: they change no answer.  Of a run that follows, plans and market events
    are on the tape.
    """
    reader = replayed.reader
    plans, events = (None, None) if replayed.follow else (options.plans, options.events)
    return {
        "tape": [_fingerprint(file) for file in reader.files],
        "plans": _content(plans),
        "events": _content(events),
        "symbols": hashlib.sha256("\n".join(sorted(reader.watched)).encode()).hexdigest()[:16],
        "from_ns": options.from_ns,
        "to_ns": options.to_ns,
        "late_ns": options.late_ns,
        "odd_lots": options.odd_lots,
        "extended_hours": options.extended_hours,
        "gates": options.gates.to_json(),
        "scan": options.scan,
        "risk_budget": options.risk_budget if options.scan else None,
        "bars": options.bars.name if options.bars else None,
        "splits": _content(options.splits),
        "option_quotes": options.option_quotes.name if options.option_quotes else None,
    }


def _fingerprint(file: TapeFile) -> list[Any]:
    """A file's name and size; of a tape recorded live, which grows, the name alone, of a topic its partitions too."""
    if file.topic is not None:
        return [file.topic.topic.name, file.topic.partitions]
    path = file.path
    return [path.absolute().name, None if path.is_dir() else path.stat().st_size]


def _content(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _progress(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    query = sa.select(progress.c.symbol, progress.c.tape_ns, progress.c.records).where(progress.c.stream == STREAM)
    return {symbol: (tape_ns, records) for symbol, tape_ns, records in connection.execute(query)}


def _ahead(snapshots: Snapshots, written: dict[str, tuple[int, int]]) -> bool:
    """Whether any symbol's state had told more than the database holds: then it is older than the state."""
    for symbol, state in snapshots.states(HITS_STEP):
        told = state[1] if state else None
        if told is not None and (told[1], told[2]) > written.get(symbol, (0, 0)):
            return True
    return False
