"""Running the dataflow: in this process, or as a local cluster of several, each with its own symbols."""

import os
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from math import inf
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Final

from flows.crew import Worker, dismiss, hired
from flows.errors import CommandError, ExitCode
from flows.job import Job, run_job
from flows.meter import Meter
from flows.post import TELL
from flows.worker import LOST, Orders, Told

POLL_SECONDS: Final = 0.1
LAST_WORDS_SECONDS: Final = 3.0
LOOPBACK: Final = "127.0.0.1"

Failure = tuple[str, ExitCode]


def run_flow(job: Job, meter: Meter) -> None:
    """Run a replay to its end and count in `meter`.  Raises CommandError or DatabaseError with one line."""
    count = job.options.workers
    if count == 1:
        run_job(job, meter, [], 0)
    else:
        with hired(count, job.replay.shares(count)) as workers:
            _run_processes(job, workers, meter)


def _run_processes(job: Job, workers: Sequence[Worker], meter: Meter) -> None:
    """Tell all what to do once all have been started."""
    parcel = ForkingPickler.dumps(Orders(job, _free_addresses(len(workers))))
    try:
        for _, connection in workers:
            with suppress(BrokenPipeError):  # that it ended is heard where words are awaited
                connection.send_bytes(parcel)
        _collect(workers, meter)
    finally:
        dismiss(workers)  # before anybody says how the run ended


def _collect(workers: Sequence[Worker], meter: Meter) -> None:
    """Wait for every worker, counting what they tell.  A wish to stop is passed on to them.

    When one fails, the others have a moment to say why.  Raises CommandError with the first reason that is a reason: a
    worker that lost its peers only knows that.
    """
    left, told, failures = {connection: worker for worker, connection in workers}, dict[str, Told](), list[Failure]()
    passed_on, until = False, inf
    while left and time.monotonic() < until:
        if meter.stop.is_set() and not passed_on:
            passed_on = True
            for worker in left.values():
                with suppress(ProcessLookupError):  # that it ended is heard below
                    os.kill(worker.pid or 0, TELL)
        for ready in wait(list(left), timeout=POLL_SECONDS):
            connection = next(each for each in left if each is ready)
            said = _word(connection, left[connection])
            if isinstance(said, Told):
                told[left[connection].name] = said
                _add_up(told.values(), meter)
                if not said.last:
                    continue
            failures += _failure(said)
            until = min(until, time.monotonic() + LAST_WORDS_SECONDS) if failures else until
            left.pop(connection)
    if failures:
        text, code = min(failures, key=lambda failure: failure[0].startswith(LOST))
        error = CommandError(text)
        error.exit_code = code
        raise error


def _word(connection: Connection, worker: BaseProcess) -> Told | str:
    try:
        said: Told = connection.recv()
    except (EOFError, ConnectionResetError):
        worker.join()
        return f"{LOST}: {worker.name} ended without a word (exit code {worker.exitcode})"
    return said


def _failure(said: Told | str) -> list[Failure]:
    if isinstance(said, str):
        return [(said, ExitCode.FAILURE)]
    return [] if said.failure is None else [(said.failure, said.failure_code)]


def _add_up(told: Iterable[Told], meter: Meter) -> None:
    every = list(told)
    meter.processor_s = sum(said.processor_s for said in every)
    meter.rows, meter.retries = sum(said.rows for said in every), sum(said.retries for said in every)
    meter.end_ns, meter.tape_ns = max(said.end_ns for said in every), max(said.tape_ns for said in every)
    meter.dead_letters = sum(said.dead_letters for said in every)
    meter.sessions = frozenset[str]().union(*(said.sessions for said in every))
    meter.divergences = sum(said.divergences for said in every)
    meter.first_divergence = next((said.first_divergence for said in every if said.first_divergence), None)
    meter.waiting = next((said.waiting for said in every if said.waiting), None)
    meter.stopped_early = any(said.stopped_early for said in every)


def _free_addresses(count: int) -> list[str]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [f"{LOOPBACK}:{each.getsockname()[1]}" for each in sockets]
