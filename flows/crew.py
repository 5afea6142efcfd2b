"""Worker processes, hired early: they import what they will need while whoever hires them still does so, and checks.

Rule: nothing heavy is imported here.  Whoever has been hired is ended, whatever becomes of the run.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from flows.post import TELL, Post, begin
from flows.signals import STOPPING
from flows.tape.ends import Ends

DECODERS: Final = "POLARS_MAX_THREADS"

Worker = tuple[SpawnProcess, Connection]


@dataclass(frozen=True, slots=True)
class Crew:
    """`workers` that wait for their orders, each at the other end of a connection; they read `shares` of the tape."""

    workers: tuple[Worker, ...]
    shares: int


@contextmanager
def hired(count: int, shares: int | None = None) -> Iterator[Crew]:
    """Start so many workers, none if one process is to do all itself; end them with the block.

    `shares`: of the tape, one for each worker unless told otherwise.
    """
    shares, workers = shares or count, list[Worker]()
    try:
        if count > 1:
            with _signals_held(), _sharing_the_cores(count):
                for worker in _started(count, shares):
                    workers.append(worker)
        yield Crew(tuple(workers), shares)
    finally:
        dismiss(workers)


def dismiss(workers: Iterable[Worker]) -> None:
    """End workers at once, and wait until they are gone; one that has said its last word has written everything."""
    for process, _ in workers:
        process.kill()
        process.join()


def _started(count: int, shares: int) -> Iterator[Worker]:
    context = multiprocessing.get_context("spawn")
    ends: Ends = context.Array("q", shares, lock=False)
    for index in range(count):
        here, there = context.Pipe()
        worker = context.Process(target=begin, args=(Post(index, there, ends),), name=f"worker-{index}")
        worker.start()
        there.close()
        yield worker, here


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let workers be born with signals blocked: a worker takes none before it knows what to do with it."""
    resource_tracker.ensure_running()  # starting it would unblock the signals again
    signal.pthread_sigmask(signal.SIG_BLOCK, (*STOPPING, TELL))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))


@contextmanager
def _sharing_the_cores(count: int) -> Iterator[None]:
    """Give each worker its share of threads that decode, unless somebody has said how many: more would only wait."""
    said = os.environ.get(DECODERS)
    if said is None:
        os.environ[DECODERS] = str(max(1, (os.cpu_count() or 1) // count))
    try:
        yield
    finally:
        if said is None:
            del os.environ[DECODERS]
