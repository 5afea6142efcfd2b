"""A live run whose database file is deleted or replaced says so and ends; what it recorded is on the tape."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.live.running_live import PATIENCE_SECONDS, kinds_of, live, until
from tests.flows.made import simple_plan, write_plans
from tests.flows.market.practice import KEY, START_NS, made_day, serving
from tests.sinks.test_kept_file import delete, replace


@pytest.mark.parametrize("lose", [delete, replace])
def test_it_leaves_with_1_says_why_and_starts_nothing_again(lose: Callable[[Path], None], tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/live.db"
    plans = write_plans(tmp_path, [simple_plan(entry="market", stop=50.0, targets=[900.0])])
    arguments = ("--tape", tmp_path / "tape", "--db", database, "--plans", plans, "--symbols", "AAA", "--no-scan")
    with (
        serving(made_day(20_000), speed=20.0, start_ns=START_NS) as market,
        live(market, tmp_path / "log", KEY, *arguments) as run,
    ):
        until(lambda: "entered" in kinds_of(database, "P1"))
        lose(tmp_path / "live.db")
        assert run.process.wait(PATIENCE_SECONDS) == 1
        told = run.said("child_failed", pointless=True)
        assert told
        assert all("its file was deleted or replaced while it was open" in each["why"] for each in told)
        assert run.said("live_failed", exit_code=1)
        assert not any(each["restarts"] for each in run.said("child_started"))
    assert (tmp_path / "live.db").exists() == (lose is replace)
