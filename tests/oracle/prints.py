"""Trade prints for the oracle: raw rows in, instants, exact prices and eligibility out.

A row is a mapping with the columns of the vendor's trades_v1 file.
Prices become whole numbers of 1e-9 dollars.
"""

import csv
import gzip
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from operator import itemgetter
from pathlib import Path

from tests.oracle.times import SECOND_NS, phase_at

Row = Mapping[str, object]

UNITS = 10**9
PHASES = ("pre", "regular", "post")
ODD_LOT, FORM_T = "37", "12"
ALL_YES = {1, 3, 4, 6, 8, 9, 11, 14, 18, 19, 23, 24, 25, 27, 28, 30, 31, 34, 35, 36, 55}
SETS_LAST = frozenset(str(condition) for condition in ALL_YES | {38, 41})
DEAF, CODES = 0, 13
COLUMNS = (
    "price",
    "size",
    "sip_timestamp",
    "participant_timestamp",
    "trf_timestamp",
    "correction",
    "conditions",
)


@dataclass(slots=True)
class Tape:
    """The prints of one symbol in tape order.  `codes`: see `code_of`; `reached`: the latest instant so far."""

    times: list[int] = field(default_factory=list)
    prices: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)

    @property
    def last_ns(self) -> int | None:
        """The latest instant of all."""
        return self.reached[-1] if self.reached else None

    def first_from(self, at_ns: int) -> int:
        """Return the place of the first print at or past an instant."""
        return bisect_left(self.reached, at_ns)


@cache
def to_units(value: float | str) -> int:
    """Return a price as a whole number of 1e-9 dollars, by its shortest decimal form.

    >>> to_units(49.18), to_units("114.790000")
    (49180000000, 114790000000)
    """
    scaled = Decimal(str(value)).scaleb(9)
    if scaled != int(scaled):
        msg = f"finer than 1e-9 dollars: {value!r}"
        raise ValueError(msg)
    return int(scaled)


@cache
def blockers(conditions: str) -> frozenset[str]:
    """Return the conditions that keep a print from setting the last price; an unknown one does.

    >>> sorted(blockers("12, 14,37")), sorted(blockers("")), sorted(blockers("999"))
    (['12', '37'], [], ['999'])
    """
    return frozenset(part.strip() for part in conditions.split(",")) - SETS_LAST - {""}


@cache
def code_of(phase: str, conditions: str) -> int:
    """Return the class of an uncorrected, timely print: its phase and the plan options that it needs.

    Zero: no plan hears it.
    """
    blocking = blockers(conditions)
    odd_lot, form_t = ODD_LOT in blocking, FORM_T in blocking
    if phase not in PHASES or blocking - {ODD_LOT, FORM_T} or (form_t and phase == "regular"):
        return DEAF
    return 1 + PHASES.index(phase) * 4 + odd_lot * 2 + form_t


def heard(sessions: Iterable[str], *, odd_lots: bool, extended_hours: bool) -> list[bool]:
    """Return, for each class of print, whether a plan with these settings hears it."""
    wanted, answer = set(sessions), [False] * CODES
    for code in range(1, CODES):
        phase, needs = divmod(code - 1, 4)
        needs_odd_lots, needs_extended_hours = needs & 2, needs & 1
        answer[code] = (
            PHASES[phase] in wanted
            and (odd_lots or not needs_odd_lots)
            and (extended_hours or not needs_extended_hours)
        )
    return answer


def is_late(sip_ns: int, happened: str) -> bool:
    """Whether the SIP saw a print more than a second after an instant that may be absent, empty or zero."""
    return 0 < int(happened or 0) < sip_ns - SECOND_NS


@cache
def is_price(price: str) -> bool:
    """Whether a price can be one: finite and above 0."""
    return price != "" and 0 < float(price) < math.inf


def append(tape: Tape, texts: Iterable[str]) -> None:
    """Read one row, given as the texts of `COLUMNS`, onto its symbol's tape, unless it cannot be a print."""
    price, size, sip, participant, trf, correction, conditions = texts
    if not is_price(price) or float(size or 0) < 0:
        return
    sip_ns = int(sip or 0)
    deaf = int(correction or 0) != 0 or is_late(sip_ns, participant) or is_late(sip_ns, trf)
    tape.times.append(sip_ns)
    tape.prices.append(to_units(price))
    tape.codes.append(DEAF if deaf else code_of(phase_at(sip_ns), conditions))
    tape.reached.append(max(sip_ns, tape.reached[-1]) if tape.reached else sip_ns)


def prepare(rows: Iterable[Row]) -> Tape:
    """Read the rows of one symbol once, for any number of plans."""
    tape = Tape()
    for row in rows:
        append(tape, ["" if row.get(column) is None else str(row[column]) for column in COLUMNS])
    return tape


def read_tapes(*paths: Path) -> dict[str, Tape]:
    """Read vendor flat files, earliest first, into one tape per symbol."""
    tapes: dict[str, Tape] = defaultdict(Tape)
    for path in paths:
        with gzip.open(path, "rt", newline="") as lines:
            rows = csv.reader(lines)
            header = next(rows)
            ticker, texts = header.index("ticker"), itemgetter(*map(header.index, COLUMNS))
            for values in rows:
                append(tapes[values[ticker]], texts(values))
    return dict(tapes)
