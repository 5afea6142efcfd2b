"""Which prints count of a symbol that was added to the universe."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.frames import TickFrame
from operators.universe import floors_of, without_earlier

SYMBOLS = ("AAA", "BRK.B", "C")


@given(
    st.lists(st.tuples(st.integers(0, len(SYMBOLS)), st.integers(1, 9)), max_size=20),
    st.dictionaries(st.sampled_from([*SYMBOLS, "other"]), st.integers(0, 10)),
)
def test_prints_before_a_symbols_time_are_nobodys_and_all_else_stays(
    prints: list[tuple[int, int]], since_ns: dict[str, int]
) -> None:
    """As a plain loop says; the frame that was given is not changed."""
    code = np.array([each for each, _ in prints], np.uint16)
    at_ns = np.array([each for _, each in prints], np.int64)
    frame = TickFrame(SYMBOLS, code, at_ns, np.ones(len(prints)), np.zeros(len(prints), np.uint8))
    found = without_earlier(frame, floors_of(SYMBOLS, since_ns))
    wanted = [
        each if each < len(SYMBOLS) and at >= since_ns.get(SYMBOLS[each], 0) else len(SYMBOLS) for each, at in prints
    ]
    assert found.code.tolist() == wanted
    assert found.code.dtype == np.uint16
    assert frame.code.tolist() == [each for each, _ in prints]
