"""A process of a cluster as it is born: what it is, and its first steps.

Rule: nothing heavy is imported here, as who hires it imports this, too.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Thread
from typing import Final

from flows.tape.ends import Ends

TELL: Final = signal.SIGUSR1
"""By which a worker is told to stop; one that follows a tape by nothing else, or it would end before its writer."""


@dataclass(frozen=True, slots=True)
class Post:
    """Which worker of a cluster a process is, with `ends` shared by all.

    `connection`: the process that hired it, which says what is to be done, and is told.
    """

    index: int
    connection: Connection
    ends: Ends


def begin(post: Post) -> None:
    """Become the worker of a post, and end when the process that hired it ends."""
    Thread(target=_end_with_the_parent, name="parent", daemon=True).start()
    from flows.worker import work

    work(post)


def _end_with_the_parent() -> None:
    """A worker without the process that hired it would write on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
