"""What every indicator holds, whatever it measures."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.indicators.values import Floats
from tests.operators.indicators.indicator_cases import CASES, LOG_VOLATILITY, Case, Tape, random_tape, tapes

every_case = pytest.mark.parametrize("case", [*CASES, LOG_VOLATILITY], ids=lambda case: case.name)
AROUND = 256.0


def fed(case: Case, pieces: list[Tape], *, through_snapshots: bool = False) -> list[Floats]:
    """What one indicator answers to pieces, joined; with snapshots, each piece meets one that was written and read."""
    indicator, answers = case.make(), []
    for piece in pieces:
        answers.append(case.columns(indicator, piece))
        if through_snapshots:
            indicator = type(indicator).from_plain(json.loads(json.dumps(indicator.to_plain(), allow_nan=False)))
    return [np.concatenate(column) for column in zip(*answers, strict=True)]


@every_case
@given(tape=tapes(), cuts=st.lists(st.integers(0, 80), max_size=6), through_snapshots=st.booleans())
@settings(max_examples=9, deadline=None)
def test_pieces_give_byte_for_byte_what_the_whole_gives(
    case: Case, tape: Tape, cuts: list[int], through_snapshots: bool
) -> None:
    """Wherever it is cut, empty pieces and snapshots between pieces included; so no later bar changes a value."""
    edges = sorted({0, len(tape), *(min(cut, len(tape)) for cut in cuts)})
    pieces = [tape.cut(*edge) for edge in [(0, 0), *pairwise(edges)]]
    whole = case.columns(case.make(), tape)
    joined = fed(case, pieces, through_snapshots=through_snapshots)
    assert [each.tobytes() for each in joined] == [each.tobytes() for each in whole]


@every_case
def test_bars_one_by_one_give_byte_for_byte_what_the_whole_gives(case: Case) -> None:
    """On prices with all their binary places."""
    tape = random_tape(97.31, 120)
    joined = fed(case, [tape.cut(index, index + 1) for index in range(len(tape))])
    assert [each.tobytes() for each in joined] == [each.tobytes() for each in case.columns(case.make(), tape)]


@every_case
@given(tape=tapes(least=30))
@settings(max_examples=9, deadline=None)
def test_one_value_per_bar_and_never_an_infinity(case: Case, tape: Tape) -> None:
    for column in case.columns(case.make(), tape):
        assert column.dtype == np.float64
        assert len(column) == len(tape)
        assert not np.isinf(column).any()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@given(tape=tapes(least=30))
@settings(max_examples=9, deadline=None)
def test_mirrored_prices_give_the_mirrored_answer(case: Case, tape: Tape) -> None:
    """L6: what is read from prices mirrors, what is a distance stays, upward and downward change places."""
    mirrored = case.mirror(case.columns(case.make(), tape.mirrored(AROUND)), AROUND)
    for ours, theirs in zip(case.columns(case.make(), tape), mirrored, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-7)


@given(tape=tapes(least=30))
@settings(max_examples=9, deadline=None)
def test_log_volatility_is_the_same_of_inverted_prices(tape: Tape) -> None:
    """Its mirror is p -> constant / p: every log return changes its sign."""
    prices = tape.close
    plain, inverted = (LOG_VOLATILITY.make().extend(each) for each in (prices, 4096.0 / prices))
    np.testing.assert_allclose(plain, inverted, rtol=1e-9, atol=1e-12)


@every_case
@given(tape=tapes(least=30), power=st.integers(-12, 6))
@settings(max_examples=9, deadline=None)
def test_scaled_prices_give_the_scaled_answer(case: Case, tape: Tape, power: int) -> None:
    """By powers of two, so exactly: no threshold in dollars hides anywhere."""
    scaled = case.columns(case.make(), tape.scaled(2.0**power))
    for ours, theirs, unit in zip(case.columns(case.make(), tape), scaled, case.units, strict=True):
        np.testing.assert_array_equal(ours * 2.0 ** (power * unit), theirs)
