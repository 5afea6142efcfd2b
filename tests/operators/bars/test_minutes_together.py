"""Minutes of many symbols closed at once: to the last byte what each one's builder makes, however they arrive."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.build import Built, MinuteBuilder
from operators.bars.minutes_together import News, minutes_together
from operators.bars.summing import sum_prints
from operators.times import MINUTE_NS
from tests.operators.bars.made_prints import OPEN_NS, Print, columns, plain, tapes

OWNERS = 3
WAITS_NS = (0, 0, 0, MINUTE_NS // 2, 3 * MINUTE_NS)


def news(prints: Sequence[Print], now_ns: int) -> News:
    """What one symbol meets in a piece: its prints, or a clock mark."""
    pieces = [piece for _, piece in sum_prints(columns(prints), np.zeros(len(prints), dtype=np.uint16))]
    return (pieces[0] if pieces else None), now_ns


def told(built: Built) -> tuple[object, ...]:
    """Everything about it, as bytes."""
    revised = built.revised
    return plain(built.closed), plain(revised.bars), revised.at_ns.tolist()


@settings(max_examples=30, deadline=None)
@given(
    made=st.lists(tapes(), min_size=OWNERS, max_size=OWNERS),
    cuts=st.lists(st.integers(0, 40), max_size=3),
    waits=st.lists(st.sampled_from(WAITS_NS), min_size=12, max_size=12),
)
def test_minutes_together_are_minutes_of_each(made: list[list[Print]], cuts: list[int], waits: list[int]) -> None:
    """Bars, revisions and what is kept; one symbol may be silent, and one may only hear the clock."""
    alone, together = ([MinuteBuilder() for _ in range(OWNERS)] for _ in range(2))
    edges, wait = [0, *sorted(cuts), 40], iter(waits)
    for left, right in pairwise(edges):
        parts = [tape[left:right] for tape in made]
        given_ = [news(part, (part[-1].at_ns if part else OPEN_NS) + next(wait)) for part in parts]
        expected = [own.advance(*each) for own, each in zip(alone, given_, strict=True)]
        assert list(map(told, minutes_together(together, given_))) == list(map(told, expected))
        assert repr([own.to_plain() for own in together]) == repr([own.to_plain() for own in alone])


def test_nothing_at_all_makes_nothing() -> None:
    """No symbol, or none with prints."""
    assert minutes_together([], []) == []
    silent = minutes_together([MinuteBuilder(), MinuteBuilder()], [(None, OPEN_NS), (None, OPEN_NS)])
    assert [len(each.closed) for each in silent] == [0, 0]
