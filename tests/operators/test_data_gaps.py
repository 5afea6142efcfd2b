"""What marks a plan, by what was told of its symbol's gaps."""

from hypothesis import given
from hypothesis import strategies as st

from operators.book import SymbolBook
from operators.data_gaps import DataGap, mark_of
from operators.records import Cancel, Register
from tests.operators.builders import make_plan

NAMES = ("g-1", "g-2")
TOLD = st.tuples(
    st.integers(1, 30), st.sampled_from(NAMES), st.sampled_from(("open", "close", "lost")), st.integers(0, 30)
)


@given(
    tellings=st.lists(TOLD, max_size=6),
    registered_ns=st.integers(1, 30),
    valid_from_ns=st.integers(1, 40),
    cancelled_ns=st.none() | st.integers(2, 40),
    stands_still=st.booleans(),
)
def test_the_mark_by_what_was_told_is_the_one_that_the_plan_carries(
    tellings: list[tuple[int, str, str, int]],
    registered_ns: int,
    valid_from_ns: int,
    cancelled_ns: int | None,
    stands_still: bool,
) -> None:
    """Whether time goes on until each telling, or stands still and what happened before is decided later.

    What is told at the instant of a command comes before it.
    """
    told = [
        DataGap(name, state, at_ns, 0, None if state == "open" else to_ns)  # type: ignore[arg-type]
        for at_ns, name, state, to_ns in sorted(tellings)
    ]
    if cancelled_ns is not None and cancelled_ns <= registered_ns:
        cancelled_ns = None
    plan, book = make_plan(valid_from_ns=valid_from_ns), SymbolBook("AAPL")
    book.commands([Register(registered_ns, plan)])
    book.commands([] if cancelled_ns is None else [Cancel(cancelled_ns, plan.plan_id)])
    for each in told:
        book.mark(min(each.at_ns - 1, registered_ns) if stands_still else each.at_ns - 1)
        book.gap(each)
    book.mark(50)
    standing = book.plan(plan.plan_id)
    assert standing is not None
    assert standing[1].data_gap == mark_of(told, registered_ns, valid_from_ns, cancelled_ns)
