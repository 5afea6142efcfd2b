"""Workers that are born of a process which has imported all that they need."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from flows.crew import hired
from tests.flows.made_day import PATIENCE
from tests.flows.processes import lives

WAITING = """
from time import sleep
from flows.crew import hired

if __name__ == "__main__":
    with hired(2, 2) as workers:
        print(*(process.pid for process, _ in workers), flush=True)
        sleep(600)
"""
IDLE = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""Threads of polars' allocator, which knows about forks, and of what removes files that polars spilled."""


def test_who_was_hired_is_gone_when_nothing_comes_of_the_run() -> None:
    """Bad input is found, or somebody stops it, before there are orders."""
    with suppress(KeyboardInterrupt), hired(2, 2) as workers:
        found = [process.is_alive() for process, _ in workers]
        raise KeyboardInterrupt
    assert (found, [process.is_alive() for process, _ in workers]) == ([True, True], [False, False])


def test_who_waits_for_orders_ends_with_whoever_hired_it() -> None:
    """Killed while it checks its inputs, it leaves nobody behind that waits for ever, nor whom they were born of."""
    with subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        waiting = [int(each) for each in run.stdout.readline().split()]
        born_of = {_parent(each) for each in waiting}
        run.kill()
    until = monotonic() + PATIENCE
    while any(map(lives, (*waiting, *born_of))) and monotonic() < until:
        sleep(0.02)
    assert (len(waiting), len(born_of), [each for each in (*waiting, *born_of) if lives(each)]) == (2, 1, [])


def test_where_workers_are_born_no_thread_works_and_nobodys_output_is_held() -> None:
    """A fork takes no thread along: what one of them held would be held for ever.  polars' own start at first use.

    Who reads what a command says, through a pipe, hears of its end, not of theirs.
    """
    with subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        server = Path(f"/proc/{_parent(int(run.stdout.readline().split()[0]))}")
        others = [task for task in (server / "task").iterdir() if task.name != server.name]
        found = {(task / "comm").read_text().strip() for task in others}
        outputs = {str((server / "fd" / stream).readlink()) for stream in ("1", "2")}
        run.kill()
    assert (found - IDLE, outputs) == (set(), {"/dev/null"})


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
