"""The feed in its own process, onto a real tape: killed, started again, stopped; the tape then has every print once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from flows.feed.gaps import OVERLAP_NS
from flows.feed.settings import Behind
from flows.feed.sink import Gap, GapState
from flows.feed.tape_sink import TapeSink, left_behind
from flows.market.day import MarketDay, recorded_day
from flows.market.running import Running
from flows.market.texts import Texts
from flows.tape.compacting import compact
from flows.tape.log_reader import read_log
from flows.tape.scan import ScanFilter
from flows.tape.segments.segment import segments
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from operators.wire.succession import MEMORY_NS
from tests.flows.feed.following import CANARY, until
from tests.flows.market.practice import START_NS, made_day, serving


@contextmanager
def feeding(market: Running, tape: Path, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the feed's process; kill it in the end if it is still there."""
    command = [sys.executable, "-m", "flows.feed.process", "--tape", str(tape), "--feed-url", market.url]
    command += ["--watch", "AAA,BRK.B", "--sync", "never", *options]
    environment = {**os.environ, "MASSIVE_API_KEY": CANARY}
    with log.open("ab") as stderr, subprocess.Popen(command, env=environment, stderr=stderr) as process:
        try:
            yield process
        finally:
            process.kill()


def on_tape(tape: Path) -> tuple[list[tuple[str, float]], list[str]]:
    """Return the prints that a replay of the tape sees, in order, and the reasons of those that it cannot use."""
    prints, reasons = list[tuple[str, float]](), list[str]()
    for piece in read_log(tape, ScanFilter()):
        prints += piece.ticks.select("symbol", "price").iter_rows()
        reasons += [letter.reason for letter in piece.dead_letters]
    return prints, reasons


def of_day(day: MarketDay) -> list[tuple[str, float]]:
    return list(day.prints.select("ticker", "price").iter_rows())


def per_symbol(prints: list[tuple[str, float]]) -> dict[str, list[float]]:
    return {name: [price for symbol, price in prints if symbol == name] for name, _ in prints[:2]}


def test_a_feed_that_is_killed_and_started_again_leaves_a_whole_tape_behind(tmp_path: Path) -> None:
    """SIGKILL in the middle of the stream; the next process finds on the tape from where on prints are missing."""
    day, tape, log = made_day(4_000), tmp_path / "tape", tmp_path / "log"
    with serving(day, "drop@2000:100", speed=2000.0) as market:
        with feeding(market, tape, log) as first:
            until(lambda: tape.is_dir() and len(on_tape(tape)[0]) > 500)
            first.kill()
            first.wait()
        lost_from = len(on_tape(tape)[0])
        with feeding(market, tape, log) as second:
            until(lambda: len(on_tape(tape)[0]) >= 4_000)
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
    prints, reasons = on_tape(tape)
    assert 500 < lost_from < 4_000
    assert per_symbol(prints) == per_symbol(of_day(day))
    assert not [reason for reason in reasons if "back in time" in reason]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["event"] == "feed_over"
    assert lines[-1]["gaps_open"] == 0
    assert CANARY not in log.read_text()
    assert all(CANARY.encode() not in path.read_bytes() for path in tape.iterdir() if path.is_file())


def test_a_tape_can_be_served_again_as_a_practice_market(tmp_path: Path) -> None:
    """What the feed wrote of one market is what the next one serves, to the ms."""
    day, tape, log = made_day(1_000), tmp_path / "tape", tmp_path / "log"
    with serving(day, "drop@300:60") as market, feeding(market, tape, log):
        until(lambda: tape.is_dir() and len(on_tape(tape)[0]) >= 1_000)
    again = recorded_day([tape])
    assert again.label.startswith("RECORDED")
    whole_ms = day.prints.with_columns(pl.col("^.*_timestamp$") // 1_000_000 * 1_000_000, tape=None)
    same = ["ticker", "conditions", "exchange", "id", "price", "sequence_number", "sip_timestamp", "size"]
    assert again.prints.select(same).equals(whole_ms.select(same))
    assert json.loads(Texts(again).events(0, 1)[0])["t"] == START_NS // 1_000_000


def test_a_refused_key_ends_the_process_with_one_login_and_an_exit_code(tmp_path: Path) -> None:
    with serving(made_day(5), "bad-key") as market, feeding(market, tmp_path / "tape", tmp_path / "log") as process:
        assert process.wait(60) == 1
    last = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert (last["ended"], last["connections"]) == ("bad_key", 1)
    assert CANARY not in (tmp_path / "log").read_text()


def test_the_process_title_and_arguments_hold_no_key(tmp_path: Path) -> None:
    with serving(made_day(5000), speed=10.0) as market, feeding(market, tmp_path / "tape", tmp_path / "log") as process:
        until(lambda: market.logins() == 1)
        assert CANARY.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not market.over.is_set()


def test_a_tape_says_where_it_stops_and_which_gaps_are_open(tmp_path: Path) -> None:
    assert left_behind(tmp_path / "none") is None
    trade = b'[{"ev":"T","sym":"A","p":1,"s":1,"t":%d}]'
    with TapeWriter(tmp_path, Sync.NEVER) as writer:
        sink = TapeSink(writer)
        assert left_behind(tmp_path) is None
        sink.append(trade % (START_NS // 1_000_000), START_NS)
        sink.commit()
        assert left_behind(tmp_path) == Behind(START_NS)
        for name, state in (("1", GapState.OPEN), ("2", GapState.OPEN), ("3", GapState.OPEN)):
            sink.mark_gap(Gap(name, state, START_NS - int(name) * SECOND_NS), START_NS)
        sink.mark_gap(Gap("2", GapState.CLOSED, 0), START_NS)
        sink.mark_gap(Gap("3", GapState.LOST, 0), START_NS)
        sink.commit()
    assert left_behind(tmp_path) == Behind(START_NS - SECOND_NS, ("1",))


@pytest.mark.parametrize("segment_bytes", [900, 2_000, 1 << 20])
def test_a_tape_says_the_same_once_it_is_compacted(tmp_path: Path, segment_bytes: int) -> None:
    """Prints are Parquet then, of all or all but the last of its segments, and gaps stand beside them."""
    trade = b'[{"ev":"T","sym":"A","i":"%d","x":4,"p":1,"s":1,"t":%d,"q":%d}]'
    with TapeWriter(tmp_path, Sync.NEVER, segment_bytes=segment_bytes) as writer:
        sink = TapeSink(writer)
        for number in range(20):
            at_ns = START_NS + number * SECOND_NS
            sink.append(trade % (number, at_ns // 1_000_000, number), at_ns + 7)
            state = GapState.CLOSED if number % 3 else GapState.OPEN
            sink.mark_gap(Gap(str(number // 3), state, at_ns - 3 * SECOND_NS), at_ns)
            sink.commit()
        before = left_behind(tmp_path)
        compact(tmp_path, lambda _: None)
        assert left_behind(tmp_path) == before is not None
        writer.finish_segment()
        compact(tmp_path, lambda _: None)
    assert all(each.compacted for each in segments(tmp_path)[:-1])
    assert left_behind(tmp_path) == before


def test_a_tape_stops_where_its_last_message_was_received_at_the_latest(tmp_path: Path) -> None:
    """An event of any channel that is dated ahead would hide what is missed until then."""
    with TapeWriter(tmp_path, Sync.NEVER) as writer:
        sink = TapeSink(writer)
        sink.append(b'[{"ev":"T","sym":"A","p":1,"s":1,"t":%d}]' % (START_NS // 1_000_000), START_NS)
        sink.append(b'[{"ev":"FMV","sym":"A","fmv":1,"t":1900000000000}]', START_NS + SECOND_NS)
        sink.commit()
    assert left_behind(tmp_path) == Behind(START_NS + SECOND_NS)


def test_an_overlap_is_shorter_than_what_the_tapes_reader_remembers() -> None:
    assert 2 * OVERLAP_NS < MEMORY_NS
