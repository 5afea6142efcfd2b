"""Working ahead in a thread: same items, same errors, bounded, and no thread left behind."""

from collections.abc import Generator, Iterator
from threading import enumerate as threads
from time import monotonic, sleep

import pytest

from flows.tape.prefetch import prefetched


def working() -> list[str]:
    """The threads that still work ahead."""
    return [thread.name for thread in threads() if thread.name == "prefetch"]


def ahead(items: Iterator[int], depth: int = 2) -> Generator[int, None, None]:
    """`prefetched`, which is a generator."""
    found = prefetched(items, depth)
    assert isinstance(found, Generator)
    return found


@pytest.mark.parametrize("depth", [1, 2, 100])
@pytest.mark.parametrize("count", [0, 1, 250])
def test_items_come_in_order_and_the_thread_ends_with_them(depth: int, count: int) -> None:
    assert list(ahead(iter(range(count)), depth)) == list(range(count))
    assert working() == []


class _TapeTornError(Exception):
    pass


@pytest.mark.parametrize("error", [_TapeTornError, KeyboardInterrupt, MemoryError])
def test_an_error_is_raised_where_the_items_are_read(error: type[BaseException]) -> None:
    """After the items before it, as it was, and the thread ends."""

    def torn() -> Iterator[int]:
        yield 1
        yield 2
        raise error("at row 3")

    items = ahead(torn())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(error, match="at row 3"):
        next(items)
    assert working() == []


def test_a_reader_that_leaves_stops_the_thread() -> None:
    """Also while the thread waits for room."""
    items = ahead(iter(range(1_000_000)))
    assert next(items) == 0
    assert working() == ["prefetch"]
    items.close()
    assert working() == []


def test_no_more_is_made_ahead_than_asked_for() -> None:
    """`depth` in the queue, and one in the thread's hand."""
    made = []

    def counted() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    items = ahead(counted(), depth=3)
    next(items)
    until = monotonic() + 60.0
    while len(made) < 5 and monotonic() < until:
        sleep(0.01)
    sleep(0.05)
    assert len(made) == 5
    items.close()


def test_nothing_is_made_before_somebody_asks() -> None:
    """A tape that is built and never read holds no thread."""
    items = ahead(iter(range(3)))
    assert working() == []
    items.close()
