"""Floor pivots, the classic set, from the prior regular day's high, low and close.

P = (H + L + C) / 3; R1 = 2P - L, S1 = 2P - H; R2 = P + (H - L), S2 = P - (H - L); R3 = H + 2(P - L), S3 = L - 2(H - P)
(Person 2004, "classic").  Mirrored prices swap R and S.
"""

from operators.levels.level import LevelKind


def floor_pivots(high: float, low: float, close: float) -> tuple[tuple[LevelKind, float], ...]:
    """Return each pivot with its price in dollars; the lowest may fall below 0 on a penny stock.

    >>> [f"{kind}={price:g}" for kind, price in floor_pivots(12.0, 9.0, 12.0)]
    ['pivot=11', 'r1=13', 's1=10', 'r2=14', 's2=8', 'r3=16', 's3=7']
    """
    pivot, size = (high + low + close) / 3, high - low
    return (
        (LevelKind.PIVOT, pivot),
        (LevelKind.R1, 2 * pivot - low),
        (LevelKind.S1, 2 * pivot - high),
        (LevelKind.R2, pivot + size),
        (LevelKind.S2, pivot - size),
        (LevelKind.R3, high + 2 * (pivot - low)),
        (LevelKind.S3, low - 2 * (high - pivot)),
    )
