"""The laws of DESIGN section 3 on two whole recorded days: four symbols, random plans, gates on."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from operators.events import PlanEvent
from operators.state import Phase
from operators.times import parse_instant
from operators.transitions import NEXT
from tests.flows.conftest import Replayed, ReplayRunner, replaying_in
from tests.flows.test_independent_loop import events_csv
from tests.oracle.random_plans import Market, first_open_ns, random_market_events, random_plans

DAYS = Path("flatfiles/us_stocks_sip/trades_v1/2013/10")
MIRROR = Decimal(400)
NOON = parse_instant("2013-10-08T12:00:00-04:00")


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[Path]:
    """Two recorded days."""
    return sorted((shared_data / DAYS).glob("*.csv.gz"))


@pytest.fixture(scope="module")
def markets(files: list[Path]) -> list[Market]:
    """What random plans are drawn around."""
    prints = pl.concat(pl.read_csv(file, schema_overrides={"conditions": pl.String}) for file in files)
    regular = prints.filter(pl.col("conditions").is_null())
    found = []
    for (symbol,), rows in regular.partition_by("ticker", as_dict=True).items():
        sampled = rows.gather_every(max(1, len(rows) // 3_000)).select("sip_timestamp", "price")
        path = tuple((at_ns, round(price * 1e9), "regular") for at_ns, price in sampled.iter_rows())
        found.append(Market(str(symbol), path))
    return sorted(found, key=lambda market: market.symbol)


@pytest.fixture(scope="module")
def plans(markets: list[Market]) -> list[dict[str, Any]]:
    """Four hundred random plans."""
    return random_plans(Random(13), markets, 400, first_open_ns(markets))


@pytest.fixture(scope="module")
def events(markets: list[Market]) -> str:
    """Market events that open and close gates on both days."""
    return events_csv(random_market_events(Random(14), markets, 5))


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, files: list[Path], plans: list[dict[str, Any]], events: str
) -> Replayed:
    """The undisturbed replay of both days."""
    result = replaying_in(tmp_path_factory.mktemp("whole"))(files, plans, events=events)
    assert len(result.events) > 800
    return result


def test_l1_and_l2_batches_and_workers_do_not_change_a_byte(
    whole: Replayed, replayed: ReplayRunner, files: list[Path], plans: list[dict[str, Any]], events: str
) -> None:
    """Frames of 10 000 and of a million prints, and two processes, give the digest of the undisturbed replay."""
    for options in ({"batch_rows": 10_000}, {"batch_rows": 1_000_000}, {"workers": 2}):
        assert replayed(files, plans, events=events, **options).digest == whole.digest, options


def test_l1_frames_of_one_and_seven_prints_change_nothing(
    replayed: ReplayRunner, files: list[Path], plans: list[dict[str, Any]], events: str
) -> None:
    """On three minutes around the open."""
    window = {
        "from_ns": parse_instant("2013-10-08T09:29:00-04:00"),
        "to_ns": parse_instant("2013-10-08T09:32:00-04:00"),
        "symbols": frozenset({"AIG", "IBM"}),
    }
    digests = {replayed(files, plans, events=events, batch_rows=rows, **window).digest for rows in (1, 7, None)}
    assert len(digests) == 1


def test_l5_a_replay_up_to_t_is_the_prefix_of_the_whole(
    whole: Replayed, replayed: ReplayRunner, files: list[Path], plans: list[dict[str, Any]], events: str
) -> None:
    """Stopping at T gives exactly the events with at_ns <= T, whether T is a round minute or a print's own time."""
    rng = Random(5)
    cuts = [NOON, rng.choice(whole.events).at_ns, rng.choice(whole.events).at_ns - 1]
    for cut in cuts:
        part = replayed(files, plans, events=events, to_ns=cut)
        assert ordered(part.events) == ordered([event for event in whole.events if event.at_ns <= cut]), cut


def test_l5_what_comes_after_t_may_be_anything(
    replayed: ReplayRunner, files: list[Path], plans: list[dict[str, Any]], events: str, tmp_path: Path
) -> None:
    """Doubling every price after noon changes no event up to noon."""
    day = pl.read_csv(files[1], schema_overrides={"conditions": pl.String})
    later = pl.col("sip_timestamp") > NOON
    changed = tmp_path / files[1].name.removesuffix(".gz")
    day.with_columns(price=pl.when(later).then(pl.col("price") * 2).otherwise(pl.col("price"))).write_csv(changed)
    (before, after) = (
        ordered([event for event in replayed([path], plans, events=events).events if event.at_ns <= NOON])
        for path in (files[1], changed)
    )
    assert len(before) > 200
    assert before == after


def test_l6_a_mirrored_day_gives_the_mirrored_answer(
    whole: Replayed, replayed: ReplayRunner, files: list[Path], plans: list[dict[str, Any]], events: str, tmp_path: Path
) -> None:
    """Every price p becomes 400 - p and every long a short: same kinds and times, mirrored prices, equal R."""
    paths = [mirrored_file(file, tmp_path) for file in files]
    other = replayed(paths, [mirrored_plan(plan) for plan in plans], events=events)
    ours, theirs = ordered(whole.events), ordered(other.events)
    assert [event[:5] for event in ours] == [event[:5] for event in theirs]
    for (*_, price, data), (*_, mirrored_price, mirrored_data) in zip(ours, theirs, strict=True):
        assert mirrored_price == (None if price is None else mirror(price))
        assert mirrored_data.get("level") == (None if data.get("level") is None else mirror(data["level"]))
        for name in ("r", "realized_r", "index", "reason", "fraction", "risk"):
            assert mirrored_data.get(name) == data.get(name)
    for plan_id, state in whole.states.items():
        twin = other.states[plan_id]
        for name in ("phase", "health", "gate", "realized_r", "open_r", "mfe_r", "mae_r", "rr_to_next_target"):
            assert getattr(twin, name) == getattr(state, name), (plan_id, name)


def test_l7_nothing_leaves_a_terminal_phase(whole: Replayed) -> None:
    """After a version's last word it says nothing, and every event is one that its phase allows."""
    phases: dict[tuple[str, int], Phase] = {}
    for event in sorted(whole.events, key=lambda each: (each.plan_id, each.seq)):
        version = (event.plan_id, event.version)
        if event.kind == "registered":
            assert version not in phases
            phases[version] = Phase.WAITING
        else:
            phases[version] = NEXT[phases[version]][event.kind]
    assert {str(phase) for phase in phases.values()} >= {"completed", "stopped", "invalidated", "missed", "expired"}


def test_sequence_numbers_have_no_gaps(whole: Replayed) -> None:
    """Events of a plan are numbered from 1, whatever its versions."""
    counts: dict[str, list[int]] = {}
    for event in whole.events:
        counts.setdefault(event.plan_id, []).append(event.seq)
    assert all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in counts.values())


def ordered(events: list[PlanEvent]) -> list[tuple[Any, ...]]:
    """Events by plan and number, as plain values; prices and data last."""
    rows = [(e.plan_id, e.seq, e.version, str(e.kind), e.at_ns, e.price, dict(e.data)) for e in events]
    return sorted(rows, key=lambda row: row[:2])


def mirror(price: float) -> float:
    """Reflect a price, exactly."""
    return float(MIRROR - Decimal(repr(price)))


def mirrored_file(file: Path, folder: Path) -> Path:
    """Write a day with every price reflected; prices have at most four decimals."""
    day = pl.read_csv(file, schema_overrides={"conditions": pl.String})
    units = int(MIRROR) * 10_000 - (day.get_column("price").to_numpy() * 10_000).round()
    path = folder / file.name.removesuffix(".gz")
    day.with_columns(price=pl.Series(units / 10_000)).write_csv(path)  # polars would multiply by 0.0001
    return path


def mirrored_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """Reflect a plan's levels and turn its direction; distances stay."""
    entry, targets = plan["entry"], plan["targets"]
    if isinstance(entry, dict) and entry.get("price") is not None:
        entry = {**entry, "price": mirror(entry["price"])}
    elif isinstance(entry, int | float):
        entry = mirror(entry)
    turned = [{**each, "price": mirror(each["price"])} if isinstance(each, dict) else mirror(each) for each in targets]
    direction = "short" if plan["direction"] == "long" else "long"
    return {**plan, "direction": direction, "stop": mirror(plan["stop"]), "entry": entry, "targets": turned}
