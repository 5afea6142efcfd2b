"""Replays in this process that are stopped again and again, and go on from what was kept."""

from dataclasses import replace

import pytest

from flows.job import Job, run_job
from flows.meter import Meter
from flows.options import STREAM, ReplayOptions
from flows.recovery.running import recovering
from flows.replay import prepare
from flows.tape_partition import TapePartition
from operators.conditions import ANY_LAST
from sinks.database import open_database
from sinks.fencing import sole_writer
from sinks.schema import ensure_schema
from sinks.streams import set_complete


def go_on(options: ReplayOptions, pieces: int | None, *, follow: bool = False) -> Meter:
    """Run with as many threads as `options` says workers, each with its own symbols; stop after so many pieces.

    They go on where the last run with this recovery directory ended.
    """
    prepared, meter = prepare(options), Meter()
    left = pieces
    given = TapePartition.next_batch

    def counted(partition: TapePartition) -> object:
        nonlocal left
        if left is not None:
            left -= 1
            if left <= 0:
                meter.stop.set()
        return given(partition)

    engine = open_database(options.database)
    ensure_schema(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TapePartition, "next_batch", counted)
        with recovering(options) as recovery, sole_writer(engine, STREAM) as token:
            resumes = None if recovery is None else recovery.resumes(engine, prepared.replay, token)
            meter.notes += [] if recovery is None else recovery.notes
            replayed = replace(prepared.replay, follow=follow)
            run_job(Job(options, replayed, ANY_LAST, options.workers, token, resumes), meter, [], 0)
    if not meter.stopped_early:
        set_complete(engine, STREAM)
    engine.dispose()
    return meter
