"""The application: `create_app(settings)` wires it, nothing happens at import, the lifespan opens and closes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from api import problems
from api.body_limit import BodyLimit
from api.clockwork import clockwork
from api.crowding import Crowding
from api.document import document_of, name_of
from api.key_ring import KeyRing
from api.metrics import Counting, Metrics
from api.origins import Origins
from api.quick_route import ShortWay
from api.rates import Rates
from api.relay.follower import Follower
from api.relay.hub import Hub
from api.routes import assistant, charts, commands, gpt, health, market, plans, sse, stream, symbols
from api.routes.pages import pages
from api.settings import ApiSettings
from api.store import Store
from api.turns import Turns
from sinks.errors import DatabaseError

TAGS: Final = [
    {"name": "plans", "description": "Trading plans: where they stand, what happened, why not."},
    {"name": "commands", "description": "Asking the flow to register, replace or cancel a plan."},
    {"name": "symbols", "description": "A symbol's bars, indicators and the condition of its data."},
    {"name": "assistants", "description": "Scans, structured plans, context and charts for assistants."},
    {"name": "stream", "description": "What happens to plans, as it happens."},
    {"name": "market", "description": "The market's clock and calendar."},
    {"name": "server", "description": "Probes and metrics."},
]
ABOUT: Final = (
    "Watches trading plans against the US equity tape. Every read takes `as_of` and then answers from records "
    "available at that instant only; every answer carries the session block. Failures are RFC 9457 problems."
)


def create_app(settings: ApiSettings) -> FastAPI:
    """Wire an application; it follows its database as long as it lives."""
    app = FastAPI(
        title="Fancy Trader",
        version="1",
        description=ABOUT,
        openapi_tags=TAGS,
        docs_url=None,  # these would ask other servers for their parts; ours is a page
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=name_of,
    )
    app.openapi = partial(document_of, app)  # type: ignore[method-assign]
    app.state.settings = settings
    app.state.store = Store(settings.database, settings.busy_s)
    app.state.rates = Rates(settings)
    app.state.turns = _turns(settings)
    app.state.keys = KeyRing(settings, app.state.store)
    app.state.hub = Hub()
    app.state.metrics = Metrics()
    for route in (plans, commands, market, symbols, gpt, charts, assistant, stream, sse, health):
        app.include_router(route.router)
    app.include_router(pages())
    _surround(app, settings)
    app.add_exception_handler(problems.ProblemError, problems.on_problem)
    app.add_exception_handler(DatabaseError, problems.on_database)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(Exception, problems.on_defect)
    return app


def _turns(settings: ApiSettings) -> Turns:
    """Reads of SQLite in turn; those of a server wait for it, not for each other."""
    long_s = settings.reading_s if settings.database.startswith("sqlite") else 0.0
    return Turns(settings.reading, long_s, settings.busy_s)


def _surround(app: FastAPI, settings: ApiSettings) -> None:
    """Put what every request passes around the routes, from the inside out."""
    app.add_middleware(ShortWay, routes=plans.router.routes)
    app.add_middleware(BodyLimit, settings=settings)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag", "Location", "Retry-After"],
        )
    app.add_middleware(Origins, settings=settings)
    app.add_middleware(Crowding, settings=settings, rates=app.state.rates)
    app.add_middleware(Counting, metrics=app.state.metrics)  # outermost: counts what the others refuse, too


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    state.clockwork = await anyio.to_thread.run_sync(clockwork)
    follower = Follower(state.settings, state.store, state.hub)
    follower.start()
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(follower.stop)
        await anyio.to_thread.run_sync(state.turns.close)
        state.store.close()
