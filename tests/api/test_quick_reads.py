"""Reads by the quick way: what they say is what the usual way would say, and they wait for their turn, not for ever."""

import asyncio
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Header
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, fields
from starlette.testclient import TestClient

from api.problems import ProblemError
from api.quick_route import QuickRoute
from api.rates import SWEEP_S, Rates, Sort
from api.routes.plans import router
from api.settings import ApiSettings
from api.shapes.plan_text import PlanListText, PlanText
from api.shapes.plans import PlanList, PlanOut
from api.shapes.session import Answer
from api.turns import Turns
from operators.rows import StateRow
from operators.state import Health, Phase
from sinks.plan_reader import STANDING
from tests.operators.builders import START_NS

PRICE = st.floats(0.0001, 1e6)
MAYBE = st.none() | st.floats(-1e6, 1e6)
GAP = {"name": "1-1", "state": "open", "at_ns": 2, "from_ns": 1, "to_ns": None, "reason": "no REST"}


@st.composite
def state_rows(draw: st.DrawFn) -> StateRow:
    """Any row that the rules could write."""
    health = draw(st.none() | st.sampled_from(list(Health)))
    prices = [draw(each) for each in (MAYBE, PRICE, MAYBE, MAYBE)]
    shares = [draw(PRICE), draw(st.floats(-50, 50)), *(draw(MAYBE) for _ in range(5))]
    phase, updated_ns = draw(st.sampled_from(list(Phase))), START_NS + draw(st.integers(0, 10**15))
    names = ("p", 1, draw(st.sampled_from(["AIG", "é'\"\\"])), str(phase), health and str(health), "allow")
    gap = draw(st.sampled_from([None, GAP]))
    numbers = (draw(st.integers(0, 5)), *shares, draw(st.integers(1, 9999)))
    values: tuple[Any, ...] = (*names, *prices, *numbers, updated_ns, gap)
    return StateRow(*values)


@settings(deadline=None)
@given(state_rows())
def test_a_plan_is_written_as_the_document_describes_it(row: StateRow) -> None:
    """Field by field, in the same order, as the model of the document writes it."""
    slow = PlanOut.of(row, "swing", "long", "live")
    quick = PlanText.of(row, "swing", "long", "live").json()
    assert PlanOut.model_validate_json(quick, strict=True) == slow
    assert [each.name for each in fields(PlanText)] == list(PlanOut.model_fields)


@given(state_rows())
def test_a_row_of_the_database_is_written_as_the_state_that_it_holds(row: StateRow) -> None:
    values = {**asdict(row), "style": "swing", "direction": "long"}
    read = PlanText.read([values[name] for name in STANDING])
    assert read == PlanText.of(row, "swing", "long", "live")


def test_a_list_has_every_field_of_the_document_but_the_clocks() -> None:
    told = {each.name for each in fields(PlanListText)}
    assert told == set(PlanList.model_fields) - set(Answer.model_fields)


@pytest.mark.parametrize(
    "path", ["?limit=0", "?limit=7&limit=x", "?phase=x&style=y", "/none?as_of=1", "/%20", "?cursor=abc", "?limit="]
)
def test_a_request_that_is_not_right_is_told_what_the_usual_way_tells(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    quick = client.get(f"/api/v1/plans{path}")
    monkeypatch.setattr("api.quick_route._Need.read", lambda *_: None)
    usual = client.get(f"/api/v1/plans{path}")
    assert (quick.status_code, quick.content) == (usual.status_code, usual.content)
    assert quick.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize("path", ["", "?limit=3&symbol=SIM1", "?phase=open&as_of=2026-06-17T12:00:00-04:00"])
def test_a_request_that_is_right_is_answered_as_by_the_usual_way(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    quick = client.get(f"/api/v1/plans{path}")
    monkeypatch.setattr("api.quick_route._Need.read", lambda *_: None)
    usual = client.get(f"/api/v1/plans{path}")
    assert (quick.status_code, quick.content, quick.headers["etag"]) == (200, usual.content, usual.headers["etag"])


def test_every_read_of_plans_goes_the_quick_way() -> None:
    assert {type(route) for route in router.routes} == {QuickRoute}


@pytest.mark.parametrize("path", ["", "/sim1-orb-long", "/nobody"])
def test_a_read_that_is_right_passes_none_of_the_usual_layers(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Nor do its refusals; `/metrics` counts it under its route all the same."""

    def usual(*_: object) -> None:
        pytest.fail("went the usual way")

    monkeypatch.setattr("fastapi.routing.APIRouter.app", usual)
    assert client.get(f"/api/v1/plans{path}").status_code in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    monkeypatch.undo()
    route = "/api/v1/plans/{plan_id}" if path else "/api/v1/plans"
    assert f'method="GET",route="{route}"' in client.get("/metrics").text


def test_a_route_that_asks_for_more_is_refused_when_it_is_made() -> None:
    def plain() -> int:
        return 1

    def asks(_a: Annotated[int, Depends(plain)]) -> None: ...
    def reads(_b: Annotated[str, Header()]) -> None: ...

    wrong: list[Any] = [asks, reads]
    for endpoint, words in zip(wrong, ("must be a coroutine", "nothing but path and query"), strict=True):
        with pytest.raises(TypeError, match=words):
            APIRouter(route_class=QuickRoute).get("/x")(endpoint)


def test_who_waits_too_long_for_a_turn_is_told_to_try_again() -> None:
    async def scene() -> list[int]:
        turns, go_on = Turns(2, 60, 0.05), Event()
        long = asyncio.ensure_future(turns.take(partial(go_on.wait, 60)))
        await asyncio.sleep(0)
        with pytest.raises(ProblemError, match="no turn to read") as refused:
            await turns.take(int)
        go_on.set()
        await long
        told = [refused.value.status, await turns.take(lambda: 200)]
        turns.close()
        return told

    assert asyncio.run(scene()) == [503, 200]


def test_a_read_that_takes_long_keeps_nobody_waiting_but_the_most_at_once() -> None:
    """The next begins while it lasts; beyond the most at once, one begins as another ends."""

    async def scene(long_s: float, at_once: int) -> list[str]:
        turns, began, go_on = Turns(2, long_s, 60), list[str](), Event()

        def read(name: str) -> None:
            began.append(name)
            go_on.wait(60)

        async with asyncio.TaskGroup() as group:
            for name in ("first", "second", "third"):
                group.create_task(turns.take(partial(read, name)))
            while len(began) < at_once:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # nobody else begins
            told = [*began, "then"]
            go_on.set()
        turns.close()
        return [*told, *began]

    assert asyncio.run(scene(60, 1)) == ["first", "then", "first", "second", "third"]
    assert asyncio.run(scene(0.01, 2)) == ["first", "second", "then", "first", "second", "third"]


def test_counts_of_those_who_came_once_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses there are, memory holds those of the last minute."""
    now_s = 1_000_000.0
    for module in ("api.rates.now_s", "time.time"):
        monkeypatch.setattr(module, lambda: now_s)
    rates = Rates(ApiSettings("sqlite://", reads_per_s=1))
    for number in range(50):
        assert rates.count(Sort.READ, f"10.0.0.{number}") is None
    late = rates.count(Sort.READ, "10.0.0.1")
    assert late is not None
    assert late.wait_s == 1
    now_s += SWEEP_S + 1
    assert rates.count(Sort.READ, "10.0.0.1") is None
    counts: Any = rates._limiter.storage
    assert len(counts.storage) == 1
