"""A plan as the oracle reads it: defaults filled in, prices exact and turned so that every plan is long.

A short plan is the long plan of the negated prices, so one set of comparisons serves both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.prints import heard, to_units
from tests.oracle.times import first_close_after, parse_ns

FOREVER = 2**63


@dataclass(frozen=True, slots=True)
class Trail:
    """Distance and step in units, and the target that starts it."""

    distance: int
    step: int
    after: int


@dataclass(frozen=True, slots=True)
class Spec:
    """One version of a plan.  `hears`: by class of print.  `buffer`: part of the initial risk."""

    version: int
    symbol: str
    sign: int
    entry_type: str
    entry: int
    stop: int
    targets: tuple[int, ...]
    fractions: tuple[Fraction, ...]
    valid_from_ns: int
    expires_at_ns: int
    hears: list[bool]
    breakeven_after: int
    trail: Trail | None
    buffer: Fraction
    on_event: str


def given(plan: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return a field, or its default when it is absent or null; 0 and false are values."""
    value = plan.get(name)
    return default if value is None else value


def read_spec(plan: Mapping[str, Any], first_day_open_ns: int) -> Spec:
    """Read one version of a plan in the form of plans.json."""
    sign = {"long": 1, "short": -1}[plan["direction"]]
    entry_type, entry = read_entry(plan["entry"])
    prices, fractions = read_targets(plan["targets"])
    valid_from_ns = parse_ns(given(plan, "valid_from", first_day_open_ns))
    return Spec(
        version=given(plan, "version", 1),
        symbol=plan["symbol"],
        sign=sign,
        entry_type=entry_type,
        entry=sign * entry,
        stop=sign * to_units(plan["stop"]),
        targets=tuple(sign * price for price in prices),
        fractions=fractions,
        valid_from_ns=valid_from_ns,
        expires_at_ns=read_expiry(plan, valid_from_ns),
        hears=heard(
            given(plan, "sessions", ["regular"]),
            odd_lots=given(plan, "odd_lots", False),
            extended_hours=given(plan, "extended_hours", False),
        ),
        breakeven_after=given(plan, "breakeven_after", 1),
        trail=read_trail(plan.get("trail")),
        buffer=exact(given(plan, "at_risk_buffer", 0.2)),
        on_event=given(plan, "on_event", "defined_risk"),
    )


def exact(value: float | str) -> Fraction:
    """Return the number that a decimal text, or the shortest text of a float, stands for."""
    return Fraction(Decimal(str(value)))


def read_entry(entry: Any) -> tuple[str, int]:
    """Return type and price; a bare number is a limit, a market entry may have no price."""
    if not isinstance(entry, Mapping):
        return "limit", to_units(entry)
    if entry["type"] == "market":
        return "market", 0
    return entry["type"], to_units(entry["price"])


def read_targets(targets: Sequence[Any]) -> tuple[list[int], tuple[Fraction, ...]]:
    """Return prices and fractions; without fractions, equal ones."""
    full = [target if isinstance(target, Mapping) else {"price": target} for target in targets]
    prices = [to_units(target["price"]) for target in full]
    if all(target.get("fraction") is None for target in full):
        return prices, (Fraction(1, len(full)),) * len(full)
    return prices, tuple(exact(target["fraction"]) for target in full)


def read_trail(trail: Mapping[str, Any] | None) -> Trail | None:
    """Return the trail, if there is one."""
    if trail is None:
        return None
    return Trail(to_units(trail["distance"]), to_units(trail["step"]), given(trail, "after", 1))


def read_expiry(plan: Mapping[str, Any], valid_from_ns: int) -> int:
    """Return the deadline: the given one, else the next regular close for a scalp or intraday plan."""
    default = first_close_after(valid_from_ns) if plan["style"] in ("scalp", "intraday") else FOREVER
    expires_at_ns = parse_ns(given(plan, "expires_at", default))
    if expires_at_ns <= valid_from_ns:
        msg = f"plan {plan['plan_id']!r} expires at {expires_at_ns}, not after {valid_from_ns}"
        raise ValueError(msg)
    return expires_at_ns
