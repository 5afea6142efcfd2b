"""How the processes of a cluster meet: each connects to those before it, once they listen.

The engine sleeps for a second when it finds nobody there, so nobody knocks too early.
"""

import errno
import socket
import time
from collections.abc import Iterable
from typing import Final

LOOK_SECONDS: Final = 0.005
PATIENCE_SECONDS: Final = 5.0


def await_listeners(addresses: Iterable[str], patience_s: float = PATIENCE_SECONDS) -> None:
    """Wait until somebody listens at each of these addresses (host:port) of this machine, or patience ends.

    Who gives up loses nothing: the engine knocks again and again.
    """
    until = time.monotonic() + patience_s
    for address in addresses:
        while not _is_taken(address) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)


def _is_taken(address: str) -> bool:
    """Whether somebody listens there.  A connection would tell as well, but be taken for one of the cluster's.

    Two sockets that both allow it may be bound to one address as long as neither listens, so asking disturbs nobody.
    """
    host, port = address.rsplit(":", 1)
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asking.bind((host, int(port)))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False
