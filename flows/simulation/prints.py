"""What a print looks like: given when it was made and where the price stood, everything else of its row.

Rule: a print that a reader must not believe is off the price, so that believing it shows.  Such are late ones,
corrected ones, average prices and derived prices.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.columnar import Floats, Ints
from operators.times import SECOND_NS

Bools = npt.NDArray[np.bool_]

OFF_EXCHANGE: Final = 4
TRF_IDS: Final = (201, 202, 203)
CORRECTIONS: Final = (1, 8, 10)
EXCHANGES: Final = (12, 11, 19, 8, 10, 7, 15, 21, 18, 2)
EXCHANGE_SHARES: Final = (0.22, 0.17, 0.14, 0.12, 0.11, 0.07, 0.06, 0.05, 0.04, 0.02)

DERIVED_SHARE: Final = 0.004
AVERAGE_SHARE: Final = 0.0015
LATE_SHARE: Final = 0.0015
CORRECTED_SHARE: Final = 0.0008
DERIVED_ASTRAY, AVERAGE_ASTRAY, LATE_ASTRAY, CORRECTED_ASTRAY = 0.002, 0.008, 0.03, 0.08
"""How far from the price they may be, as a fraction of it; at least a quarter of that."""

SHORTEST_DELAY_NS: Final = 1_500_000_000
LONGEST_DELAY_NS: Final = 3 * 3600 * SECOND_NS

_CONDITION_IDS: Final = (2, 10, 12, 14, 37, 41)
_CONDITION_TEXTS: Final = pl.Series(
    [
        ",".join(str(each) for bit, each in enumerate(_CONDITION_IDS) if index >> bit & 1) or None
        for index in range(1 << len(_CONDITION_IDS))
    ],
    dtype=pl.String,
)
_SUB_PENNY: Final = np.array((0.005, -0.005, 0.0001, -0.0001, 0.0025, -0.0013))


@dataclass(frozen=True, slots=True)
class BarePrints:
    """`sip_ns`: ns UTC; `mid`: dollars; `extended`: outside the regular session; `tape`: 1 NYSE, 2 ARCA, 3 Nasdaq."""

    sip_ns: Ints
    mid: Floats
    extended: Bools
    tape: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Traits:
    """What is true of each print."""

    derived: Bools
    average: Bools
    late: Bools
    corrected: Bools
    off: Bools
    odd: Bools
    iso: Bools
    exempt: Bools


def dress(rng: np.random.Generator, bare: BarePrints) -> pl.DataFrame:
    """Return the vendor's columns of prints, without ticker, id and sequence number."""
    traits = _traits(rng, bare.extended)
    rows = len(bare.sip_ns)
    trf_id = np.where(traits.off, rng.choice(TRF_IDS, rows), 0)
    participant_ns, trf_ns = _times(rng, bare.sip_ns, traits)
    exchange = np.where(traits.off, OFF_EXCHANGE, rng.choice(EXCHANGES, rows, p=EXCHANGE_SHARES))
    return pl.DataFrame(
        {
            "conditions": _conditions(traits, bare.extended),
            "correction": np.where(traits.corrected, rng.choice(CORRECTIONS, rows), 0).astype(np.int32),
            "exchange": exchange.astype(np.int32),
            "participant_timestamp": participant_ns,
            "price": _prices(rng, bare.mid, traits),
            "sip_timestamp": bare.sip_ns,
            "size": _sizes(rng, traits),
            "tape": bare.tape,
            "trf_id": trf_id.astype(np.int32),
            "trf_timestamp": trf_ns,
        }
    )


def _traits(rng: np.random.Generator, extended: Bools) -> _Traits:
    rows = len(extended)
    rare = np.cumsum((DERIVED_SHARE, AVERAGE_SHARE, LATE_SHARE, CORRECTED_SHARE))
    fate = np.searchsorted(rare, rng.random(rows), side="right")
    derived, average, late, corrected = (fate == number for number in range(len(rare)))
    off = (rng.random(rows) < 0.38) | average | late
    iso = ~off & ~derived & (rng.random(rows) < 0.4)
    return _Traits(
        derived,
        average,
        late,
        corrected,
        off,
        odd=rng.random(rows) < np.where(extended, 0.8, 0.48),
        iso=iso,
        exempt=(iso | off) & (rng.random(rows) < 0.03),
    )


def _conditions(traits: _Traits, extended: Bools) -> pl.Series:
    held = (traits.average, traits.derived, extended, traits.iso, traits.odd, traits.exempt)
    index = np.zeros(len(extended), dtype=np.uint32)
    for bit, each in enumerate(held):
        index |= each.astype(np.uint32) << bit
    return _CONDITION_TEXTS.gather(pl.Series(index))


def _prices(rng: np.random.Generator, mid: Floats, traits: _Traits) -> Floats:
    """Pennies around the mid price; off exchange some are finer; what is not to be believed is astray."""
    rows = len(mid)
    price = np.rint(mid * 100 + rng.uniform(-0.7, 0.7, rows)) / 100
    finer = traits.off & (rng.random(rows) < 0.4)
    price += np.where(finer, rng.choice(_SUB_PENNY, rows), 0.0)
    widest = (
        traits.derived * DERIVED_ASTRAY
        + traits.average * AVERAGE_ASTRAY
        + traits.late * LATE_ASTRAY
        + traits.corrected * CORRECTED_ASTRAY
    )
    astray = widest * rng.uniform(0.25, 1, rows) * rng.choice((-1, 1), rows)
    price = np.where(widest > 0, mid * (1 + astray), price)
    fine = traits.off | traits.derived
    return np.maximum(np.where(fine, price.round(4), price.round(2)), 0.01)


def _sizes(rng: np.random.Generator, traits: _Traits) -> Floats:
    """Odd lots of 1 to 99 shares, some off exchange fractional; the rest round or mixed lots, some of them blocks."""
    rows = len(traits.odd)
    odd = 1 + np.floor(99 * rng.random(rows) ** 2)
    lots = 100.0 * rng.geometric(0.6, rows) + np.where(rng.random(rows) < 0.15, odd, 0)
    lots = np.where(traits.off & (rng.random(rows) < 0.002), 100 * lots, lots)
    fraction = np.maximum(rng.random(rows), 0.001).round(6)
    fractional = traits.odd & traits.off & (rng.random(rows) < 0.1)
    return np.where(traits.odd, np.where(fractional, fraction, odd), lots)


def _times(rng: np.random.Generator, sip_ns: Ints, traits: _Traits) -> tuple[Ints, Ints]:
    """Participant and TRF time: tens of µs before the SIP's, off exchange up to 0.4 s more, late ones up to hours."""
    rows = len(sip_ns)
    sent_ns = sip_ns - 12_000 - rng.lognormal(np.log(30_000), 0.5, rows).astype(np.int64)
    reported_ns = _log_uniform(rng, 100_000, 400_000_000, rows)
    delay_ns = _log_uniform(rng, SHORTEST_DELAY_NS, LONGEST_DELAY_NS, rows)
    participant_ns = sent_ns - np.where(traits.late, delay_ns, np.where(traits.off, reported_ns, 0))
    return participant_ns, np.where(traits.off, sent_ns, 0)


def _log_uniform(rng: np.random.Generator, low_ns: int, high_ns: int, rows: int) -> Ints:
    return np.exp(rng.uniform(np.log(low_ns), np.log(high_ns), rows)).astype(np.int64)
