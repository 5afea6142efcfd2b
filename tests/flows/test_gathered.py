"""What goes through the dataflow together: frames as one, marks at their places, the last word of each place."""

from flows.gathered import Gathered
from flows.items import TapeItem, ToAll
from flows.recovery.standing import Standing
from operators.frames import TickFrame
from operators.records import ClockMark
from tests.flows.test_passed import NAMES, frame

MARK = ToAll(NAMES, ClockMark(5))


def times(item: TapeItem) -> list[int]:
    """The times of a frame."""
    assert isinstance(item, TickFrame)
    return [int(each) for each in item.sip_ns]


def test_frames_with_nothing_between_them_go_as_one() -> None:
    """A mark keeps its place among them."""
    gathered = Gathered()
    gathered.frame(frame(("AAA", 1), ("BBB", 2)))
    gathered.items([])
    gathered.frame(frame(("AAA", 3)))
    gathered.items([MARK])
    gathered.frame(frame(("CCC", 4)))
    assert (gathered.rows, bool(gathered)) == (4, True)
    first, mark, last = gathered.take()
    assert (times(first), mark, times(last)) == ([1, 2, 3], MARK, [4])
    assert (gathered.rows, bool(gathered), gathered.take()) == (0, False, [])


def test_frames_of_other_symbols_stay_apart() -> None:
    """Their codes mean something else."""
    gathered = Gathered()
    gathered.frame(frame(("AAA", 1)))
    gathered.frame(frame(("AAA", 2), symbols=(*NAMES, "NEW")))
    assert [times(each) for each in gathered.take()] == [[1], [2]]


def test_only_the_last_word_of_a_place_goes_and_behind_everything() -> None:
    """It speaks of all that was given; an anchor has a word of its own."""
    gathered, words = Gathered(), [Standing(key, None, tuple) for key in ("place", "anchor", "place")]
    gathered.stand(words[0])
    assert not gathered
    gathered.frame(frame(("AAA", 1)))
    gathered.stand(words[1])
    gathered.stand(words[2])
    gathered.items([MARK])
    frame_, mark, *standings = gathered.take()
    assert (times(frame_), mark) == ([1], MARK)
    assert [id(each) for each in standings] == [id(words[2]), id(words[1])]
