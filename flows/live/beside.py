"""The process that serves the database while a live run goes on."""

import os
import signal
from threading import Event, Thread
from typing import Final

from flows.commands.serve import serve_until_stopped
from flows.live.child import tell
from flows.logs import log_line

LOOPBACK: Final = "127.0.0.1"
AGAIN_SECONDS: Final = 0.2


def serve_beside(database: str, port: int, stop: Event) -> None:
    """Serve until told to stop; port 0: any that is free.  Raises BadInputError for what cannot be served."""
    over = Event()
    Thread(target=_end_with, args=(stop, over), name="stop", daemon=True).start()
    try:
        serve_until_stopped(database, LOOPBACK, port, ready=_say)
    finally:
        over.set()


def _say(url: str) -> None:
    tell({"url": url})
    log_line("serving", url=url, documentation=f"{url}/docs")


def _end_with(stop: Event, over: Event) -> None:
    """The server ends by a signal, as it does when people run it; one that comes while it still starts is lost."""
    stop.wait()
    while not over.is_set():
        os.kill(os.getpid(), signal.SIGTERM)
        over.wait(AGAIN_SECONDS)
