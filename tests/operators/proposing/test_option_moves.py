"""Expected moves of proposals: the straddle where a chain has one as of then, else what bars have done.

The recorded chain is of a day without recorded prints: bars are made around the price that it says.
"""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from flows.option_quotes import load_option_quotes
from operators.bars.columns import Bars, Interval
from operators.chains.chain_history import ChainHistory
from operators.engine.expected_move import MoveBasis
from operators.engine.straddle import straddle_move
from operators.engine.styles import STYLES
from operators.engine.trading_time import trading_minutes
from operators.plans import Direction, Style
from operators.proposing.proposer import Proposal, Proposer
from operators.scan.candidate import Candidate
from operators.sessions import SessionCalendar
from operators.times import MINUTE_NS, parse_instant
from tests.operators.chains.chain_cases import OPEN_NS, chain_of, pair

DAY = date(2015, 12, 24)
NOON_NS = parse_instant("2015-12-24T12:00:00-05:00")
MINUTES = (NOON_NS - OPEN_NS) // MINUTE_NS


def minutes_around(price: float) -> Bars:
    """Regular minutes from the open to noon that wander around a price."""
    close = price + np.random.default_rng(1).normal(0, 0.4, MINUTES).cumsum() / 4
    start_ns = OPEN_NS + MINUTE_NS * np.arange(MINUTES, dtype=np.int64)
    phase, none = np.full(MINUTES, 2, dtype=np.uint8), np.zeros(MINUTES, dtype=np.int64)
    volume = np.full(MINUTES, 5_000.0)
    return Bars(
        *(start_ns, start_ns + MINUTE_NS, close, close + 0.3, close - 0.3, close),
        *(volume, close, none + 50, phase, none),
    )


def candidate(style: Style = Style.SCALP, at_ns: int = NOON_NS, price: float = 748.0) -> Candidate:
    return Candidate(
        symbol="GOOG",
        strategy="vwap_cluster",
        style=style,
        direction=Direction.LONG,
        at_ns=at_ns,
        session_date=DAY,
        reference_price=price,
        atr=1.5,
        conditions=(),
        confidence=1.0,
        features=(),
    )


def proposer_of(calendar: SessionCalendar, chain: ChainHistory | None = None) -> Proposer:
    proposer = Proposer(calendar)
    if chain is not None:
        proposer.take_chain(chain)
    proposer.extend({Interval.M1: minutes_around(748.0)})
    return proposer


def proposed(calendar: SessionCalendar, chain: ChainHistory | None = None) -> Proposal:
    return proposer_of(calendar, chain).propose(candidate())


def basis_of(proposal: Proposal) -> MoveBasis | None:
    move = proposal.profile.expected_move
    return None if move is None else move.basis


def test_without_a_chain_the_move_is_the_realised_one(calendar: SessionCalendar) -> None:
    proposal = proposed(calendar)
    assert basis_of(proposal) is MoveBasis.REALIZED
    assert proposal.quotes == ()


def test_a_straddle_comes_first_and_brings_its_quotes(calendar: SessionCalendar) -> None:
    made = pair("151224", 747.5, 1.2, 0.9, after_ns=NOON_NS - OPEN_NS - 5)
    proposal = proposed(calendar, chain_of(made))
    move = proposal.profile.expected_move
    assert move is not None
    assert (move.basis, move.strike, move.available_at_ns) == (MoveBasis.STRADDLE, 747.5, NOON_NS - 5)
    assert move.dollars == pytest.approx(2.1, abs=0.05)
    assert [(quote.contract, quote.at_ns) for quote in proposal.quotes] == [(name, NOON_NS - 5) for name, *_ in made]


@pytest.mark.parametrize(
    "useless",
    [
        pair("151224", 747.5, 1.2, 0.9, after_ns=NOON_NS - OPEN_NS + 1),
        pair("151224", 747.5, 1.2, 0.9),
        pair("151224", 747.5, 0.0, 0.9, after_ns=NOON_NS - OPEN_NS),
        pair("151224", 600.0, 148.1, 0.1, after_ns=NOON_NS - OPEN_NS),
        (),
    ],
    ids=["of the future", "stale", "one-sided", "far from the money", "nothing"],
)
def test_a_chain_without_a_straddle_leaves_the_realised_move(
    calendar: SessionCalendar, useless: tuple[tuple[str, int, float, float], ...]
) -> None:
    assert proposed(calendar, chain_of(useless)) == proposed(calendar)


def test_a_night_takes_no_time_of_an_option(calendar: SessionCalendar) -> None:
    """An hour of the 60 minutes left today and 4 sessions to the next expiry: regular minutes alone count."""
    until_expiry = 60 + 4 * 390
    made = pair("151231", 747.5, 8.0, 8.0, after_ns=NOON_NS - OPEN_NS)
    move = proposed(calendar, chain_of(made)).profile.expected_move
    assert move is not None
    assert move.dollars == pytest.approx(16.0 * (60 / until_expiry) ** 0.5)


def test_a_snapshot_remembers_the_chain(calendar: SessionCalendar) -> None:
    chain = chain_of(pair("151224", 747.5, 1.2, 0.9, after_ns=NOON_NS - OPEN_NS))
    for each in (None, chain):
        proposer, again = proposer_of(calendar, each), Proposer(calendar)
        again.restore(proposer.to_plain())
        assert again.propose(candidate()) == proposer.propose(candidate())
        assert basis_of(again.propose(candidate())) is (MoveBasis.STRADDLE if each else MoveBasis.REALIZED)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "flatfiles" / "us_options_opra"


@pytest.fixture(scope="module")
def recorded(folder: Path) -> ChainHistory:
    """GOOG's chain of the half day of 2015-12-24."""
    return _loaded(folder)


def _loaded(folder: Path, to_ns: int | None = None) -> ChainHistory:
    from operators.nyse import nyse_calendar

    from_ns = parse_instant("2015-12-24T04:00:00-05:00")
    return load_option_quotes(folder, {"GOOG"}, nyse_calendar(), from_ns, to_ns).chains["GOOG"]


@pytest.mark.parametrize(
    ("style", "least", "most", "expiry"),
    [
        (Style.SCALP, 1.0, 3.0, "2015-12-24T13:00:00-05:00"),
        (Style.INTRADAY, 1.0, 3.0, "2015-12-24T13:00:00-05:00"),
        (Style.SWING, 18.0, 30.0, "2016-01-15T16:00:00-05:00"),
        (Style.LEAP, 55.0, 95.0, "2016-06-17T16:00:00-04:00"),
    ],
)
def test_a_recorded_chain_decides_the_move_of_every_style(
    calendar: SessionCalendar, recorded: ChainHistory, style: Style, least: float, most: float, expiry: str
) -> None:
    """As the engine's straddle over the whole chain says; an hour before the close of the options that end today."""
    proposal = proposer_of(calendar, recorded).propose(candidate(style))
    move = proposal.profile.expected_move
    assert move is not None

    def until(at_ns: int) -> float:
        return trading_minutes(calendar, NOON_NS, at_ns)

    assert move == straddle_move(recorded.asof(NOON_NS), NOON_NS, STYLES[style].minutes_ahead(60.0), until)
    assert least < move.dollars < most
    assert (move.basis, move.expiry_ns) == (MoveBasis.STRADDLE, parse_instant(expiry))
    assert move.available_at_ns <= NOON_NS
    call, put = proposal.quotes
    assert (call.type, put.type, call.strike, put.strike) == ("call", "put", move.strike, move.strike)
    assert max(call.at_ns, put.at_ns) == move.available_at_ns


def test_a_recorded_chain_says_nothing_before_its_first_quotes(
    calendar: SessionCalendar, recorded: ChainHistory
) -> None:
    """The first minute's quotes were known at its end, 09:31."""
    proposer = proposer_of(calendar, recorded)
    found = [proposer.propose(candidate(at_ns=OPEN_NS + minute * MINUTE_NS)) for minute in range(3)]
    assert [basis_of(each) for each in found] == [None, MoveBasis.STRADDLE, MoveBasis.STRADDLE]
    moves = [each.profile.expected_move for each in found[1:]]
    assert [move and move.available_at_ns for move in moves] == [OPEN_NS + MINUTE_NS, OPEN_NS + 2 * MINUTE_NS]


def test_a_recorded_chain_cut_at_an_instant_proposes_the_same_at_it(
    calendar: SessionCalendar, recorded: ChainHistory, folder: Path
) -> None:
    """L5 on the recorded quotes."""
    for clock in ("09:45", "12:00"):
        at_ns = parse_instant(f"2015-12-24T{clock}:00-05:00")
        cut, asked = _loaded(folder, at_ns), candidate(at_ns=at_ns)
        assert len(cut.at_ns) < len(recorded.at_ns)
        whole = proposer_of(calendar, recorded).propose(asked)
        assert msgspec.to_builtins(proposer_of(calendar, cut).propose(asked)) == msgspec.to_builtins(whole)
        assert basis_of(whole) is MoveBasis.STRADDLE
