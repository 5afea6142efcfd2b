"""Children for tests of their place: what a child may do, each in a few lines."""

import atexit
import os
import sys
import time
from threading import Event, Thread

from flows.errors import BadInputError, CommandError
from flows.live.child import tell


def refuses(_: None, __: Event) -> None:
    """Its arguments are wrong."""
    msg = "no such thing"
    raise BadInputError(msg)


def fails_at_once(_: None, __: Event) -> None:
    """It cannot begin."""
    msg = "not today"
    raise CommandError(msg)


def fails_later(_: None, __: Event) -> None:
    """It lives a little, and says so."""
    tell({"alive": True})
    msg = "the disk is full"
    raise CommandError(msg)


def talks(_: None, stop: Event) -> None:
    """It writes what is no log, as engines do, and breaks."""
    tell({"alive": True})
    os.write(2, b"thread 'worker' panicked\n")
    sys.stdout.write("on stdout\n")
    sys.stdout.flush()
    raise ZeroDivisionError


def obeys(_: None, stop: Event) -> None:
    """It ends when it is let go."""
    tell({"alive": True})
    stop.wait()
    tell({"alive": False})


def leaves_much(_: None, stop: Event) -> None:
    """It ends when it is let go; to tidy up what it leaves would take an hour."""
    Thread(target=time.sleep, args=(3_600,)).start()
    atexit.register(time.sleep, 3_600)
    obeys(_, stop)
    sys.stdout.write("its last word, and no end of a line")


def hangs(_: None, __: Event) -> None:
    """It ends by nothing but force."""
    tell({"alive": True})
    time.sleep(600)
