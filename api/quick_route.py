"""Reads that are asked for often: FastAPI's document, parameters and refusals, without its way of solving them.

Solving takes FastAPI as long as the read itself: it looks at each dependency anew for all that one could be.  Here that
is looked at once, when the route is made.  Rule: a request that is not plainly right goes the usual way, so that what
it is told is FastAPI's own.
"""

from collections.abc import Callable, Coroutine, Mapping
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.turns import Turns

Values = dict[str, Any]


class QuickRoute(APIRoute):
    """A GET whose parameters are single values of path and query, and whose dependencies are coroutines."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Make the handler.  Raises TypeError for a route that asks for more than these can."""
        usual, dependant = super().get_route_handler(), self.dependant
        endpoint: Any = dependant.call
        _prove(dependant)

        async def quick(request: Request) -> Response:
            checked: dict[int, Values] = {}
            if not _check(dependant, request, checked):
                return await usual(request)
            values = await _solve(dependant, request, checked)
            turns: Turns = request.app.state.turns
            async with turns.one():
                response: Response = await run_in_threadpool(endpoint, **values)
            return response

        return quick


def _prove(dependant: Dependant) -> None:
    for each in dependant.dependencies:
        call: Any = each.call
        if not (iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)):
            msg = f"{call}: a dependency of a quick route must be a coroutine"
            raise TypeError(msg)
        _prove(each)
    if dependant.header_params or dependant.cookie_params or dependant.body_params:
        msg = f"{dependant.call}: a quick route takes nothing but path and query"
        raise TypeError(msg)


def _check(dependant: Dependant, request: Request, checked: dict[int, Values]) -> bool:
    """Read the parameters of all dependencies, before any of them is called; False when one is not right."""
    values: Values = {}
    wanted = ((request.path_params, dependant.path_params), (request.query_params, dependant.query_params))
    for given, fields in wanted:
        if not all(_read(field, given, values) for field in fields):
            return False
    checked[id(dependant)] = values
    return all(_check(each, request, checked) for each in dependant.dependencies)


def _read(field: Any, given: Mapping[str, str], values: Values) -> bool:
    text = given.get(field.alias)
    if text is None:
        values[field.name] = field.default
        return not field.field_info.is_required()
    values[field.name], errors = field.validate(text, values, loc=(field.alias,))
    return not errors


async def _solve(dependant: Dependant, request: Request, checked: dict[int, Values]) -> Values:
    """Call what is depended on, in order."""
    values = checked[id(dependant)]
    for each in dependant.dependencies:
        call: Any = each.call
        told = await call(**await _solve(each, request, checked))
        if each.name is not None:
            values[each.name] = told
    for name in (dependant.request_param_name, dependant.http_connection_param_name):
        if name is not None:
            values[name] = request
    return values
