"""The pages: a board of plans at `/`, a symbol's chart at `/chart`, the documentation at `/docs`.

Rule: files of packages, known by name, and nothing from elsewhere.
"""

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

OWN: Final = "api.pages"
PAGES: Final = {"/": "index.html", "/chart": "chart.html", "/docs": "docs.html"}
PARTS: Final = {
    **dict.fromkeys(
        ("style.css", "server.js", "board.js", "plans.js", "table.js", "chart.js", "painter.js", "docs.js"), OWN
    ),
    **dict.fromkeys(("swagger-ui.css", "swagger-ui-bundle.js"), "fastapi_swagger.resources"),
}
"""What pages are made of, with the package that holds it."""
TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def pages() -> APIRouter:
    """Return the routes of the pages; what a page shows, it asks of the API, with a key where one is needed."""
    router = APIRouter(include_in_schema=False)
    for path, name in PAGES.items():
        router.add_api_route(path, _file(OWN, name), methods=["GET"])
    for name, package in PARTS.items():
        router.add_api_route(f"/pages/{name}", _file(package, name), methods=["GET"])
    return router


def _file(package: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    body, kind = files(package).joinpath(name).read_bytes(), TYPES[name.rpartition(".")[2]]
    headers = {**HEADERS, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}

    async def answered(request: Request) -> Response:
        """The file; 304 to who has it."""
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=kind, headers=headers)

    return answered
