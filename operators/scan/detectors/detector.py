"""How a detector reads features.  Rule: conditions are bounds on values of one bar's row; a missing value meets none.

A detector is data: named rules over the columns of a long, in the order of evaluation.  It fires at a bar and in a
direction when all required rules and all gates hold there and the confidence reaches its floor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from operators.bars.columns import Floats, Interval, Ints, Mask
from operators.plans import Style
from operators.scan.detectors.side_names import named
from operators.scan.features.columns import Features
from operators.structured.conditions import Condition

TOLERANCE: Final = 1e-9
"""Slack of every bound: what binary floats make of decimals must not decide."""

FEW: Final = 128
"""Bars that are cheaper to read on than to sort out."""

F = TypeVar("F", bound=Features)


@dataclass(frozen=True, slots=True)
class Rule(Generic[F]):
    """`at_least` <= `value` <= `at_most`, both included; distances are in ATR.

    `weight`: its part of the confidence, 0 for a mere time; `required`: without it nothing fires.
    """

    name: str
    value: Callable[[F], Floats]
    at_least: float = -inf
    at_most: float = inf
    weight: float = 1.0
    required: bool = True

    def holds(self, value: Floats) -> Mask:
        """Return where a value lies within the bounds; NaN does not."""
        if self.at_least == -inf:
            return value <= self.at_most + TOLERANCE
        if self.at_most == inf:
            return value >= self.at_least - TOLERANCE
        return (value >= self.at_least - TOLERANCE) & (value <= self.at_most + TOLERANCE)


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on trading itself: a neutral column that is `at_least` so much.  Required, without weight."""

    name: str
    column: str
    at_least: float
    weight: float = 0.0
    required: bool = True


class Reading(NamedTuple):
    """One rule or gate over columns: its values, and where they are within its bounds."""

    rule: Rule[Any] | Gate
    value: Floats
    ok: Mask

    def at(self, bars: Ints) -> "Reading":
        """Return the reading of some bars."""
        return Reading(self.rule, self.value[..., bars], self.ok[..., bars])


@dataclass(frozen=True, slots=True)
class Detector(Generic[F]):
    """A setup.  `interval`: whose bar ends it runs at; `floor`: the least confidence, 0 to 1.

    `rules`: required ones first, the most telling at the head; `gates`: conditions on trading itself, the same for both
    directions.  `atr`: the column that holds the average true range on the style's timeframe.  `window`: a column and
    its bounds outside which nothing can fire, so that nothing is computed there; a rule says the same to the reader.
    """

    strategy: str
    style: Style
    interval: Interval
    floor: float
    rules: tuple[Rule[F], ...]
    gates: tuple[Gate, ...]
    atr: str
    window: tuple[str, float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse rules whose required ones do not come first: they are read on alone."""
        needed = [rule.required for rule in self.rules]
        if needed != sorted(needed, reverse=True) or not any(needed):
            msg = f"detector {self.strategy}: required rules come first, and there must be one"
            raise ValueError(msg)

    def read(self, features: F) -> list[Reading]:
        """Return every condition over columns: one side's, both sides', or a single bar's of length 1."""
        return [_reading(rule, features) for rule in self.rules] + gated(self.gates, features).readings

    def fired(self, sides: F, tradable: Mask) -> "Firing | None":
        """Return where the detector fires.  None: nowhere.

        `sides`: both-sided features, of one symbol or of many one after another; `tradable`: where the gates hold.
        Only bars that are still in question are read on.
        """
        inside = self._within(sides, tradable)
        if len(sides) <= FEW:  # leaving bars out would cost more than reading them
            at, some, held = np.arange(len(sides)), sides, np.stack((inside, inside))
        else:
            at = np.flatnonzero(inside)
            some, held = _taken(sides, at), np.ones((2, len(at)), dtype=np.bool_)
        if not held.any():
            return None
        readings: list[Reading] = []
        for rule in self.rules[: self._required]:
            readings.append(_reading(rule, some))
            held = held & readings[-1].ok
            kept = np.flatnonzero(held.any(axis=0))
            if not len(kept):
                return None
            if len(at) > FEW and 2 * len(kept) < len(at):
                at, some, held = at[kept], some.take(kept), held[:, kept]
                readings = [reading.at(kept) for reading in readings]
        readings += [_reading(rule, some) for rule in self.rules[self._required :]]
        found = held & (confidence(readings) >= self.floor - TOLERANCE)
        return Firing(at, found, readings) if found.any() else None

    @property
    def _required(self) -> int:
        """How many rules are required; they come first."""
        return sum(rule.required for rule in self.rules)

    def _within(self, sides: F, tradable: Mask) -> Mask:
        if self.window is None:
            return tradable
        name, low, high = self.window
        column = getattr(sides, name)
        within: Mask = (column >= low - TOLERANCE) & (column <= high + TOLERANCE)
        return within & tradable


class Firing(NamedTuple):
    """Where a detector fires: bars `at`, ascending; long and short, shape (2, bars); its rules' readings there."""

    at: Ints
    mask: Mask
    readings: list[Reading]


class Gated(NamedTuple):
    """Gates over columns: where all of them hold, shape (bars,), and their readings.  Gates read neutral columns."""

    tradable: Mask
    readings: list[Reading]


def gated(gates: Sequence[Gate], features: Features) -> Gated:
    """Read gates over columns, all at once."""
    values = np.concatenate([getattr(features, gate.column) for gate in gates]).reshape(len(gates), -1)
    ok = values >= np.array([[gate.at_least - TOLERANCE] for gate in gates])
    tradable: Mask = np.logical_and.reduce(ok, axis=0)
    return Gated(tradable, [Reading(*each) for each in zip(gates, values, ok, strict=True)])


def confidence(readings: Sequence[Reading]) -> Floats:
    """Return the share of weighted conditions met, added up in the order of the rules."""
    met, total = np.zeros(()), 0.0
    for rule, _, ok in readings:
        if rule.weight:
            met = met + rule.weight * ok
            total += rule.weight
    return met / total


def conditions(readings: Sequence[Reading], side: int, index: int = 0) -> tuple[Condition, ...]:
    """Return one side's conditions at one bar of readings."""
    return tuple(
        Condition(
            named(rule.name, side), known(_at(value, side, index)), _at(ok, side, index), rule.weight, rule.required
        )
        for rule, value, ok in readings
    )


def share_met(read: Sequence[Condition]) -> float:
    """Return the confidence of conditions, added up as `confidence` does."""
    met = total = 0.0
    for condition in read:
        met += condition.weight * condition.ok
        total += condition.weight
    return met / total


def known(value: float) -> float | None:
    """Return a number, or None where there is none."""
    return value if isfinite(value) else None


def _reading(rule: Rule[F], features: F) -> Reading:
    value = rule.value(features)
    return Reading(rule, value, rule.holds(value))


def _taken(sides: F, at: Ints) -> F:
    """The bars at ascending positions, without a copy where they follow one another."""
    if len(at) == len(sides):
        return sides
    adjacent = len(at) > 0 and at[-1] - at[0] == len(at) - 1
    return sides.take(slice(int(at[0]), int(at[-1]) + 1) if adjacent else at)


def _at(column: Any, side: int, index: int) -> Any:
    return column.item(side, index) if column.ndim == 2 else column.item(index)
