"""`fancy-trader keys`: making, listing and revoking."""

import json

import pytest

from flows.errors import ExitCode
from tests.flows.made import Command, speaker


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def test_a_key_is_made_listed_and_revoked(command: Command, sqlite_url: str) -> None:
    """Only the secret goes to stdout, so that a script can take it."""
    made = command("keys", "create", "desk", "--scope", "write", "--db", sqlite_url)
    secret = made.out.strip()
    assert (made.code, secret.startswith("ft_"), len(made.out.splitlines())) == (0, True, 1)
    number = secret.split("_")[1]
    assert number in made.err
    listed = json.loads(command("keys", "list", "--json", "--db", sqlite_url).out)
    assert [(each["id"], each["name"], each["scope"], each["revoked"]) for each in listed] == [
        (number, "desk", "write", None)
    ]
    assert command("keys", "revoke", number, "--db", sqlite_url).out == f"key {number} of desk is revoked\n"
    shown = command("keys", "list", "--db", sqlite_url).out
    assert "revoked 2" in shown
    assert secret not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "a b"), "name: got 'a b'"),
        (("create", "desk", "--scope", "all"), "scope: got 'all'"),
        (("revoke", "none"), "no key 'none'"),
    ],
)
def test_what_cannot_be_done_is_one_line(command: Command, sqlite_url: str, words: tuple[str, ...], said: str) -> None:
    found = command("keys", *words, "--db", sqlite_url)
    assert found.code == ExitCode.BAD_INPUT
    assert said in found.only_line
