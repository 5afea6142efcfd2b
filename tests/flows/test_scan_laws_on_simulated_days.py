"""L1, L2, L3, L5 and L9 with the scanner on, over simulated sessions in a row: late prints, bad lines, long frames."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from time import monotonic, sleep

import numpy as np
import pytest
from msgspec.structs import astuple

from flows.asof.provider import AsOf
from flows.asof.recorded import RecordedPrints, RecordedQuotes
from flows.job import Job, run_job
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from operators.bars.columns import NO_BARS, Interval
from operators.bars.symbol_bars import SymbolBars
from operators.conditions import Flag
from operators.frames import by_symbol, tag
from operators.nyse import nyse_calendar
from operators.rows import BarRows
from operators.sessions import PHASE_CODES
from operators.times import DEFAULT_LATE_NS, MINUTE_NS
from sinks.database import open_database, reading
from sinks.scan_reader import bars_of
from sinks.schema import ensure_schema
from tests.flows.made import check_whole, count_in, rows_of, vendor_row
from tests.flows.scanned import (
    AT,
    CLOSE,
    END,
    INTERVAL,
    KEY,
    OPENS,
    REVISION,
    Row,
    Scanned,
    bar_rows,
    left_in,
    scan,
    sessions,
    simulated,
    simulated_prints,
    told,
    write_prints,
)

SESSIONS = 9
BAD_LINES = 2
SCRIPT = Path(sys.executable).parent / "fancy-trader"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Nine sessions of two symbols, two bad lines in the last one."""
    paths = simulated(tmp_path_factory.mktemp("tape"), SESSIONS)
    lines = paths[-1].read_text().splitlines()
    lines.insert(300, "not a print")
    lines.insert(900, vendor_row("SIMA", 0, int(lines[899].split(",")[8]), "1.00").replace("1.00", "-1.00"))
    paths[-1].write_text("\n".join([*lines, ""]))
    return paths


@pytest.fixture(scope="module")
def end_ns() -> int:
    """When the last session's after-hours trading ends."""
    return sessions(SESSIONS)[-1].post_end_ns


@pytest.fixture(scope="module")
def whole(tape: list[Path], end_ns: int, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """The undisturbed replay: many candidates, revised bars."""
    found = scan(tape, f"sqlite:///{tmp_path_factory.mktemp('whole')}/plans.db", to_ns=end_ns)
    assert len(found.scans) > 45
    assert sum(row[REVISION] > 0 for row in found.bars) > 20
    assert found.replayed.meter.dead_letters == BAD_LINES
    return found


@pytest.fixture(scope="module")
def short(tape: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], int, Scanned]:
    """The last four sessions of it, where they end, and their undisturbed replay."""
    files, end_ns = tape[-4:], sessions(SESSIONS)[-1].post_end_ns
    found = scan(files, f"sqlite:///{tmp_path_factory.mktemp('short')}/plans.db", to_ns=end_ns)
    assert len(found.scans) > 20
    return files, end_ns, found


@pytest.mark.parametrize("batch_rows", [1_200, 60_000])
def test_l1_frames_within_a_session_and_over_many_give_the_same_rows(
    whole: Scanned, tape: list[Path], end_ns: int, sqlite_url: str, batch_rows: int
) -> None:
    """What a long frame has in it after a candidate's instant takes nothing away of what was before."""
    found = scan(tape, sqlite_url, to_ns=end_ns, batch_rows=batch_rows)
    assert found.everything == whole.everything
    check_whole(sqlite_url)
    assert letters(sqlite_url) == letters(whole.replayed.database)


def test_l1_frames_of_one_and_seven_prints_change_nothing(tape: list[Path], tmp_path: Path) -> None:
    """On an hour of one session, in which something is found."""
    opening = sessions(1)[0].open_ns
    window = {"to_ns": opening + 60 * MINUTE_NS, "symbols": frozenset({"SIMA"})}
    found = [
        scan(tape[:1], f"sqlite:///{tmp_path}/{rows}.db", batch_rows=rows, **window).everything for rows in (1, 7, None)
    ]
    assert found[0] == found[1] == found[2]
    assert found[0][2]


def test_l2_threads_of_one_process_give_the_same_rows(short: tuple[list[Path], int, Scanned], tmp_path: Path) -> None:
    """Every worker scans its own symbols; processes do so on the real days."""
    tape, end_ns, whole = short
    url = f"sqlite:///{tmp_path}/threads.db"
    prepared = prepare(ReplayOptions(tuple(tape), None, url, scan=True, to_ns=end_ns))
    engine = open_database(url)
    ensure_schema(engine)
    engine.dispose()
    run_job(Job(prepared.options, prepared.replay, Flag.LAST, 2), Meter(), [], 0)
    assert left_in(url).everything == whole.everything


def test_l3_killed_twice_a_replay_ends_with_the_same_rows(
    short: tuple[list[Path], int, Scanned], sqlite_url: str
) -> None:
    """SIGKILL while bars and plans are written, at places of chance; what is there is whole, the rerun completes it."""
    tape, end_ns, whole = short
    command = [str(SCRIPT), "replay", *map(str, tape), "--db", sqlite_url, "--quiet", "--batch-size", "300"]
    command += ["--to", str(end_ns)]
    places = sorted(Random().randrange(1, len(whole.scans) // 2) for _ in range(2))
    for place in places:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = monotonic() + PATIENCE
        while process.poll() is None and count_in(sqlite_url, "scan_results") < place and monotonic() < until:
            sleep(0.01)
        process.kill()
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0), places
        check_whole(sqlite_url)
    found = scan(tape, sqlite_url, to_ns=end_ns)
    assert found.everything == whole.everything, places
    assert letters(sqlite_url) == letters(whole.replayed.database)
    assert rows_of(sqlite_url, "SELECT complete, divergences FROM streams") == [(1, 0)]


def test_l5_a_replay_up_to_t_is_the_prefix_and_bars_are_as_they_stood(
    whole: Scanned, tape: list[Path], tmp_path: Path
) -> None:
    """Candidates and events up to T; bars that had ended, without what late prints of after T made of them.

    So does the whole replay's database tell them, asked as of T, and the as-of provider of the tape.
    """
    cuts = Random(3).sample([row[AT] for row in whole.scans], 2)
    for cut in (cuts[0], cuts[1] - 1):
        found = scan(tape, f"sqlite:///{tmp_path}/{cut}.db", to_ns=cut)
        events, bars, scans = whole.until(cut)
        assert (told(found.replayed.events), found.scans) == (events, scans), cut
        assert longer(found.bars) == longer(bars), cut
        minutes = [row for row in found.bars if row[INTERVAL] == "1m"]
        assert minutes == minutes_as_of(tape, cut), cut
        assert [row[:KEY] for row in found.bars] == [row[:KEY] for row in bars], cut
        assert stored_as_of(whole.replayed.database, cut) == found.bars, cut
        begun_ns = session_start(cut)
        assert provided_as_of(tape, cut) == [tuple(row[2:]) for row in minutes if row[2] >= begun_ns], cut
    *bar, until_ns = Random(5).choice([row for row in whole.superseded if row[END] < row[-1]])
    stored = stored_as_of(whole.replayed.database, until_ns - 1)
    assert [row for row in stored if row[INTERVAL] == "1m"] == minutes_as_of(tape, until_ns - 1)
    assert tuple(bar) in stored
    assert tuple(bar) not in whole.bars


def session_start(at_ns: int) -> int:
    """Where the pre-market of the session that has begun last began."""
    return max(day.pre_ns for day in sessions(SESSIONS) if day.pre_ns <= at_ns)


def stored_as_of(url: str, at_ns: int) -> list[Row]:
    """All bars as they stood at an instant, as the database tells them."""
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            asked = [(symbol, interval) for symbol in sorted(OPENS) for interval in sorted(Interval)]
            told = [BarRows(*each, bars_of(connection, *each, as_of_ns=at_ns)) for each in asked]
    finally:
        engine.dispose()
    return sorted(tuple(row) for row in bar_rows(told))


def provided_as_of(tape: list[Path], at_ns: int) -> list[Row]:
    """The last session's minutes, as the prints themselves tell them."""
    calendar = nyse_calendar()
    provider = AsOf(RecordedPrints(tape, calendar), RecordedQuotes(()), calendar)
    found = list[Row]()
    for symbol in sorted(OPENS):
        for each in provider.bars_asof(symbol, at_ns).bars:
            bar = astuple(each.bar)
            found.append((*bar[:9], str(PHASE_CODES[bar[9]]), bar[10]))
    return found


def longer(bars: list[Row]) -> list[Row]:
    """Bars of more than a minute: late prints do not revise them."""
    return [row for row in bars if row[INTERVAL] != "1m"]


def minutes_as_of(tape: list[Path], at_ns: int) -> list[Row]:
    """The minutes that had ended by an instant, as the prints up to then had made them."""
    calendar, rows = nyse_calendar(), dict[Row, Row]()
    builders = {symbol: SymbolBars(calendar) for symbol in OPENS}
    reader = TapeReader(tuple(find_tape_files(tuple(tape))[0]), tuple(OPENS), ScanFilter(), DEFAULT_LATE_NS, True)
    for piece in reader.pieces():
        for symbol, ticks in by_symbol(tag(piece.frame, calendar)):
            built = builders[symbol].extend(ticks.summed, ticks.end_ns)
            closed, revised = built.bars.get(Interval.M1, NO_BARS), built.revised
            for bars in (closed.take(closed.end_ns <= at_ns), revised.bars.take(revised.at_ns <= at_ns)):
                rows |= {row[:KEY]: tuple(row) for row in bar_rows([BarRows(symbol, Interval.M1, bars)])}
    return sorted(rows.values())


def test_l5_what_comes_after_t_may_be_anything(tape: list[Path], whole: Scanned, end_ns: int, tmp_path: Path) -> None:
    """Prices and sizes of after T shuffled: no event, no candidate and no open or close of before T changes."""
    place = SESSIONS // 2
    days = sessions(SESSIONS)
    cut = days[place].open_ns + 200 * MINUTE_NS
    frame = simulated_prints(1, place, days[place])
    order = np.arange(len(frame))
    later = (frame.get_column("sip_timestamp") > cut).to_numpy()
    order[later] = np.random.default_rng(2).permutation(order[later])
    shuffled = frame.with_columns(frame[name].gather(order) for name in ("price", "size"))
    (changed,) = write_prints(tmp_path, [days[place]], [shuffled])
    found = scan([*tape[:place], changed, *tape[place + 1 :]], f"sqlite:///{tmp_path}/found.db", to_ns=end_ns)
    (events, bars, scans), (before, bars_before, scans_before) = found.until(cut), whole.until(cut)
    assert (events, scans) == (before, scans_before)
    assert len(scans) > 30
    assert found.scans != whole.scans
    assert longer(bars) == longer(bars_before)
    assert [(row[:5], row[CLOSE]) for row in bars] == [(row[:5], row[CLOSE]) for row in bars_before]


def test_l9_bad_lines_are_dead_letters_and_the_rest_is_counted(whole: Scanned, tape: list[Path]) -> None:
    """Every line of the files is in the progress of its symbol, or among the dead letters with its reason."""
    database = whole.replayed.database
    assert [(row, field) for _, row, field, _ in letters(database)] == [(300, "row"), (900, "price")]
    lines = sum(len(path.read_text().splitlines()) - 1 for path in tape)
    assert rows_of(database, "SELECT sum(records) FROM progress") == [(lines - BAD_LINES,)]


def letters(url: str) -> list[Row]:
    """What could not be used, and why."""
    return rows_of(url, "SELECT source, row, field, reason FROM dead_letters ORDER BY source, row")
