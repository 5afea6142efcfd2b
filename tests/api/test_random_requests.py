"""Whatever is asked, the answer is JSON of the documented sort and never a failure of the server."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.conftest import Demo, MakeClient

NAMES = st.sampled_from(["sim1-pullback-long", "SIM1", "1", "7", "none", "%00", "a/b", "é", "x" * 99, ".."]) | st.text()
VALUES = (
    st.sampled_from(
        [
            "2026-06-17T12:00:00-04:00",
            "1781700000000000000",
            "-1",
            "0",
            "9" * 30,
            "long",
            "SIM1",
            "5m",
            "nan",
            "W10",
            "",
        ]
    )
    | st.text()
    | st.integers().map(str)
)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["plan_id", "symbol", "symbols", "style", "direction", "entry", "stop", "targets", "limit", "intervals", "as_of"]
)


@pytest.fixture(scope="module")
def paths(demo: Demo) -> list[tuple[str, str, list[str]]]:
    """Every operation with its query parameters."""
    from api.app import create_app
    from api.settings import ApiSettings

    document = create_app(ApiSettings(demo.url)).openapi()
    return [
        (method, path, [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"])
        for path, operations in document["paths"].items()
        if not path.startswith("/sse/")  # these answers have no end
        for method, operation in operations.items()
    ]


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_fails_the_server(
    data: st.DataObject, make_client: MakeClient, demo: Demo, paths: list[tuple[str, str, list[str]]]
) -> None:
    client = _shared(make_client, demo)
    method, path, names = data.draw(st.sampled_from(paths))
    while "{" in path:
        head, _, rest = path.partition("{")
        path = head + quote(data.draw(NAMES), safe="", errors="replace") + rest.partition("}")[2]
    wanted = st.dictionaries(st.sampled_from(names), VALUES, max_size=3) if names else st.just({})
    query = {name: value.encode(errors="replace").decode() for name, value in data.draw(wanted).items()}
    body = data.draw(st.dictionaries(FIELDS, JSON, max_size=6) | JSON)
    content = json.dumps(body) if method in ("post", "put") else None
    query.pop("wait", None)
    answer = client.request(method, path, params=query, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500 or path == "/gpt/contracts", (method, path, query, body, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


_clients: list[TestClient] = []


def _shared(make_client: MakeClient, demo: Demo) -> TestClient:
    """One client for all examples."""
    if not _clients:
        _clients.append(make_client(demo.url))
    return _clients[0]
