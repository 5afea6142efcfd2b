"""The columnar tick frame: one row per trade print, in tape order.

Times are int64 ns since the epoch, UTC; prices are dollars per share; sizes are shares and may be fractional.
"""

from typing import Final

import polars as pl

SYMBOL: Final = "symbol"
SIP_NS: Final = "sip_ns"
PARTICIPANT_NS: Final = "participant_ns"
PRICE: Final = "price"
SIZE: Final = "size"
EXCHANGE: Final = "exchange"
CONDITIONS: Final = "conditions"
SEQUENCE: Final = "sequence"
TRADE_ID: Final = "trade_id"
TRF_ID: Final = "trf_id"
TRF_NS: Final = "trf_ns"
CORRECTION: Final = "correction"

FLAGS: Final = "flags"
"""Derived: bits of `conditions.Flag` as uint8."""
CODE: Final = "code"
"""Derived: number of the symbol among the watched ones, as uint16."""
LIST: Final = "list"
"""Derived: number of the condition list and mark, see `coding.FlagCoder`, as uint32."""
BEHIND: Final = "behind"
"""Derived: minutes by which a print's own minute lies before that of its SIP time, as uint16."""
PHASE: Final = "phase"
"""Derived: code of the session phase (`sessions.PHASE_CODES`) as uint8."""

TICK_SCHEMA: Final[dict[str, pl.DataType]] = {
    SYMBOL: pl.String(),
    SIP_NS: pl.Int64(),
    PARTICIPANT_NS: pl.Int64(),
    PRICE: pl.Float64(),
    SIZE: pl.Float64(),
    EXCHANGE: pl.Int32(),
    CONDITIONS: pl.String(),
    SEQUENCE: pl.Int64(),
    TRADE_ID: pl.String(),
    TRF_ID: pl.Int32(),
    TRF_NS: pl.Int64(),
    CORRECTION: pl.Int64(),
}
"""Columns of a whole frame.  `conditions` is the vendor's list as text ("12,37"; null or empty when regular)."""

DECISIVE: Final = (SYMBOL, SIP_NS, PARTICIPANT_NS, PRICE, SIZE, CONDITIONS, TRF_NS, CORRECTION)
"""Columns that decide whether a row is a tick and what it may touch; a replay reads no others."""
