"""Session volume-weighted average price with bands.  Rule: an anchored VWAP whose anchor is the session's first bar."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from operators.indicators.anchored_vwap import AnchoredVwap, VwapColumns
from operators.indicators.values import Floats, Ints, runs


class Vwap:
    """The average price of the session so far, and the deviation that its bands are made of."""

    __slots__ = ("_anchored", "_session")

    def __init__(self) -> None:
        self._anchored = AnchoredVwap()
        self._session: int | None = None

    def extend(self, session: Ints, volume: Floats, notional: Floats) -> VwapColumns:
        """Return average and deviation at each new bar.

        `session`: any number that names the bar's session; a new one starts afresh.  `volume`: shares; `notional`:
        price times shares, the bar's own VWAP times its volume.  NaN until the session has volume.
        """
        pieces = []
        for number, start, end in runs(session):
            if number != self._session:
                self._session, self._anchored = number, AnchoredVwap()
            pieces.append(self._anchored.extend(volume[start:end], notional[start:end]))
        if len(pieces) == 1:
            return pieces[0]
        columns = zip(*pieces, strict=True) if pieces else ((), ())
        return VwapColumns(*(np.concatenate((*column, np.empty(0))) for column in columns))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._anchored.to_plain(), self._session

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        vwap = cls()
        anchored, vwap._session = plain
        vwap._anchored = AnchoredVwap.from_plain(anchored)
        return vwap
