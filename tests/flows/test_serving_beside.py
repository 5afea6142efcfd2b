"""Runs that serve their database meanwhile, and the demo that ends by serving its own."""

import fcntl
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.cli import run
from flows.commands import demo as demo_command
from tests.flows.made import market_tape

SCRIPT = Path(sys.executable).parent / "fancy-trader"
PATIENCE_S = 60.0


@contextmanager
def replaying(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A replay at the market's own pace, which would take hours; it, and the URL that it serves."""
    tape = market_tape(folder, ["AAA"], 200)
    arguments = ("--db", f"sqlite:///{folder / 'served.db'}", "--speed", "1", "--serve", "--port", "0")
    process = subprocess.Popen([SCRIPT, "replay", tape, *arguments], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        found = re.search(r"serving (http://127\.0\.0\.1:\d+) .* while this runs", process.stderr.readline())
        assert found is not None
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def fetched(url: str) -> bytes:
    """What a URL answers."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return bytes(answer.read())


def gone(url: str) -> bool:
    """Whether nobody listens there any more, within some time."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            fetched(f"{url}/healthz")
        except urllib.error.HTTPError:
            pass
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_replay_serves_while_it_runs_and_stops_serving_with_it(tmp_path: Path) -> None:
    with replaying(tmp_path) as (process, url):
        assert b'"plans":[]' in fetched(f"{url}/api/v1/plans")
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[1]
        assert (process.returncode, "run the same command again" in said) == (1, True)
        assert "Traceback" not in said
        assert gone(url)


def test_a_run_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    with replaying(tmp_path) as (process, url):
        fetched(f"{url}/healthz")
        process.kill()
        assert gone(url)


def test_a_port_that_is_taken_stops_the_run_before_it_begins(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tape = market_tape(tmp_path, ["AAA"], 20)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["replay", str(tape), "--db", f"sqlite:///{tmp_path / 'x.db'}", "--serve", "--port", port]) == 2
    assert f"127.0.0.1:{port}: cannot be listened on" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("on_terminal", "options", "served"),
    [
        (True, [], True),
        (True, ["--json"], False),
        (True, ["--no-serve"], False),
        (False, [], False),
        (False, ["--serve"], True),
    ],
)
def test_the_demo_serves_on_a_terminal_or_when_asked(
    on_terminal: bool, options: list[str], served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("flows.demo.run_demo", lambda *_, as_json: "sqlite:///demo.db")
    monkeypatch.setattr(demo_command, "_serve", lambda database, _port: asked.append(database))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    assert run(["demo", *options]) == 0
    assert asked == (["sqlite:///demo.db"] if served else [])


def test_the_demo_on_a_terminal_prints_where_it_serves_and_stops_with_ctrl_c(tmp_path: Path) -> None:
    """Ctrl-C is typed into a real terminal."""
    ours, theirs = pty.openpty()
    command = [str(SCRIPT), "demo", "--folder", str(tmp_path), "--port", "0"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=_own_terminal)
    os.close(theirs)
    said = ""
    try:
        while "/sse/plans" not in said:
            said += os.read(ours, 65_536).decode()
        assert "stop with Ctrl-C" in said
        found = re.search(r"(http://127\.0\.0\.1:\d+/api/v1/plans)\s", said)
        assert found is not None
        assert b"sim1-swing-waiting" in fetched(found[1])
        os.write(ours, b"\x03")
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
