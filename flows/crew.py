"""Worker processes, born in a moment: of a process that has imported what they will need, and does nothing else.

That one imports while whoever hires them still does so, and checks.  Rule: nothing heavy is imported here.  Whoever has
been hired is ended, whatever becomes of the run.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Final

from flows.post import TELL, Post, begin
from flows.signals import STOPPING
from flows.tape.ends import Ends

DECODERS: Final = "POLARS_MAX_THREADS"
REST: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""What would start threads as it is imported, and of which nothing is used that could gain by them."""
IMPORTED: Final = "flows.imported"

Worker = tuple[ForkServerProcess, Connection]


def make_ready(count: int) -> None:
    """Let what so many workers need be imported beside what the caller does; nothing, if one process does all."""
    if count > 1:
        fork_server(count, IMPORTED)


def fork_server(count: int, *imported: str) -> ForkServerContext:
    """Start the process that others are born of, and do not wait until it has imported these modules.

    Once it runs it stays as it is, whatever is asked for later, and with it the environment of those born of it.
    `count`: how many of them share the cores.  They have `STOPPING` and `TELL` blocked until they know what to do.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(imported))
    with _signals_held(), _sharing_the_cores(count):
        forkserver.ensure_running()
    return context


@contextmanager
def hired(count: int, shares: int) -> Iterator[tuple[Worker, ...]]:
    """Start so many workers, each at the other end of a connection; end them with the block.

    `shares`: of the tape, which they read together.
    """
    workers = list[Worker]()
    try:
        for worker in _started(fork_server(count, IMPORTED), count, shares):
            workers.append(worker)
        yield tuple(workers)
    finally:
        dismiss(workers)


def dismiss(workers: Iterable[Worker]) -> None:
    """End workers at once, and wait until they are gone; one that has said its last word has written everything."""
    for process, _ in workers:
        process.kill()
        process.join()


def _started(context: ForkServerContext, count: int, shares: int) -> Iterator[Worker]:
    ends: Ends = context.Array("q", shares, lock=False)
    for index in range(count):
        here, there = context.Pipe()
        worker = context.Process(target=begin, args=(Post(index, there, ends),), name=f"worker-{index}")
        worker.start()
        there.close()
        yield worker, here


@contextmanager
def _signals_held() -> Iterator[None]:
    resource_tracker.ensure_running()  # starting it would unblock the signals again
    signal.pthread_sigmask(signal.SIG_BLOCK, (*STOPPING, TELL))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))


@contextmanager
def _sharing_the_cores(count: int) -> Iterator[None]:
    """Give each of several its share of threads that decode: more would only wait.  What somebody has set stays."""
    decoders = {DECODERS: str(max(1, (os.cpu_count() or 1) // count))} if count > 1 else {}
    unset = [name for name in (*REST, *decoders) if name not in os.environ]
    os.environ.update({name: value for name, value in (REST | decoders).items() if name in unset})
    try:
        yield
    finally:
        for name in unset:
            del os.environ[name]
