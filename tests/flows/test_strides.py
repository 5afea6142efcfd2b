"""How many prints go together: all of them, in order, little at first where a tape is followed."""

from hypothesis import given
from hypothesis import strategies as st

from flows.strides import FIRST_ROWS, MANY_ROWS, Strides

COUNTS = st.lists(st.integers(0, 60_000), max_size=8)


@given(COUNTS, st.none() | st.integers(500, 20_000), st.booleans())
def test_every_print_goes_once_and_in_order(counts: list[int], rows: int | None, follow: bool) -> None:
    """However many there are; nobody gets more of a followed tape at once than one transaction should hold."""
    strides = Strides(rows, follow=follow)
    for count in counts:
        edges = list(strides.edges(count))
        assert [place for first, last in edges for place in range(first, last)] == list(range(count))
        most = rows or (MANY_ROWS if follow else count)
        assert all(0 < last - first <= most for first, last in edges)


def test_of_a_tape_that_is_followed_the_first_parts_are_small() -> None:
    """Its first word is soon heard; then they double up to a bound, whatever pieces they are cut from."""
    strides = Strides(None, follow=True)
    assert list(strides.edges(200)) == [(0, 200)]
    assert [last - first for first, last in strides.edges(30_000)] == [2_000, 4_000, 8_000, MANY_ROWS, 6_000]
    assert list(Strides(None, follow=True).edges(1_001)) == [(0, FIRST_ROWS), (FIRST_ROWS, 1_001)]
    assert list(Strides(None, follow=False).edges(30_000)) == [(0, 30_000)]
