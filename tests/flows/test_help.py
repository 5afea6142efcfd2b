"""Every command has help with an example that can be typed, and leaves with an exit code that scripts live by."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli import app
from tests.flows.made import Command, speaker

SCRIPT = Path(sys.executable).parent / "fancy-trader"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def leaves(names: tuple[str, ...] = (), group: Any = None) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    group = group or typer.main.get_command(app)
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from leaves((*names, name), each)
        else:
            yield (*names, name), each


COMMANDS = {" ".join(words): (words, each) for words, each in leaves()}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(command: Command, name: str, option: str) -> None:
    said = command(*COMMANDS[name][0], option)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: ")
    assert f"Example: fancy-trader {name}" in " ".join(said.out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_can_be_typed(name: str) -> None:
    """Its words are parsed as the shell would hand them over."""
    words, leaf = COMMANDS[name]
    examples = re.findall(r"Example: fancy-trader (.*?)(?:\n\s*\n|$)", leaf.help, re.DOTALL)
    assert examples
    for example in examples:
        given = shlex.split(example)
        assert tuple(given[: len(words)]) == words
        leaf.make_context(name, given[len(words) :])


GROUPS = sorted({words[:-1] for words, _ in COMMANDS.values()})


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_help_names_every_command_below_with_an_example_of_one(command: Command, group: tuple[str, ...]) -> None:
    said = command(*group, "--help")
    assert said.code == 0
    assert f"Example: fancy-trader {' '.join(group)}" in " ".join(said.out.split())
    for words, _ in COMMANDS.values():
        if words[:-1] == group:
            assert re.search(rf"^  {words[-1]} ", said.out, re.MULTILINE)


def test_help_waits_for_nothing_heavy() -> None:
    """What is heavy is imported when a command runs."""
    heavy = {"polars", "numpy", "pandas", "sqlalchemy", "bytewax", "alembic", "multiprocessing"}
    code = f"import sys, flows.cli; print(*sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_version_is_that_of_the_package(command: Command) -> None:
    said = command("--version")
    assert (said.code, said.out, said.err) == (0, f"{version('fancy-trader')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["no-such-command"], 2), (["replay", "none.csv", "--plans", "x"], 3)]
)
def test_the_script_leaves_with_the_exit_code(tmp_path: Path, arguments: list[str], code: int) -> None:
    """A real process; one line on stderr when it is not 0."""
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == (code != 0)
