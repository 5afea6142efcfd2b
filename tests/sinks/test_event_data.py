"""Events' data as text: together or alone, each comes out as its canonical JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from operators.events import PlanEvent
from sinks.canonical import canonical
from sinks.event_data import data_texts

MakeEvent = Callable[..., PlanEvent]


class Word(StrEnum):
    """A text of its own type."""

    ONE = "one"


PLAIN: list[Any] = [{"why": "last 99.50", "level": 99.5}, {"r": None, "index": 1, "on": True}, {"targets": [1.0, 2.5]}]
ODD: list[Any] = [
    {"why": "€ and \\"},
    {"price": 1e-7},
    {"word": Word.ONE},
    {"deep": {"a": [None]}},
    MappingProxyType({"why": "read only"}),
    {"words": ["a", None]},
    {},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_whatever_is_among_them_each_is_written_canonically(odd: Any, make_event: MakeEvent) -> None:
    data = [*PLAIN, odd, PLAIN[0], *PLAIN]
    events = [make_event(seq=seq, data=each) for seq, each in enumerate(data, 1)]
    assert data_texts(events) == list(map(canonical, data))


@pytest.mark.parametrize("broken", [float("nan"), -float("inf"), [1.0, float("nan")], datetime(2026, 1, 2, tzinfo=UTC)])
def test_what_has_no_json_form_is_refused_by_name(broken: Any, make_event: MakeEvent) -> None:
    """Neither a null nor a text is made of it."""
    events = [make_event(seq=1, data=PLAIN[1]), make_event("P2", 7, data={"why": "", "x": broken})]
    with pytest.raises(ValueError, match="plan P2 seq 7: data is no JSON"):
        data_texts(events)
