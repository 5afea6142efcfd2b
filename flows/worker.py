"""A process of a cluster, from the inside: its part of the run, and what it tells the process that started it.

Rule: it ends when that one ends, and is told to stop by that one alone when it follows a tape.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Thread
from typing import TYPE_CHECKING, Final

from flows.collector import importing
from flows.errors import CommandError, ExitCode
from flows.meter import Meter
from flows.repeating import repeating
from flows.signals import STOPPING, SetLater
from flows.tape.ends import Ends
from sinks.errors import DatabaseError

if TYPE_CHECKING:
    from flows.job import Job

TELL_SECONDS: Final = 0.25
LOST: Final = "a worker process failed"
PANIC: Final = "PanicException"
"""What the engine raises when another process of the cluster is gone; its class cannot be imported."""
TELL: Final = signal.SIGUSR1
"""By which a worker is told to stop; one that follows a tape by nothing else, or it would end before its writer."""
STDOUT: Final = 1
STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker process says, again and again and at its end: its counts (see `Meter`).

    `last`: it says no more; `failure`: the one line it failed with.
    """

    rows: int
    end_ns: int
    tape_ns: int
    dead_letters: int
    divergences: int
    first_divergence: str | None
    stopped_early: bool
    waiting: str | None
    retries: int
    last: bool = False
    failure: str | None = None
    failure_code: ExitCode = ExitCode.FAILURE


@dataclass(frozen=True, slots=True)
class Post:
    """Which worker of a cluster a process is: one of `addresses`, with `ends` shared by all.

    `connection`: the process that started it, which says what is to be done, and is told.
    """

    addresses: list[str]
    index: int
    connection: Connection
    ends: Ends


def work(post: Post) -> None:
    """Be a worker; says its last word in any case but the worst."""
    for stream in (STDOUT, STDERR):  # the engine talks there of connections and lost peers; the parent says it better
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    Thread(target=_end_with_the_parent, name="parent", daemon=True).start()
    with importing():  # all that a job is made of comes in with it
        job: Job = post.connection.recv()
    meter = Meter()
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN if job.replay.follow else SetLater(meter.stop))
    signal.signal(TELL, SetLater(meter.stop))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))
    with repeating(lambda: post.connection.send(_counts(meter)), TELL_SECONDS, "counts"):
        failure = _failure_of(job, post, meter)
    post.connection.send(_counts(meter, last=True, failure=failure))
    post.connection.close()


def _failure_of(job: "Job", post: Post, meter: Meter) -> str | None:
    from flows.job import run_job

    try:
        run_job(job, meter, post.addresses, post.index, post.ends)
    except (CommandError, DatabaseError, RuntimeError) as error:
        return str(error)
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        return meter.failure or f"{LOST}: worker-{post.index} lost the others"
    return None


def _counts(meter: Meter, *, last: bool = False, failure: str | None = None) -> Told:
    return Told(
        meter.rows,
        meter.end_ns,
        meter.tape_ns,
        meter.dead_letters,
        meter.divergences,
        meter.first_divergence,
        meter.stopped_early,
        meter.waiting,
        meter.retries,
        last,
        failure,
        meter.failure_code,
    )


def _end_with_the_parent() -> None:
    """A worker without the process that started it would write on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
