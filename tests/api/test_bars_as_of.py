"""Bars over HTTP as of an instant: a late print that came after it is in none of the answers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from sinks.database import open_database
from sinks.writer import SinkWriter
from tests.api.conftest import MakeClient
from tests.sinks.test_bar_revisions import Stood, batch

FIRST, SECOND = Stood(0, 0, 0), Stood(1, 0, 0)
KNOWN_NS = SECOND.end_ns + 40_000_000_000


@pytest.fixture
def client(make_client: MakeClient, empty_url: str) -> TestClient:
    """Two minutes, of which the first was revised after the second had ended."""
    engine = open_database(empty_url)
    writer = SinkWriter(engine, "tape")
    for stood in ([FIRST._replace(known_ns=FIRST.end_ns), SECOND], [Stood(0, 1, KNOWN_NS)]):
        writer.write(batch("AIG", stood))
    engine.dispose()
    return make_client(empty_url)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/v1/symbol/AIG/series?interval=1m&", lambda said: said["bars"]),
        ("/gpt/context/AIG?interval=1m&", lambda said: said["context"]["bars"]),
    ],
)
def test_a_bar_is_what_it_was_then(client: TestClient, path: str, where: Any) -> None:
    told = [
        [(bar["revision"], bar["volume"]) for bar in where(client.get(f"{path}{then}").json())]
        for then in (f"as_of={SECOND.end_ns}", f"as_of={KNOWN_NS - 1}", f"as_of={KNOWN_NS}", "")
    ]
    assert told == [[(0, 100.0), (0, 100.0)]] * 2 + [[(1, 101.0), (0, 100.0)]] * 2
