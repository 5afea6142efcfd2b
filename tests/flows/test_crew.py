"""Workers that are hired before anybody knows whether there is work for them."""

import subprocess
import sys
from contextlib import suppress
from time import monotonic, sleep

from flows.crew import hired
from tests.flows.made_day import PATIENCE
from tests.flows.processes import lives

WAITING = """
from time import sleep
from flows.crew import hired

if __name__ == "__main__":
    with hired(2) as crew:
        print(*(process.pid for process, _ in crew.workers), flush=True)
        sleep(600)
"""


def test_who_was_hired_is_gone_when_nothing_comes_of_the_run() -> None:
    """Bad input is found, or somebody stops it, while they still import."""
    with suppress(KeyboardInterrupt), hired(2) as crew:
        found = [process.is_alive() for process, _ in crew.workers]
        raise KeyboardInterrupt
    assert (found, [process.is_alive() for process, _ in crew.workers]) == ([True, True], [False, False])


def test_one_process_needs_nobody() -> None:
    """It does all itself."""
    with hired(1) as crew:
        assert (crew.workers, crew.shares) == ((), 1)


def test_who_waits_for_orders_ends_with_whoever_hired_it() -> None:
    """Killed while it checks its inputs, it leaves nobody behind that waits for ever."""
    with subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        waiting = [int(each) for each in run.stdout.readline().split()]
        run.kill()
    until = monotonic() + PATIENCE
    while any(map(lives, waiting)) and monotonic() < until:
        sleep(0.02)
    assert (len(waiting), [each for each in waiting if lives(each)]) == (2, [])
