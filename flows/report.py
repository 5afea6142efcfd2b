"""What a replay did, for people as tables and for machines as JSON."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
from msgspec import structs
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from flows.meter import Meter
from operators.prices import plain
from operators.sessions import new_york
from operators.times import SECOND_NS, iso
from sinks.endings import endings
from sinks.reader import PlanStanding, Totals, dead_letter_counts, plan_standings, totals

SHOWN: Final = 60
UNBOUNDED: Final = 1_000
TEXTS: Final = ("plan", "symbol", "side", "phase", "gate")
SPARED: Final = ("open R", "updated ET", "gate", "last", "hits", "side")
"""Columns that a narrow terminal goes without, the first first; the JSON has them all."""


@dataclass(frozen=True, slots=True)
class Report:
    """Plans as they stand, how the finished ones ended (time in ns UTC, price), and what the database holds."""

    standings: tuple[PlanStanding, ...]
    endings: dict[str, tuple[int, float | None]]
    totals: Totals
    dead_letters: dict[str, int]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What one run did: rows read, seconds it took, and whether it was left early."""

    rows: int
    seconds: float
    tape_ns: int
    stopped_early: bool


def facts(meter: Meter, seconds: float) -> RunFacts:
    """Take the facts of a run from its meter."""
    return RunFacts(meter.rows, seconds, meter.tape_ns, meter.stopped_early)


def read_report(connection: sa.Connection, symbol: str | None = None) -> Report:
    """Read all plans of a database, or those of one symbol."""
    return Report(
        tuple(plan_standings(connection, symbol=symbol)),
        endings(connection),
        totals(connection),
        dead_letter_counts(connection),
    )


def print_plans(report: Report, *, as_json: bool) -> None:
    """Print the plans alone."""
    if as_json:
        print_json({"plans": _plans_json(report)})
        return
    console = _console()
    console.print(_table(console, report.standings, report.endings))


def print_run(report: Report, run: RunFacts, *, as_json: bool) -> None:
    """Print plans and totals after a run."""
    if as_json:
        print_json({"plans": _plans_json(report), "totals": _totals_json(report, run)})
        return
    console = _console()
    shown = report.standings[:SHOWN]
    console.print(_table(console, shown, report.endings))
    left = len(report.standings) - len(shown)
    if left:
        console.print(f"… and {left:,} more: fancy-trader plans list --db URL", highlight=False)
    for line in _totals_lines(report, run):
        console.print(line, highlight=False)


def print_json(data: Any) -> None:
    """Print one JSON document; NaN would be a defect and is refused."""
    sys.stdout.write(json.dumps(data, allow_nan=False, indent=1) + "\n")


def _plans_json(report: Report) -> list[dict[str, Any]]:
    rows = []
    for each in report.standings:
        ended_ns, exit_price = report.endings.get(each.state.plan_id, (None, None))
        extra = {"style": each.style, "direction": each.direction, "ended_ns": ended_ns, "exit_price": exit_price}
        rows.append(structs.asdict(each.state) | extra)
    return rows


def _totals_json(report: Report, run: RunFacts) -> dict[str, Any]:
    phases = Counter(each.state.phase for each in report.standings)
    return {
        **asdict(run),
        **asdict(report.totals),
        "rows_per_second": round(run.rows / run.seconds) if run.seconds else None,
        "phases": dict(sorted(phases.items())),
        "realized_r": round(sum(each.state.realized_r for each in report.standings), 9),
        "dead_letter_reasons": report.dead_letters,
    }


def fitting(console: Console, tables: Iterable[Table]) -> Table:
    """Return the first table that fits a console uncut, else the last."""
    unbounded, table = console.options.update(max_width=UNBOUNDED), Table()
    for table in tables:
        if Measurement.get(console, unbounded, table).maximum <= console.width:
            break
    return table


def _console() -> Console:
    """A terminal as wide as it is; a file or a pipe has room for everything."""
    return Console(width=None if sys.stdout.isatty() else UNBOUNDED, markup=False, emoji=False)


def _table(console: Console, standings: tuple[PlanStanding, ...], ended: dict[str, tuple[int, float | None]]) -> Table:
    """Lay plans out as a table, with as many columns as fit."""
    rows = [_cells(each, ended.get(each.state.plan_id, (None, None))[1]) for each in standings]
    return fitting(console, (_without(rows, SPARED[:spared]) for spared in range(len(SPARED) + 1)))


def _without(rows: Sequence[dict[str, str]], spared: tuple[str, ...]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = [name for name in rows[0] if name not in spared] if rows else []
    for name in shown:
        table.add_column(name, no_wrap=True, justify="left" if name in TEXTS else "right")
    for cells in rows:
        table.add_row(*(cells[name] for name in shown))
    return table


def _cells(standing: PlanStanding, exit_price: float | None) -> dict[str, str]:
    state = standing.state
    return {
        "plan": state.plan_id,
        "symbol": state.symbol,
        "side": standing.direction,
        "phase": state.phase,
        "gate": "" if state.gate == "allow" else state.gate,
        "fill": _price(state.fill_price),
        "exit": _price(exit_price),
        "realized R": "" if state.fill_price is None else f"{state.realized_r:+.2f}",
        "open R": "" if not state.open_r else f"{state.open_r:+.2f}",
        "hits": str(state.targets_hit) if state.targets_hit else "",
        "last": _price(state.last_price),
        "updated ET": f"{new_york(state.updated_ns):%m-%d %H:%M:%S}",
    }


def _price(price: float | None) -> str:
    return "" if price is None else plain(price)


def _totals_lines(report: Report, run: RunFacts) -> list[str]:
    phases = Counter(each.state.phase for each in report.standings)
    told = ", ".join(f"{count:,} {phase}" for phase, count in phases.most_common())
    realized = sum(each.state.realized_r for each in report.standings)
    rate = f"{run.rows / run.seconds:,.0f}/s" if run.seconds else "at once"
    when = f" up to {iso(run.tape_ns // SECOND_NS * SECOND_NS)}" if run.tape_ns else ""
    lines = [
        "",
        f"plans    {len(report.standings):,}: {told}",
        f"realized {realized:+.2f} R in {report.totals.events:,} events",
        f"tape     {run.rows:,} prints in {run.seconds:.1f} s ({rate}){when}",
    ]
    lines += [f"unusable {count:,}: {reason}" for reason, count in list(report.dead_letters.items())[:5]]
    if report.totals.divergences:
        lines.append(f"DIVERGED {report.totals.divergences:,} rows stand in the database with other content")
    return lines
