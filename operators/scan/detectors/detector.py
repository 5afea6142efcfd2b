"""How a detector reads features.  Rule: conditions are bounds on values of one bar's row; a missing value meets none.

A detector is data: named rules over the columns of a long, in the order of evaluation.  It fires at a bar and in a
direction when all required rules and all gates hold there and the confidence reaches its floor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from operators.bars.columns import Floats, Interval, Mask
from operators.plans import Style
from operators.scan.candidate import Condition
from operators.scan.features.columns import Features

TOLERANCE: Final = 1e-9
"""Slack of every bound: what binary floats make of decimals must not decide."""

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


@dataclass(frozen=True, slots=True)
class Detector(Generic[F]):
    """A setup.  `interval`: whose bar ends it runs at; `floor`: the least confidence, 0 to 1.

    `atr`: the column that holds the average true range on the style's timeframe.

    `rules`: required ones first, the most telling at the head: the first that holds nowhere ends the search; `gates`:
    conditions on trading itself, the same for both directions.

    `window`: a column and its bounds outside which nothing can fire, so that nothing is computed there; a rule says the
    same to the reader.
    """

    strategy: str
    style: Style
    interval: Interval
    floor: float
    rules: tuple[Rule[F], ...]
    gates: tuple[Gate, ...]
    atr: str
    window: tuple[str, float, float] | None = None

    def read(self, features: F) -> list[Reading]:
        """Return every condition over columns: one side's, both sides', or a single bar's of length 1."""
        values = [(rule, rule.value(features)) for rule in self.rules]
        readings = [Reading(rule, value, rule.holds(value)) for rule, value in values]
        return readings + gated(self.gates, features).readings

    def confidence(self, readings: Sequence[Reading]) -> Floats:
        """Return the share of weighted conditions met, added up in the order of the rules."""
        met, total = np.zeros(()), 0.0
        for rule, _, ok in readings:
            if rule.weight:
                met = met + rule.weight * ok
                total += rule.weight
        return met / total

    def fired(self, sides: F, gates: "Gated") -> "Firing | None":
        """Return where the detector fires.  None: nowhere.

        `sides`: both-sided features; `gates`: `gated(self.gates, sides)`, which detectors may share.
        """
        within = self._within(sides)
        if within is None:
            return None
        whole = within.stop - within.start == len(sides)
        readings: list[Reading] = []
        found = self._fired(sides if whole else sides.take(within), gates.open[within], readings)
        if found is None:
            return None
        mask = found
        if not whole:
            mask = np.zeros((2, len(sides)), dtype=np.bool_)
            mask[:, within] = found
        return Firing(mask, readings, within.start, gates.readings)

    def _within(self, sides: F) -> slice | None:
        """The bars from the first to the last inside the window; None: there is none."""
        if self.window is None:
            return slice(0, len(sides)) if len(sides) else None
        name, low, high = self.window
        column = getattr(sides, name)
        inside = np.flatnonzero((column >= low - TOLERANCE) & (column <= high + TOLERANCE))
        return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else None

    def _fired(self, sides: F, held: Mask, readings: list[Reading]) -> Mask | None:
        """Read rule after rule for as long as something holds; the readings made are left in the list."""
        for rule in self.rules:
            value = rule.value(sides)
            reading = Reading(rule, value, rule.holds(value))
            readings.append(reading)
            if rule.required:
                held = held & reading.ok
                if not held.any():
                    return None
        found: Mask = held & (self.confidence(readings) >= self.floor - TOLERANCE)
        return found if found.any() else None


class Gated(NamedTuple):
    """Gates over columns: where all of them hold, shape (bars,), and their readings.  Gates read neutral columns."""

    open: Mask
    readings: list[Reading]


class Firing(NamedTuple):
    """Where a detector fires, shape (2, bars): long and short; its readings, from bar `start` on; its gates'."""

    mask: Mask
    readings: list[Reading]
    start: int
    gates: list[Reading]

    def conditions(self, side: int, index: int) -> tuple[Condition, ...]:
        """Return one side's conditions at one bar."""
        return (*conditions(self.readings, side, index - self.start), *conditions(self.gates, side, index))


def gated(gates: Sequence[Gate], sides: Features) -> Gated:
    """Read gates over columns, all at once."""
    values = np.concatenate([getattr(sides, gate.column) for gate in gates]).reshape(len(gates), -1)
    ok = values >= np.array([[gate.at_least - TOLERANCE] for gate in gates])
    return Gated(ok.all(axis=0), [Reading(*each) for each in zip(gates, values, ok, strict=True)])


def conditions(readings: Sequence[Reading], side: int, index: int = 0) -> tuple[Condition, ...]:
    """Return one side's conditions at one bar of readings."""
    return tuple(
        Condition(rule.name, known(_at(value, side, index)), _at(ok, side, index), rule.weight, rule.required)
        for rule, value, ok in readings
    )


def share_met(read: Sequence[Condition]) -> float:
    """Return the confidence of conditions, added up as `Detector.confidence` does."""
    met = total = 0.0
    for condition in read:
        met += condition.weight * condition.ok
        total += condition.weight
    return met / total


def known(value: float) -> float | None:
    """Return a number, or None where there is none."""
    return value if isfinite(value) else None


def _at(column: Any, side: int, index: int) -> Any:
    return column.item(side, index) if column.ndim == 2 else column.item(index)
