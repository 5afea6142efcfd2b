"""A live run that nobody touches from one session into the next: what ends at the close, and what rolls at the open."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.market.day import MarketDay
from operators.times import MINUTE_NS
from tests.flows.live.running_live import PLAN, live, until
from tests.flows.made import Command, digest_of, rows_of, speaker
from tests.flows.market.practice import KEY, serving
from tests.flows.scanned import sessions, simulated_prints

WATCHED = ("--symbols", "SIMA,SIMB", "--scan")
SPEED = 6_000.0
"""Two sessions and the night between them in twenty seconds."""


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def plan(plan_id: str, style: str) -> dict[str, Any]:
    """A plan that enters at once and reaches nothing."""
    return PLAN | {"plan_id": plan_id, "style": style, "symbol": "SIMA", "stop": 1.0, "targets": [900.0]}


def expired(url: str) -> dict[str, int]:
    """When plans of ours expired; nothing while there are no tables."""
    found = rows_of(url, "SELECT plan_id, at_ns FROM plan_events WHERE kind = 'expired' AND plan_id NOT LIKE 'SIM%'")
    return dict(found)


def prior_closes(url: str, after_ns: int) -> set[tuple[str, float]]:
    """The close of the day before, by symbol, as the engine drew it at candidates after an instant."""
    found = rows_of(url, f"SELECT symbol, profile FROM scan_results WHERE at_ns > {after_ns}")
    return {
        (symbol, level["price"])
        for symbol, profile in found
        for level in json.loads(profile)["layers"]["levels"]
        if level["kind"] == "prior_day_close"
    }


def test_a_run_goes_through_the_close_and_the_next_open_on_its_own(command: Command, tmp_path: Path) -> None:
    """Scalp and intraday plans expire at their own close, swing plans live on, the day before is the first day."""
    first, second = sessions(2)
    frames = [simulated_prints(1, number, day, trades=1_500) for number, day in enumerate((first, second))]
    market_day = MarketDay(pl.concat(frames).sort("sip_timestamp", "ticker", maintain_order=True), "two made sessions")
    given, more, database = tmp_path / "plans.json", tmp_path / "more.json", f"sqlite:///{tmp_path}/live.db"
    given.write_text(json.dumps([plan(style, style) for style in ("scalp", "intraday", "swing")]))
    more.write_text(json.dumps([plan("second", "intraday")]))
    arguments = ("--tape", tmp_path / "tape", "--db", database, "--plans", given, *WATCHED)
    with (
        serving(market_day, speed=SPEED, start_ns=first.open_ns - 60 * MINUTE_NS) as market,
        live(market, tmp_path / "log", KEY, *arguments) as run,
    ):
        until(lambda: market.market is not None and market.market.clock.now_ns() > first.close_ns)
        assert command("plans", "add", more, "--db", database).code == 0
        until(lambda: "second" in expired(database))
        assert run.stop() == 0
    closes = {"scalp": first.close_ns, "intraday": first.close_ns, "second": second.close_ns}
    assert expired(database) == closes
    assert rows_of(database, "SELECT phase FROM plan_states WHERE plan_id = 'swing'") == [("open",)]
    first_day = "SELECT symbol, close FROM bars WHERE interval = '1d' AND end_ns ="
    assert set() < prior_closes(database, second.open_ns) <= set(rows_of(database, f"{first_day} {first.close_ns}"))
    assert prior_closes(database, 0) == prior_closes(database, second.open_ns)
    assert not run.said("child_gone")
    again = f"sqlite:///{tmp_path}/again.db"
    assert command("replay", tmp_path / "tape", *WATCHED, "--db", again).code == 0
    assert digest_of(again) == digest_of(database)
