"""The dataflow against a plain loop that shares no code with it, on recorded days."""

import csv
import io
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.tape.files import find_tape_files
from operators.events import PlanEvent
from operators.rows import StateRow
from tests.flows.conftest import ReplayRunner
from tests.oracle.loop import run_plan
from tests.oracle.prints import Tape, read_tapes
from tests.oracle.random_plans import first_open_ns, market_of, random_market_events, random_plans

TRADES = Path("flatfiles/us_stocks_sip/trades_v1")
R_FIELDS = ("realized_r", "open_r", "mfe_r", "mae_r")


def told(event: PlanEvent) -> dict[str, Any]:
    """What of an event the rules alone decide."""
    shown: dict[str, Any] = {"seq": event.seq, "version": event.version, "kind": str(event.kind)}
    shown |= {"at_ns": event.at_ns, "price": event.price}
    if event.kind in ("target_hit", "stopped", "trail_raised"):
        shown["level"] = event.data["level"]
    for name in ("index", "reason"):
        if name in event.data:
            shown[name] = event.data[name]
    return shown


def asked(event: dict[str, Any]) -> dict[str, Any]:
    """The same of the plain loop's event."""
    shown = {name: event[name] for name in ("seq", "version", "kind", "at_ns", "price")}
    if event["kind"] in ("target_hit", "stopped", "trail_raised"):
        shown["level"] = event["level"]
    return shown | {name: event[name] for name in ("index", "reason") if event.get(name) is not None}


def check_state(found: StateRow, wanted: dict[str, Any]) -> None:
    """Hold a final state against the plain loop's."""
    assert (found.phase, found.gate, found.version) == (wanted["phase"], wanted["gate"], wanted["version"])
    assert found.targets_hit == wanted["targets_hit"]
    for name, other in (("fill_price", "fill"), ("trail_stop", "trail_stop"), ("best_price", "best")):
        assert getattr(found, name) == pytest.approx(wanted[other], abs=1e-9), name
    assert found.last_price == pytest.approx(wanted["last_price"], abs=1e-9)
    assert found.effective_stop == pytest.approx(wanted["effective_stop"], abs=1e-9)
    assert found.remaining_fraction == pytest.approx(wanted["remaining"], abs=1e-8)
    for name in R_FIELDS:
        assert (getattr(found, name) or 0.0) == pytest.approx(wanted[name] or 0.0, abs=1e-7), name


def events_csv(rows: list[dict[str, str]]) -> str:
    """Write market events as a file's text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "symbol", "kind", "severity", "at", "known_at", "label"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def tapes_of(paths: list[Path]) -> dict[str, Tape]:
    """The prints of recorded files as the plain loop reads them."""
    return read_tapes(*[file.path for file in find_tape_files(paths)[0]])


def check_days(
    paths: list[Path], tapes: dict[str, Tape], count: int, seed: int, replayed: ReplayRunner, **options: Any
) -> int:
    """Replay random plans and gates over recorded files, and hold every plan against the plain loop."""
    rng = Random(seed)
    markets = [market_of(symbol, tape) for symbol, tape in sorted(tapes.items())]
    first_ns = first_open_ns(markets)
    plans = random_plans(rng, markets, count, first_ns)
    market_events = random_market_events(rng, markets, 6)
    result = replayed(paths, plans, events=events_csv(market_events), **options)
    found: dict[str, list[PlanEvent]] = defaultdict(list)
    for event in result.events:
        found[event.plan_id].append(event)
    versions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for plan in plans:
        versions[plan["plan_id"]].append(plan)
    starts: dict[str, list[int]] = defaultdict(list)
    for plan in plans:
        starts[plan["symbol"]].append(starts_ns(plan, first_ns))
    for plan_id, given in versions.items():
        check_plan(plan_id, given, tapes, market_events, first_ns, found, result.states, starts)
    return len(result.events)


def check_plan(
    plan_id: str,
    given: list[dict[str, Any]],
    tapes: dict[str, Tape],
    market_events: list[dict[str, str]],
    first_ns: int,
    found: dict[str, list[PlanEvent]],
    states: dict[str, StateRow],
    starts: dict[str, list[int]],
) -> None:
    """Hold one plan's events and final state against the plain loop's."""
    symbol = given[0]["symbol"]
    end_ns = max(tape.times[-1] for tape in tapes.values())
    events, state = run_plan(
        sorted(given, key=lambda plan: plan.get("version", 1)),
        tapes[symbol],
        market_events,
        first_ns,
        None,
        tape_end_ns=end_ns,
        other_records_ns=starts[symbol],
    )
    ours = sorted(found.get(plan_id, []), key=lambda event: event.seq)
    assert [told(event) for event in ours] == [asked(dict(event)) for event in events], given
    if state is None:
        assert plan_id not in states
    else:
        check_state(states[plan_id], dict(state))


def starts_ns(plan: dict[str, Any], first_ns: int) -> int:
    """When a plan of the file is registered."""
    from operators.times import parse_instant

    return first_ns if plan.get("valid_from") is None else parse_instant(plan["valid_from"])


def test_random_plans_on_two_whole_days_live_as_the_plain_loop_says(shared_data: Path, replayed: ReplayRunner) -> None:
    """Kind, time, price, level, reason and order of every event, and every final state, of four symbols' plans."""
    folder = [shared_data / TRADES / "2013" / "10"]
    tapes = tapes_of(folder)
    assert check_days(folder, tapes, 400, 1, replayed) > 800


def test_random_plans_on_a_day_of_odd_lots_and_late_prints_live_as_the_plain_loop_says(
    shared_data: Path, replayed: ReplayRunner
) -> None:
    """A NYSE stock with odd lots, Form T, TRF prints and official prices."""
    folder = [shared_data / TRADES / "2018"]
    assert check_days(folder, tapes_of(folder), 800, 3, replayed) > 1_600


def test_random_plans_on_single_executions_live_as_the_plain_loop_says(
    shared_data: Path, replayed: ReplayRunner
) -> None:
    """Nanosecond executions, many of one instant."""
    folder = [shared_data / TRADES / "2012"]
    assert check_days(folder, tapes_of(folder), 800, 4, replayed, batch_rows=997) > 1_600
