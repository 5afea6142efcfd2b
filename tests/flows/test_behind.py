"""Working behind in a thread: everything in order, errors come back, and no thread is left."""

from threading import Event
from threading import enumerate as threads

import pytest

from flows.behind import Behind


def working() -> list[str]:
    """The threads that still work behind."""
    return [thread.name for thread in threads() if thread.name == "behind"]


@pytest.mark.parametrize("count", [0, 1, 100])
def test_pieces_are_worked_on_in_order_and_all_of_them_by_the_end(count: int) -> None:
    """And the thread ends with them."""
    done = list[int]()
    behind = Behind(done.append)
    for piece in range(count):
        behind.put(piece)
    behind.close()
    assert done == list(range(count))
    assert working() == []


def test_one_piece_waits_at_most() -> None:
    """Memory is bounded: the third must wait until the first is done."""
    go_on, done = Event(), list[int]()

    def work(piece: int) -> None:
        go_on.wait(60)
        done.append(piece)

    behind = Behind(work)
    behind.put(1)
    behind.put(2)
    assert done == []
    go_on.set()
    behind.put(3)
    behind.close()
    assert done == [1, 2, 3]


class _DiskFullError(Exception):
    pass


@pytest.mark.parametrize("error", [_DiskFullError, KeyboardInterrupt])
def test_an_error_is_raised_to_the_one_who_hands_over(error: type[BaseException]) -> None:
    """Nothing after it is worked on: rows of a later piece must not stand without those of an earlier one."""
    done = list[int]()

    def work(piece: int) -> None:
        if piece == 1:
            raise error
        done.append(piece)

    behind = Behind(work)

    def hand_over() -> None:
        for piece in range(10):
            behind.put(piece)

    with pytest.raises(error):
        hand_over()
    behind.close()
    assert done == [0]
    assert working() == []


def test_an_error_of_the_last_piece_is_raised_at_the_end() -> None:
    """Nobody hands over anything any more, so the end must say it."""

    def work(piece: int) -> None:
        raise _DiskFullError(piece)

    behind = Behind(work)
    behind.put(1)
    with pytest.raises(_DiskFullError):
        behind.close()
    assert working() == []
