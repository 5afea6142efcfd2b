"""One process's part of a run: the dataflow from its source to its sink, and its errors as they were raised."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main, run_main

from flows.collector import RARELY, SELDOM, spare_the_standing
from flows.dataflow import Rules, build, cut_ahead
from flows.dues import Dues
from flows.errors import CommandError
from flows.failures import Failures
from flows.meeting import await_listeners
from flows.meter import Meter
from flows.options import STREAM, ReplayOptions
from flows.recovery.directory import config, joined
from flows.recovery.resume import Resume
from flows.replayed import Replay
from flows.scan_steps import ScanRules
from flows.sql_sink import SqlSink
from flows.tape.ends import NOT_YET, Ends
from flows.tape_source import TapeSource
from operators.conditions import Flag
from operators.nyse import nyse_calendar
from operators.scan.features.clock import SessionClock
from sinks.database import CACHE_KIB
from sinks.errors import DatabaseError

EPOCH: Final = timedelta(minutes=1)
"""Where no state is kept: workers, which read their own symbols, wait for one another at its end only."""
SMALL_CACHE_KIB: Final = 8_192
"""Who follows a tape writes little at a time, and for days: a large cache would only fill."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker process needs; plain values, so that it can be sent to one.  `token`: see `sinks.fencing`.

    `resumes`: what each worker goes on from; None: all begin.
    """

    options: ReplayOptions
    replay: Replay
    usable: Flag
    threads: int = 1
    token: int | None = None
    resumes: Sequence[Resume] | None = None


def run_job(job: Job, meter: Meter, addresses: list[str], index: int, ends: Ends | None = None) -> None:
    """Run one process of a cluster, of `job.threads` workers; errors of the steps come out as they were raised.

    `ends`: shared by the workers of all processes, one place each; None: there is no other process.
    """
    kept = job.options.recovery
    rules = _rules(job, max(1, len(addresses)) * job.threads)
    alone = kept is None and not addresses and job.threads == 1
    failures = Failures(shown=not alone)
    behind = job.options.scan and kept is None and not job.replay.follow
    cache_kib = SMALL_CACHE_KIB if job.replay.follow else CACHE_KIB
    sink = SqlSink(job.options.database, STREAM, meter, job.token, failures, behind=behind, cache_kib=cache_kib)
    spare_the_standing(SELDOM if job.replay.follow else RARELY)
    ends = [NOT_YET] * job.replay.shares(job.threads) if ends is None else ends
    cut = None if job.replay.follow else partial(cut_ahead, rules=rules)
    told = tuple if rules.dues is None else rules.dues.ahead
    told_ahead = replace(job.replay, kept=kept is not None, ahead=told)
    source = TapeSource(told_ahead, meter, ends, job.resumes, cut, failures)
    try:
        flow = build(source, rules, sink)
        if alone:  # in this thread: beside a cluster's another asks for Python's lock a thousand times a second
            run_main(flow, epoch_interval=EPOCH)
        else:
            with nullcontext() if kept is None else joined(kept):
                _run(flow, job, addresses, index)
    except RuntimeError as error:
        known = _known_cause(error)
        if known is error:
            raise
        raise known from None
    failures.raise_first()


def _run(flow: Dataflow, job: Job, addresses: list[str], index: int) -> None:
    await_listeners(addresses[:index])
    kept = job.options.recovery
    epoch = EPOCH if kept is None else timedelta(seconds=job.options.snapshot_s)
    cluster_main(
        flow,
        addresses,
        index,
        epoch_interval=epoch,
        recovery_config=None if kept is None else config(kept),
        worker_count_per_proc=job.threads,
    )


def _rules(job: Job, workers: int) -> Rules:
    options = job.options
    keep_state = options.recovery is not None
    return Rules(nyse_calendar(), options.gates, job.usable, keep_state, _scan_rules(job), workers, _dues(job))


def _dues(job: Job) -> Dues | None:
    """Quiet prints are held where nobody builds bars of them, and a worker has the tape of its own symbols alone."""
    scan, before = job.options.scan, job.resumes[0].ahead if job.resumes else {}
    holds = job.replay.follow and not scan and job.replay.reader.topic is None and job.threads == 1
    return Dues(bars=scan, holds=holds, before=before) if job.replay.follow or before else None


def _scan_rules(job: Job) -> ScanRules | None:
    options, calendar = job.options, nyse_calendar()
    if not options.scan:
        return None
    return ScanRules(
        calendar,
        SessionClock.of(calendar),
        options.risk_budget,
        keep_state=options.recovery is not None,
        from_ns=job.replay.scan_from_ns,
    )


def _known_cause(error: BaseException) -> BaseException:
    """Find the error of ours inside the runtime's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CommandError | DatabaseError):
            return cause
        cause = cause.__cause__
    return error
