"""One run that is killed until it has been killed often enough, and then left to end."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from flows.chaos.traps import ANYWHERE, RESUMING, SITES, Trap, set_trap, trapped
from flows.crew import fork_server
from flows.errors import CommandError
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.post import TELL
from flows.replay import prepare, run
from flows.signals import STOPPING, signals_set
from flows.worker import LOST
from sinks.errors import DatabaseError

SIGTERM_SHARE: Final = 0.2
STOPPED: Final = 10
FAILED: Final = 11
DIVERGED: Final = 12
"""Exit codes of a run; none is that of an error that nobody caught."""
TENTH: Final = 0.1
READY: Final = "flows.chaos.ready"
MAIN: Final = "main"


@dataclass(frozen=True, slots=True)
class Tormented:
    """How often a run was killed, where, how often it was started, and how often it came to its end."""

    deaths: Counter[str]
    starts: int
    ends: int


def torment(
    options: ReplayOptions, kills: int, rng: Random, ended: Callable[[], None], told: Callable[[str], None]
) -> Tormented:
    """Run, die, run again, until `kills` traps have sprung; then let it end.

    `ended` is called whenever a run came to its end, which may be before a trap sprang: to look at what it left, and to
    empty its database and recovery directory for another one.  Raises CommandError when a run fails by itself.
    """
    deaths, starts, ends = Counter[str](), 0, 0
    while True:
        trap = drawn(rng, options.workers) if deaths.total() < kills else None
        code = live(options, trap)
        starts += 1
        if code in (0, DIVERGED):
            ends += 1
            told(f"{starts}: came to its end" + ("" if trap is None else f"; {trap} did not spring"))
            ended()
            if trap is None:
                return Tormented(deaths, starts, ends)
        elif trap is None or code not in _EXPECTED:
            msg = f"chaos: a run left with {code} by itself, with {trap}"
            raise CommandError(msg)
        else:
            deaths[f"{signal.Signals(trap.number).name} {trap.site}"] += 1
            told(f"{starts}: {trap}")


def live(options: ReplayOptions, trap: Trap | None) -> int | None:
    """Let a run live, in a process of its own, into its trap if there is one; return its exit code."""
    process = fork_server(1, __name__, READY).Process(target=one_run, args=(options, trap), name=MAIN)
    process.start()
    if trap is not None and trap.site == ANYWHERE:
        process.join(trap.nth * TENTH)
        if process.exitcode is None:
            os.kill(process.pid or 0, trap.number)
    process.join()
    return process.exitcode


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
        code = STOPPED if trap is not None and of_the_trap(error, trap) else FAILED
        if code == FAILED:
            os.write(2, f"{error}\n".encode())
    if meter.divergences:
        code = DIVERGED
    elif meter.stopped_early and code == 0:
        code = STOPPED
    os._exit(code)


def of_the_trap(error: Exception, trap: Trap) -> bool:
    """Whether a run failed of nothing but a worker that its trap killed."""
    return trap.process != MAIN and trap.number == signal.SIGKILL and str(error).startswith(LOST)


def _quietly() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, TELL))
    os.setpgid(0, 0)
