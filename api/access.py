"""What every route asks for: the parts of the running app, and a key with enough scope.

Rule: what is asked for here is a coroutine, since a plain function would cost each request a change of threads.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.clockwork import Clockwork, read_instant
from api.crowding import address_of
from api.key_ring import ANYBODY, KeyRing
from api.keys import ApiKey, Scope, allows, bearer
from api.names import INSTANT
from api.problems import ProblemError
from api.rates import Rates, Sort
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError

_scheme = HTTPBearer(auto_error=False, description="An API key; none is needed where the server has none.")


async def settings_of(request: Request) -> ApiSettings:
    """The settings of the app."""
    settings: ApiSettings = request.app.state.settings
    return settings


async def store_of(request: Request) -> Store:
    """The database of the app."""
    store: Store = request.app.state.store
    return store


async def clockwork_of(request: Request) -> Clockwork:
    """The sessions of the app."""
    clockwork: Clockwork = request.app.state.clockwork
    return clockwork


def counted(request: Request, sort: Sort = Sort.READ, held: ApiKey = ANYBODY) -> None:
    """Count a request of a key, or of an address.  Raises ProblemError (429) when it is one too many."""
    rates: Rates = request.app.state.rates
    too_often = rates.count(sort, address_of(request) if held is ANYBODY else held.sha256)
    if too_often is not None:
        raise too_often.problem()


async def any_reader(request: Request) -> None:
    """Lets anybody through, though not too often."""
    counted(request)


class Allowed:
    """Lets a request through whose key has the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(
        self, request: Request, _key: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)] = None
    ) -> None:
        """Raise ProblemError: 401 without a known key, 403 when it does not allow this, 429 when it is too often."""
        held = await self.holder(request, bearer(request.headers.get("authorization")))
        if held is None:
            counted(request, Sort.REFUSAL)
            problem = ProblemError(401, "unauthorized", "no key, or an unknown one")
            problem.headers = {"WWW-Authenticate": "Bearer"}
            raise problem
        counted(request, Sort.READ if self.scope is Scope.READ else Sort.WRITE, held)
        if not allows(held, self.scope):
            raise ProblemError(403, "forbidden", f"this needs a key with the scope {self.scope}")

    async def holder(self, request: Request, secret: str | None) -> ApiKey | None:
        """Whose key it is."""
        keys: KeyRing = request.app.state.keys
        return await keys.ask(secret)


class AllowedBlind(Allowed):
    """Lets a request through as well where there may be no key, and the database cannot tell."""

    async def holder(self, request: Request, secret: str | None) -> ApiKey | None:
        """Whose key it is."""
        settings: ApiSettings = request.app.state.settings
        try:
            return await super().holder(request, secret)
        except DatabaseError:
            if settings.open_door and not settings.keys:
                return ANYBODY
            raise


may_read = Allowed(Scope.READ)
may_write = Allowed(Scope.WRITE)
may_measure = AllowedBlind(Scope.READ)


async def read_as_of(
    as_of: Annotated[
        str | None,
        Query(
            description="Answer from records available at this instant only: RFC 3339, or ns since 1970 UTC.",
            examples=["2013-10-08T10:31:00-04:00"],
            json_schema_extra={"pattern": INSTANT},
        ),
    ] = None,
) -> int | None:
    """The instant that a request asks for, ns UTC."""
    return read_instant("as_of", as_of)


async def read_limit(
    request: Request, limit: Annotated[int, Query(ge=1, description="Rows on a page.", examples=[100])] = 100
) -> int:
    """Rows on a page, within the server's own limit."""
    settings: ApiSettings = request.app.state.settings
    return min(limit, settings.page_rows)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the running app that a read asks for, in one: each dependency costs a request its share of time."""

    settings: ApiSettings
    store: Store
    clock: Clockwork


async def parts_of(request: Request) -> Parts:
    """The parts of the app."""
    state = request.app.state
    return Parts(state.settings, state.store, state.clockwork)


AsOf = Annotated[int | None, Depends(read_as_of)]
Limit = Annotated[int, Depends(read_limit)]
Settings = Annotated[ApiSettings, Depends(settings_of)]
Database = Annotated[Store, Depends(store_of)]
Clock = Annotated[Clockwork, Depends(clockwork_of)]
App = Annotated[Parts, Depends(parts_of)]


def instant_of(settings: ApiSettings, as_of_ns: int | None) -> int:
    """The instant that an answer speaks of."""
    return settings.clock() if as_of_ns is None else as_of_ns
