"""Column names of recorded trades: the vendor's flat files, and our own names for the same things."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flows.errors import BadInputError
from operators import ticks

VENDOR_NAMES: Final = {
    ticks.SYMBOL: "ticker",
    ticks.SIP_NS: "sip_timestamp",
    ticks.PARTICIPANT_NS: "participant_timestamp",
    ticks.PRICE: "price",
    ticks.SIZE: "size",
    ticks.CONDITIONS: "conditions",
    ticks.TRF_NS: "trf_timestamp",
    ticks.CORRECTION: "correction",
}
OPTIONAL: Final = frozenset({ticks.PARTICIPANT_NS, ticks.TRF_NS})
"""The oldest files have neither; without them no print can be known to be late."""

OTHER_DATASETS: Final = {
    "window_start": "aggregates",
    "ask_price": "quotes",
    "bid_price": "quotes",
    "severity": "market events",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the decisive columns stand in a file.  `names`: our name to the file's; `header`: all of the file's."""

    header: tuple[str, ...]
    names: dict[str, str]

    def position(self, column: str) -> int | None:
        """Return the index of one of our columns in the file, None when the file does not have it."""
        name = self.names.get(column)
        return None if name is None else self.header.index(name)


def other_dataset(header: Sequence[str]) -> str | None:
    """Name the vendor's dataset when these are not trades but something else of theirs."""
    return next((what for name, what in OTHER_DATASETS.items() if name in header), None)


def read_layout(source: str, header: Sequence[str]) -> Layout:
    """Find the decisive columns.  Raises BadInputError naming the file and the columns it lacks."""
    names, missing = {}, []
    for column, vendor_name in VENDOR_NAMES.items():
        name = next((each for each in (vendor_name, column) if each in header), None)
        if name is not None:
            names[column] = name
        elif column not in OPTIONAL:
            missing.append(vendor_name)
    if missing:
        what = other_dataset(header)
        hint = f" (these are {what}, not trades)" if what else ""
        found = ", ".join(header)[:120] or "nothing"
        needed = ", ".join(VENDOR_NAMES.values())
        msg = f"{source}: no column {', '.join(missing)}{hint}; a trades file has {needed}; found: {found}"
        raise BadInputError(msg)
    return Layout(tuple(header), names)
