"""What connections leave behind, looked for when a crowd has come or gone."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from api.relay.leftovers import CROWD, Leftovers


class Ring:
    """Holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nobody_else_looks() -> Iterator[None]:
    """Or the interpreter might, in between."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(("clients", "changes"), [(0, CROWD), (8 * CROWD, CROWD), (16 * CROWD, 2 * CROWD)])
def test_cycles_stay_until_a_crowd_has_changed_and_no_longer(clients: int, changes: int) -> None:
    """A hundred at least, and an eighth of those who stay; then it counts anew."""
    leftovers = Leftovers()
    for _ in range(2):
        left = weakref.ref(Ring())
        for _ in range(changes - 1):
            leftovers.changed(clients)
        assert left() is not None
        leftovers.changed(clients)
        assert left() is None
