"""Chart URLs.  Rule: whitelisted keys only, each validated, encoded once; the same question gives the same URL."""

from typing import Final
from urllib.parse import urlencode

from operators.bars.columns import Interval
from operators.rows import ScanRow
from operators.times import iso

KEYS: Final = ("symbol", "interval", "plan_id", "as_of")


def chart_url(base: str, **values: str | None) -> str:
    """Return the URL of a chart; keys without a value are left out.  Raises KeyError for a key that is not allowed.

    >>> chart_url("/chart", as_of="2013-10-08T10:31:00-04:00", symbol="BRK.B", plan_id=None)
    '/chart?symbol=BRK.B&as_of=2013-10-08T10%3A31%3A00-04%3A00'
    """
    for name in values:
        if name not in KEYS:
            raise KeyError(name)
    given = {name: values[name] for name in KEYS if values.get(name) is not None}
    return f"{base}?{urlencode(given)}"


def scan_url(base: str, row: ScanRow) -> str:
    """Return the canonical chart of a candidate: its symbol, its plan, its instant."""
    return chart_url(base, symbol=row.symbol, interval=Interval.M1, plan_id=row.plan_id, as_of=iso(row.at_ns))
