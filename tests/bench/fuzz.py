"""Requests made from the OpenAPI document by schemathesis, against a server over a simulated day with a scan.

Run by `fancy-trader bench fuzz`: all phases, all checks, `--cases` cases and more for each operation.  Prints JSON, and
schemathesis' own report to stderr; exits 1 when it found anything, or when `fewer` names an operation that had
not so many.  Operations without parameters and body have nothing to vary.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import keys
from api.serve import openapi_text
from tests.api.serving import serving

KEYS: Final = (keys.ApiKey("fuzz", keys.digest_of("fuzz"), keys.Scope.WRITE),)
PHASES: Final = "examples,coverage,fuzzing,stateful"
PATIENT: Final = {
    "reads_per_s": 1_000_000,
    "writes_per_s": 1_000_000,
    "refusals_per_minute": 1_000_000_000,
    "connects_per_s": 1_000_000,
    "wait_ms": 50,
}
"""No rates, which would only refuse; no long waits for a flow that does not run."""
STREAM_S: Final = 0.02
HERE: Final = {
    "AIG.vwap_reclaim.long.20131007.1": "SIM4.vwap_reclaim.long.20260617.1",
    '"AIG"': '"SIM4"',
    "2013-10-08T10:31:00-04:00": "2026-06-17T14:31:00-04:00",
}
"""The document's examples name a recorded day; these are of the simulated one, so that they find something."""
FIXED: Final = (
    *("--header", "Authorization: Bearer fuzz"),
    *("--checks", "all"),
    *("--generation-database", "none"),
    *("--request-timeout", "20"),
    *("--suppress-health-check", "all"),
    *("--warnings", "off"),
    "--continue-on-failure",
    "--no-color",
)


CHECKS: Final = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 501]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 428, 429, "5xx"]
[[operations]]
include-operation-id = "cancel_plan"
phases.fuzzing.extra-data-sources.responses = false
[[operations]]
include-path = "/gpt/contracts"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 501]
"""
"""422: no schema says that a stop lies beyond the entry, or that a cursor was given out.  501: not built.

A wrong body that is too long as well, or too slow, is refused for that: 413, 408.

Plans to cancel get names of their own: those of earlier answers are taken away once they were cancelled, and with the
last hypothesis ends, after one case.
"""


class ShortStreams:
    """Ends streams of events as a client does that leaves: without an end no answer could be looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def leaving() -> Message:
            await asyncio.sleep(STREAM_S)
            return {"type": "http.disconnect"}

        endless = scope["type"] == "http" and scope["path"].startswith("/sse/")
        await self.app(scope, leaving if endless else receive, send)


def day_with_scan(folder: Path) -> str:
    """Replay the demo's day, with plans of its own and of the scanner, into a database; return its URL."""
    from flows.cli import run
    from flows.simulation.demo_day import write_demo

    files = write_demo(folder, 1)
    url = f"sqlite:///{folder / 'day.db'}"
    command = ["replay", str(files.tape), "--plans", str(files.plans), "--events", str(files.events), "--db", url]
    with redirect_stdout(sys.stderr):
        run([*command, "--json", "--quiet"])
    return url


def fuzzed(database: str, cases: int, *options: str, phases: str = PHASES) -> dict[str, Any]:
    """Hold a server over `database` against its document; return its exit code and the cases of each operation."""
    with TemporaryDirectory() as folder, serving(database, wrap=ShortStreams, keys=KEYS, **PATIENT) as server:
        document, report = Path(folder) / "openapi.json", Path(folder) / "report.ndjson"
        text = openapi_text()
        for there, here in HERE.items():
            text = text.replace(there, here)
        document.write_text(text)
        (Path(folder) / "schemathesis.toml").write_text(CHECKS)
        program = Path(sys.executable).with_name("st")
        where = ("--url", f"http://127.0.0.1:{server.port}", "--report-ndjson-path", str(report))
        wanted = ("--phases", phases, "--max-examples", str(cases))
        command = [str(program), "run", str(document), *where, *wanted, *FIXED, *options]
        done = subprocess.run(command, stdout=sys.stderr, cwd=folder, check=False)
        counted = _counted(report)
        asked = _varied(json.loads(text)) if "fuzzing" in phases else ()
        varied = [each for each in asked if counted.get(each, 0) < cases]
        return {"exit": done.returncode, "cases": counted, "fewer": {each: counted.get(each, 0) for each in varied}}


def _varied(document: dict[str, Any]) -> list[str]:
    """The operations that take anything, sorted."""
    operations = (
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return sorted(name for name, each in operations if each.get("parameters") or "requestBody" in each)


def _counted(report: Path) -> dict[str, int]:
    """The cases of each operation, in all phases."""
    count: Counter[str] = Counter()
    with report.open() as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            for case in scenario["recorder"].get("cases", {}).values() if scenario else ():
                count[f"{case['value']['method']} {case['value']['path']}"] += 1
    return dict(sorted(count.items()))


def main() -> None:
    """Measure, print, and leave with 1 when something was found."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000, help="the most that fuzzing makes for each operation")
    parser.add_argument("--phases", default=PHASES)
    parser.add_argument("--seed", help="as a report names it, to see the same again")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        seed = ("--seed", given.seed) if given.seed else ()
        found = fuzzed(day_with_scan(Path(folder)), given.cases, *seed, phases=given.phases)
    print(json.dumps(found, indent=1))
    sys.exit(found["exit"] or bool(found["fewer"]))


if __name__ == "__main__":
    main()
