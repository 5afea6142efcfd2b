"""Running the dataflow: in this process, or as a local cluster of several, each with its own symbols."""

import gc
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from math import inf
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Final

from bytewax.testing import cluster_main

from flows.calendars import nyse_calendar
from flows.dataflow import Rules, build, cut_ahead
from flows.errors import CommandError, ExitCode
from flows.meter import Meter
from flows.options import STREAM, ReplayOptions
from flows.recovery.directory import config, joined
from flows.recovery.resume import Resume
from flows.replayed import Replay
from flows.scan_steps import ScanRules
from flows.signals import STOPPING, SetLater
from flows.sql_sink import SqlSink
from flows.tape.ends import NOT_YET, Ends
from flows.tape_source import TapeSource
from operators.conditions import Flag
from operators.scan.features.clock import SessionClock
from sinks.database import CACHE_KIB
from sinks.errors import DatabaseError

EPOCH: Final = timedelta(seconds=1)
POLL_SECONDS: Final = 0.1
LAST_WORDS_SECONDS: Final = 3.0
LOST: Final = "a worker process failed"
PANIC: Final = "PanicException"
"""What the engine raises when another process of the cluster is gone; its class cannot be imported."""
TELL: Final = signal.SIGUSR1
"""By which a worker is told to stop; one that follows a tape by nothing else, or it would end before its writer."""
STDOUT: Final = 1
STDERR: Final = 2
COLLECT_SELDOM: Final = (200_000, 20, 100)
LOOPBACK: Final = "127.0.0.1"
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


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker process says at its end: its counts, or the one line it failed with."""

    rows: int
    end_ns: int
    tape_ns: int
    dead_letters: int
    divergences: int
    first_divergence: str | None
    stopped_early: bool
    failure: str | None = None
    failure_code: ExitCode = ExitCode.FAILURE


Failure = tuple[str, ExitCode]


def run_flow(job: Job, meter: Meter) -> None:
    """Run a replay to its end and count in `meter`.  Raises CommandError or DatabaseError with one line."""
    options = job.options
    if options.workers == 1:
        run_job(job, meter, [], 0)
    else:
        _run_processes(job, options.workers, meter)


def run_job(job: Job, meter: Meter, addresses: list[str], index: int, ends: Ends | None = None) -> None:
    """Run one process of a cluster, of `job.threads` workers; errors of the steps come out as they were raised.

    `ends`: shared by the workers of all processes, one place each; None: there is no other process.
    """
    kept = job.options.recovery
    workers = max(1, len(addresses)) * job.threads
    rules = Rules(nyse_calendar(), job.options.gates, job.usable, kept is not None, _scan_rules(job.options), workers)
    ahead = job.options.scan and kept is None and not job.replay.follow
    cache_kib = SMALL_CACHE_KIB if job.replay.follow else CACHE_KIB
    sink = SqlSink(job.options.database, STREAM, meter, job.token, behind=ahead, cache_kib=cache_kib)
    _spare_the_collector()
    ends = [NOT_YET] * job.replay.shares(job.threads) if ends is None else ends
    cut = partial(cut_ahead, rules=rules) if ahead else None
    source = TapeSource(replace(job.replay, kept=kept is not None), meter, ends, job.resumes, cut)
    epoch = EPOCH if kept is None else timedelta(seconds=job.options.snapshot_s)
    try:
        with nullcontext() if kept is None else joined(kept):
            cluster_main(
                build(source, rules, sink),
                addresses,
                index,
                epoch_interval=epoch,
                recovery_config=None if kept is None else config(kept),
                worker_count_per_proc=job.threads,
            )
    except RuntimeError as error:
        known = _known_cause(error)
        if known is error:
            raise
        raise known from None
    sink.raise_failure()


def _scan_rules(options: ReplayOptions) -> ScanRules | None:
    if not options.scan:
        return None
    calendar = nyse_calendar()
    return ScanRules(calendar, SessionClock.of(calendar), options.risk_budget, options.recovery is not None)


def _spare_the_collector() -> None:
    """Millions of small values and no cycles among them: looking for cycles often would cost more than the rules."""
    gc.freeze()
    gc.set_threshold(*COLLECT_SELDOM)


def _known_cause(error: BaseException) -> BaseException:
    """Find the error of ours inside the runtime's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CommandError | DatabaseError):
            return cause
        cause = cause.__cause__
    return error


def _run_processes(job: Job, count: int, meter: Meter) -> None:
    context = multiprocessing.get_context("spawn")
    addresses, ends = _free_addresses(count), context.Array("q", job.replay.shares(count), lock=False)
    workers: list[tuple[SpawnProcess, Connection]] = []
    resource_tracker.ensure_running()  # starting it would unblock the signals again
    signal.pthread_sigmask(
        signal.SIG_BLOCK, (*STOPPING, TELL)
    )  # a worker takes none before it knows what to do with it
    try:
        for index in range(count):
            here, there = context.Pipe(duplex=False)
            worker = context.Process(target=_work, args=(job, addresses, index, there, ends), name=f"worker-{index}")
            worker.start()
            there.close()
            workers.append((worker, here))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))
    try:
        told = _collect(workers, meter)
    finally:
        for worker, _ in workers:
            worker.kill()  # one that has said its last word has written everything
            worker.join()
    _add_up(told, meter)


def _collect(workers: Sequence[tuple[SpawnProcess, Connection]], meter: Meter) -> list[Told]:
    """Wait for every worker.  A wish to stop is passed on to them; when one fails, the others have a moment to say why.

    Raises CommandError with the first reason that is a reason: a worker that lost its peers only knows that.
    """
    left, told, failures = {connection: worker for worker, connection in workers}, list[Told](), list[Failure]()
    passed_on, until = False, inf
    while left and time.monotonic() < until:
        if meter.stop.is_set() and not passed_on:
            passed_on = True
            for worker in left.values():
                os.kill(worker.pid or 0, TELL)
        for ready in wait(list(left), timeout=POLL_SECONDS):
            connection = next(each for each in left if each is ready)
            said = _last_word(connection, left.pop(connection))
            if isinstance(said, Told) and said.failure is None:
                told.append(said)
                continue
            failures.append(
                (said, ExitCode.FAILURE) if isinstance(said, str) else (said.failure or "", said.failure_code)
            )
            until = min(until, time.monotonic() + LAST_WORDS_SECONDS)
    if failures:
        text, code = min(failures, key=lambda failure: failure[0].startswith(LOST))
        error = CommandError(text)
        error.exit_code = code
        raise error
    return told


def _last_word(connection: Connection, worker: SpawnProcess) -> Told | str:
    try:
        said: Told = connection.recv()
    except EOFError:
        worker.join()
        return f"{LOST}: {worker.name} ended without a word (exit code {worker.exitcode})"
    return said


def _add_up(told: Sequence[Told], meter: Meter) -> None:
    for said in told:
        meter.rows += said.rows
        meter.end_ns = max(meter.end_ns, said.end_ns)
        meter.tape_ns = max(meter.tape_ns, said.tape_ns)
        meter.dead_letters += said.dead_letters
        meter.divergences += said.divergences
        meter.first_divergence = meter.first_divergence or said.first_divergence
        meter.stopped_early |= said.stopped_early


def _work(job: Job, addresses: list[str], index: int, connection: Connection, ends: Ends) -> None:
    for stream in (STDOUT, STDERR):  # the engine talks there of connections and lost peers; `_collect` says it better
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    Thread(target=_end_with_the_parent, name="parent", daemon=True).start()
    meter = Meter()
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN if job.replay.follow else SetLater(meter.stop))
    signal.signal(TELL, SetLater(meter.stop))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))
    failure = None
    try:
        run_job(job, meter, addresses, index, ends)
    except (CommandError, DatabaseError, RuntimeError) as error:
        failure = str(error)
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        failure = meter.failure or f"{LOST}: worker-{index} lost the others"
    told = Told(
        meter.rows,
        meter.end_ns,
        meter.tape_ns,
        meter.dead_letters,
        meter.divergences,
        meter.first_divergence,
        meter.stopped_early,
        failure,
        meter.failure_code,
    )
    connection.send(told)
    connection.close()


def _end_with_the_parent() -> None:
    """A worker without the process that started it would write on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _free_addresses(count: int) -> list[str]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [f"{LOOPBACK}:{each.getsockname()[1]}" for each in sockets]
