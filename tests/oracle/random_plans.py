"""Plans and market events drawn at random around a day's own prices and instants, in the form of the files.

Equal seeds give equal plans.  Every plan is one that the design accepts.  Many of its levels are prices that
the tape prints exactly, many of its instants are those of a print.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

from tests.oracle.prints import UNITS, Tape
from tests.oracle.times import MINUTE_NS, SECOND_NS, days, first_close_after, parse_ns, phase_at

CENT = UNITS // 100
STYLES = ("scalp", "intraday", "swing", "leap")
SESSIONS = ("pre", "regular", "post")
SEVERITIES = ("low", "medium", "high", "critical")
KINDS = ("fomc", "cpi", "nfp", "earnings")
FEW = 0.1


@dataclass(frozen=True, slots=True)
class Market:
    """What plans of one symbol are drawn around: prints (instant, price in 1e-9 dollars, phase) in time order."""

    symbol: str
    path: tuple[tuple[int, int, str], ...]


def market_of(symbol: str, tape: Tape, size: int = 4_000) -> Market:
    """Sample a tape evenly, leaving out the prints that no plan hears."""
    heard = [(at_ns, price) for at_ns, price, code in zip(tape.times, tape.prices, tape.codes, strict=True) if code]
    sampled = heard[:: max(1, len(heard) // size)]
    return Market(symbol, tuple((at_ns, price, phase_at(at_ns)) for at_ns, price in sampled))


def random_plans(rng: Random, markets: Sequence[Market], count: int, first_day_open_ns: int) -> list[dict[str, Any]]:
    """Return `count` plans; some have a second version right after them, with the same plan_id."""
    plans: list[dict[str, Any]] = []
    for number in range(count):
        market = rng.choice(markets)
        name = f"{market.symbol}-{rng.choice('ab.:_')}{number:05d}"
        plan = random_plan(rng, market, name, earliest_ns=None)
        plans.append(plan)
        if rng.random() < FEW:
            earliest_ns = parse_ns(plan.get("valid_from", first_day_open_ns))
            again = random_plan(rng, market, name, earliest_ns)
            plans.append({**again, "version": plan.get("version", 1) + rng.choice((1, 1, 3))})
    return plans


def random_plan(rng: Random, market: Market, plan_id: str, earliest_ns: int | None) -> dict[str, Any]:
    """Return one plan; with `earliest_ns`, one that is valid from then or later, and says when."""
    begins_ns = random_start(rng, market, earliest_ns)
    plan: dict[str, Any] = {
        "plan_id": plan_id,
        "symbol": market.symbol,
        "style": rng.choice(STYLES),
        "direction": rng.choice(("long", "short")),
        **random_options(rng),
    }
    anchor = random_anchor(rng, market, begins_ns, plan.get("sessions", ["regular"]))
    plan.update(random_levels(rng, market, anchor, plan["direction"]))
    if begins_ns is not None:
        plan["valid_from"] = spelt(rng, begins_ns)
    expires_ns = random_expiry(rng, market, anchor, begins_ns)
    if expires_ns is not None:
        plan["expires_at"] = spelt(rng, expires_ns)
    return plan


def random_start(rng: Random, market: Market, earliest_ns: int | None) -> int | None:
    """Return when a plan begins: by default, at an instant of the path or anywhere, late ones more rarely."""
    if earliest_ns is None and rng.random() < 0.3:
        return None
    place = int(len(market.path) * rng.random() ** 1.5)
    begins_ns = near(rng, market.path[place][0])
    return begins_ns if earliest_ns is None else max(begins_ns, earliest_ns)


def random_anchor(rng: Random, market: Market, begins_ns: int | None, sessions: list[str]) -> int:
    """Return the place in the path whose price the levels surround: soon after the plan first hears prints."""
    begins_at = bisect_left(market.path, begins_ns or 0, key=lambda sampled: sampled[0])
    heard = [place for place in range(begins_at, len(market.path)) if market.path[place][2] in sessions]
    if not heard:
        return len(market.path) - 1
    return heard[int(len(heard) * rng.random() ** rng.choice((3, 8)) * 0.5)]


def random_expiry(rng: Random, market: Market, anchor: int, begins_ns: int | None) -> int | None:
    """Return none (mostly), an instant of the path after the anchor, or a regular close, after the start."""
    kind = rng.random()
    if kind < 0.6:
        return None
    expires_ns = near(rng, market.path[rng.randrange(anchor, len(market.path))][0])
    if kind > 0.95:
        expires_ns = first_close_after(expires_ns)
    after_ns = market.path[0][0] if begins_ns is None else begins_ns
    return expires_ns if expires_ns > after_ns else after_ns + 1


def near(rng: Random, at_ns: int) -> int:
    """Return an instant itself, a neighbour of it, or one within the minute."""
    return at_ns + rng.choice((0, 0, 0, 1, -1, rng.randrange(60 * SECOND_NS)))


def spelt(rng: Random, at_ns: int) -> int | str:
    """Write an instant as ns or as RFC 3339."""
    return at_ns if rng.random() < 0.5 else rfc_3339(at_ns)


def rfc_3339(at_ns: int) -> str:
    """Write an instant as RFC 3339 in UTC, with as many decimals as it has.

    >>> rfc_3339(1_381_239_000_000_000_001)
    '2013-10-08T13:30:00.000000001Z'
    """
    seconds, rest = divmod(at_ns, SECOND_NS)
    decimals = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{decimals}Z"


def random_levels(rng: Random, market: Market, anchor: int, direction: str) -> dict[str, Any]:
    """Return entry, stop and targets around the anchor's price, in steps of a part of the range ahead."""
    ahead = [price for _, price, _ in market.path[anchor : anchor + rng.choice((50, 300, 4_000))]]
    cents = max(4, (max(ahead) - min(ahead)) // CENT)
    reach = max(2, int(cents * rng.choice((0.05, 0.15, 0.4, 0.8))))
    sign = 1 if direction == "long" else -1
    kind = rng.choice(("limit", "limit", "stop", "market"))
    entry = ahead[0] // CENT + rng.choice((0, 0, rng.randint(-reach, reach)))
    steps = [rng.randint(1, reach) for _ in range(rng.randint(1, 5) + 1)]
    fine = rng.choice((0,) * 18 + (CENT // 2, CENT // 100))
    levels = [entry - sign * rng.randint(1, 2) * steps[0], entry]
    for step in steps[1:]:
        levels.append(levels[-1] + sign * step)
    stop, entry_price, *targets = ((level * CENT + fine) / UNITS for level in levels)
    return {
        "entry": random_entry(rng, kind, entry_price),
        "stop": stop,
        "targets": random_targets(rng, targets),
        "trail": random_trail(rng, reach, len(targets)),
    }


def random_entry(rng: Random, kind: str, price: float) -> Any:
    """Return an entry, some limits in the short form, some market entries without a price."""
    if kind == "limit" and rng.random() < 0.5:
        return price
    if kind == "market" and rng.random() < 0.5:
        return {"type": "market"}
    return {"type": kind, "price": price}


def random_targets(rng: Random, prices: list[float]) -> list[Any]:
    """Return targets in the short form, with default fractions, or with ones that sum to one or less."""
    form = rng.random()
    if form < 0.3:
        return list(prices)
    if form < 0.5:
        return [{"price": price} for price in prices]
    total = 100 if form < 0.8 else rng.randint(len(prices), 100)
    cuts = [0, *sorted(rng.sample(range(1, total), len(prices) - 1)), total]
    shares = [after - before for before, after in pairwise(cuts)]
    return [{"price": price, "fraction": share / 100} for price, share in zip(prices, shares, strict=True)]


def random_trail(rng: Random, reach: int, targets: int) -> dict[str, Any] | None:
    """Return no trail, or one in whole cents that one of the targets starts."""
    if rng.random() < 0.5:
        return None
    trail: dict[str, Any] = {"distance": rng.randint(1, reach) / 100, "step": rng.randint(1, 5) / 100}
    return trail if rng.random() < 0.4 else {**trail, "after": rng.randint(1, targets)}


def random_options(rng: Random) -> dict[str, Any]:
    """Return the other fields, each of them absent from many plans."""
    sessions = rng.sample(SESSIONS, rng.randint(1, 3))
    choices: list[tuple[str, float, Any]] = [
        ("version", 0.2, rng.choice((1, 1, 2))),
        ("sessions", 0.4, sessions),
        ("breakeven_after", 0.5, rng.randint(0, 3)),
        ("at_risk_buffer", 0.5, rng.choice((0.0, 0.05, 0.1, 0.25, 0.333, 0.5, 1.0))),
        ("on_event", 0.5, rng.choice(("defined_risk", "suppress"))),
        ("odd_lots", 0.2, rng.random() < 0.7),
        ("extended_hours", 0.3, rng.random() < 0.8),
    ]
    return {name: value for name, share, value in choices if rng.random() < share}


def random_market_events(
    rng: Random, markets: Sequence[Market], count: int, market_wide: float = 0.3
) -> list[dict[str, str]]:
    """Return market events in the form of events.csv; some touch or overlap, some are known late."""
    events = []
    for number in range(count):
        market = rng.choice(markets)
        at_ns = near(rng, rng.choice(market.path)[0])
        for place, instant_ns in enumerate(chain(rng, at_ns)):
            kind = rng.choice(KINDS)
            events.append(
                {
                    "id": f"{kind}-{number}-{place}",
                    "symbol": "*" if rng.random() < market_wide else market.symbol,
                    "kind": kind,
                    "severity": rng.choice(SEVERITIES),
                    "at": rfc_3339(instant_ns),
                    "known_at": rfc_3339(random_known(rng, instant_ns)),
                    "label": f"{kind} {number}",
                }
            )
    return events


def chain(rng: Random, at_ns: int) -> Iterator[int]:
    """Yield an event's instant and, sometimes, one whose window touches, overlaps or just misses its own."""
    yield at_ns
    if rng.random() < 0.2:
        yield at_ns + 105 * MINUTE_NS + rng.choice((0, 1, -1, -30 * MINUTE_NS))


def random_known(rng: Random, at_ns: int) -> int:
    """Return when an event became known: the day before, mostly; else near, within or after its window."""
    edges = (-91, -90, -89, -30, 0, 14, 15, 16)
    around_ns = at_ns + rng.choice(edges) * MINUTE_NS + rng.choice((0, 0, 1, -1))
    return rng.choice((at_ns - 24 * 60 * MINUTE_NS, at_ns - 24 * 60 * MINUTE_NS, around_ns))


def first_open_ns(markets: Sequence[Market]) -> int:
    """Return 04:00 New York of the first session that the markets' prints touch."""
    first_ns = min(market.path[0][0] for market in markets)
    return next(day.pre_ns for day in days() if day.post_end_ns > first_ns)
