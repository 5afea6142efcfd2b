"""The processes of a cluster meet without knocking where nobody listens yet."""

import socket
from threading import Thread

import pytest

from flows.meeting import await_listeners


def address_of(each: socket.socket) -> str:
    host, port = each.getsockname()
    return f"{host}:{port}"


def bound() -> socket.socket:
    each = socket.socket()
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the engine's does
    each.bind(("127.0.0.1", 0))
    return each


def test_whoever_connects_waits_until_the_other_listens() -> None:
    """Being bound is not enough, and asking keeps nobody from listening."""
    with bound() as other:
        asking = Thread(target=await_listeners, args=([address_of(other)], 60.0))
        asking.start()
        asking.join(0.2)
        assert asking.is_alive()
        other.listen()
        asking.join(60.0)
        assert not asking.is_alive()


def test_asking_is_no_connection() -> None:
    """The one who listens has nobody to accept."""
    with bound() as other:
        other.listen()
        await_listeners([address_of(other)], 60.0)
        other.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            other.accept()


def test_patience_ends() -> None:
    """Nobody listens: the engine may knock on its own, and nothing is left behind at the address."""
    with bound() as other:
        await_listeners([address_of(other)], 0.05)
        other.listen()
        with socket.create_connection(other.getsockname(), timeout=60.0) as client:
            assert client.getpeername() == other.getsockname()
