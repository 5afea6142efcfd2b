"""How fast events reach many clients of one API process.  Prints JSON; run by `fancy-trader bench relay`.

Three processes: `fancy-trader serve`, the clients, and this one, which commits events on an even schedule, whatever
becomes of them (open loop).  Every client follows ten symbols of a hundred, so each event goes to a tenth of all.
`p99_ms`: from the return of the commit to the arrival at the client.  `ceiling`: deliveries a second out of a backlog.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from tests.api.processes import serve_process
from tests.api.serving import Flow

GROUPS: Final = 10
SYMBOLS: Final = 100
SECOND_NS: Final = 1_000_000_000


@dataclass
class Crowd:
    """The process of the clients; `heard` and `codes` once it has left."""

    process: subprocess.Popen[bytes]
    out: Path

    def hear(self, at_ns: dict[int, int]) -> None:
        """Wait until every client has heard, of what was committed, the last that its group hears of, or is gone."""
        last = [0] * GROUPS
        for number, position in enumerate(at_ns):
            last[number % GROUPS] = position
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(last).encode() + b"\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def leave(self) -> tuple[Any, Any]:
        """End it; return rows of client, position and instant, and the close codes."""
        self.process.communicate()
        with np.load(self.out) as told:
            return told["rows"], told["codes"]


@contextmanager
def crowd(port: int, clients: int, out: Path) -> Iterator[Crowd]:
    """Connect clients, each subscribed to one of ten groups of symbols; all have their snapshot."""
    script = Path(__file__).with_name("listeners.py")
    command = [sys.executable, str(script), str(port), str(clients), str(GROUPS), str(out)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for group in range(GROUPS):
        names = [name_of(each).upper() for each in range(group, SYMBOLS, GROUPS)]
        process.stdin.write(json.dumps({"type": "subscribe", "symbols": names}).encode() + b"\n")
    process.stdin.flush()
    try:
        if process.stdout.readline() != b"ready\n":
            msg = "not every client got its snapshot"
            raise RuntimeError(msg)
        yield Crowd(process, out)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def name_of(number: int) -> str:
    """The symbol of a number, which is its one plan's id as well, up to what comes after a dash."""
    return f"s{number:02d}"


def committed(flow: Flow, events: int, batch: int, per_s: float) -> dict[int, int]:
    """Commit events evenly, `batch` at a time; return when each position was committed, ns monotonic."""
    at_ns: dict[int, int] = {}
    began = time.monotonic()
    position = SYMBOLS + flow_positions(flow)
    for first in range(0, events, batch):
        time.sleep(max(0.0, began + first / per_s - time.monotonic()))
        happened = [f"{name_of(each % SYMBOLS)}-1" for each in range(first, min(events, first + batch))]
        flow.happen(*happened)
        now = time.monotonic_ns()
        at_ns |= {position + first + each + 1: now for each in range(len(happened))}
    return at_ns


def flow_positions(flow: Flow) -> int:
    """How many events the plans have had since they were registered."""
    return sum(state.last_seq - 1 for state in flow.states.values())


def resident_kb(pid: int) -> int:
    """A process's resident memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def cpu_s(pid: int) -> float:
    """The processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(folder: Path, clients: int, per_s: int, seconds: int, batch: int, backlog: int) -> dict[str, Any]:
    """Run it once."""
    url = f"sqlite:///{folder / 'plans.db'}"
    flow = Flow(url)
    flow.happen(*(f"{name_of(each)}-1" for each in range(SYMBOLS)))
    events = per_s * seconds * GROUPS // clients
    with serve_process(url) as server:
        before_kb = resident_kb(server.running.pid)
        with crowd(server.port, clients, folder / "heard.npz") as people:
            connected_kb = resident_kb(server.running.pid)
            spent_s = cpu_s(server.running.pid)
            steady = committed(flow, events, batch, per_s * GROUPS / clients)
            people.hear(steady)
            spent_s = cpu_s(server.running.pid) - spent_s
            busy_kb = resident_kb(server.running.pid)
            burst = committed(flow, backlog, backlog, 1e9) if backlog else {}
            if burst:
                people.hear(burst)
            rows, codes = people.leave()
    flow.close()
    report: dict[str, Any] = {
        "clients": clients,
        "events": len(steady),
        "kb_per_client": round((connected_kb - before_kb) / clients, 1),
    }
    report["kb_per_client_after"] = round((busy_kb - before_kb) / clients, 1)
    report["cpu_us_per_delivery"] = round(spent_s * 1e6 * GROUPS / max(1, len(steady)) / clients, 1)
    report |= {
        "closed": int((codes != 0).sum()),
        "codes": sorted({int(each) for each in codes}),
        "steady": summary(rows, steady, clients),
    }
    return report | ({"backlog": summary(rows, burst, clients)} if burst else {})


def summary(rows: Any, at_ns: dict[int, int], clients: int) -> dict[str, Any]:
    """Latencies and losses of the events that were committed at these instants."""
    mine = rows[np.isin(rows[:, 1], list(at_ns))]
    delays_ms = (mine[:, 2] - np.array([at_ns[int(seq)] for seq in mine[:, 1]])) / 1e6
    wanted = len(at_ns) * clients // GROUPS
    pairs = len(np.unique(mine[:, :2], axis=0))
    lasted_s = (mine[:, 2].max() - min(at_ns.values())) / SECOND_NS
    told = {f"p{share}_ms": round(float(np.percentile(delays_ms, share)), 1) for share in (50, 99)}
    told |= {"max_ms": round(float(delays_ms.max()), 1), "deliveries_per_s": round(len(mine) / lasted_s)}
    return {"deliveries": len(mine), "lost": wanted - pairs, "twice": len(mine) - pairs, **told}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench relay", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--deliveries", type=int, default=10_000, help="a second, to all clients together")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=5, help="events in a commit")
    parser.add_argument("--backlog", type=int, default=2_000, help="events in the one commit that finds the ceiling")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        told = measured(Path(folder), given.clients, given.deliveries, given.seconds, given.batch, given.backlog)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
