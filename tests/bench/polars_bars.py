"""One-minute bars of a Parquet tape by polars alone: what the replay with the scanner on is measured against.

The same rules as `operators.bars`: sale conditions say who sets what, late prints set no open and no close, and count
in the minute in which they happened.
"""

import time
from pathlib import Path
from typing import Any

import polars as pl

from operators.bars.prints import HIGH_LOW_BIT, LAST_BIT, RIGHTS, VOLUME_BIT
from operators.conditions import CORRECTED_MARK, LATE_MARK, Flag, flags_of_text, marks
from operators.nyse import nyse_calendar
from operators.times import MINUTE_NS


def build_bars(tape: Path) -> dict[str, Any]:
    """Build all bars of a tape in memory and count them."""
    started = time.perf_counter()
    names = {"ticker": "symbol", "sip_timestamp": "sip_ns", "participant_timestamp": "participant_ns"}
    names |= {"trf_timestamp": "trf_ns", "price": "price", "size": "size", "conditions": "conditions"}
    prints = (
        pl.scan_parquet(tape).rename(names).select(*names.values(), "correction").with_columns(marks().alias("mark"))
    )
    first = pl.scan_parquet(tape).select(pl.col("sip_timestamp").first()).collect().item()
    edges = nyse_calendar().edges_ns
    at = int(edges.searchsorted(first, side="right"))
    phase = sum(((pl.col("sip_ns") >= edge).cast(pl.Int32) for edge in edges[at - 1 : at + 4].tolist()), pl.lit(at - 1))
    lists = pl.scan_parquet(tape).select(pl.col("conditions").unique()).collect().to_series()
    rights = pl.DataFrame(
        [
            {"conditions": text, "mark": mark, "phase": code, "may": int(RIGHTS[code, _marked(text, mark)])}
            for text in lists.to_list()
            for mark in (0, LATE_MARK, CORRECTED_MARK)
            for code in range(4)
        ],
        schema={"conditions": pl.String, "mark": pl.UInt32, "phase": pl.Int32, "may": pl.UInt8},
    )
    happened = pl.when(pl.col("mark") == LATE_MARK).then(pl.col("participant_ns")).otherwise(pl.col("sip_ns"))
    joined = prints.with_columns((phase % 4).cast(pl.Int32).alias("phase"), (happened // MINUTE_NS).alias("minute"))
    joined = joined.join(rights.lazy(), on=["conditions", "mark", "phase"], how="left", nulls_equal=True)
    last, high_low, counted = ((pl.col("may") & bit) > 0 for bit in (LAST_BIT, HIGH_LOW_BIT, VOLUME_BIT))
    price, size = pl.col("price"), pl.col("size")
    bars = joined.group_by("symbol", "minute").agg(
        price.filter(last).first().alias("open"),
        price.filter(high_low).max().alias("high"),
        price.filter(high_low).min().alias("low"),
        price.filter(last).last().alias("close"),
        size.filter(counted).sum().alias("volume"),
        (price * size).filter(counted).sum().alias("notional"),
        counted.sum().alias("trades"),
    )
    found = bars.filter(pl.col("open").is_not_null()).collect(engine="streaming")
    rows = pl.scan_parquet(tape).select(pl.len()).collect().item()
    return {"rows": rows, "bars": len(found), "seconds": time.perf_counter() - started}


def _marked(text: str | None, mark: int) -> int:
    if mark == CORRECTED_MARK:
        return 0
    return flags_of_text(text) | (int(Flag.LATE) if mark == LATE_MARK else 0)
