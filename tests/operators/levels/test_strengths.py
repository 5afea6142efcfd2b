"""One table says how much a level counts."""

from operators.levels.level import LevelKind
from operators.levels.strengths import STRENGTH, STRENGTHS, grade


def test_every_kind_has_exactly_one_strength_with_a_reason() -> None:
    named = [kind for kinds in STRENGTHS for kind in kinds]
    assert sorted(named) == sorted(LevelKind)
    assert all(0 < strength.value <= 1 and strength.reason for strength in STRENGTHS.values())


def test_a_price_that_is_none_makes_no_level() -> None:
    """A floor pivot of a penny stock may fall below 0."""
    marks = [(price, LevelKind.S3, 1, 2) for price in (-0.5, 0.0, float("nan"), 0.25)]
    (level,) = grade(marks)
    assert (level.price, level.strength, level.since_ns, level.available_at_ns) == (0.25, STRENGTH[LevelKind.S3], 1, 2)
