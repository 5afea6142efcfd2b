"""Parquet with the vendor's trades columns, streamed: filters and columns are pushed down into the scan."""

import os
from collections.abc import Iterator
from typing import Final

import polars as pl

from flows.errors import BadInputError, DataMissingError
from flows.tape.files import TapeFile
from flows.tape.scan import ROW, Piece, ScanFilter, day_bounds, reasoned
from operators import ticks
from operators.coding import Coder
from operators.usable import unusable

PIECE_ROWS: Final = 1_000_000
PIECE_ROWS_FOR_BARS: Final = 2_000_000
"""What is done per symbol and piece weighs more where bars are built of them."""
BATCH_ROWS: Final = 250_000
"""What pieces are put together of: the smallest one there is."""
SMALLER_FIRST: Final = 4
"""How many times smaller the first piece is, so that nobody waits long for it."""
SAMPLES: Final = 16
SAMPLE_ROWS: Final = 5_000
TIMES: Final = frozenset({ticks.SIP_NS, ticks.PARTICIPANT_NS, ticks.TRF_NS})
UNUSABLE: Final = "unusable"
# polars asks the environment; left alone, it decodes so many row groups ahead that they are most of the memory.
os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_SIZE", "1")

CODED: Final = (pl.col(ROW), pl.col(ticks.SIP_NS), pl.col(ticks.PRICE), pl.col(ticks.CONDITIONS))
"""What a coded frame still needs: times, prices, and the texts of condition lists not met before."""


def read_parquet(file: TapeFile, wanted: ScanFilter, coder: Coder | None = None) -> Iterator[Piece]:
    """Yield the wanted rows of a file in its order, checked, and coded if asked, as they are decoded.

    Raises DataMissingError when the file is damaged.
    """
    source, bounds = str(file.path), day_bounds(file.day)
    kept = [*CODED, *_coded(file, coder)] if coder else [pl.col(ROW, *ticks.DECISIVE)]
    scan, any_bad, empty = _scan(file, wanted), wanted.first_row > 1, pl.DataFrame()
    try:
        rows = PIECE_ROWS_FOR_BARS if coder and coder.for_bars else PIECE_ROWS
        new = scan if wanted.first_row == 1 else scan.filter(pl.col(ROW) >= wanted.first_row)
        batches = _batches(new.select(*kept, unusable(bounds).alias(UNUSABLE)), BATCH_ROWS)
        for frame in _pieces(batches, rows, wanted.first_row - 1):
            bad = frame.drop_in_place(UNUSABLE)  # `drop` waits for polars' threads, which decode what comes next
            any_bad, empty = any_bad or bool(bad.any()), frame.clear()
            yield Piece(frame.filter(~bad) if bad.any() else frame)
        if any_bad:  # seldom, so that what is needed to say why is not carried along with every good row
            for batch in _batches(scan.filter(unusable(bounds)), PIECE_ROWS):
                yield Piece(empty, reasoned(source, batch, bounds))
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{source}: cannot be read to its end ({str(error).splitlines()[0]})"
        raise DataMissingError(msg) from None


def check_columns(file: TapeFile) -> None:
    """Raise BadInputError when a column of a file cannot be read as ours."""
    _scan(file, ScanFilter())


def first_instant(file: TapeFile) -> int | None:
    """Return the earliest SIP time (ns UTC) among a file's first usable prints, None when it has none."""
    scan, usable = _scan(file, ScanFilter()), ~unusable(day_bounds(file.day))
    found = scan.head(SAMPLE_ROWS).filter(usable).select(ticks.SIP_NS).collect()
    if len(found) < SAMPLE_ROWS:  # only then does the file have to be searched for more
        found = scan.filter(usable).head(SAMPLE_ROWS).select(ticks.SIP_NS).collect()
    earliest = found.get_column(ticks.SIP_NS).min()
    return None if earliest is None else int(earliest)  # type: ignore[arg-type]


def _batches(scan: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    return scan.collect_batches(chunk_size=rows, maintain_order=True)


def _pieces(batches: Iterator[pl.DataFrame], rows: int, before: int) -> Iterator[pl.DataFrame]:
    """Put batches together to pieces that span so many rows of the file or a few more; the first is a smaller one.

    Rows of others count as well, so that all workers' pieces span the same.  `before`: the last row before the batches.
    """
    held, size, start = list[pl.DataFrame](), rows // SMALLER_FIRST, before
    for batch in batches:
        held.append(batch)
        end = int(batch.get_column(ROW)[-1]) if len(batch) else start
        if end - start >= size:
            yield pl.concat(held, rechunk=False)
            held, size, start = [], rows, end
    if held:
        yield pl.concat(held, rechunk=False)


def _coded(file: TapeFile, coder: Coder) -> list[pl.Expr]:
    """Return the coder's expressions once it has met the usual condition lists, from all over the day."""
    lists = _scan(file, ScanFilter()).select(ticks.CONDITIONS)
    step = max(1, lists.select(pl.len()).collect().item() // SAMPLES)
    for place in range(SAMPLES):  # one after the other: together they would be the tape's peak of memory
        coder.flags.learn(lists.slice(place * step, SAMPLE_ROWS).collect().to_series())
    return coder.expressions()


def _scan(file: TapeFile, wanted: ScanFilter) -> pl.LazyFrame:
    scan = pl.scan_parquet(file.path, row_index_name=ROW, row_index_offset=1)
    schema = scan.collect_schema()
    columns = [_typed(file, schema, column) for column in ticks.DECISIVE]
    scan = scan.select(ROW, *columns)
    own, kept = wanted.own(), wanted.expression()
    if own is not None:
        scan = scan.filter(own)
    return scan if kept is None else scan.filter(kept | unusable(day_bounds(file.day)))


def _typed(file: TapeFile, schema: pl.Schema, column: str) -> pl.Expr:
    """Read one column of the file as ours; what cannot be converted without loss is refused."""
    name, target = file.layout.names.get(column), ticks.TICK_SCHEMA[column]
    if name is None:
        return pl.lit(None, dtype=target).alias(column)
    found = schema[name]
    if column in (ticks.SYMBOL, ticks.CONDITIONS) and isinstance(found, pl.String | pl.Categorical | pl.Enum):
        return pl.col(name).cast(pl.String).alias(column)
    if found == target:
        return pl.col(name).alias(column)
    if isinstance(found, pl.Datetime):
        return pl.col(name).dt.cast_time_unit("ns").cast(pl.Int64).alias(column)
    if column == ticks.CONDITIONS and isinstance(found, pl.List):
        return pl.col(name).cast(pl.List(pl.String)).list.join(",").alias(column)
    if found == pl.Null():
        return pl.col(name).cast(target).alias(column)
    rounded = (found.is_float() and column in TIMES) or (found == pl.Float32() and column == ticks.PRICE)
    if found.is_numeric() != target.is_numeric() or rounded:
        msg = f"{file.path}: column {name} holds {found}; must hold {target}"
        raise BadInputError(msg)
    return pl.col(name).cast(target, strict=False).alias(column)  # what does not fit is null, and told so
