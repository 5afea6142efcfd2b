"""Vendor flat files, CSV or CSV.gz, streamed.

A block of lines that parses and holds only ticks goes straight through.  Any other is halved until the bad lines
stand nearly alone, and those are read one by one, with the reason for each that is no tick.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from flows.tape.csv_line import fields_of
from flows.tape.files import TapeFile, decompressed
from flows.tape.prefetch import prefetched
from flows.tape.scan import ROW, Piece, ScanFilter, day_bounds, dead_letter
from operators import ticks
from operators.coding import Coder
from operators.rows import DeadLetter
from operators.sessions import new_york
from operators.times import EARLIEST_NS, LATEST_NS
from operators.usable import TimeBounds, unusable, why_unusable

BLOCK_BYTES: Final = 1 << 24
"""Small enough that memory is used again instead of asked for anew, which costs as much as decompressing."""
FEW_ROWS: Final = 256

_INTEGERS: Final = frozenset({ticks.SIP_NS, ticks.PARTICIPANT_NS, ticks.TRF_NS, ticks.CORRECTION})
_FLOATS: Final = frozenset({ticks.PRICE, ticks.SIZE})


def read_csv(file: TapeFile, wanted: ScanFilter, coder: Coder | None = None) -> Iterator[Piece]:
    """Yield the wanted rows of a file in its order, coded if asked.  Raises DataMissingError for a damaged file."""
    first_row, reader = 1, None
    new = None if wanted.first_row == 1 else pl.col(ROW) >= wanted.first_row
    asked = [each for each in (wanted.own(), wanted.expression(), new) if each is not None]
    for block in prefetched(_blocks(file), depth=2):
        if reader is None:
            reader = _BlockReader(file, _bounds(file, block))
        for piece in reader.read(block, first_row):
            frame = piece.ticks.filter(*asked) if asked else piece.ticks
            if coder is not None:
                coder.flags.learn(frame.get_column(ticks.CONDITIONS))
                frame = frame.with_columns(coder.expressions())
            yield replace(piece, ticks=frame)
        first_row += reader.lines


def _blocks(file: TapeFile) -> Iterator[bytes]:
    """Yield the file without its header, cut between lines."""
    held: list[bytes] = []
    size, header_seen = 0, False
    for piece in decompressed(file.path):
        text = piece
        if not header_seen:
            begun = b"".join((*held, piece))
            _, newline, text = begun.partition(b"\n")
            header_seen, held = bool(newline), [] if newline else [begun]
            if not header_seen:
                continue
        held.append(text)
        size += len(text)
        if size >= BLOCK_BYTES:
            joined = b"".join(held)
            cut = joined.rfind(b"\n") + 1
            if cut:
                yield joined[:cut]
            held, size = [joined[cut:]], len(joined) - cut
    rest = b"".join(held)
    if rest and header_seen:
        yield rest


def _bounds(file: TapeFile, block: bytes) -> TimeBounds:
    """The day in the file's name, else the one that holds more than half of the first block, else no day."""
    if file.day is not None:
        return day_bounds(file.day)
    position = file.layout.position(ticks.SIP_NS)
    days: Counter[date] = Counter()
    lines = block.decode("utf-8", errors="replace").splitlines()[:10_000]
    for fields in map(fields_of, lines):
        text = fields[position] if position is not None and position < len(fields) else ""
        if text.isdecimal() and EARLIEST_NS <= int(text) < LATEST_NS:
            days[new_york(int(text)).date()] += 1
    day, count = days.most_common(1)[0] if days else (None, 0)
    return day_bounds(day if 2 * count > len(lines) else None)


class _BlockReader:
    """Reads blocks of one file's lines."""

    def __init__(self, file: TapeFile, bounds: TimeBounds) -> None:
        self._source, self._bounds, self._layout = str(file.path), bounds, file.layout
        self.lines = 0
        positions = {column: file.layout.position(column) for column in ticks.DECISIVE}
        self._positions = {column: at for column, at in positions.items() if at is not None}
        by_place = {place: column for column, place in self._positions.items()}
        self._schema = {
            f"column_{place + 1}": ticks.TICK_SCHEMA.get(by_place.get(place, ""), pl.String())
            for place in range(len(file.layout.header))
        }
        self._last = f"column_{len(file.layout.header)}"
        self._read = [*dict.fromkeys([*(f"column_{place + 1}" for place in sorted(by_place)), self._last])]
        self._named = [self._expression(column) for column in ticks.DECISIVE]

    def _expression(self, column: str) -> pl.Expr:
        place = self._positions.get(column)
        found = pl.lit(None, dtype=ticks.TICK_SCHEMA[column]) if place is None else pl.col(f"column_{place + 1}")
        return found.alias(column)

    def read(self, block: bytes, first_row: int) -> Iterator[Piece]:
        """Yield a block's rows in order; `first_row` is the number of its first line.  `lines` then tells its lines."""
        ends = _count(block, "\n")
        self.lines = ends + (not block.endswith(b"\n"))
        yield from self._pieces(block, first_row, ends)

    def _pieces(self, block: bytes, first_row: int, ends: int) -> Iterator[Piece]:
        """Yield the rows of a block with so many line ends."""
        parsed = self._parsed(block)
        frame = None if parsed is None else parsed.select(self._named)
        whole = parsed is not None and frame is not None and self._whole(block, ends, parsed, frame)
        if frame is not None and whole and not frame.select(unusable(self._bounds).any()).item():
            yield Piece(frame.with_row_index(ROW, offset=first_row))
            return
        if ends <= FEW_ROWS:
            yield self._one_by_one(block, first_row)
            return
        middle = _middle(block)
        before = _count(block[:middle], "\n")
        yield from self._pieces(block[:middle], first_row, before)
        yield from self._pieces(block[middle:], first_row + before, ends - before)

    def _whole(self, block: bytes, ends: int, parsed: pl.DataFrame, frame: pl.DataFrame) -> bool:
        """Whether every line became a row, and had as many fields as the header: polars fills up and cuts off.

        A line with too few fields has no last one; if none is so, the commas in all tell of a line with too many.
        """
        if not block.endswith(b"\n") or frame.height != ends:
            return False
        within = frame.get_column(ticks.CONDITIONS).str.count_matches(",", literal=True).fill_null(0)
        commas = len(self._layout.header) - 1
        if parsed.get_column(self._last).null_count():
            return bool((_commas_per_line(block) == commas + within.to_numpy()).all())
        return _count(block, ",") == frame.height * commas + int(within.sum())

    def _parsed(self, block: bytes) -> pl.DataFrame | None:
        try:
            frame = pl.read_csv(block, has_header=False, schema=self._schema, columns=self._read)
        except pl.exceptions.PolarsError:
            return None  # some line is no row of this layout: the halves will tell which
        return frame

    def _one_by_one(self, block: bytes, first_row: int) -> Piece:
        good: list[dict[str, object]] = []
        letters: list[DeadLetter] = []
        for number, text in enumerate(block.removesuffix(b"\n").split(b"\n"), first_row):
            line = text.removesuffix(b"\r").decode("utf-8", errors="replace")
            if not line.strip():
                continue
            values, finding = self._row(line)
            if finding is None:
                good.append(values | {ROW: number})
            else:
                letters.append(dead_letter(self._source, number, *finding, line))
        schema = {ROW: pl.UInt32(), **{column: ticks.TICK_SCHEMA[column] for column in ticks.DECISIVE}}
        return Piece(pl.DataFrame(good, schema=schema), letters)

    def _row(self, line: str) -> tuple[dict[str, object], tuple[str, str] | None]:
        """Read one line: its values, or the field that makes it unusable and why."""
        fields = fields_of(line)
        if len(fields) != len(self._layout.header):
            return {}, ("row", f"has {len(fields)} fields; the header has {len(self._layout.header)}")
        values: dict[str, object] = dict.fromkeys(ticks.DECISIVE)
        for column, position in self._positions.items():
            try:
                values[column] = _value(column, fields[position])
            except ValueError:
                kind = "a whole number" if column in _INTEGERS else "a number"
                return {}, (column, f"got {fields[position][:40]!r}; must be {kind}")
        return values, why_unusable(
            values[ticks.SYMBOL],  # type: ignore[arg-type]
            values[ticks.SIP_NS],  # type: ignore[arg-type]
            values[ticks.PRICE],  # type: ignore[arg-type]
            values[ticks.SIZE],  # type: ignore[arg-type]
            self._bounds,
        )


def _count(block: bytes, character: str) -> int:
    """Count a character without holding the interpreter's lock meanwhile, as bytes.count does."""
    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == ord(character)))


def _commas_per_line(block: bytes) -> npt.NDArray[np.int64]:
    characters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    return np.diff(np.searchsorted(np.flatnonzero(characters == ord(",")), ends), prepend=0)


def _value(column: str, text: str) -> object:
    if not text:
        return None
    if column not in _INTEGERS | _FLOATS:
        return text
    if "_" in text or not text.isascii():  # Python reads 1_000 and digits of every script as numbers; a file does not
        raise ValueError(text)
    if column in _INTEGERS:
        number = int(text)
        if abs(number) >= 1 << 63:
            raise ValueError(text)
        return number
    return float(text)


def _middle(block: bytes) -> int:
    """Return the line boundary nearest after the middle, or the last one before it."""
    after = block.find(b"\n", len(block) // 2) + 1
    return after if 0 < after < len(block) else block.rfind(b"\n", 0, len(block) // 2) + 1
