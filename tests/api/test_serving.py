"""`fancy-trader serve` as people start and stop it."""

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from api.keys import ApiKey, Scope, digest_of, key_of, read_keys
from flows.cli import run
from tests.api.processes import COMMAND, serve_process
from tests.api.serving import PATIENCE_S, Flow


def test_it_serves_until_a_signal_and_leaves_with_zero(tmp_path: Path) -> None:
    flow = Flow(f"sqlite:///{tmp_path / 'plans.db'}")
    flow.happen("aig-1")
    flow.close()
    with serve_process(f"sqlite:///{tmp_path / 'plans.db'}") as server:
        with urllib.request.urlopen(f"{server.url}/api/v1/plans", timeout=PATIENCE_S) as answer:
            assert [plan["plan_id"] for plan in json.load(answer)["plans"]] == ["aig-1"]
        code, said = server.stop()
    assert (code, "Traceback" in said) == (0, False)


def test_a_database_that_is_not_there_yet_is_served_and_said_and_a_signal_is_heard_from_the_first_word_on(
    tmp_path: Path,
) -> None:
    """A misspelt name is seen at once, and a run that comes later may make it."""
    command = [*COMMAND, "serve", "--db", f"sqlite:///{tmp_path / 'plan.db'}", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        serving, waits = json.loads(process.stderr.readline()), json.loads(process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
    assert serving["event"] == "serving"
    assert (waits["event"], waits["level"]) == ("no_answers", "warning")
    assert "plan.db: there is no such file" in waits["reason"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "without keys only a loopback address will do"),
        (["--db", "plans.db"], "'plans.db' is not a database URL"),
        (["--keys", "BROKEN"], "cannot be read as JSON"),
        (["--host", "no.such.host.invalid", "--keys", "KEYS"], "cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps([{"name": "a", "sha256": digest_of("s"), "scope": "read"}]))
    broken = tmp_path / "broken.json"
    broken.write_text("[")
    named = {"KEYS": str(keys), "BROKEN": str(broken)}
    assert run(["serve", "--db", "sqlite:///x.db", *(named.get(option, option) for option in options)]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_a_file_of_keys_that_is_not_there_is_missing_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--db", f"sqlite:///{tmp_path}/x.db", "--keys", f"{tmp_path}/none.json"]) == 3
    assert capsys.readouterr().err == f"fancy-trader: {tmp_path}/none.json: no such file\n"


def test_keys_are_read_from_a_file_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    entry = {"name": "a", "sha256": digest_of("s"), "scope": "write"}
    file.write_text(json.dumps([entry]))
    keys = read_keys(file)
    assert keys == (ApiKey("a", digest_of("s"), Scope.WRITE),)
    assert [key_of(keys, secret) for secret in ("s", "t", "")] == [keys[0], None, None]
    for wrong in ({**entry, "sha256": "s"}, {**entry, "scope": "all"}, {"name": "b"}):
        file.write_text(json.dumps([entry, wrong]))
        with pytest.raises(ValueError, match="key 2"):
            read_keys(file)
