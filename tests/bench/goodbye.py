"""How a server leaves that has many clients.  Prints JSON; run by `fancy-trader bench goodbye`.

SIGTERM while events flow: `seconds` until the process is gone, its exit code, and the close codes that clients got.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.api.processes import serve_process
from tests.api.serving import Flow
from tests.bench.relay import SYMBOLS, committed, crowd, name_of


def measured(folder: Path, clients: int) -> dict[str, Any]:
    """Run it once."""
    url = f"sqlite:///{folder / 'plans.db'}"
    flow = Flow(url)
    flow.happen(*(f"{name_of(each)}-1" for each in range(SYMBOLS)))
    with serve_process(url) as server, crowd(server.port, clients, folder / "heard.npz") as people:
        committed(flow, SYMBOLS, 10, 100)
        began = time.monotonic()
        code, said = server.stop(60)
        seconds = time.monotonic() - began
        people.hear(committed(flow, SYMBOLS, 10, 1000))  # nobody does: all are gone
        _, codes = people.leave()
    flow.close()
    told = {str(code): count for code, count in sorted(Counter(int(each) for each in codes).items())}
    return {"clients": clients, "exit": code, "seconds": round(seconds, 2), "close_codes": told, "said": said}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench goodbye", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(measured(Path(folder), given.clients), indent=1))


if __name__ == "__main__":
    main()
