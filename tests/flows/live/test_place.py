"""A child's place: what is started again and when, what is not, and how it is left."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from flows.live import place as place_module
from flows.live.board import Board
from flows.live.child import Body
from flows.live.place import Place
from flows.live.status_line import StatusLine
from tests.flows.live import children
from tests.flows.live.running_live import until


class Watched:
    """A place with its board, and what it logs."""

    def __init__(self, body: Body[Any], capsys: pytest.CaptureFixture[str]) -> None:
        self.board = Board()
        self.place = Place("child", body, lambda: None, self.board)
        self.code: int | None = None
        self._capsys, self._lines = capsys, list[dict[str, Any]]()
        self.place.fill()

    def said(self, event: str) -> list[dict[str, Any]]:
        self._lines += [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]
        return [each for each in self._lines if each["event"] == event]

    def until(self, wanted: Callable[[], bool]) -> None:
        """Look until something holds, or the child is given up."""

        def looked() -> bool:
            self.code = self.place.look() if self.code is None else self.code
            return wanted()

        until(looked)


@pytest.fixture
def in_place(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Body[Any]], Watched]:
    """Start a child in a place whose pauses are short."""
    monkeypatch.setattr(place_module, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(place_module, "LONGEST_SECONDS", 0.02)
    return lambda body: Watched(body, capsys)


@pytest.mark.parametrize(("body", "code"), [(children.refuses, 2), (children.fails_at_once, 1)])
def test_a_child_that_never_began_is_not_started_again(
    body: Body[Any], code: int, in_place: Callable[[Body[Any]], Watched]
) -> None:
    watched = in_place(body)
    watched.until(lambda: watched.code is not None)
    assert watched.code == code
    assert len(watched.said("child_started")) == 1
    assert [each["process"] for each in watched.said("child_failed")] == ["child"]


def test_a_child_that_lived_is_started_again_later_each_time_up_to_a_bound(
    in_place: Callable[[Body[Any]], Watched],
) -> None:
    watched = in_place(children.fails_later)
    watched.until(lambda: watched.place.restarts == 3)
    assert watched.place.leave(time.monotonic() + 60)
    assert watched.code is None
    assert [each["seconds"] for each in watched.said("child_waits")] == [0.01, 0.02, 0.02]
    assert [each["restarts"] for each in watched.said("child_started")] == [0, 1, 2, 3]


def test_what_is_no_log_and_what_breaks_become_lines_of_the_log(in_place: Callable[[Body[Any]], Watched]) -> None:
    watched = in_place(children.talks)
    watched.until(lambda: watched.place.restarts == 1)
    assert watched.place.leave(time.monotonic() + 60)
    assert [each["text"] for each in watched.said("output")][:2] == ["thread 'worker' panicked", "on stdout"]
    assert "ZeroDivisionError" in watched.said("uncaught")[0]["exception"]
    assert {each["process"] for each in watched.said("uncaught")} == {"child"}


def test_a_child_ends_when_it_is_let_go_and_by_no_signal_that_is_meant_for_all(
    in_place: Callable[[Body[Any]], Watched],
) -> None:
    watched = in_place(children.obeys)
    watched.until(lambda: watched.board.fact("child", "alive") is True)
    pid = watched.said("child_started")[0]["pid"]
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert watched.place.leave(time.monotonic() + 60)
    assert watched.board.fact("child", "alive") is False


def test_a_child_that_does_not_end_is_ended(in_place: Callable[[Body[Any]], Watched]) -> None:
    watched = in_place(children.hangs)
    watched.until(lambda: watched.board.fact("child", "alive") is True)
    pid = watched.said("child_started")[0]["pid"]
    assert not watched.place.leave(time.monotonic() + 0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_status_line_says_how_everything_fares() -> None:
    told: dict[str, dict[str, Any]] = {
        "feed": {"state": "streaming", "lag_ns": 150_000_000, "gaps": 2, "gaps_open": 1},
        "flow": {"prints": 0, "tape_ns": 1_781_703_000_000_000_000},
    }
    line = StatusLine(Board(told, {"flow": "starts again in 2 s"}, {"flow": 3}))
    assert line.compose({"open": 2, "waiting": 7}) == (
        "feed streaming  0 ticks/s  lag 0.1 s  plans 2 open 7 waiting  gaps 1 open of 2  06-17 09:30:00 ET  "
        "flow starts again in 2 s  flow restarted 3x"
    )
    assert StatusLine(Board()).compose(None) == "feed starting  0 ticks/s  lag 0.0 s  gaps 0 open of 0"


def test_a_child_that_has_said_its_last_word_is_gone_whatever_it_leaves(
    in_place: Callable[[Body[Any]], Watched],
) -> None:
    """Nobody needs to take a process apart that has written everything, and its parent would have to kill it."""
    watched = in_place(children.leaves_much)
    watched.until(lambda: watched.board.told.get("child") == {"alive": True})
    assert watched.place.leave(time.monotonic() + 60)
    assert watched.board.told["child"] == {"alive": False}
    assert [each["text"] for each in watched.said("output")] == ["its last word, and no end of a line"]
