"""What a chart draws over the bars.  Rule: made of the profile's own numbers, so a chart cannot disagree with it."""

from functools import lru_cache
from typing import Final

from operators.engine.profile import ProfileTarget, TargetProfile
from operators.engine.trace import SnapLine, Verdict
from operators.plans import Direction
from operators.prices import plain, tidy
from operators.structured.document import Layers, LevelLine, Line, Zone
from operators.times import iso

MARGIN_ATR: Final = 1.0
"""Levels are drawn up to so many ATR past the stop and past the last target."""

REMEMBERED: Final = 4096
"""Instants whose text is kept: levels of one day share a few dozen."""

UNSEEN: Final = (Verdict.NOT_YET, Verdict.NOT_A_PRICE)


def chart_layers(profile: TargetProfile) -> Layers:
    """Return entry, stop and targets as lines, the levels around them, and the zones between them."""
    stop, entry = profile.stop, _entry_price(profile)
    return Layers(
        entry=Line(entry, f"{profile.entry.type} entry {plain(entry)}"),
        stop=None if stop is None else Line(stop, f"stop {plain(stop)} (-1 R)"),
        targets=tuple(_target(index, target) for index, target in enumerate(profile.targets, 1)),
        levels=_levels(profile),
        zones=_zones(profile),
    )


def _entry_price(profile: TargetProfile) -> float:
    if profile.entry.price is None:
        msg = f"the profile of {profile.symbol} has no entry price: the engine gives every entry one"
        raise ValueError(msg)
    return profile.entry.price


def _target(index: int, target: ProfileTarget) -> Line:
    return Line(target.price, f"T{index} {plain(target.price)} ({target.r:.2f} R, {target.probability:.0%})")


def _levels(profile: TargetProfile) -> tuple[LevelLine, ...]:
    lines = [line for line in profile.snap_trace if line.price is not None and line.verdict not in UNSEEN]
    if profile.stop is not None and profile.atr is not None:
        margin = MARGIN_ATR * profile.atr
        ends = sorted((profile.stop, profile.targets[-1].price))
        lines = [line for line in lines if line.price and ends[0] - margin <= line.price <= ends[1] + margin]
    return tuple(_level(line, line.price) for line in lines if line.price is not None)


def _level(line: SnapLine, price: float) -> LevelLine:
    rung = line.rung if line.verdict is Verdict.TAKEN else None
    name = line.kind.replace("_", " ")
    return LevelLine(price, f"{name} {plain(price)}", line.kind, line.strength, rung, _instant(line.since_ns))


@lru_cache(REMEMBERED)
def _instant(at_ns: int) -> str:
    return iso(at_ns)


def _zones(profile: TargetProfile) -> tuple[Zone, ...]:
    entry, move = _entry_price(profile), profile.expected_move
    zones = []
    if profile.stop is not None:
        zones.append(_zone("risk", "risk", profile.stop, entry))
        zones.append(_zone("reward", "reward", entry, profile.targets[-1].price))
    if move is not None and move.dollars > 0:
        sign = 1 if profile.direction is Direction.LONG else -1
        label = f"expected move {plain(move.dollars)} ({move.basis})"
        zones.append(_zone("expected_move", label, entry, tidy(entry + sign * move.dollars)))
    return tuple(zones)


def _zone(name: str, label: str, one: float, other: float) -> Zone:
    return Zone(name, label, min(one, other), max(one, other))
