"""The numbers of a backtest as people read them.  Rule: what is not defined shows as a dash, never as 0."""

from collections.abc import Callable
from typing import Final

from operators.backtest.report import GroupReport

DASH: Final = "–"
ALL: Final = "all"

COLUMNS: Final[dict[str, Callable[[GroupReport], str]]] = {
    "strategy": lambda group: group.strategy or ALL,
    "style": lambda group: group.style or "",
    "plans": lambda group: f"{group.performance.plans:,}",
    "watch": lambda group: f"{group.performance.watch:,}",
    "entered": lambda group: f"{group.performance.entered:,}",
    "finished": lambda group: f"{group.performance.finished:,}",
    "win rate": lambda group: percent(group.performance.win_rate),
    "total R": lambda group: in_r(group.performance.total_r),
    "average R": lambda group: in_r(group.performance.average_r),
    "median R": lambda group: in_r(group.performance.median_r),
    "expectancy R": lambda group: in_r(group.performance.expectancy_r),
    "profit factor": lambda group: score(group.performance.profit_factor, 2),
    "drawdown R": lambda group: score(group.max_drawdown_r, 2),
    "MFE R": lambda group: in_r(group.performance.average_mfe_r),
    "MAE R": lambda group: in_r(group.performance.average_mae_r),
    "Brier": lambda group: score(group.calibration.brier, 3),
    "ECE": lambda group: score(group.calibration.ece, 3),
}
"""Every column of the group tables, widest first to be spared last; the first two are words."""

WORDS: Final = ("strategy", "style")


def percent(share: float | None) -> str:
    """Write a share.

    >>> percent(0.6251), percent(None)
    ('62.5 %', '–')
    """
    return DASH if share is None else f"{100 * share:.1f} %"


def in_r(value: float | None) -> str:
    """Write R with its sign.

    >>> in_r(0.5), in_r(-1.0), in_r(0.0), in_r(None)
    ('+0.50', '-1.00', '0.00', '–')
    """
    if value is None:
        return DASH
    return f"{value:+.2f}" if round(value, 2) else "0.00"


def score(value: float | None, places: int) -> str:
    """Write a number without a sign of its own.

    >>> score(0.2512, 3), score(None, 3)
    ('0.251', '–')
    """
    return DASH if value is None else f"{value:,.{places}f}"
