"""Last price and bars as of an instant: recordings and REST say the same, and neither looks past the instant."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.asof.opening import recorded
from flows.asof.provider import AsOf
from flows.errors import BadInputError, DataMissingError
from operators.asof.last_print import EXTENDED, REGULAR
from operators.bars.columns import Interval
from operators.eligibility import Profile
from operators.plans import SessionPhase
from operators.times import MINUTE_NS, SECOND_NS, parse_instant
from tests.flows.asof.asking import answer, both, served
from tests.flows.made import OPEN_NS, market_tape, vendor_row, write_tape
from tests.flows.made_tape import MS_NS, as_csv, as_frames, market_prints, write_records

SESSION_NS = 6 * 3600 * SECOND_NS + 1800 * SECOND_NS
INSTANTS = st.integers(OPEN_NS - 30 * MINUTE_NS, OPEN_NS + SESSION_NS + 120 * MINUTE_NS)
PROFILES = st.builds(
    Profile,
    st.frozensets(st.sampled_from([SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST]), min_size=1),
    odd_lots=st.booleans(),
    extended_hours=st.booleans(),
)
INTERVALS = st.sampled_from([Interval.M1, Interval.M5, Interval.M15, Interval.M60, Interval.D1])
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AsOf, AsOf]]:
    """A made day to the nanosecond, into the evening, with late, corrected, odd and unknown prints."""
    tape = market_tape(tmp_path_factory.mktemp("made"), ["AAA", "BBB"], 4_000, seconds=32_000)
    with both(tape) as asked:
        yield asked


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[tuple[AsOf, AsOf]]:
    """SPY as it was traded on 2013-10-08, around the open and around the close."""
    day = shared_data / "flatfiles/us_stocks_sip/trades_v1/2013/10/2013-10-08.csv.gz"
    open_ns, close_ns = (parse_instant(f"2013-10-08T{at}-04:00") for at in ("09:30:00", "16:00:00"))
    at = pl.col("sip_timestamp").cast(pl.Int64)
    near = (at < open_ns + 3 * MINUTE_NS) | at.is_between(close_ns - 90 * SECOND_NS, close_ns + 20 * MINUTE_NS)
    prints = pl.read_csv(day, infer_schema=False).filter(pl.col("ticker") == "SPY", near)
    tape = tmp_path_factory.mktemp("real") / "2013-10-08.csv"
    prints.write_csv(tape)
    with both(tape) as asked:
        yield asked


@FEW
@given(as_of=INSTANTS, profile=PROFILES)
def test_the_last_price_is_the_same_from_a_recording_and_by_rest(
    made: tuple[AsOf, AsOf], as_of: int, profile: Profile
) -> None:
    """To the nanosecond, for every choice of prints; also when there is none."""
    taped, asked = (answer(lambda each=each: each.last_price_asof("AAA", as_of, profile)) for each in made)  # type: ignore[misc]
    assert taped == asked
    if not isinstance(taped, str):
        assert taped.available_at_ns <= as_of


@FEW
@given(as_of=INSTANTS, interval=INTERVALS, back=st.integers(0, 60 * MINUTE_NS))
def test_bars_are_the_same_from_a_recording_and_by_rest(
    made: tuple[AsOf, AsOf], as_of: int, interval: Interval, back: int
) -> None:
    """With the late prints that had come by then, and no other."""
    since = None if interval is Interval.D1 else as_of - back
    taped, asked = (answer(lambda each=each: each.bars_asof("BBB", as_of, interval, since)) for each in made)  # type: ignore[misc]
    assert taped == asked
    if not isinstance(taped, str):
        assert all(bar.bar.end_ns <= bar.available_at_ns <= as_of for bar in taped.bars)


@pytest.mark.parametrize("profile", [REGULAR, EXTENDED])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_real_day_says_the_same_from_its_file_and_by_rest(
    real: tuple[AsOf, AsOf], profile: Profile, data: st.DataObject
) -> None:
    """Many prints share a millisecond there: the last of them in tape order counts."""
    low, high = (parse_instant(f"2013-10-08T{at}-04:00") for at in ("08:10:00", "16:25:00"))
    as_of = data.draw(st.integers(low // MS_NS, high // MS_NS)) * MS_NS
    taped, asked = (answer(lambda each=each: each.last_price_asof("SPY", as_of, profile)) for each in real)  # type: ignore[misc]
    assert taped == asked
    taped_bars, asked_bars = (answer(lambda each=each: each.bars_asof("SPY", as_of)) for each in real)  # type: ignore[misc]
    assert taped_bars == asked_bars


def test_a_real_price_is_the_one_of_the_print_that_counted(real: tuple[AsOf, AsOf]) -> None:
    """Found without the program's own code: the last regular print by then that has no condition, or only 14."""
    as_of = parse_instant("2013-10-08T09:31:07-04:00")
    paths = real[0].prints.paths  # type: ignore[attr-defined]
    rows = pl.read_csv(paths[0], infer_schema=False).with_columns(pl.col("sip_timestamp").cast(pl.Int64))
    opened = parse_instant("2013-10-08T09:30:00-04:00")
    plain = pl.col("conditions").fill_null("").is_in(["", "14"])
    last = rows.filter(pl.col("sip_timestamp").is_between(opened, as_of) & plain).tail(1)
    found = real[1].last_price_asof("SPY", as_of)
    assert found.price == float(last["price"][0])
    assert found.available_at_ns == last["sip_timestamp"][0]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(2, 50), extra=st.integers(0, MINUTE_NS))
def test_whatever_comes_after_the_instant_changes_no_answer(
    tmp_path_factory: pytest.TempPathFactory, minutes: int, extra: int
) -> None:
    """Prices, sizes, conditions and corrections of everything later, and how much of it there is, may be anything."""
    as_of = OPEN_NS + minutes * MINUTE_NS + extra
    before = [vendor_row("AAA", n, OPEN_NS + n * SECOND_NS * 7, f"{100 + n % 13 / 10:.2f}") for n in range(1, 460)]
    kept = [row for row in before if int(row.split(",")[8]) <= as_of]
    later = [
        vendor_row("AAA", 1_000 + n, as_of + 1 + n * 977, "999.00", size=1, participant=OPEN_NS, correction=n % 2)
        for n in range(50)
    ]
    found = []
    for rows in (before, kept, [*kept, *later]):
        tape = write_tape(tmp_path_factory.mktemp("cut"), rows)
        with both(tape) as providers:
            for provider in providers:
                price, bars = provider.last_price_asof("AAA", as_of), provider.bars_asof("AAA", as_of)
                found.append((price, bars))
    assert all(each == found[0] for each in found)


@FEW
@given(ms=st.integers(0, SESSION_NS // MS_NS), interval=INTERVALS)
def test_a_tape_that_was_recorded_live_says_what_rest_says(
    live: tuple[AsOf, AsOf], ms: int, interval: Interval
) -> None:
    """Its times are whole milliseconds, as the feed gave them: asked at the end of one, nothing else differs."""
    as_of = OPEN_NS + (ms + 1) * MS_NS - 1
    taped, asked = (answer(lambda each=each: each.last_price_asof("AAA", as_of)) for each in live)  # type: ignore[misc]
    assert taped == asked
    taped_bars, asked_bars = (answer(lambda each=each: each.bars_asof("AAA", as_of, interval)) for each in live)  # type: ignore[misc]
    assert taped_bars == asked_bars


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AsOf, AsOf]]:
    """A day as the feed wrote it on a tape, and as REST has it."""
    folder, prints = tmp_path_factory.mktemp("live"), market_prints(["AAA", "BBB"], 800)
    tape = write_records(folder / "tape", as_frames(prints))
    with served(write_tape(folder, as_csv(prints)), days_later=0) as asked:
        yield recorded([tape]), asked


def test_an_instant_includes_the_print_of_that_instant_and_a_bar_that_ends_then(tmp_path: Path) -> None:
    rows = [vendor_row("AAA", n, OPEN_NS + n * 20 * SECOND_NS, f"{100 + n}.00") for n in range(5)]
    with both(write_tape(tmp_path, rows)) as providers:
        for provider in providers:
            at = OPEN_NS + 60 * SECOND_NS
            assert provider.last_price_asof("AAA", at).price == 103.0
            assert provider.last_price_asof("AAA", at - 1).price == 102.0
            (bar,) = provider.bars_asof("AAA", at).bars
            assert (bar.bar.close, bar.available_at_ns) == (102.0, at)
            with pytest.raises(DataMissingError, match="no 1m bar of AAA is known"):
                provider.bars_asof("AAA", at - 1)


def test_a_bar_that_a_late_print_revised_says_since_when(tmp_path: Path) -> None:
    """The print happened in the first minute and came in the third."""
    at = OPEN_NS + 150 * SECOND_NS
    rows = [vendor_row("AAA", n, OPEN_NS + n * 20 * SECOND_NS, "100.00") for n in range(8)]
    late = vendor_row("AAA", 9, at, "107.00", participant=OPEN_NS + 5 * SECOND_NS)
    with both(write_tape(tmp_path, [*rows, late])) as providers:
        for provider in providers:
            before, after = provider.bars_asof("AAA", at - 1).bars[0], provider.bars_asof("AAA", at).bars[0]
            assert (before.bar.high, before.bar.revision, before.available_at_ns) == (100.0, 0, OPEN_NS + MINUTE_NS)
            assert (after.bar.high, after.bar.revision, after.available_at_ns) == (107.0, 1, at)


def test_a_price_older_than_a_week_is_none(tmp_path: Path) -> None:
    provider = recorded([write_tape(tmp_path, [vendor_row("AAA", 1, OPEN_NS, "100.00")])])
    days = 24 * 3600 * SECOND_NS
    assert provider.last_price_asof("AAA", OPEN_NS + 6 * days).price == 100.0
    with pytest.raises(DataMissingError, match="no print of AAA that sets a last price is known from 2013-10-09"):
        provider.last_price_asof("AAA", OPEN_NS + 8 * days)


def test_bars_that_begin_after_the_instant_and_instants_without_a_calendar_are_refused(tmp_path: Path) -> None:
    provider = recorded([write_tape(tmp_path, [vendor_row("AAA", 1, OPEN_NS, "100.00")])])
    with pytest.raises(BadInputError, match="that is after 2013-10-08"):
        provider.bars_asof("AAA", OPEN_NS, since=OPEN_NS + 1)
    with pytest.raises(BadInputError, match="lies outside the calendar"):
        provider.last_price_asof("AAA", 4_000_000_000 * SECOND_NS)
