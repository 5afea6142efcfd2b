"""To whom a clock mark still says something: to all that no print has taken as far, and all that wait for a record."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flows.tape.passed import Passed
from operators.frames import TickFrame

NAMES = ("AAA", "BBB", "CCC", "DDD")


def frame(*prints: tuple[str, int], symbols: tuple[str, ...] = NAMES) -> TickFrame:
    """Prints of these symbols and times; others are watched by nobody."""
    codes = [symbols.index(name) if name in symbols else len(symbols) for name, _ in prints]
    count = len(prints)
    times = np.array([at_ns for _, at_ns in prints], np.int64)
    return TickFrame(symbols, np.array(codes, np.uint16), times, np.ones(count), np.zeros(count, np.uint8))


def passed(*prints: tuple[str, int]) -> Passed:
    """A beginning that everybody has been marked in, then a frame."""
    found = Passed(NAMES, {})
    found.marked(NAMES, 1)
    found.gave(frame(*prints))
    return found


def test_a_mark_reaches_only_those_that_no_print_has_taken_as_far() -> None:
    """At its own instant a print has."""
    found = passed(("AAA", 10), ("BBB", 9), ("CCC", 12), ("ELSE", 20))
    assert found.marked(NAMES, 10) == ("BBB", "DDD")
    assert found.marked(("CCC", "BBB"), 11) == ("BBB",)


def test_who_was_told_something_waits_for_the_next_record() -> None:
    """A mark or a print, whichever is first."""
    found = passed(*((name, 10) for name in NAMES))
    found.told(("AAA", "BBB"))
    found.gave(frame(("BBB", 11)))
    assert found.marked(NAMES, 5) == ("AAA",)
    assert found.marked(NAMES, 6) == ()


def test_who_goes_on_from_before_may_wait_for_something() -> None:
    """What they had been told is part of their states; their times are known."""
    found = Passed(NAMES, dict.fromkeys(NAMES, 10))
    assert found.marked(NAMES[:2], 5) == NAMES[:2]
    assert found.marked(NAMES, 5) == NAMES[2:]


def test_a_symbol_that_comes_later_has_no_time_yet() -> None:
    """Frames name it from then on; marks reach it before."""
    found = passed(*((name, 10) for name in NAMES))
    assert found.marked((*NAMES, "NEW"), 5) == ("NEW",)
    found.gave(frame(("NEW", 7), symbols=(*NAMES, "NEW")))
    assert found.marked((*NAMES, "NEW"), 5) == ()
    assert found.times_ns() == {**dict.fromkeys(NAMES, 10), "NEW": 7}


@given(st.lists(st.tuples(st.sampled_from((*NAMES, "ELSE")), st.integers(2, 50)), max_size=20), st.integers(1, 60))
def test_times_are_those_of_the_last_prints(prints: list[tuple[str, int]], at_ns: int) -> None:
    """Whatever the order of symbols, in frames of one or all."""
    together, alone = passed(*prints), passed()
    for each in prints:
        alone.gave(frame(each))
    last = {name: at for name, at in prints if name != "ELSE"}
    assert together.times_ns() == alone.times_ns() == {**dict.fromkeys(NAMES, 0), **last}
    assert together.marked(NAMES, at_ns) == tuple(name for name in NAMES if last.get(name, 0) < at_ns)
