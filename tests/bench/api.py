"""How fast the API answers reads.  Prints JSON; run by `fancy-trader bench api`.

Two processes: `fancy-trader serve`, and this one, which asks on an even schedule, whatever becomes of the answers (open
loop): every delay counts from the scheduled time to the last byte.  `list`: pages of 100 rows of 100 000 plans, one
after the other, to and fro; `as_of`: one plan at instants between its 1 000 events, from its event log.
"""

import argparse
import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final

import numpy as np

from tests.api.processes import serve_process
from tests.api.serving import Flow

SYMBOLS: Final = 500
BATCH: Final = 10_000
THREADS: Final = 16
PAGE: Final = 100
LEAD_S: Final = 0.2
EVENTFUL: Final = "s000-1"

Asked = SimpleQueue[tuple[float, str] | None]


def filled(url: str, plans: int, events: int) -> tuple[int, int]:
    """Fill a database; return the instants of the eventful plan's first and last event, ns UTC."""
    flow = Flow(url)
    names = [f"s{number % SYMBOLS:03d}-{number // SYMBOLS + 1}" for number in range(plans)]
    for first in range(0, plans, BATCH):
        flow.happen(*names[first : first + BATCH])
    began = flow.at_ns + 1
    flow.happen(*[EVENTFUL] * (events - 1))
    flow.close()
    return began, flow.at_ns


def cursors(port: int, pages: int) -> list[str]:
    """Paths of the first pages of the list, each as the one before names it."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    paths = [f"/api/v1/plans?limit={PAGE}"]
    while len(paths) < pages:
        following = json.loads(answered(connection, paths[-1]))["next_cursor"]
        if following is None:
            break
        paths.append(f"/api/v1/plans?limit={PAGE}&cursor={following}")
    connection.close()
    return paths


def answered(connection: http.client.HTTPConnection, path: str) -> bytes:
    """Ask; return the whole body.  Raises RuntimeError for any answer but 200."""
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.HTTPStatus.OK:
        msg = f"{path}: {answer.status} {body[:200]!r}"
        raise RuntimeError(msg)
    return body


def delays(port: int, paths: Sequence[str], per_s: float, seconds: float) -> list[float]:
    """Ask for the paths in turn, evenly; return the delay of each answer from its scheduled time, in s."""
    asked: Asked = SimpleQueue()
    told: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while (item := asked.get()) is not None:
            due, path = item
            time.sleep(max(0.0, due - time.monotonic()))
            answered(connection, path)
            told.append(time.monotonic() - due)
        connection.close()

    began, count = time.monotonic() + LEAD_S, round(per_s * seconds)
    for number in range(count):
        asked.put((began + number / per_s, paths[number % len(paths)]))
    threads = [Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        asked.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    if len(told) != count:
        msg = f"{count - len(told)} of {count} requests had no answer"
        raise RuntimeError(msg)
    return told


def summary(told: Sequence[float]) -> dict[str, float]:
    """Percentiles in ms."""
    shares = {f"p{share}_ms": round(float(np.percentile(told, share)) * 1e3, 2) for share in (50, 95, 99)}
    return {"requests": len(told), **shares, "max_ms": round(max(told) * 1e3, 2)}


def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run both parts once, after a second of warming up."""
    url = f"sqlite:///{folder / 'plans.db'}"
    began, ended = filled(url, given.plans, given.events)
    with serve_process(url) as server:
        pages = cursors(server.port, 50)
        instants = np.linspace(began, ended - 1, 500).astype(np.int64)
        reads = [f"/api/v1/plans/{EVENTFUL}?as_of={instant}" for instant in instants]
        report: dict[str, Any] = {"plans": given.plans, "events_of_one_plan": given.events, "per_s": given.rate}
        for name, paths in (("list", pages), ("as_of", reads)):
            delays(server.port, paths, given.rate, 1)
            report[name] = summary(delays(server.port, paths, given.rate, given.seconds))
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench api", description=__doc__)
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000, help="of the one plan that is read as of")
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(measured(Path(folder), given), indent=1))


if __name__ == "__main__":
    main()
