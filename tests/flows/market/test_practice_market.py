"""The practice market speaks the vendor's protocol, on a real socket, and misbehaves only when asked to."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
import websocket
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import BadInputError
from flows.market.day import recorded_day, simulated_day
from flows.market.faults import SPELL_SECONDS, FaultKind, Faults, parse_fault, random_faults
from flows.market.market_clock import RunningClock
from flows.market.texts import Texts, rest_rows
from operators.times import SECOND_NS
from tests.flows.made import market_tape
from tests.flows.market.practice import KEY, START_NS, Bare, made_day, rest, serving


def test_a_client_that_is_not_ours_logs_in_subscribes_and_gets_every_trade_once() -> None:
    day = made_day(300)
    with serving(day) as market:
        client = Bare(market.url)
        answers = client.subscribe("T.*,ZZ.AAA,Q.AAA")
        assert [each["message"] for each in answers[1:]] == ["subscribed to: T.*", "subscribed to: Q.AAA"]
        assert answers[0]["status"] == "practice_clock"
        trades = client.trades(300)
    assert [each["q"] for each in trades] == list(range(1, 301))
    assert trades[0] == {
        "ev": "T",
        "sym": "AAA",
        "x": 4,
        "i": "0",
        "z": 1,
        "p": 100.0,
        "s": 0,
        "ds": "0.5",
        "c": [14, 37],
        "t": START_NS // 1_000_000,
        "pt": START_NS // 1_000_000,
        "q": 1,
        "trfi": 201,
        "trft": START_NS // 1_000_000,
    }
    assert {"c", "trfi"}.isdisjoint(trades[1])


def test_only_what_was_subscribed_to_comes() -> None:
    with serving(made_day(60)) as market:
        client = Bare(market.url)
        client.subscribe("T.BRK.B")
        assert {each["sym"] for each in client.trades(30)} == {"BRK.B"}


def test_a_subscription_held_already_is_not_acknowledged_again() -> None:
    with serving(made_day(2000), speed=1.0) as market:
        client = Bare(market.url)
        client.subscribe("T.AAA")
        client.say("subscribe", "T.AAA,T.NONE")
        heard = next(frame for frame in iter(client.hear, None) if frame[0].get("status") == "success")
        assert [each["message"] for each in heard] == ["subscribed to: T.NONE"]


def test_what_the_market_says_of_itself_says_practice_and_holds_no_key() -> None:
    with serving(made_day(5)) as market:
        client = Bare(market.url)
        answers = client.subscribe("T.*")
        rest(f"{market.rest}/v3/trades/AAA")
    assert "PRACTICE MARKET, not live" in answers[0]["message"]
    assert simulated_day(3).label.startswith("SIMULATED")
    assert KEY not in json.dumps(market.said)


@pytest.mark.parametrize(
    ("fault", "word", "message"),
    [
        ("bad-key", "auth_failed", "authentication failed"),
        ("no-access", "auth_failed", "Your plan doesn't include websocket access."),
    ],
)
def test_a_refused_login_ends_without_a_close_frame(fault: str, word: str, message: str) -> None:
    with serving(made_day(5), fault) as market:
        client = Bare(market.url)
        client.hear()
        client.say("auth", KEY)
        assert client.hear() == [{"ev": "status", "status": word, "message": message}]
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            client.hear()


def test_a_channel_can_be_refused_or_left_without_an_answer() -> None:
    with serving(made_day(5), "not-authorized:Q", "ignore:T.A") as market:
        client = Bare(market.url)
        answers = client.subscribe("Q.AAA,T.AAA,T.BRK.B")
        assert [each["message"] for each in answers[1:]] == ["not authorized", "subscribed to: T.BRK.B"]


@pytest.mark.parametrize(("fault", "code"), [("close-1001@5", 1001), ("close-1008@5", 1008)])
def test_a_timed_close_comes_with_its_code(fault: str, code: int) -> None:
    with serving(made_day(400), fault, speed=100.0) as market:
        client = Bare(market.url)
        client.subscribe("T.*")
        heard = b""
        while client.line.connected:
            opcode, data = client.line.recv_data()
            heard = data if opcode == websocket.ABNF.OPCODE_CLOSE else heard
    assert int.from_bytes(heard[:2], "big") == code


def test_a_dropped_line_is_refused_while_it_is_down_and_misses_what_it_missed() -> None:
    with serving(made_day(2000), "drop@5:300", speed=200.0) as market:
        client = Bare(market.url)
        client.subscribe("T.*")
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            client.trades(2000)
        with pytest.raises(websocket.WebSocketBadStatusException):
            Bare(market.url)
        while True:
            try:
                client = Bare(market.url)
                break
            except websocket.WebSocketBadStatusException:
                pass
        client.subscribe("T.*")
        assert client.trades(1)[0]["q"] > 300


def test_one_connection_too_many_closes_the_oldest_after_a_while() -> None:
    with serving(made_day(50_000), speed=10.0) as market:
        first = Bare(market.url)
        first.subscribe("T.*")
        second = Bare(market.url)
        second.subscribe("T.*")
        statuses: list[dict[str, object]] = []
        while not statuses:
            statuses = [each for each in first.hear() if each.get("status") == "max_connections"]
        assert statuses[0]["status"] == "max_connections"
        assert second.trades(1)
    assert market.logins() == 2


def test_frames_can_be_sent_twice_sequences_can_repeat_and_prints_can_be_late() -> None:
    day = made_day(500)
    with serving(day, "duplicate:0.5", "sequence:0.5", "late:0.2") as market:
        client = Bare(market.url)
        client.subscribe("T.*")
        seen: Counter[str] = Counter()
        trades = []
        while len(seen) < 500:
            frame = client.trades(1)
            trades += frame
            seen.update(f"{each['sym']} {each['p']}" for each in frame)
    assert max(seen.values()) == 2
    assert len({each["q"] for each in trades}) < 500
    times = [each["t"] for each in trades]
    assert any(later < earlier for earlier, later in pairwise(times))


def test_a_frame_can_be_huge() -> None:
    with serving(made_day(20_000, gap_ns=1_000_000), "huge:50000", speed=100_000.0) as market:
        client = Bare(market.url)
        client.subscribe("T.*")
        assert len(client.trades(20_000)) == 20_000


def test_rest_pages_through_a_window_in_order_and_never_beyond_market_time() -> None:
    with serving(made_day(100), speed=1e-3) as market:
        before = rest(f"{market.rest}/v3/trades/AAA", order="asc").json()
        assert before["status"] == "OK"
        assert "results" not in before
        assert market.market is not None
        market.market.clock.start_ns = START_NS + 59 * SECOND_NS
        url, rows = f"{market.rest}/v3/trades/AAA", []
        query = {"order": "asc", "limit": "7", "timestamp__gte": str(START_NS + 10 * SECOND_NS)}
        while url:
            answer = rest(url, **query).json()
            rows += answer["results"]
            url, query = answer.get("next_url", ""), {}
            assert KEY not in url
    assert [each["sequence_number"] for each in rows] == list(range(11, 60, 2))
    assert rows[0]["sip_timestamp"] == START_NS + 10 * SECOND_NS + 123_456
    assert rows[0]["trf_id"] == 201


def test_rest_answers_the_last_trade_by_default_and_knows_who_asks() -> None:
    with serving(made_day(100), start_ns=START_NS + 1000 * SECOND_NS) as market:
        url = f"{market.rest}/v3/trades/BRK.B"
        assert rest(url, limit="1").json()["results"][0]["sequence_number"] == 100
        assert rest(url, timestamp="2026-06-16").json().get("results") is None
        assert len(rest(url, timestamp="2026-06-17").json()["results"]) == 50
        assert rest(url, limit="x").status_code == 400
        assert rest(f"{market.rest}/v3/elsewhere").status_code == 404
        import httpx2

        nobody = httpx2.get(url, trust_env=False, timeout=60)
        assert (nobody.status_code, nobody.json()["error"]) == (401, "Unknown API Key")


def test_rest_can_fail_in_the_vendors_ways() -> None:
    import httpx2

    with serving(made_day(10), "rest-429:1", "rest-500:1", "rest-truncated:1", start_ns=START_NS * 2) as market:
        url = f"{market.rest}/v3/trades/AAA"
        assert [rest(url).status_code for _ in range(2)] == [429, 500]
        with pytest.raises(httpx2.RemoteProtocolError):
            rest(url)
        assert rest(url).status_code == 200
    with serving(made_day(10), "rest-403") as market:
        assert rest(f"{market.rest}/v3/trades/AAA").json()["status"] == "NOT_AUTHORIZED"


def test_a_silent_line_stays_open_and_what_was_due_is_lost() -> None:
    with serving(made_day(400), "silent@50:100", speed=500.0) as market:
        client = Bare(market.url)
        client.subscribe("T.*")
        numbers: list[int] = []
        while not numbers or numbers[-1] < 400:
            numbers += [each["q"] for each in client.trades(1)]
    assert len(numbers) < 330
    assert len(set(numbers)) == len(numbers)


@given(st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=20, deadline=None)
def test_texts_are_json_and_do_not_depend_on_how_they_are_cut(first: int, length: int) -> None:
    texts = Texts(made_day(500))
    whole = texts.events(0, 500)
    assert texts.events(first, min(500, first + length)) == whole[first : first + length]
    assert [json.loads(each)["q"] for each in whole] == list(range(1, 501))


def test_strange_ids_stay_json() -> None:
    day = made_day(3)
    prints = day.prints.with_columns(id=__import__("polars").Series(['a"b', "c\\d", "900]:C"]))
    assert [json.loads(each)["id"] for each in rest_rows(prints)] == ['a"b', "c\\d", "900]:C"]


def test_a_recorded_file_of_the_vendor_is_served_in_order_of_time(tmp_path: Path) -> None:
    day = recorded_day([market_tape(tmp_path, ["AAA", "BBB"], 100)])
    assert day.label.startswith("RECORDED")
    assert bool((day.sip_ns[1:] >= day.sip_ns[:-1]).all())
    assert set(day.tickers) == {"AAA", "BBB"}


def test_every_ticker_that_a_plan_may_name_is_served(tmp_path: Path) -> None:
    """On both sides, whatever it needs in JSON and in a URL."""
    tickers = ["BC/WD", 'A"B', "A\\B", "A%2F?#", "BRK.B", "~" * 32]
    made = made_day(6, tickers).prints.with_columns(conditions=None)
    made.write_csv(tmp_path / "2026-06-17.csv")
    with serving(recorded_day([tmp_path / "2026-06-17.csv"])) as market:
        client = Bare(market.url)
        client.subscribe(",".join(f"T.{each}" for each in tickers))
        assert [each["sym"] for each in client.trades(6)] == tickers
        for each in tickers:
            page = rest(f"{market.rest}/v3/trades/{quote(each, safe='')}").json()
            assert [row["id"] for row in page["results"]] == ["0"]


def test_how_many_prints_cannot_be_served_is_told(tmp_path: Path) -> None:
    made = made_day(8, ["AAA", "A,B", "", "Ü"]).prints.with_columns(conditions=None)
    made.write_csv(tmp_path / "2026-06-17.csv")
    day = recorded_day([tmp_path / "2026-06-17.csv"])
    assert day.label == "RECORDED 2026-06-17.csv without 6 prints that no feed could send"
    assert set(day.tickers) == {"AAA"}


def test_market_time_stands_until_it_is_let_run() -> None:
    wall = [0]
    clock = RunningClock(START_NS, 60.0, lambda: wall[0])
    wall[0] = 5
    assert clock.now_ns() == START_NS
    clock.begin()
    wall[0] += SECOND_NS
    clock.begin()
    assert clock.now_ns() == START_NS + 60 * SECOND_NS
    assert clock.seconds_until(START_NS + 120 * SECOND_NS) == 1.0


@pytest.mark.parametrize(
    "text", ["", "nap", "drop", "bad-key@5", "rest-403@5", "ignore", "drop@x", "huge:-1", "not-authorized@1:Q"]
)
def test_a_fault_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="--fault"):
        parse_fault(text)


def test_random_faults_come_from_their_seed() -> None:
    assert random_faults(5, 1, 0, 10, 3) == random_faults(5, 1, 0, 10, 3) != random_faults(5, 2, 0, 10, 3)


def test_random_faults_are_of_every_kind_that_a_session_survives() -> None:
    refusals = {FaultKind.BAD_KEY, FaultKind.NO_ACCESS, FaultKind.NOT_AUTHORIZED, FaultKind.IGNORE, FaultKind.REST_403}
    drawn = random_faults(50, 1, 5, 10, 3)
    assert {each.kind for each in drawn} == set(FaultKind) - refusals
    assert all(each.timed and 5 <= each.at_s < 10 for each in drawn)


def test_a_fault_with_a_time_holds_for_a_spell() -> None:
    faults = Faults([parse_fault("duplicate@5:0.7"), parse_fault("duplicate:0.2"), parse_fault("rest-429@5:2")])
    shares = [faults.value(FaultKind.DUPLICATE, at_s) for at_s in (4.9, 5.0, 5.0 + SPELL_SECONDS)]
    assert shares == [0.2, 0.7, 0.2]
    assert not faults.use_up(FaultKind.REST_429)
    assert [each.kind for each in faults.timed] == [FaultKind.REST_429]
    faults.give(FaultKind.REST_429, 1)
    assert [faults.use_up(FaultKind.REST_429) for _ in range(2)] == [True, False]


def test_the_command_says_where_it_serves_and_leaves_cleanly_on_sigterm() -> None:
    script = "import sys; from flows.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "market", "--port", "0", "--json", "--speed", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert (said["event"], said["practice"]) == ("serving", True)
            client = Bare(said["url"])  # closed below
            assert "SIMULATED" in client.subscribe("T.SIM1")[0]["message"]
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(60) == 0
            client.close()
        finally:
            process.kill()
