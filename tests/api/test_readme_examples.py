"""The README's examples of the API, as they stand there, over the demo's database."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import sync_playwright

from tests.api.conftest import Demo
from tests.api.processes import ROOT, free_port
from tests.api.serving import PATIENCE_S, Flow, serving

README: Final = (ROOT / "README.md").read_text()
CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--disable-sync",
)


def example(language: str, port: int) -> str:
    """The one example in a language, for a server on a port."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert "localhost:8000" in found
    return str(found).replace("localhost:8000", f"localhost:{port}")


def program(*names: str) -> str:
    """The path of an installed program; without it, skips (in CI, fails)."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"{names[0]} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def demo_url(demo: Demo, tmp_path: Path) -> str:
    """A copy of the demo's database, to be written to."""
    shutil.copy(demo.url.removeprefix("sqlite:///"), tmp_path / "demo.db")
    return f"sqlite:///{tmp_path / 'demo.db'}"


@pytest.fixture
def flow(demo_url: str) -> Iterator[Flow]:
    """Lets something happen to new plans of SIM1."""
    flow = Flow(demo_url)
    yield flow
    flow.close()


def test_curl_reads_plans_and_follows_the_stream(demo_url: str) -> None:
    curl = program("curl")
    with serving(demo_url) as server:
        waiting, at, following = example("sh", server.port).splitlines()
        for line, wanted in ((waiting, '"phase":"waiting"'), (at, '"plan_id":"sim1-orb-long"')):
            assert wanted in subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
        command = following.replace("curl", f"exec {curl} --max-time {PATIENCE_S:g}", 1)
        with subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = (line for line in process.stdout if line.startswith("event: "))
            assert [next(told), next(told)] == ["event: hello\n", "event: snapshot\n"]
            process.terminate()


def test_python_reads_plans_and_follows_the_stream(demo_url: str, flow: Flow) -> None:
    with serving(demo_url) as server:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", example("python", server.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            while not any(client.wanted for client in list(server.app.state.hub.clients)):
                assert process.poll() is None
                time.sleep(0.02)
            flow.happen("sim1-new")
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or "sim1-new" not in lines[-1]:
                lines.append(process.stdout.readline())
            process.kill()
    assert any(line.startswith("sim1-swing-waiting SIM1 ") for line in lines)
    assert any(" entered " in line for line in lines)
    assert " sim1-new registered " in lines[-1]


def test_a_browser_hears_every_event_once_also_over_a_restart_of_the_server(demo_url: str, flow: Flow) -> None:
    chromium = program("chromium", "chromium-browser", "google-chrome")
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_S * 1_000)
        page.on("console", lambda message: said.append(message.text))
        with serving(demo_url, free_port()) as server:
            port, hub = server.port, server.app.state.hub
            page.goto(f"http://localhost:{port}/openapi.json")
            page.evaluate(f"() => {{ {example('js', port)} }}")
            _until(page, lambda: _listening(hub) == 2)
            flow.happen("sim1-new", "sim2-new")
            _until(page, lambda: len(_heard(said, "ws")) == len(_heard(said, "sse")) == 1)
        flow.happen("sim1-new", "sim2-new", "sim1-other")
        with serving(demo_url, port) as server:
            _until(page, lambda: _listening(server.app.state.hub) == 2)
            flow.happen("sim1-other")
            _until(page, lambda: len(_heard(said, "ws")) == len(_heard(said, "sse")) == 4)
            browser.close()
    for way in ("ws", "sse"):
        heard = _heard(said, way)
        assert [plan_id for plan_id, _ in heard] == ["sim1-new", "sim1-new", "sim1-other", "sim1-other"]
        assert [seq - heard[0][1] for _, seq in heard] == [0, 2, 4, 5]


def _listening(hub: Any) -> int:
    return sum(client.wanted is not None for client in list(hub.clients))


def _heard(said: list[str], way: str) -> list[tuple[str, int]]:
    words = [line.split() for line in said]
    return [(word[1], int(word[2])) for word in words if word[0] == way]


def _until(page: Any, done: Any) -> None:
    until = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < until
        page.wait_for_timeout(20)
