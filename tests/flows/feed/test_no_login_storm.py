"""However a line ends, the next login waits for its step of the back-off; what the market wrote down shows it."""

import time
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from flows.feed.backoff import Backoff
from flows.feed.client import FeedClient
from flows.market.running import Running
from tests.flows.feed.following import ListSink, client_for, running, until
from tests.flows.market.practice import made_day, serving

LINES = ["drop@100", "close-1001@300:40", "close-1008@500", "drop@700:80", "close-1008@900", "close-1001@1100"]


def logins_of(market: Running) -> list[float]:
    return [each["at_s"] for each in market.said if each["event"] == "login"]


def timed(client: FeedClient) -> list[tuple[float, float]]:
    """Let a client note when it begins to wait, and for how long, in seconds."""
    waits: list[tuple[float, float]] = []
    log = client.log

    def note(event: str, **fields: Any) -> None:
        if event == "feed_waits":
            waits.append((time.monotonic(), fields["seconds"]))
        log(event, **fields)

    client.log = note
    return waits


@pytest.mark.parametrize("also", [(), ("silent@1300:100000",)])
def test_between_two_logins_lies_a_whole_step_of_the_back_off(also: tuple[str, ...]) -> None:
    """A login alone earns nothing: steps grow while no life was stable, and 1008 asks for the long one."""
    with serving(made_day(3000), *LINES, *also, speed=800.0) as market:
        backoff = Backoff(first=0.02, longest=0.2, stable=60, cool_down=0.3, rng=Random(1))
        client, _ = client_for(market, ListSink(), backoff=backoff, regular_silence=0.3)
        waits = timed(client)
        with running(client):
            until(lambda: len(logins_of(market)) > len(LINES))
        logins = logins_of(market)
    for before, after in pairwise(logins):
        steps = [(began, seconds) for began, seconds in waits if before < began < after]
        assert steps, "a login without a step of the back-off"
        assert after - before >= sum(seconds for _, seconds in steps)
    assert max(seconds for _, seconds in waits) >= 0.3


def test_two_clients_on_one_account_do_not_fight_at_a_login_a_second() -> None:
    """The vendor closes one of them, whichever: each comes back at the pace of the cool-down."""
    with serving(made_day(50_000), speed=10.0, connections=1) as market:
        clients = [
            client_for(market, ListSink(), backoff=Backoff(first=0.01, cool_down=0.5, rng=Random(seed)))[0]
            for seed in (1, 2)
        ]
        waits = [timed(client) for client in clients]
        with running(clients[0]), running(clients[1]):
            until(lambda: len(logins_of(market)) >= 4)
        logins = len(logins_of(market))
    assert logins <= len(clients) + sum(map(len, waits))
    assert all(seconds >= 0.5 for steps in waits for _, seconds in steps)
