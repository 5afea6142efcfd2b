"""Who may do what: no key, a wrong one, one that reads, one that writes, against every route and message there is.

Made from the router and from the messages' types, so that a new one cannot be forgotten.
"""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute
from httpx2 import Client, Response
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from api.app import create_app
from api.keys import ApiKey, Scope, digest_of
from api.relay.wire import Auth, Request
from api.routes.pages import PAGES, PARTS
from api.settings import ApiSettings
from tests.api.serving import PATIENCE_S, Flow, Server, hear, serving

KEYS = (ApiKey("look", digest_of("r"), Scope.READ), ApiKey("act", digest_of("w"), Scope.WRITE))
SECRETS = {"none": None, "wrong": "x", "read": "r", "write": "w"}
OPEN = {"/healthz", "/readyz", "/openapi.json", *PAGES, *(f"/pages/{part}" for part in PARTS)}
"""What needs no key: probes, the OpenAPI document and the pages' files, which hold no data."""
WRITING = {
    ("POST", "/api/v1/plans"),
    ("PUT", "/api/v1/plans/{plan_id}"),
    ("DELETE", "/api/v1/plans/{plan_id}"),
    ("POST", "/api/v1/universe"),
}
UNKNOWN, ENDLESS = 401, "/sse/"


def routes(kind: type) -> list[Any]:
    """The routes of an app, those of its routers too."""
    found: list[Any] = []
    waiting = list(create_app(ApiSettings("sqlite://")).routes)
    while waiting:
        route = waiting.pop(0)
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        waiting += inner or []
        if isinstance(route, kind):
            found.append(route)
    return found


OPERATIONS = sorted(
    {(method, route.path_format) for route in routes(Route) for method in route.methods or () if method != "HEAD"}
)
ACTIONS = [each.__struct_config__.tag for each in get_args(Request)]
SOCKETS = [route.path for route in routes(WebSocketRoute)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with one plan."""
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'plans.db'}"
    flow = Flow(url)
    flow.happen("aig-1")
    flow.close()
    return url


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[Server]:
    """A server with keys."""
    with serving(url, keys=KEYS, refusals_per_minute=100_000) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(url: str) -> Iterator[Server]:
    """The same for those who say nothing: it does not wait long for a key."""
    with serving(url, keys=KEYS, auth_s=0.1, refusals_per_minute=100_000) as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[Client]:
    """One client for all."""
    with Client(timeout=PATIENCE_S) as client:
        yield client


def answered(http: Client, server: Server, method: str, path: str, secret: str | None, **query: str) -> Response:
    """The head of an answer, whether or not it ends."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    filled = path.replace("{command_id}", "1").replace("{plan_id}", "no-plan").replace("{symbol}", "AIG")
    assert "{" not in filled, f"say what fills {path}"
    url = f"http://127.0.0.1:{server.port}{filled}"
    with http.stream(method, url, headers=headers, params=query) as answer:
        return answer


def test_the_matrix_knows_every_route() -> None:
    document = create_app(ApiSettings("sqlite://")).openapi()["paths"]
    documented = {(method.upper(), path) for path, operations in document.items() for method in operations}
    assert documented <= set(OPERATIONS)
    assert {path for _, path in OPERATIONS} - {path for _, path in documented} <= OPEN
    assert len(routes(APIRoute)) >= 25
    assert {"/ws/plans", "/ws/plans/{plan_id}"} == set(SOCKETS)


@pytest.mark.parametrize("who", SECRETS)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_route_lets_in_whom_it_should(http: Client, server: Server, method: str, path: str, who: str) -> None:
    found = answered(http, server, method, path, SECRETS[who]).status_code
    if path in OPEN:
        assert found == 200
    elif who in ("none", "wrong"):
        assert found == 401
    elif who == "read" and (method, path) in WRITING:
        assert found == 403
    else:
        assert found not in (401, 403)
        assert found < 500 or path == "/gpt/contracts"


@pytest.mark.parametrize("name", ["key", "token", "access_token", "api_key", "apikey", "authorization"])
def test_a_key_in_a_url_opens_nothing(http: Client, server: Server, hasty: Server, name: str) -> None:
    """Logs keep URLs."""
    for path in ("/api/v1/plans", "/sse/plans"):
        assert answered(http, server, "GET", path, None, **{name: "w"}).status_code == UNKNOWN
    with hasty.connect(f"/ws/plans?{name}=w") as socket, pytest.raises(ConnectionClosed):
        hear(socket)


def opened(server: Server, path: str, secret: str | None) -> ClientConnection:
    """A WebSocket with a header."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    return server.connect(path.replace("{plan_id}", "aig-1"), additional_headers=headers)


@pytest.mark.parametrize("who", SECRETS)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("path", SOCKETS)
def test_an_action_needs_a_key_that_reads(server: Server, path: str, action: str, who: str) -> None:
    """A header is looked at before the connection stands; without one, only a key may be said first."""
    message = json.dumps({"type": action, "key": "x"} if action == "auth" else {"type": action})
    if who == "wrong":
        with pytest.raises(InvalidStatus) as refused:
            opened(server, path, "x").close()
        assert refused.value.response.status_code == 403
        return
    with opened(server, path, SECRETS[who]) as socket:
        socket.send(message)
        if who == "none":
            with pytest.raises(ConnectionClosed) as closed:
                hear(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
        else:
            assert hear(socket)["type"] == "hello"


@pytest.mark.parametrize("who", SECRETS)
@pytest.mark.parametrize("path", SOCKETS)
def test_a_key_may_be_the_first_message(server: Server, hasty: Server, path: str, who: str) -> None:
    with opened(hasty if who == "none" else server, path, None) as socket:
        if SECRETS[who] is not None:
            socket.send(json.dumps({"type": Auth.__struct_config__.tag, "key": SECRETS[who]}))
        if who in ("none", "wrong"):
            with pytest.raises(ConnectionClosed) as closed:
                hear(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
        else:
            assert hear(socket)["type"] == "hello"
