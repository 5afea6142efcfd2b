"""The vendor's own client speaks to the practice market: the protocol is theirs, not ours alone."""

import asyncio
from urllib.parse import urlsplit

import pytest
from massive import RESTClient, WebSocketClient
from massive.exceptions import AuthError
from massive.websocket.models import EquityTrade

from tests.flows.market.practice import KEY, START_NS, made_day, serving

PRINTS = 300
PATIENCE_SECONDS = 60


def received(url: str, *subscriptions: str, count: int) -> list[EquityTrade]:
    """Connect, log in, subscribe and listen as the vendor's client does, until `count` trades have come."""
    found: list[EquityTrade] = []

    async def keep(messages: list[object]) -> None:
        found.extend(each for each in messages if isinstance(each, EquityTrade))
        if len(found) >= count:
            await client.close()

    async def listen() -> None:
        try:
            await asyncio.wait_for(client.connect(keep, proxy=None), PATIENCE_SECONDS)
        finally:  # that client leaves its line open when its key is refused
            if client.websocket is not None:
                await client.websocket.close()

    client = WebSocketClient(
        KEY, feed=urlsplit(url).netloc, market="stocks", secure=False, subscriptions=list(subscriptions)
    )
    asyncio.run(listen())
    return found


def test_the_vendors_client_logs_in_subscribes_and_gets_every_trade_once() -> None:
    """Prices, exchanges, ids, conditions and milliseconds are where that client looks for them."""
    with serving(made_day(PRINTS)) as market:
        trades = received(market.url, "T.*", count=PRINTS)
    assert [each.sequence_number for each in trades] == list(range(1, PRINTS + 1))
    assert [each.price for each in trades] == [100 + number / 100 for number in range(PRINTS)]
    first, second = trades[:2]
    assert (first.symbol, first.exchange, first.id, first.tape, first.conditions) == ("AAA", 4, "0", 1, [14, 37])
    assert (first.timestamp, first.trf_id) == (START_NS // 1_000_000, 201)
    assert (second.symbol, second.size, second.conditions) == ("BRK.B", 100, None)


def test_the_vendors_client_gets_only_the_ticker_it_asked_for() -> None:
    """A ticker with a dot is one ticker."""
    with serving(made_day(60)) as market:
        trades = received(market.url, "T.BRK.B", count=30)
    assert {each.symbol for each in trades} == {"BRK.B"}


def test_the_vendors_client_understands_that_its_key_is_refused() -> None:
    """The answer to a bad key is the one that client raises its own error for."""
    with serving(made_day(5), "bad-key") as market, pytest.raises(AuthError, match="authentication failed"):
        received(market.url, "T.*", count=1)


def test_the_vendors_client_pages_through_the_trades_of_a_window() -> None:
    """`next_url` leads on, ascending, in nanoseconds, every row once."""
    with serving(made_day(PRINTS)) as market:
        received(market.url, "T.*", count=PRINTS)  # nothing is served that has not been printed yet
        client = RESTClient(KEY, base=market.rest)
        rows = list(client.list_trades("AAA", timestamp_gte=START_NS, order="asc", sort="timestamp", limit=40))
    assert [row.id for row in rows] == [str(number) for number in range(PRINTS // 2)]
    assert [row.sip_timestamp for row in rows] == [START_NS + 2 * each * 1_000_000_000 + 123_456 for each in range(150)]
