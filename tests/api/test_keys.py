"""Keys that come and go under a running server, and pages and names that may not use it."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from websockets.exceptions import InvalidStatus

from api.relay.doorkeeping import UNAUTHORIZED
from api.serve import settled
from sinks.database import open_database
from sinks.keys import StoredKey, create_key, revoke_key
from tests.api.conftest import NOW_NS, Demo, MakeClient
from tests.api.serving import PATIENCE_S, Flow, hear, hear_out, say, serving

PLANS = "/api/v1/plans"


def in_database(url: str, act: Callable[[sa.Connection], tuple[StoredKey, str] | StoredKey]) -> list[str]:
    """Do something with the keys of a database; the id and the secret, where there is one."""
    engine = open_database(url)
    with engine.begin() as connection:
        done = act(connection)
    engine.dispose()
    return [done[0].id, done[1]] if isinstance(done, tuple) else [done.id]


def made(url: str, scope: str, name: str = "desk") -> list[str]:
    """Make a key: its id and its secret."""
    return in_database(url, lambda connection: create_key(connection, name, scope, NOW_NS))


def made_at_once(url: str, count: int) -> list[list[str]]:
    """Make keys of which a server knows all or none."""
    engine = open_database(url)
    with engine.begin() as connection:
        keys = [create_key(connection, "desk", "read", NOW_NS) for _ in range(count)]
    engine.dispose()
    return [[key.id, secret] for key, secret in keys]


def revoked(url: str, number: str) -> None:
    """Revoke a key."""
    in_database(url, lambda connection: revoke_key(connection, number, NOW_NS))


def status(client: TestClient, secret: str | None = None, method: str = "GET") -> int:
    """What a request with a secret gets."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    return client.request(method, f"{PLANS}/none" if method == "DELETE" else PLANS, headers=headers).status_code


def test_keys_made_and_revoked_count_without_a_restart(make_client: MakeClient, empty_url: str) -> None:
    """And the open door stays closed once there was a key."""
    client = make_client(empty_url, keys_s=0.0)
    assert status(client) == 200
    old, secret = made(empty_url, "read")
    assert [status(client), status(client, secret), status(client, "other")] == [401, 200, 401]
    assert status(client, secret, "DELETE") == 403
    new, newer = made(empty_url, "write")
    assert [status(client, secret), status(client, newer), status(client, newer, "DELETE")] == [200, 200, 404]
    revoked(empty_url, old)
    assert [status(client, secret), status(client, newer)] == [401, 200]
    revoked(empty_url, new)
    assert [status(client), status(client, newer)] == [401, 401]


def test_a_stored_key_opens_the_stream_by_header_or_first_message(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    flow = Flow(url)
    flow.happen("aig-1")
    flow.close()
    _, secret = made(url, "read")
    with serving(url) as server:
        with server.connect(additional_headers={"Authorization": f"Bearer {secret}"}) as socket:
            assert hear(socket)["type"] == "hello"
        with server.connect() as socket:
            socket.send(f'{{"type":"auth","key":"{secret}"}}')
            assert hear(socket)["type"] == "hello"
        with pytest.raises(InvalidStatus):
            server.connect(additional_headers={"Authorization": "Bearer other"})


def test_a_stream_ends_with_its_key_however_it_was_opened(tmp_path: Path) -> None:
    """By header, by first message, over plain HTTP, and where no key had been needed."""
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    flow = Flow(url)
    flow.happen("aig-1")
    with serving(url, keys_s=0.05) as server, ExitStack() as opened:
        free = opened.enter_context(server.connect())
        assert hear(free)["type"] == "hello"
        (number, secret), (_, other) = made_at_once(url, 2)
        assert hear_out(free) == []
        assert free.close_code == UNAUTHORIZED
        by_header, staying = (
            opened.enter_context(server.connect(additional_headers={"Authorization": f"Bearer {each}"}))
            for each in (secret, other)
        )
        by_message = opened.enter_context(server.connect())
        say(by_message, "auth", key=secret)
        plain = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        plain.request("GET", "/sse/plans", headers={"Authorization": f"Bearer {secret}"})
        answer = plain.getresponse()
        for socket in (by_header, staying, by_message):
            assert hear(socket)["type"] == "hello"
        revoked(url, number)
        for socket in (by_header, by_message):
            assert hear_out(socket) == []
            assert socket.close_code == UNAUTHORIZED
        assert (
            answer.read().decode().rstrip().splitlines()[-1].startswith('data: {"type":"error","code":"unauthorized"')
        )
        say(staying, "ping")
        assert hear(staying)["type"] == "hb"
        plain.close()
    flow.close()


def test_nobody_is_let_in_on_a_guess_while_the_database_cannot_be_read(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "plans.db"
    url = f"sqlite:///{file}"
    Flow(url).close()
    _, secret = made(url, "read")
    file.rename(tmp_path / "away.db")
    client = make_client(url, keys_s=0.0)
    assert [status(client), status(client, secret)] == [503, 503]
    (tmp_path / "away.db").rename(file)
    assert [status(client), status(client, secret)] == [401, 200]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is refused before the database is asked
def test_a_door_that_is_not_open_stays_closed_without_keys(make_client: MakeClient, empty_url: str) -> None:
    client = make_client(empty_url, open_door=False)
    assert [status(client), client.get("/metrics").status_code, client.get("/readyz").status_code] == [401, 401, 200]


def test_a_bind_beyond_loopback_needs_a_key_and_a_local_one_answers_to_local_names(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    Flow(url).close()
    with pytest.raises(ValueError, match=r"--host 0\.0\.0\.0: without keys"):
        settled(url, "0.0.0.0")
    local = settled(url, "127.0.0.1")
    assert (local.open_door, local.hosts) == (True, ("localhost", "127.0.0.1", "::1", "127.0.0.1"))
    number, _ = made(url, "read")
    assert (settled(url, "0.0.0.0").open_door, settled(url, "0.0.0.0").hosts) == (False, None)
    revoked(url, number)
    with pytest.raises(ValueError, match="without keys"):
        settled(url, "0.0.0.0")


OWN, FOREIGN = "http://testserver", "https://evil.example"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", [f"{PLANS}/none", "/sse/plans?plans=none"])
def test_pages_of_other_origins_are_refused_unless_they_are_named(
    make_client: MakeClient, demo: Demo, method: str, path: str
) -> None:
    """A page that its visitor opened must not command the server on the visitor's machine."""
    client = make_client(demo.url)
    refused = client.request(method, path, headers={"Origin": FOREIGN})
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert "access-control-allow-origin" not in refused.headers
    if path.startswith("/api"):
        assert client.request(method, path, headers={"Origin": OWN}).status_code == 404
        named = make_client(demo.url, origins=(FOREIGN,))
        found = named.request(method, path, headers={"Origin": FOREIGN})
        assert (found.status_code, found.headers["access-control-allow-origin"]) == (404, FOREIGN)
        asked = {"Origin": FOREIGN, "Access-Control-Request-Method": method}
        assert named.options(path, headers={**asked, "Access-Control-Request-Headers": "Authorization"}).is_success


def test_a_name_that_is_not_the_servers_own_is_refused_where_there_are_no_keys(
    make_client: MakeClient, demo: Demo
) -> None:
    """Or a foreign name that was pointed at this machine would pass for the server's own origin."""
    client = make_client(demo.url, hosts=("localhost", "127.0.0.1", "::1"))
    for name, found in (("localhost:80", 200), ("127.0.0.1:9", 200), ("[::1]:80", 200), ("evil.example", 403)):
        assert client.get(PLANS, headers={"Host": name}).status_code == found, name


def test_a_locked_database_is_a_problem_before_it_was_ever_opened(make_client: MakeClient, tmp_path: Path) -> None:
    """The first look waits no longer than any other."""
    file = tmp_path / "plans.db"
    Flow(f"sqlite:///{file}").close()
    held = sqlite3.connect(file, isolation_level=None)
    held.execute("PRAGMA locking_mode = EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    client, hasty = make_client(f"sqlite:///{file}"), make_client(f"sqlite:///{file}", busy_s=0.1)
    found = hasty.get(PLANS)
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")
    assert "holds its lock" in found.json()["detail"]
    held.close()
    assert client.get(PLANS).status_code == 200
