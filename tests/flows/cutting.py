"""A way to PostgreSQL that is cut in the middle of a COMMIT: before the server hears it, or before the client does."""

import socket
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path

import sqlalchemy as sa

BATCH = b"NOTIFY"
"""What only the transactions of batches hold."""
COMMIT = b"COMMIT\x00"
COMMITTED = b"COMMIT\x00"


class Cutting:
    """A loopback proxy.  Of the batches' COMMITs every `every`-th is cut: in turn unheard, and heard but unanswered."""

    def __init__(self, server: sa.URL, every: int) -> None:
        self._folder, self._every, self._commits = Path(str(server.query["host"])), every, count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.unheard = self.unanswered = 0
        self._answered = threading.Event()
        self.url = server.set(host="127.0.0.1", port=self._listener.getsockname()[1], query={}).render_as_string()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._folder / ".s.PGSQL.5432"))
        cut = threading.Event()
        threading.Thread(target=self._answers, args=(server, client, cut), daemon=True).start()
        with client, server:
            with suppress(OSError):
                self._forward(client, server, cut)
            for each in (client, server):  # closing alone would wait for the other thread, which listens
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _forward(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        said = b""
        while data := client.recv(1 << 16):
            said = (said + data)[-(1 << 20) :]
            if COMMIT in data and BATCH in said:
                said, number = b"", next(self._commits)
                if number % self._every == 0:
                    self._cut(server, data, cut, heard=number // self._every % 2 == 0)
                    return
            server.sendall(data)

    def _cut(self, server: socket.socket, data: bytes, cut: threading.Event, *, heard: bool) -> None:
        cut.set()
        if not heard:
            self.unheard += 1
            return
        server.sendall(data)
        self._answered.wait(60.0)
        self._answered.clear()
        self.unanswered += 1

    def _answers(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if not cut.is_set():
                    client.sendall(data)
                elif COMMITTED in data:
                    self._answered.set()
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
