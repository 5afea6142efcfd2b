"""Plans and market events to go with a big tape: most plans wait far from the price, some are in the thick of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from flows.simulation.universe import PLAN_STREAM, Listing, stream
from flows.simulation.writing import EventRow, write_event_rows, write_plan_rows
from operators.sessions import SessionDay
from operators.times import MINUTE_NS

NEAR_SHARE: Final = 0.1
"""The part of plans whose levels lie within a day's usual range, so that something happens to them."""

_CENT: Final = 0.01
_KINDS: Final = ("limit", "stop", "market")
_STYLES: Final = ("scalp", "intraday", "swing", "leap")


def write_plans(
    path: Path, n_plans: int, symbols: Sequence[Listing], seed: int, near_share: float = NEAR_SHARE
) -> None:
    """Write `n_plans` plans on `symbols`, each of them as likely as the next, to a JSON file."""
    if not symbols or not 0 <= near_share <= 1:
        msg = f"got {len(symbols)} symbols and a near share of {near_share}; must be 1 or more, and 0 to 1"
        raise ValueError(msg)
    rng = np.random.default_rng(stream(seed, PLAN_STREAM))
    plans = []
    for number in range(n_plans):
        listing = symbols[int(rng.integers(len(symbols)))]
        plans.append(_plan(rng, f"bench-{number:06d}", listing, near=bool(rng.random() < near_share)))
    write_plan_rows(path, plans)


def write_events(path: Path, day: SessionDay) -> None:
    """Write market events of a day, all simulated: gates for every symbol, for the busiest one, and none at all."""
    known_ns = day.pre_ns
    rows = (
        ("bench-earnings", "SIM000", "earnings", "high", day.open_ns + 120 * MINUTE_NS, "simulated results"),
        ("bench-fomc", "*", "fomc", "high", day.close_ns - 120 * MINUTE_NS, "simulated rate decision"),
        ("bench-speech", "*", "speech", "low", day.close_ns - 30 * MINUTE_NS, "simulated speech, no gate"),
    )
    write_event_rows(path, [EventRow(*row[:5], known_ns, row[5]) for row in rows])


def _plan(rng: np.random.Generator, plan_id: str, listing: Listing, *, near: bool) -> dict[str, Any]:
    direction, kind = str(rng.choice(("long", "short"))), str(rng.choice(_KINDS))
    sign = 1 if direction == "long" else -1
    day_range = listing.volatility * listing.price
    away = rng.uniform(0.05, 1.0) * day_range if near else rng.uniform(0.15, 0.4) * listing.price
    risk = rng.uniform(0.15, 0.8) * day_range if near else rng.uniform(0.05, 0.1) * listing.price
    risk = max(risk, 4 * _CENT)
    steps = np.cumsum(rng.uniform(0.5, 1.5, int(rng.integers(1, 4)))) * risk
    entry, stop, first = _ladder(kind, sign, listing.price, away, risk)
    plan: dict[str, Any] = {
        "plan_id": plan_id,
        "symbol": listing.symbol,
        "style": str(rng.choice(_STYLES)),
        "direction": direction,
        "entry": {"type": kind, "price": round(entry, 2)},
        "stop": round(stop, 2),
        "targets": [round(first + sign * float(step), 2) for step in steps],
        "on_event": str(rng.choice(("defined_risk", "suppress"))),
    }
    if rng.random() < 0.3:
        plan["trail"] = {"distance": max(round(risk / 2, 2), _CENT), "step": max(round(risk / 10, 2), _CENT)}
    return plan


def _ladder(kind: str, sign: int, price: float, away: float, risk: float) -> tuple[float, float, float]:
    """Entry, stop, and where the targets count from, in dollars.

    A limit waits on one side of the price, a stop on the other; a market entry has room to both sides.
    """
    if kind == "limit":
        entry = price - sign * away
        return entry, entry - sign * risk, entry
    if kind == "stop":
        return price + sign * away, price - sign * risk, price + sign * away
    return price, price - sign * max(away, risk), price + sign * max(away, risk)
