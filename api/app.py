"""The application: `create_app(settings)` wires it, nothing happens at import, the lifespan opens and closes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api import problems
from api.body_limit import BodyLimit
from api.clockwork import clockwork
from api.routes import commands, market, plans
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError

TAGS: Final = [
    {"name": "plans", "description": "Trading plans: where they stand, what happened, why not."},
    {"name": "commands", "description": "Asking the flow to register, replace or cancel a plan."},
    {"name": "market", "description": "The market's clock and calendar."},
]
ABOUT: Final = (
    "Watches trading plans against the US equity tape. Every read takes `as_of` and then answers from records "
    "available at that instant only; every answer carries the session block. Failures are RFC 9457 problems."
)


def create_app(settings: ApiSettings) -> FastAPI:
    """Wire an application; it opens its database with the first request and closes it in the end."""
    app = FastAPI(title="Fancy Trader", version="1", description=ABOUT, openapi_tags=TAGS, lifespan=_lifespan)
    app.state.settings = settings
    app.state.store = Store(settings.database, settings.busy_s)
    for route in (plans, commands, market):
        app.include_router(route.router)
    app.add_middleware(BodyLimit, most=settings.body_bytes)
    app.add_exception_handler(problems.ProblemError, problems.on_problem)
    app.add_exception_handler(DatabaseError, problems.on_database)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(Exception, problems.on_defect)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.clockwork = await anyio.to_thread.run_sync(clockwork)
    try:
        yield
    finally:
        app.state.store.close()
