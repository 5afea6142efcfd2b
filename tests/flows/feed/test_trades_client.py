"""Fetching trades by REST from the practice market, and from servers that are worse than it."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random

import pytest

from flows.feed.api_key import ApiKey
from flows.feed.gaps import GapRepair
from flows.feed.sink import Gap, GapState
from flows.feed.trades_client import TRIES, NotEntitledError, RestError, TradesClient
from operators.times import SECOND_NS
from tests.flows.feed.following import CANARY, ListSink
from tests.flows.market.practice import START_NS, made_day, serving

LATER_NS = START_NS + 10_000 * SECOND_NS
Answer = tuple[int, bytes, dict[str, str]]


@contextmanager
def asking(base: str) -> Iterator[tuple[TradesClient, list[float]]]:
    """Return a client and the waits that it asked for, none of them slept."""
    waits: list[float] = []
    client = TradesClient(base, ApiKey(CANARY), waits.append, Random(1))
    try:
        yield client, waits
    finally:
        client.close()


@contextmanager
def scripted(answers: Sequence[Answer]) -> Iterator[tuple[str, list[str]]]:
    """Serve these answers, one after the other; return where, and what was asked with which key."""
    left, asked = list(answers), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path} {self.headers.get('Authorization')}")
            status, body, headers = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep still."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def rows(*sip_ns: int, **more: object) -> bytes:
    return json.dumps(
        {"status": "OK", "results": [{"sip_timestamp": at, "price": 1.5} for at in sip_ns], **more}
    ).encode()


def test_all_pages_of_a_window_come_in_order() -> None:
    with serving(made_day(300), start_ns=LATER_NS) as market, asking(market.rest) as (client, _):
        window = START_NS + 10 * SECOND_NS, START_NS + 200 * SECOND_NS
        pages = [json.loads(page)["results"] for page in client.pages("BRK.B", *window, rows=20)]
    numbers = [row["sequence_number"] for page in pages for row in page]
    assert [len(page) for page in pages] == [20, 20, 20, 20, 15]
    assert numbers == list(range(12, 201, 2))


def test_an_empty_window_is_no_page() -> None:
    with serving(made_day(3)) as market, asking(market.rest) as (client, _):
        assert list(client.pages("NONE", START_NS, LATER_NS)) == []


def test_what_passes_is_tried_again_with_growing_waits() -> None:
    trouble = [(429, b"", {"Retry-After": "7"}), (500, b"oops", {}), (200, b'{"results":[', {}), (200, rows(5), {})]
    with scripted(trouble) as (base, asked), asking(base) as (client, waits):
        assert list(client.pages("A", 1, 9)) == [rows(5)]
    assert len(asked) == 4
    assert waits[1] == 7.0
    assert 0.1 <= waits[2] <= 0.2 <= waits[3] <= 0.4 <= waits[4] <= 0.8


def test_what_does_not_pass_is_given_up_with_one_clear_error() -> None:
    with (
        scripted([(503, b"", {})]) as (base, asked),
        asking(base) as (client, _),
        pytest.raises(RestError, match=rf"^trades of A: gave up after {TRIES} tries \(503\)$"),
    ):
        list(client.pages("A", 1, 9))
    assert len(asked) == TRIES


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (
            403,
            b'{"status":"NOT_AUTHORIZED","message":"You are not entitled."}',
            NotEntitledError,
            "403 You are not entitled.",
        ),
        (401, b'{"status":"ERROR","error":"Unknown API Key"}', NotEntitledError, "401 Unknown API Key"),
        (404, b'{"status":"NOT_FOUND"}', RestError, "404 NOT_FOUND"),
        (400, b"<html>", RestError, "400"),
    ],
)
def test_a_refusal_is_final_and_told_in_the_vendors_words(
    status: int, body: bytes, error: type[Exception], text: str
) -> None:
    with (
        scripted([(status, body, {})]) as (base, asked),
        asking(base) as (client, _),
        pytest.raises(error, match=f"^trades of A: {text}$"),
    ):
        list(client.pages("A", 1, 9))
    assert len(asked) == 1


@pytest.mark.parametrize("body", [rows(5, 4), rows(10), rows(0)])
def test_rows_out_of_order_or_out_of_the_window_are_refused(body: bytes) -> None:
    with (
        scripted([(200, body, {})]) as (base, _),
        asking(base) as (client, _),
        pytest.raises(RestError, match="out of order"),
    ):
        list(client.pages("A", 1, 9))


def test_the_key_goes_to_the_base_address_alone_whatever_the_next_page_says() -> None:
    first = rows(1, next_url="https://elsewhere.example/v3/trades/A?cursor=x")
    with scripted([(200, first, {}), (200, rows(2), {})]) as (base, asked), asking(base) as (client, _):
        assert len(list(client.pages("A", 1, 9))) == 2
    assert [each.split()[0] for each in asked] == [base.removeprefix("http://")] * 2
    assert all(each.endswith(f"Bearer {CANARY}") for each in asked)
    assert all(CANARY not in each.split()[1] for each in asked)


def test_pages_that_go_round_in_a_circle_are_left() -> None:
    with (
        scripted([(200, rows(1, next_url="/v3/x?c=1"), {})]) as (base, _),
        asking(base) as (client, _),
        pytest.raises(RestError, match="do not go on"),
    ):
        list(client.pages("A", 1, 9))


def test_an_answer_that_quotes_the_key_is_not_quoted() -> None:
    body = json.dumps({"error": f"bad key {CANARY}"}).encode()
    with (
        scripted([(401, body, {})]) as (base, _),
        asking(base) as (client, _),
        pytest.raises(NotEntitledError) as caught,
    ):
        list(client.pages("A", 1, 9))
    assert CANARY not in str(caught.value)


def test_a_symbol_that_fails_stays_open_alone() -> None:
    answers: list[Answer] = [(200, rows(5), {}), (404, b"{}", {})]
    sink, gap = ListSink(), Gap("1-1", GapState.OPEN, 1, symbols=("A", "B"))
    with scripted(answers) as (base, _), asking(base) as (client, _):
        last = GapRepair(client, lambda: 10, lambda _: None, lambda _: 0.0).mend(gap, 9, sink)
    left, closed = sink.of("gap")
    assert last == left
    assert (left.name, left.state, left.symbols) == ("1-1-left", GapState.LOST, ("B",))
    assert (closed.name, closed.state) == ("1-1", GapState.CLOSED)
    assert sink.of("repair") == [("A", rows(5))]
