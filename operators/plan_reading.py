"""Reading a plan from JSON-ready data.  Everything is checked here, once; inside, a Plan is trusted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from operators.plans import (
    MAX_TARGETS,
    Direction,
    Entry,
    EntryType,
    Gate,
    Plan,
    PlanError,
    SessionPhase,
    Style,
    Target,
    Trail,
)
from operators.sessions import SessionRangeError
from operators.times import EARLIEST_NS, parse_instant

SESSION_BOUND: Final = (Style.SCALP, Style.INTRADAY)
"""Styles whose plans end with a regular close unless they say otherwise."""


@dataclass(frozen=True, slots=True)
class PlanDefaults:
    """What a plan that is silent gets: `valid_from_ns` (ns UTC), and the regular close later than an instant."""

    valid_from_ns: int
    close_after: Callable[[int], int]
    odd_lots: bool = False
    extended_hours: bool = False


def _no_default(at_ns: int) -> int:
    msg = f"a stored plan must say when it ends; none after {at_ns}"
    raise ValueError(msg)


NO_DEFAULTS: Final = PlanDefaults(EARLIEST_NS, _no_default)
"""For plans in normal form, which are silent about nothing."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    pass


class _EntryIn(_Strict, frozen=True):
    type: EntryType
    price: float | None = None


class _TargetIn(_Strict, frozen=True):
    price: float
    fraction: float | None = None


class _TrailIn(_Strict, frozen=True):
    distance: float
    step: float
    after: int = 1


class PlanIn(_Strict, frozen=True):
    """A plan as it stands in a file or a request; see DESIGN section 6 for the defaults.

    Short forms: a number as entry is a limit, a word an entry without a price; a number as target is its price.
    """

    plan_id: str
    symbol: str
    style: Style
    direction: Direction
    entry: _EntryIn | float | str
    stop: float
    targets: list[_TargetIn | float]
    version: int = 1
    valid_from: int | str | None = None
    expires_at: int | str | None = None
    sessions: tuple[SessionPhase, ...] = (SessionPhase.REGULAR,)
    breakeven_after: int = 1
    trail: _TrailIn | None = None
    at_risk_buffer: float = 0.2
    on_event: Gate = Gate.DEFINED_RISK
    odd_lots: bool | None = None
    extended_hours: bool | None = None


_PLAIN: Final = msgspec.json.Decoder(list[PlanIn])
_STORED: Final = msgspec.json.Decoder(Plan)


def read_plain_plans(text: bytes, defaults: PlanDefaults) -> list[Plan] | None:
    """Build all plans of a JSON array at once; None when any is not plainly right, and `read_plan` must say why.

    The decoder makes no dicts on the way, so it takes half of `read_plan`'s time.
    """
    try:
        return [_build(given, defaults) for given in _PLAIN.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError, PlanError, RecursionError):
        return None


def read_stored_plan(text: str) -> Plan:
    """Build a plan from its normal form as JSON, which this program wrote: it is silent about nothing."""
    return _STORED.decode(text)


def read_plan(data: object, defaults: PlanDefaults) -> Plan:
    """Build a plan from decoded JSON.  Raises PlanError naming field, value and what is allowed, in one line."""
    try:
        given = msgspec.convert(data, PlanIn)
    except msgspec.ValidationError as error:
        raise _plan_error(data, str(error)) from None
    except UnicodeEncodeError as error:
        raise PlanError(_broken(data), f"got {_shown(error.object)}; must be text of whole characters") from None
    return _build(given, defaults)


def _build(given: PlanIn, defaults: PlanDefaults) -> Plan:
    valid_from = _instant("valid_from", given.valid_from)
    expires_at = _instant("expires_at", given.expires_at)
    valid_from = defaults.valid_from_ns if valid_from is None else valid_from
    if expires_at is None and given.style in SESSION_BOUND:
        expires_at = _default_end(valid_from, defaults)
    trail = given.trail
    return Plan(
        plan_id=given.plan_id,
        version=given.version,
        symbol=given.symbol,
        style=given.style,
        direction=given.direction,
        entry=_entry(given.entry),
        stop=given.stop,
        targets=_targets(given.targets),
        valid_from_ns=valid_from,
        expires_at_ns=expires_at,
        sessions=given.sessions,
        breakeven_after=given.breakeven_after,
        trail=None if trail is None else Trail(trail.distance, trail.step, trail.after),
        at_risk_buffer=given.at_risk_buffer,
        on_event=given.on_event,
        odd_lots=defaults.odd_lots if given.odd_lots is None else given.odd_lots,
        extended_hours=defaults.extended_hours if given.extended_hours is None else given.extended_hours,
    )


def _default_end(valid_from: int, defaults: PlanDefaults) -> int:
    try:
        return defaults.close_after(valid_from)
    except SessionRangeError as error:
        raise PlanError("valid_from", str(error)) from None


def _instant(field: str, value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        return parse_instant(value)
    except ValueError as error:
        raise PlanError(field, str(error)) from None


def _entry(given: _EntryIn | float | str) -> Entry:
    if isinstance(given, _EntryIn):
        return Entry(given.type, given.price)
    if isinstance(given, str):
        if given not in list(EntryType):
            raise PlanError("entry", f"got {given!r}; must be a price, or market, limit or stop with a price")
        return Entry(EntryType(given), None)
    return Entry(EntryType.LIMIT, float(given))


def _targets(given: list[_TargetIn | float]) -> tuple[Target, ...]:
    if not 1 <= len(given) <= MAX_TARGETS:
        raise PlanError("targets", f"got {len(given)}; must be 1 to {MAX_TARGETS} prices or objects with price")
    equal = 1 / len(given)
    targets, silent = [], 0
    for target in given:
        if not isinstance(target, _TargetIn):
            silent += 1
            targets.append(Target(float(target), equal))
            continue
        silent += target.fraction is None
        targets.append(Target(target.price, equal if target.fraction is None else target.fraction))
    if silent not in (0, len(given)):
        raise PlanError("targets", f"{len(given) - silent} of {len(given)} have a fraction; give all or none")
    return tuple(targets)


def _plan_error(data: object, text: str) -> PlanError:
    """Turn the decoder's finding ("Expected `float`, got `str` - at `$.stop`") into field, value, what is allowed."""
    finding, _, where = text.partition(" - at `")
    path = where.rstrip("`").removeprefix("$").removeprefix(".")
    if "missing required field" in finding or "unknown field" in finding:
        name = finding.split("`")[1]
        field = f"{_locate(data, path)[0]}.{name}" if path else name
        if "missing" in finding:
            return PlanError(field, "is missing; a plan must have it")
        return PlanError(field, f"is not a field here; a plan has {', '.join(PlanIn.__struct_fields__)}")
    field, value = _locate(data, path)
    return PlanError(field, f"got {_shown(value)}; {_allowed(field, finding)}")


_CHOICES: Final = {
    "style": Style,
    "direction": Direction,
    "entry.type": EntryType,
    "sessions": ("pre", "regular", "post"),
    "on_event": (Gate.DEFINED_RISK, Gate.SUPPRESS),
}


def _allowed(field: str, finding: str) -> str:
    choices = _CHOICES.get(field.partition("[")[0])
    if choices is not None:
        return f"must be one of {', '.join(choices)}"
    wanted = finding.split("`")[1] if "`" in finding else finding
    words = {"float": "a number", "int": "a whole number", "bool": "true or false", "str": "text"}
    parts = [words.get(part.strip(), part.strip()) for part in wanted.split("|")]
    return f"must be {' or '.join(parts)}"


def _locate(data: object, path: str) -> tuple[str, object]:
    """Follow the decoder's path; write it as people count (targets[1] is the first)."""
    field, value = "", data
    for part in path.replace("[", ".[").split("."):
        if part.startswith("[") and isinstance(value, list):
            index = _first_bad(value, _TargetIn | float if field == "targets" else SessionPhase)
            value, field = value[index], f"{field}[{index + 1}]"
        elif part and isinstance(value, Mapping):
            value, field = value.get(part), f"{field}.{part}" if field else part
    return field or "plan", value


def _first_bad(values: list[object], wanted: Any) -> int:
    """The decoder writes [...] for any element: find the first that is not what is wanted."""
    for index, value in enumerate(values):
        try:
            msgspec.convert(value, wanted)
        except msgspec.ValidationError:
            return index
    return 0


def _broken(data: object) -> str:
    """The field that holds half a character (a lone surrogate); the decoder finds one, and does not say where."""
    for name, value in data.items() if isinstance(data, Mapping) else ():
        try:
            msgspec.convert({name: value}, PlanIn)
        except msgspec.ValidationError:
            continue
        except UnicodeEncodeError:
            return str(name)
    return "plan"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
