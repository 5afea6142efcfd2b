"""Position size.  Rule: whole shares, and the risk of all of them never exceeds the budget, not even by a float."""


def whole_shares(budget: float, risk_per_share: float) -> int:
    """Return the most shares whose risk stays within `budget`; both in dollars, the risk above 0.

    >>> whole_shares(100.0, 0.3), whole_shares(0.3, 0.1), whole_shares(10.0, 12.0)
    (333, 2, 0)
    """
    shares = int(budget / risk_per_share) + 1
    while shares * risk_per_share > budget:
        shares -= 1
    return shares
