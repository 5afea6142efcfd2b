"""What clients cost that read nothing, and what they cost the others.  Prints JSON; `fancy-trader bench stalled`.

In turn: the others alone, the others with the stalled, the others alone again.  `evicted_s`: from their subscription
until the server had sent the last of them away; `memory_mb`: of the server before them, after them, and after as many
again, which take no more if the memory of the first was free for them.
"""

import argparse
import json
import re
import socket
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.api.processes import ServeProcess, serve_process
from tests.api.serving import Flow
from tests.bench.listeners import HANDSHAKE, frame
from tests.bench.relay import GROUPS, SYMBOLS, committed, crowd, name_of, resident_kb, summary

SMALL: Final = 4_096
LONGEST_S: Final = 60


def stall(port: int) -> socket.socket:
    """Subscribe to everything, and read nothing any more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.connect(("127.0.0.1", port))
    client.sendall(HANDSHAKE)
    while b"\r\n\r\n" not in client.recv(SMALL):
        pass
    client.sendall(frame(b'{"type":"subscribe"}'))
    return client


def evictions(server: ServeProcess) -> int:
    """How many clients the server says to have sent away."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(r"^fancy_trader_relay_evictions_total (\S+)", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


class Watch:
    """Looks at the server now and then: how long until so many had been sent away."""

    def __init__(self, server: ServeProcess, stalled: int) -> None:
        self.evicted_s: float | None = None
        self._server, self._stalled, self._began_s = server, stalled, time.monotonic()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while self.evicted_s is None and time.monotonic() - self._began_s < LONGEST_S:
            if evictions(self._server) >= self._stalled:
                self.evicted_s = round(time.monotonic() - self._began_s, 1)
            time.sleep(0.1)

    def done(self) -> None:
        """Wait until it knows."""
        self._thread.join()


def measured(folder: Path, clients: int, stalled: int, per_s: int, seconds: int, batch: int) -> dict[str, Any]:
    """Run it once."""
    url = f"sqlite:///{folder / 'plans.db'}"
    flow = Flow(url)
    flow.happen(*(f"{name_of(each)}-1" for each in range(SYMBOLS)))
    events, pace = per_s * seconds * GROUPS // clients, per_s * GROUPS / clients
    with ExitStack() as opened:
        server = opened.enter_context(serve_process(url))
        people = opened.enter_context(crowd(server.port, clients, folder / "heard.npz"))
        before = committed(flow, events, batch, pace)
        before_kb = resident_kb(server.running.pid)
        watch = Watch(server, stalled)
        for _ in range(stalled):
            opened.enter_context(stall(server.port))
        among = committed(flow, events, batch, pace)
        watch.done()
        time.sleep(3)
        first_kb = resident_kb(server.running.pid)
        again = Watch(server, 2 * stalled)
        for _ in range(stalled):
            opened.enter_context(stall(server.port))
        committed(flow, events, batch, pace)
        again.done()
        time.sleep(3)
        second_kb = resident_kb(server.running.pid)
        after = committed(flow, events, batch, pace)
        people.hear(after)
        rows, codes = people.leave()
    flow.close()
    memory = {"before": before_kb, "after": first_kb, "after_as_many_again": second_kb}
    told = [summary(rows, each, clients) for each in (before, among, after)]
    return {
        "clients": clients,
        "stalled": stalled,
        "evicted_s": [watch.evicted_s, again.evicted_s],
        "memory_mb": {name: round(kb / 1024, 1) for name, kb in memory.items()},
        "closed": int((codes != 0).sum()),
        "p99_ratio": round(told[1]["p99_ms"] / max(told[0]["p99_ms"], told[2]["p99_ms"]), 2),
        **dict(zip(("before", "among", "after"), told, strict=True)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench stalled", description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--stalled", type=int, default=50)
    parser.add_argument("--deliveries", type=int, default=5_000, help="a second, to all that read together")
    parser.add_argument("--seconds", type=int, default=15)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        told = measured(Path(folder), given.clients, given.stalled, given.deliveries, given.seconds, 5)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
