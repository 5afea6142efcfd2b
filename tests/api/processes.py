"""`fancy-trader serve` and writers of events as processes of their own, to be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import sample
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from flows.cli import main; main()")
WRITER = (sys.executable, str(Path(__file__).with_name("writing.py")))


def free_port() -> int:
    """A free port that no outgoing connection is given, drawn by lot, as other tests look for one at the same time.

    A connection to a server that is dead just now could else become its own other end, or take the server's place.
    """
    for port in sample(range(20_000, 30_000), 1_000):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    msg = "no free port among 1000 from 20000 to 29999"
    raise OSError(msg)


@dataclass
class Process:
    """A command that can be killed and started again with the same arguments.

    What it says goes to a file: a pipe that nobody empties would stop it once it is full.
    """

    arguments: tuple[str, ...]
    running: subprocess.Popen[bytes] = field(init=False)
    _said: IO[bytes] = field(init=False, default_factory=TemporaryFile)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.running = subprocess.Popen(self.arguments, env=environment, stdout=subprocess.DEVNULL, stderr=self._said)

    def kill(self) -> None:
        """End it without a chance to say anything."""
        self.running.kill()
        self.running.wait()

    def stop(self, wait_s: float = 60.0) -> tuple[int, str]:
        """Ask it to end; return its exit code and what it said on stderr in all its lives."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(wait_s), self.said()

    def said(self) -> str:
        """All that came on stderr so far."""
        return os.pread(self._said.fileno(), 1_000_000, 0).decode()

    def clean_up(self) -> None:
        """End it if it still runs."""
        if self.running.poll() is None:
            self.kill()
        self._said.close()


@dataclass
class ServeProcess(Process):
    """`fancy-trader serve` on a port."""

    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self, wait_s: float = 120.0) -> None:
        """Wait until it answers.  Raises RuntimeError when it has ended, TimeoutError when it stays silent."""
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if self.running.poll() is not None:
                msg = f"{self.url} has ended with {self.running.returncode}: {self.said()}"
                raise RuntimeError(msg)
            try:
                urllib.request.urlopen(f"{self.url}/api/v1/session", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        msg = f"{self.url} does not answer; it said: {self.said()[-2_000:]}"
        raise TimeoutError(msg)


@contextmanager
def serve_process(database: str, port: int | None = None) -> Iterator[ServeProcess]:
    """Run `fancy-trader serve` until the end of the block."""
    chosen = port or free_port()
    process = ServeProcess((*COMMAND, "serve", "--db", database, "--port", str(chosen)), port=chosen)
    try:
        process.wait()
        yield process
    finally:
        process.clean_up()
