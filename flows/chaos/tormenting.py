"""One run that is killed until it has been killed often enough, and then left to end."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext
from random import Random
from typing import Final

from flows.chaos.traps import ANYWHERE, RESUMING, SITES, Trap, set_trap, trapped
from flows.errors import CommandError
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.signals import signals_set
from sinks.errors import DatabaseError

SIGTERM_SHARE: Final = 0.2
STOPPED: Final = 1
DIVERGED: Final = 4
HALF_SECOND: Final = 0.5
PRELOADED: Final = ("flows.chaos.tormenting", "flows.chaos.ready")
MAIN: Final = "main"


@dataclass(frozen=True, slots=True)
class Tormented:
    """How often a run was killed, where, and how often it came to an end by itself before it should."""

    deaths: Counter[str]
    starts: int
    divergences: int


def context() -> ForkServerContext:
    """A server that has everything imported, so that a run starts in no time."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(list(PRELOADED))
    return server


def torment(
    options: ReplayOptions, kills: int, rng: Random, anew: Callable[[], None], told: Callable[[str], None]
) -> Tormented:
    """Run, die, run again, until `kills` traps have sprung; then let it end.

    A run that comes to its end too soon begins anew: `anew` empties its database and recovery directory.
    Raises CommandError when a run fails by itself.
    """
    server, deaths, starts = context(), Counter[str](), 0
    while True:
        enough = deaths.total() >= kills
        trap = None if enough else drawn(rng, options.workers)
        process = server.Process(target=one_run, args=(options, trap), name=MAIN)
        process.start()
        if trap is not None and trap.site == ANYWHERE:
            process.join(trap.nth * HALF_SECOND)
            if process.exitcode is None:
                os.kill(process.pid or 0, trap.number)
        process.join()
        starts += 1
        code = process.exitcode
        if code == 0 and enough:
            return Tormented(deaths, starts, 0)
        if code == DIVERGED:
            return Tormented(deaths, starts, 1)
        if code == 0:
            told(f"{starts}: came to its end; {trap} did not spring")
            anew()
        elif trap is None or code not in _EXPECTED:
            msg = f"chaos: a run left with {code} by itself, with {trap}"
            raise CommandError(msg)
        else:
            deaths[f"{signal.Signals(trap.number).name} {trap.site}"] += 1
            told(f"{starts}: {trap}")


_EXPECTED: Final = (-signal.SIGKILL, -signal.SIGTERM, STOPPED)
"""A run may be told to stop before it listens."""


def drawn(rng: Random, workers: int) -> Trap:
    """Draw a trap."""
    site = rng.choice(sorted(SITES))
    number = signal.SIGTERM if rng.random() < SIGTERM_SHARE and site != RESUMING else signal.SIGKILL
    process = MAIN if workers == 1 or site == ANYWHERE else f"worker-{rng.randrange(workers)}"
    return Trap(site, rng.randint(1, SITES[site]), number, process)


def one_run(options: ReplayOptions, trap: Trap | None) -> None:
    """Run a replay, in a process of its own, into a trap if there is one; leave without looking back."""
    _quietly()
    prepared, meter = prepare(options), Meter()
    if trap is not None:
        if trap.process == MAIN:
            set_trap(trap, os.getpid())
        else:
            reader = trapped(prepared.replay.reader, trap)
            prepared = replace(prepared, replay=replace(prepared.replay, reader=reader))
    code = 0
    try:
        with signals_set(meter.stop):
            run(prepared, meter)
    except (CommandError, DatabaseError) as error:
        code = STOPPED if trap is not None else STOPPED + 1
        os.write(2, f"{error}\n".encode())
    if meter.divergences:
        code = DIVERGED
    elif meter.stopped_early:
        code = STOPPED
    os._exit(code)


def _quietly() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
