"""Tapes, plans and command lines made for tests.  Equal seeds give equal files; no price in them is real."""

import csv
import gzip
import io
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import sqlalchemy as sa

from flows.cli import run
from flows.tape.files import find_tape_files
from flows.tape.reader import read_file
from flows.tape.scan import ScanFilter
from operators import ticks
from operators.rows import DeadLetter
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.digest import digest

DAY: Final = "2013-10-08"
OPEN_NS: Final = 1_381_239_000 * SECOND_NS
"""09:30 New York on DAY."""
SESSION_SECONDS: Final = 23_400
VENDOR: Final = (
    "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,tape,"
    "trf_id,trf_timestamp"
)
VENDOR_NAMES: Final = (
    "ticker",
    "sip_timestamp",
    "participant_timestamp",
    "price",
    "size",
    "conditions",
    "trf_timestamp",
    "correction",
)
CONDITIONS: Final = ("", "", "", "", "14,41", "37", "12,37", "999")

Row = tuple[Any, ...]
"""A print as all readers should see it: its number in the file, then the decisive columns."""


@dataclass(frozen=True)
class Said:
    """What a command left with, and what it said."""

    code: int
    out: str
    err: str

    @property
    def only_line(self) -> str:
        """The one line on stderr that a failure is allowed, without the program's name."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("fancy-trader: "), self.err
        return lines[0].removeprefix("fancy-trader: ")


Command = Callable[..., Said]


def speaker(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command line in this process."""

    def command(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(each) for each in arguments])
        return Said(code, *capsys.readouterr())

    return command


def vendor_row(symbol: str, number: int, at_ns: int, price: object, **fields: object) -> str:
    """Write a line of today's layout."""
    usual: dict[str, object] = {"conditions": "", "correction": 0, "size": 100, "participant": at_ns, "trf": 0}
    given = usual | fields
    conditions = f'"{given["conditions"]}"' if "," in str(given["conditions"]) else given["conditions"]
    head = f"{symbol},{conditions},{given['correction']},11,{number},{given['participant']},{price},{number},{at_ns}"
    return f"{head},{given['size']},1,{4 if given['trf'] else 0},{given['trf']}"


def walk(symbol: str, count: int, seed: int, seconds: int = SESSION_SECONDS) -> list[str]:
    """Write prints of one symbol that wander in cents, some of them late, corrected, odd or of unknown condition."""
    rng = Random(f"{symbol} {seed}")
    price, rows = rng.randrange(2_000, 20_000), []
    instants = sorted(OPEN_NS + rng.randrange(seconds * SECOND_NS) for _ in range(count))
    for number, at_ns in enumerate(instants, 1):
        price = max(500, price + rng.choice((-3, -2, -1, 0, 0, 1, 2, 3)) * rng.choice((1, 1, 1, 8)))
        fields: dict[str, object] = {"conditions": rng.choice(CONDITIONS), "size": rng.randrange(1, 500)}
        if rng.random() < 0.02:
            fields["participant"] = at_ns - 5 * SECOND_NS
        if rng.random() < 0.01:
            fields["correction"] = 1
        rows.append(vendor_row(symbol, number, at_ns, f"{price / 100:.2f}", **fields))
    return rows


def write_tape(folder: Path, rows: Sequence[str], name: str = f"{DAY}.csv", header: str = VENDOR) -> Path:
    """Write lines below a header; compressed when the name ends so."""
    text = "\n".join([header, *rows, ""]).encode()
    path = folder / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def market_tape(folder: Path, symbols: Sequence[str], count: int, seed: int = 1, **walking: int) -> Path:
    """Write a day of `count` prints for each symbol, sorted by ticker as the vendor does."""
    rows = [row for symbol in sorted(symbols) for row in walk(symbol, count, seed, **walking)]
    return write_tape(folder, rows)


def plans_around(tape: Path, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Draw plans whose levels lie a few cents to dollars around the prices of a tape."""
    rng = Random(seed)
    prices: dict[str, list[float]] = {}
    with tape.open(newline="") as file:
        for row in csv.DictReader(file):
            prices.setdefault(row["ticker"], []).append(float(row["price"]))
    return [_plan(rng, f"P{number:04d}", *rng.choice(sorted(prices.items()))) for number in range(count)]


def _plan(rng: Random, plan_id: str, symbol: str, prices: list[float]) -> dict[str, Any]:
    sign = rng.choice((1, -1))
    entry = round(rng.choice(prices[: len(prices) // 2]), 2)
    rungs = [round(entry + sign * each / 100, 2) for each in sorted(rng.sample(range(5, 150), rng.randint(1, 4)))]
    plan: dict[str, Any] = {
        "plan_id": plan_id,
        "symbol": symbol,
        "style": rng.choice(("scalp", "intraday", "swing")),
        "direction": "long" if sign > 0 else "short",
        "entry": {"type": rng.choice(("limit", "stop")), "price": entry},
        "stop": round(entry - sign * rng.randint(10, 120) / 100, 2),
        "targets": rungs,
        "on_event": rng.choice(("defined_risk", "suppress")),
    }
    if rng.random() < 0.3:
        plan["expires_at"] = OPEN_NS + rng.randrange(SESSION_SECONDS) * SECOND_NS
    if rng.random() < 0.4:
        plan["trail"] = {"distance": rng.randint(5, 60) / 100, "step": 0.03, "after": 1}
    return plan


def write_plans(folder: Path, plans: object, name: str = "plans.json") -> Path:
    """Write a plans file."""
    path = folder / name
    path.write_text(json.dumps(plans))
    return path


def simple_plan(plan_id: str = "P1", symbol: str = "AAA", **fields: Any) -> dict[str, Any]:
    """Return a long plan that enters at 101 or above, stops at 99, and wants 103 and 105."""
    plan: dict[str, Any] = {"plan_id": plan_id, "symbol": symbol, "style": "scalp", "direction": "long"}
    plan |= {"entry": {"type": "stop", "price": 101.0}, "stop": 99.0, "targets": [103.0, 105.0]}
    return plan | fields


def climb(count: int = 600, symbol: str = "AAA") -> list[str]:
    """Write prints that climb from 100.00 a cent a second."""
    return [vendor_row(symbol, n + 1, OPEN_NS + n * SECOND_NS, f"{100 + n / 100:.2f}") for n in range(count)]


def read_back(path: Path, wanted: ScanFilter | None = None) -> tuple[list[Row], list[DeadLetter]]:
    """Read a recorded file as the program does: its prints, and what it could not use."""
    files, _ = find_tape_files([path])
    rows, letters = [], list[DeadLetter]()
    for piece in read_file(files[0], wanted or ScanFilter()):
        rows += [_normal(row) for row in piece.ticks.select("row", *ticks.DECISIVE).iter_rows()]
        letters += piece.dead_letters
    return rows, letters


def read_plainly(path: Path) -> list[Row]:
    """Read a CSV file in the vendor's names with the standard library alone."""
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [_plain_row(number, fields) for number, fields in enumerate(reader, 1)]


def _plain_row(number: int, fields: dict[str, str]) -> Row:
    symbol, sip, participant, price, size, conditions, trf, correction = map(fields.get, VENDOR_NAMES)
    participant_ns, trf_ns, corrected = (int(text) if text else None for text in (participant, trf, correction))
    head = (number, symbol, int(sip or 0), participant_ns, float(price or 0), float(size or 0))
    return (*head, conditions or None, trf_ns, corrected)


def _normal(row: Row) -> Row:
    """An empty condition list is none."""
    return (*row[:6], row[6] or None, *row[7:])


def digest_of(url: str) -> str:
    """The digest of a database."""
    engine = open_database(url)
    try:
        return digest(engine)
    finally:
        engine.dispose()


def rows_of(url: str, statement: str) -> list[Any]:
    """Ask a database something, past all of the program's own readers."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def rows_so_far(url: str, statement: str, *given: object) -> list[Any]:
    """Ask a SQLite file; no rows before there is a table.  Quick, for who asks again and again."""
    file = Path(url.removeprefix("sqlite:///"))
    if file.exists():  # asking would create it
        with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.OperationalError):
            return connection.execute(statement, given).fetchall()
    return []


def count_in(url: str, table: str) -> int:
    """How many rows a table of a SQLite file holds so far; 0 before there is one."""
    return sum(count for (count,) in rows_so_far(url, f"SELECT count(*) FROM {table}"))


def check_whole(url: str) -> None:
    """Hold a database to what every single transaction must leave: events and states that belong together."""
    events = rows_of(url, "SELECT plan_id, count(*), max(seq) FROM plan_events GROUP BY plan_id")
    assert all(count == highest for _, count, highest in events)
    states = rows_of(url, "SELECT plan_id, last_seq FROM plan_states")
    assert dict(states) == {plan_id: highest for plan_id, _, highest in events}
    positions = [row[0] for row in rows_of(url, "SELECT stream_seq FROM plan_events ORDER BY stream_seq")]
    assert positions == list(range(1, len(positions) + 1))
    assert rows_of(url, "SELECT max(last_stream_seq) FROM streams") == [(len(positions),)]
    registered = rows_of(url, "SELECT DISTINCT plan_id FROM plan_events ORDER BY plan_id")
    assert registered == rows_of(url, "SELECT DISTINCT plan_id FROM plans ORDER BY plan_id")
