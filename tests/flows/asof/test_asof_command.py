"""`fancy-trader asof`: JSON on stdout, and 3 when the data is missing."""

import json
from pathlib import Path

import pytest

from flows.asof.opening import named_by
from operators.bars.columns import Interval
from operators.times import SECOND_NS, iso
from sinks.database import open_database
from sinks.scan_reader import bars_of
from tests.flows.made import OPEN_NS, Command, climb, simple_plan, speaker, write_plans, write_tape
from tests.flows.market.practice import KEY, made_day, serving

AT = iso(OPEN_NS + 200 * SECOND_NS)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return speaker(capsys)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return write_tape(tmp_path, climb(600))


def test_a_price_is_one_json_object(command: Command, tape: Path) -> None:
    said = command("asof", "price", "AAA", "--at", AT, "--tape", tape)
    assert (said.code, said.err) == (0, "")
    want = {"as_of": AT, "available_at": AT, "symbol": "AAA", "price": 102.0, "size": 100.0, "unusable": 0}
    assert json.loads(said.out) == want


def test_bars_say_since_when_each_was_known(command: Command, tape: Path) -> None:
    said = command("asof", "bars", "AAA", "--at", AT, "--interval", "1m", "--tape", tape)
    bars = json.loads(said.out)["bars"]
    assert [bar["close"] for bar in bars] == [100.59, 101.19, 101.79]
    assert all(bar["available_at"] == bar["end"] for bar in bars)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("price", "BBB", "--at", AT), 3, "no print of BBB"),
        (("bars", "AAA", "--at", AT, "--interval", "5m"), 3, "no 5m bar of AAA"),
        (("bars", "AAA", "--at", AT, "--interval", "2m"), 2, "--interval: got '2m'; must be one of 1m"),
        (("price", "AAA", "--at", "noon"), 2, "--at: got 'noon'"),
        (("price", "AAA", "--at", AT, "--rest-url", "http://127.0.0.1:1"), 2, "give one of them"),
        (("chain", "AAA", "--at", AT), 3, "no option quotes here"),
        (("chain", "AAA", "--at", AT, "--expiry-to", "soon"), 2, "--expiry-to: got 'soon'; must be a date"),
        (
            ("chain", "AAA", "--at", AT, "--strike-from", 9, "--strike-to", 8),
            2,
            "--strike-to: got 9.0 and 8.0;",
        ),
        (("chain", "AAA", "--at", AT, "--strike-from", "nan"), 2, "--strike-to: got nan and None; nothing"),
        (
            ("chain", "AAA", "--at", AT, "--expiry-from", "2013-10-09", "--expiry-to", "2013-10-08"),
            2,
            "--expiry-to: got 2013-10-09 and 2013-10-08; nothing lies between them",
        ),
    ],
)
def test_what_is_missing_leaves_with_3_and_what_is_wrong_with_2(
    command: Command, tape: Path, arguments: tuple[str, ...], code: int, line: str
) -> None:
    said = command("asof", *arguments, "--tape", tape.parent)
    assert (said.code, said.out) == (code, "")
    assert line in said.only_line


def test_rest_is_asked_with_the_key_from_the_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    day = made_day(300)
    last = int(day.sip_ns[-1])
    with serving(day, start_ns=last) as market:
        monkeypatch.setenv("MASSIVE_API_KEY", KEY)
        said = command("asof", "price", "AAA", "--at", str(last), "--rest-url", market.rest)
        unheard = command("asof", "price", "AAA", "--at", str(last - 10**18), "--rest-url", market.rest)
    assert json.loads(said.out)["price"] == 102.98
    assert unheard.code == 3
    monkeypatch.delenv("MASSIVE_API_KEY")
    monkeypatch.delenv("POLYGON_API_KEY", raising=False)
    assert "no key" in command("asof", "price", "AAA", "--at", AT).only_line
    assert KEY not in said.out + said.err + unheard.err


def test_a_database_answers_from_the_recordings_that_it_names(command: Command, tape: Path, sqlite_url: str) -> None:
    """And its own bars are those that were known when its tape ended."""
    plans = write_plans(tape.parent, [simple_plan()])
    assert command("replay", tape, "--plans", plans, "--db", sqlite_url).code == 0
    taped = command("asof", "price", "AAA", "--at", AT, "--tape", tape)
    assert command("asof", "price", "AAA", "--at", AT, "--db", sqlite_url) == taped
    end_ns = OPEN_NS + 599 * SECOND_NS
    answer, engine = named_by(sqlite_url).bars_asof("AAA", end_ns), open_database(sqlite_url, read_only=True)
    with engine.connect() as connection:
        rows = bars_of(connection, "AAA", Interval.M1, as_of_ns=end_ns)
    engine.dispose()
    assert [each.bar for each in answer.bars] == [rows.row(place) for place in range(len(rows))]
    assert len(rows) == 9
    missing = command("asof", "chain", "AAA", "--at", AT, "--db", sqlite_url)
    assert (missing.code, missing.only_line) == (3, "no recorded option quotes to look into")
    tape.unlink()
    gone = command("asof", "price", "AAA", "--at", AT, "--db", sqlite_url)
    assert gone.code == 3
    assert gone.only_line.endswith("2013-10-08.csv: cannot be found")
