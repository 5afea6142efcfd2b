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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from flows.cli import main; main()")
WRITER = (sys.executable, str(Path(__file__).with_name("writing.py")))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@dataclass
class Process:
    """A command that can be killed and started again with the same arguments."""

    arguments: tuple[str, ...]
    running: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.running = subprocess.Popen(
            self.arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def kill(self) -> None:
        """End it without a chance to say anything."""
        self.running.kill()
        self.running.communicate()

    def stop(self, wait_s: float = 15.0) -> tuple[int, str]:
        """Ask it to end; return its exit code and what it said on stderr."""
        self.running.send_signal(signal.SIGTERM)
        _, said = self.running.communicate(timeout=wait_s)
        return self.running.returncode, said

    def clean_up(self) -> None:
        """End it if it still runs."""
        if self.running.poll() is None:
            self.kill()
        for pipe in (self.running.stdout, self.running.stderr):
            if pipe is not None:
                pipe.close()


@dataclass
class ServeProcess(Process):
    """`fancy-trader serve` on a port."""

    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self, wait_s: float = 30.0) -> None:
        """Wait until it answers."""
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/api/v1/session", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        msg = f"{self.url} does not answer"
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
