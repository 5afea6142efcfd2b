"""What is tried again, how long, and what is said in the end.  The waits are not slept here."""

from threading import Event

import pytest

from sinks import retrying
from sinks.errors import DatabaseError
from sinks.fencing import FencedError
from sinks.retrying import LONGEST_SECONDS, persistently


class BusyError(DatabaseError):
    """Passes."""

    transient = True


class Work:
    """Fails some times, then gives 7."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.waits, self.heard = list(errors), list[float](), list[str]()

    def __call__(self) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return 7

    def persist(self, patience_s: float = 60.0, leaving: Event | None = None) -> int:
        return persistently(
            self,
            patience_s=patience_s,
            leaving=leaving,
            heard=lambda error: self.heard.append(str(error)),
            sleep=self.waits.append,
        )


def test_what_passes_is_tried_until_it_has_passed() -> None:
    work = Work(*[BusyError(f"no {number}") for number in range(12)])
    assert work.persist() == 7
    assert work.heard == [f"no {number}" for number in range(12)]
    assert len(work.waits) == 12
    assert max(work.waits) <= LONGEST_SECONDS


@pytest.mark.parametrize("error", [DatabaseError("the disk is full"), FencedError("taken"), ValueError("NaN")])
def test_what_does_not_pass_is_raised_at_once_as_it_was(error: Exception) -> None:
    """A full disk, a lost stream and a mistake of ours are not waited out."""
    work = Work(error, BusyError("never"))
    with pytest.raises(type(error), match=f"^{error}$"):
        work.persist()
    assert work.waits == []


def test_after_the_bound_it_says_what_was_wrong_and_how_often_it_tried() -> None:
    with pytest.raises(DatabaseError, match=r"^locked; tried 1 times in 0 s$"):
        Work(*[BusyError("locked")] * 3).persist(patience_s=0.0)


def test_a_run_that_was_told_to_stop_is_less_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "LEAVING_SECONDS", 0.0)
    leaving, work = Event(), Work(BusyError("away"), BusyError("still away"))
    leaving.set()
    with pytest.raises(DatabaseError, match="away; tried 1 times"):
        work.persist(leaving=leaving)
