"""A process of a cluster, from the inside: its part of the run, and what it tells the process that hired it.

Rule: it is told to stop by that one alone when it follows a tape.  How it begins, and ends with that one: `post`.
"""

import signal
import time
from dataclasses import dataclass
from typing import Final

from flows.errors import CommandError, ExitCode
from flows.job import Job, run_job
from flows.meter import Meter
from flows.post import TELL, Post
from flows.repeating import repeating
from flows.signals import STOPPING, SetLater
from flows.silence import fall_silent
from sinks.errors import DatabaseError

TELL_SECONDS: Final = 0.25
LOST: Final = "a worker process failed"
PANIC: Final = "PanicException"
"""What the engine raises when another process of the cluster is gone; its class cannot be imported."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker process says, again and again and at its end: its counts (see `Meter`).

    `last`: it says no more; `failure`: the one line it failed with.
    """

    rows: int
    end_ns: int
    tape_ns: int
    dead_letters: int
    sessions: frozenset[str]
    divergences: int
    first_divergence: str | None
    stopped_early: bool
    waiting: str | None
    retries: int
    processor_s: float
    last: bool = False
    failure: str | None = None
    failure_code: ExitCode = ExitCode.FAILURE


@dataclass(frozen=True, slots=True)
class Orders:
    """What a cluster is to do, and at which `addresses` its workers find each other."""

    job: Job
    addresses: list[str]


def work(post: Post) -> None:
    """Be a worker; says its last word in any case but the worst."""
    fall_silent()  # the engine talks of connections and lost peers; who hired the worker says it better
    orders: Orders = post.connection.recv()
    job = orders.job
    meter = Meter()
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN if job.replay.follow else SetLater(meter.stop))
    signal.signal(TELL, SetLater(meter.stop))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))
    with repeating(lambda: post.connection.send(_counts(meter)), TELL_SECONDS, "counts"):
        failure = _failure_of(orders, post, meter)
    post.connection.send(_counts(meter, last=True, failure=failure))
    post.connection.close()


def _failure_of(orders: Orders, post: Post, meter: Meter) -> str | None:
    try:
        run_job(orders.job, meter, orders.addresses, post.index, post.ends)
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
        meter.sessions,
        meter.divergences,
        meter.first_divergence,
        meter.stopped_early,
        meter.waiting,
        meter.retries,
        time.process_time(),
        last,
        failure,
        meter.failure_code,
    )
