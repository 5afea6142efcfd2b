"""Market events and options that cannot be used: one line that names the culprit, exit code 2, no database."""

from pathlib import Path

import pytest

from tests.flows.made import DAY, Command, climb, simple_plan, write_plans, write_tape
from tests.flows.test_bad_input import BAD_INPUT, DATA_MISSING, Refused, command, refused

__all__ = ["command", "refused"]  # fixtures

HEADER = "id,symbol,kind,severity,at,known_at,label"
GOOD = "E1,*,fomc,high,2013-10-08T14:00:00-04:00,2013-01-01T00:00:00Z,minutes"
NUL = "\0"


def changed(old: str, new: str) -> str:
    """Return the good event with one thing changed."""
    return GOOD.replace(old, new)


QUOTED = '"SPY,AAA"'
SEVERITIES = "must be one of low, medium, high, critical"
RFC = "must be RFC 3339 with an offset"
EVENTS: dict[str, tuple[str, int, str]] = {
    "misspelt severity": (
        f"{HEADER}\n{GOOD}\n{changed('E1', 'E2').replace('high', 'hihg')}",
        BAD_INPUT,
        f"row 2: severity: got 'hihg'; {SEVERITIES}",
    ),
    "severity in capitals": (
        f"{HEADER}\n{changed('high', 'High')}",
        BAD_INPUT,
        f"row 1: severity: got 'High'; {SEVERITIES}",
    ),
    "no severity": (f"{HEADER}\n{changed('high', '')}", BAD_INPUT, f"row 1: severity: got ''; {SEVERITIES}"),
    "naive time": (
        f"{HEADER}\n{changed('14:00:00-04:00', '14:00:00')}",
        BAD_INPUT,
        f"row 1: at: got '2013-10-08T14:00:00'; {RFC}",
    ),
    "naive known_at": (f"{HEADER}\n{changed('00:00:00Z', '00:00:00')}", BAD_INPUT, "row 1: known_at: got"),
    "a time that is none": (f"{HEADER}\n{changed('10-08', '13-08')}", BAD_INPUT, "row 1: at: got '2013-13-08"),
    "seconds": (f"{HEADER}\n{changed('2013-10-08T14:00:00-04:00', '1381255200')}", BAD_INPUT, "row 1: at: got"),
    "no column": (
        f"{HEADER.replace(',severity', '')}\n{GOOD}",
        BAD_INPUT,
        f"no column severity; must start with {HEADER}",
    ),
    "no header": (GOOD, BAD_INPUT, "no column id, symbol, kind, severity, at, known_at, label"),
    "duplicate id": (
        f"{HEADER}\n{GOOD}\n{GOOD}\n{changed('fomc', 'cpi')}",
        BAD_INPUT,
        "row 3: id: got 'E1'; must be an id of its own; this one was given before with other content",
    ),
    "no id": (f"{HEADER}\n{changed('E1', '')}", BAD_INPUT, "row 1: id: got ''; must be some text"),
    "no symbol": (f"{HEADER}\n{changed('*', '')}", BAD_INPUT, "row 1: symbol: got ''; must be a ticker, or * for all"),
    "several symbols": (
        f"{HEADER}\n{changed('*', QUOTED)}",
        BAD_INPUT,
        "row 1: symbol: got 'SPY,AAA'; must be a ticker, or * for all",
    ),
    "a symbol of two words": (f"{HEADER}\n{changed('*', 'A B')}", BAD_INPUT, "row 1: symbol: got 'A B'; must be"),
    "no kind": (f"{HEADER}\n{changed('fomc', '')}", BAD_INPUT, "row 1: kind: got ''; must be some text"),
    "NUL in an id": (f"{HEADER}\n{changed('E1', f'E{NUL} 1')}", BAD_INPUT, "row 1: id: got 'E\\x00 1'; must be"),
    "NUL in a kind": (
        f"{HEADER}\n{changed(',fomc,', f',fo{NUL}mc,')}",
        BAD_INPUT,
        "row 1: kind: got 'fo\\x00mc'; must be",
    ),
    "a field too few": (f"{HEADER}\n{changed(',minutes', '')}", BAD_INPUT, "row 1: has 6 fields; the header has 7"),
    "a field too many": (f"{HEADER}\n{GOOD},x", BAD_INPUT, "row 1: has 8 fields; the header has 7"),
    "a label without end": (f"{HEADER}\n{changed('minutes', 'x' * 200_000)}", BAD_INPUT, "is not CSV (field larger"),
    "empty": ("", BAD_INPUT, "no column id, symbol, kind"),
    "bytes of no text": ("\udcff\udcfe", BAD_INPUT, "cannot be read as text"),
}


@pytest.mark.parametrize("case", EVENTS.values(), ids=EVENTS)
def test_one_bad_market_event_refuses_the_file(tmp_path: Path, refused: Refused, case: tuple[str, int, str]) -> None:
    """A gate that misses an event is worse than none: file, row, field, value and what is allowed are named."""
    content, code, text = case
    path = tmp_path / "events.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    said = refused("--events", path)
    assert said.code == code
    assert said.only_line.startswith(f"{path}: ")
    assert text in said.only_line


def test_an_events_file_that_is_missing_is_said(tmp_path: Path, refused: Refused) -> None:
    said = refused("--events", tmp_path / "none.csv")
    assert (said.code, said.only_line) == (DATA_MISSING, f"{tmp_path}/none.csv: no such file")


def test_a_folder_for_an_events_file_is_said(tmp_path: Path, refused: Refused) -> None:
    assert refused("--events", tmp_path).code == BAD_INPUT


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEADER}\r\n{GOOD}\r\n",
        f"{HEADER}\n\n{GOOD}\n{GOOD}\n",
        f"label,{HEADER.removesuffix(',label')}\nminutes,{GOOD.removesuffix(',minutes')}",
        f"{HEADER}\n{changed('minutes', chr(34) + 'minutes, and more' + chr(34))}",
        f"{HEADER}\n{changed('minutes', chr(34) + 'minutes' + chr(10) + 'and more' + chr(34))}",
        f"{HEADER}\n{changed('minutes', 'min' + chr(0x2028) + 'utes')}",
        HEADER,
    ],
    ids=["CRLF and a mark", "given twice", "other order", "a comma", "a newline", "a line separator", "none"],
)
def test_an_events_file_in_good_form_is_taken(tmp_path: Path, command: Command, content: str) -> None:
    """What a spreadsheet writes: quotes, commas and line ends inside a label are no other row."""
    events = tmp_path / "events.csv"
    events.write_bytes(content.encode())
    tape, plans = write_tape(tmp_path, climb(3)), write_plans(tmp_path, [simple_plan()])
    said = command("replay", tape, "--plans", plans, "--events", events, "--db", f"sqlite:///{tmp_path}/plans.db")
    assert (said.code, said.err) == (0, "")


MUST_BE_MARGINS = "must be KIND=BEFORE:AFTER in minutes"
OPTIONS: dict[str, tuple[list[str], str]] = {
    "from after to": (["--from", f"{DAY}T15:00:00Z", "--to", f"{DAY}T14:00:00Z"], "--to lies before --from"),
    "naive from": (["--from", f"{DAY}T10:00:00"], f"--from: got '{DAY}T10:00:00'; {RFC}"),
    "naive to": (["--to", f"{DAY}T10:00:00"], f"--to: got '{DAY}T10:00:00'; {RFC}"),
    "from in seconds": (["--from", "1381239000"], "--from: got '1381239000'; must lie in 1993 to 2099"),
    "speed in words": (["--speed", "fast"], "--speed: got 'fast'; must be max, or a number above 0"),
    "no speed": (["--speed", "0"], "--speed: got '0'; must be max"),
    "speed backwards": (["--speed", "-60"], "--speed: got '-60'; must be max"),
    "speed without number": (["--speed", "nan"], "--speed: got 'nan'; must be max"),
    "endless speed": (["--speed", "inf"], "--speed: got 'inf'; must be max"),
    "no workers": (["--workers", "0"], "'--workers'"),
    "too many workers": (["--workers", "65"], "'--workers'"),
    "half a worker": (["--workers", "1.5"], "'--workers'"),
    "no batch": (["--batch-size", "0"], "'--batch-size'"),
    "late by words": (["--late-seconds", "soon"], "'--late-seconds'"),
    "late before its time": (["--late-seconds", "-1"], "'--late-seconds'"),
    "late by no number": (["--late-seconds", "nan"], "'--late-seconds'"),
    "late for ever": (["--late-seconds", "inf"], "--late-seconds"),
    "no symbols": (["--symbols", " , "], "--symbols: got ' , '; must be tickers joined by commas"),
    "every symbol by a star": (["--symbols", "*"], "got '*'; must be tickers joined by commas, or be left out for all"),
    "a symbol of two words": (["--symbols", "AAA,B B"], "--symbols: got 'B B'; must be tickers joined by commas"),
    "symbols of no plan": (["--symbols", "ZZZ"], "--symbols"),
    "margins without kind": (["--gate-window", "90:15"], f"--gate-window: got '90:15'; {MUST_BE_MARGINS}"),
    "margins of an empty kind": (["--gate-window", "=90:15"], f"--gate-window: got '=90:15'; {MUST_BE_MARGINS}"),
    "margins without after": (["--gate-window", "fomc=90"], f"got 'fomc=90'; {MUST_BE_MARGINS}"),
    "margins in words": (["--gate-window", "fomc=a:b"], f"got 'fomc=a:b'; {MUST_BE_MARGINS}"),
    "negative margins": (["--gate-window", "fomc=-1:5"], f"got 'fomc=-1:5'; {MUST_BE_MARGINS}"),
    "endless margins": (["--gate-window", "fomc=inf:5"], f"got 'fomc=inf:5'; {MUST_BE_MARGINS}"),
    "margins that are no number": (["--gate-window", "fomc=nan:5"], f"got 'fomc=nan:5'; {MUST_BE_MARGINS}"),
    "margins beyond all time": (["--gate-window", "fomc=1e300:5"], "--gate-window"),
    "unknown option": (["--verbose-ish"], "No such option"),
    "an option without its value": (["--from"], "'--from' requires an argument"),
}


@pytest.mark.parametrize("case", OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_means_nothing_is_refused(tmp_path: Path, refused: Refused, case: tuple[list[str], str]) -> None:
    """Exit code 2; the line names the option."""
    arguments, text = case
    events = tmp_path / "events.csv"
    events.write_text(f"{HEADER}\n{GOOD}\n")
    said = refused("--events", events, *arguments)
    assert said.code == BAD_INPUT
    assert text in said.only_line


@pytest.mark.parametrize("risk", ["inf", "1e308", "1000000001", "nan"])
@pytest.mark.parametrize("name", ["replay", "backtest", "live"])
def test_a_risk_that_no_account_bears_is_refused_with_the_bound(command: Command, name: str, risk: str) -> None:
    """Before anything is looked at: exit code 2."""
    said = command(name, *(() if name == "live" else ("no-such-tape",)), "--risk", risk)
    assert said.code == BAD_INPUT
    assert "'--risk'" in said.only_line
    assert "less than or equal to 1000000000" in said.only_line


def test_a_star_is_no_symbol_to_follow(command: Command) -> None:
    """Live follows everybody when nobody is named; a symbol called * would be scanned, and never printed."""
    said = command("live", "--symbols", "*")
    assert (said.code, said.only_line.startswith("--symbols: got '*'; must be")) == (BAD_INPUT, True)


@pytest.mark.parametrize("arguments", [["no-such-command"], ["plans", "no-such-command"], ["replay"], ["explain"]])
def test_a_command_that_is_none_or_lacks_something_is_refused(command: Command, arguments: list[str]) -> None:
    said = command(*arguments)
    assert said.code == BAD_INPUT
    assert said.only_line


@pytest.mark.parametrize("arguments", [[], ["plans"], ["db"]])
def test_without_a_command_the_help_is_shown_so_that_it_can_be_read(command: Command, arguments: list[str]) -> None:
    """Exit code 2, and no line wider than a terminal."""
    said = command(*arguments)
    assert said.code == BAD_INPUT
    assert max(map(len, (said.out + said.err).splitlines())) <= 120
