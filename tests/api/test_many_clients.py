"""Many clients at once, in short; `fancy-trader bench relay`, `stalled` and `goodbye` do the same at length."""

import gc
import time
from contextlib import ExitStack
from pathlib import Path

from api.relay.frames import FramedProtocol
from tests.api.serving import PATIENCE_S, Flow, at_seq, events_of, hear_until, serving, subscribed
from tests.bench import goodbye, relay
from tests.bench.stalled import stall


def test_every_client_hears_every_event_once_however_many_wait(tmp_path: Path) -> None:
    """At an even pace, and out of a backlog."""
    told = relay.measured(tmp_path, clients=30, per_s=300, seconds=1, batch=5, backlog=500)
    for part in ("steady", "backlog"):
        assert (told[part]["lost"], told[part]["twice"]) == (0, 0)
        assert told[part]["deliveries"] > 0
    assert told["closed"] == 0


def test_a_server_that_is_told_to_end_says_so_to_every_client_and_leaves_with_zero(tmp_path: Path) -> None:
    told = goodbye.measured(tmp_path, clients=30)
    assert (told["exit"], told["close_codes"]) == (0, {"1012": 30})
    assert told["said"].count("\n") == 1  # where it serves, and nothing else


def test_clients_that_read_nothing_are_let_go_and_leave_nothing_behind(sqlite_url: str) -> None:
    flow = Flow(sqlite_url)
    flow.happen("aig-1", "spy-1")
    with serving(sqlite_url, send_s=0.2, heartbeat_s=3_600) as server, ExitStack() as opened:
        hub, reader = server.app.state.hub, opened.enter_context(server.connect())
        subscribed(reader)
        for _ in range(5):
            opened.enter_context(stall(server.port))
        sent, until = 2, time.monotonic() + PATIENCE_S
        while (hub.evicted < 5 or len(hub.clients) > 1) and time.monotonic() < until:
            flow.happen(*["aig-1", "spy-1"] * 50)
            heard = events_of(hear_until(reader, at_seq(sent + 100)))
            assert heard == list(range(sent + 1, sent + 101))
            sent += 100
        assert (hub.evicted, len(hub.clients)) == (5, 1)
        until = time.monotonic() + PATIENCE_S
        while len(held := connections(server.port)) > 1 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(held) == 1
    flow.close()


def connections(port: int) -> list[int]:
    """The connections to a server that something still holds on to."""
    gc.collect()
    found = [each for each in gc.get_objects() if isinstance(each, FramedProtocol)]
    return [id(each) for each in found if each.server is not None and each.server[1] == port]
