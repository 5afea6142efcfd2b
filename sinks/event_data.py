"""An event's data as JSON text: many at once where they are plain, each by itself where they may not be."""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import isfinite
from types import NoneType
from typing import Any, Final

from operators.events import PlanEvent
from sinks.canonical import canonical, quick, quick_lines, surely_finite

_WITHOUT_FRACTION: Final = (str, int, bool)
_SCALARS: Final = frozenset({str, int, bool, float, NoneType})
_PLAIN: Final = _SCALARS | {list}


def data_texts(events: Sequence[PlanEvent]) -> list[str]:
    """Write the data of each event.

    Raises ValueError naming the event for NaN, infinity and data that is no JSON.
    """
    places = [id(event.data) for event in events]
    several = dict(zip(places, events, strict=True))  # plans that meet one gate share its data
    texts = _together(list(several.values()))
    if len(texts) == len(events):
        return texts
    text_of = dict(zip(several, texts, strict=True))
    return [text_of[place] for place in places]


def _together(events: list[PlanEvent]) -> list[str]:
    data = [event.data for event in events]
    lines = quick_lines(data) if _are_plain(data) else None
    # the encoder writes null for NaN and infinity, too
    if lines is None or (any("null" in line for line in lines) and not surely_finite(data)):
        return [_alone(event) for event in events]
    return lines


def _are_plain(data: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all are dicts of plain values, or of lists of them: what else there is, encoders see differently."""
    if set(map(type, data)) != {dict}:
        return False
    kinds = set(map(type, chain.from_iterable(each.values() for each in data)))
    if not kinds <= _PLAIN:
        return False
    if list not in kinds:
        return True
    lists = (value for each in data for value in each.values() if type(value) is list)
    return set(map(type, chain.from_iterable(lists))) <= _SCALARS


def _alone(event: PlanEvent) -> str:
    try:
        return (quick(event.data) if _finite(event.data) else None) or canonical(event.data)
    except (TypeError, ValueError) as error:
        msg = f"plan {event.plan_id} seq {event.seq}: data is no JSON ({error})"
        raise ValueError(msg) from error


def _finite(data: Mapping[str, Any]) -> bool:
    """Whether it is plain at a look that there is no NaN and no infinity in an event's data."""
    if type(data) is not dict:
        return False
    for value in data.values():
        if type(value) is float:
            if not isfinite(value):
                return False
        elif type(value) is list:
            if not all(type(each) is float and isfinite(each) for each in value):
                return False
        elif value is not None and type(value) not in _WITHOUT_FRACTION:
            return False
    return True
