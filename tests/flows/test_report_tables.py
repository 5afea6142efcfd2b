"""The table of plans on terminals of several widths."""

import pytest
from rich.console import Console

from flows.report import Report, print_plans
from operators.rows import StateRow
from sinks.reader import PlanStanding, Totals

ENDED = StateRow(
    plan_id="IBM.opening_range_retest.short.20131008.1",
    version=1,
    symbol="IBM",
    phase="invalidated",
    health="at_risk",
    gate="defined_risk",
    fill_price=180.76,
    effective_stop=180.88,
    trail_stop=None,
    best_price=None,
    targets_hit=3,
    remaining_fraction=0.0,
    realized_r=-1.0,
    open_r=0.5,
    mfe_r=0.1,
    mae_r=-1.0,
    last_price=180.88,
    rr_to_next_target=None,
    last_seq=5,
    updated_ns=1_381_240_330_301_000_000,
)


@pytest.mark.parametrize("width", [100, 120, 140, 160, 200])
def test_the_table_of_plans_leaves_columns_out_rather_than_cutting_them(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut price is none."""
    report = Report(
        (PlanStanding(ENDED, "scalp", "short"),), {ENDED.plan_id: (1, 180.88)}, Totals(1, 5, 1, 0, 0, 5), {}
    )
    monkeypatch.setattr("flows.report.Console", lambda **_: Console(width=width, markup=False, emoji=False))
    print_plans(report, as_json=False)
    told = capsys.readouterr().out
    assert "…" not in told
    assert all(len(line) <= width for line in told.splitlines())
    for needed in (ENDED.plan_id, "invalidated", "180.76", "180.88", "-1.00"):
        assert needed in told
    assert ("10-08 09:52:10" in told) == (width >= 160)
