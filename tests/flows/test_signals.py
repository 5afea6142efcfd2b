"""A signal sets its event, whoever holds the event's lock at that moment."""

import os
import signal
from threading import Event

from flows.signals import SetLater


def test_a_signal_that_interrupts_the_holder_of_the_lock_does_not_wait_for_itself() -> None:
    """The handler runs in this very thread while it holds the lock that `set` needs."""
    stop = Event()
    before = signal.signal(signal.SIGUSR1, SetLater(stop))
    try:
        with stop._cond:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGUSR1)
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not stop.is_set()
        assert stop.wait(60.0)
    finally:
        signal.signal(signal.SIGUSR1, before)
