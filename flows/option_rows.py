"""Vendor option quotes, CSV or CSV.gz: ticker, ask_price, bid_price, sip_timestamp, among other columns.

A row is a quote or a dead letter with its reason.  Prices are decimals, 0 where nobody quotes a side;
`sip_timestamp` is ns since the epoch, UTC.  Of each contract and minute only the last quote is kept: questions are
asked at the ends of bars, which are whole minutes, and memory is bounded by minutes instead of by quotes.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from flows.csv_texts import RAW, REASON, finding, header_of, letters_of, rows_of
from flows.tape.files import decompressed
from flows.tape.scan import ROW
from operators.chains.contracts import CENTURY, EXAMPLE, PATTERN
from operators.rows import DeadLetter
from operators.times import EARLIEST_NS, LATEST_NS, MINUTE_NS

TICKER: Final = "ticker"
BID: Final = "bid_price"
ASK: Final = "ask_price"
AT: Final = "sip_timestamp"
COLUMNS: Final = (TICKER, ASK, BID, AT)
OF_STOCKS: Final = "participant_timestamp"
"""Quotes of stocks have this column too, those of options have not."""

FURTHEST: Final = timedelta(days=366)
"""The longest horizon is sixty sessions: an expiry a year after its quote is further than any question needs."""

SCHEMA: Final = {TICKER: pl.String(), BID: pl.Float64(), ASK: pl.Float64(), AT: pl.Int64()}

_EXPIRY: Final = "expiry"
_MINUTE: Final = "minute"


@dataclass(frozen=True, slots=True)
class OptionFilter:
    """Which quotes are wanted: of contracts with these `roots` (None: all) that do not expire before `first` (a date).

    And known within [`from_ns`, `to_ns`], ns UTC; None: no bound.  `furthest`: how far away an expiry may be; `thin`:
    keep of each contract and minute the last quote alone.
    """

    roots: Collection[str] | None
    first: date
    from_ns: int
    to_ns: int | None = None
    furthest: timedelta | None = FURTHEST
    thin: bool = True


@dataclass(slots=True)
class OptionRows:
    """Quotes (SCHEMA, ascending by ticker and time), what is none, and how many of adjusted contracts, by root."""

    quotes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    letters: list[DeadLetter] = field(default_factory=list)
    adjusted: Counter[str] = field(default_factory=Counter)


def is_option_quotes(path: Path) -> bool:
    """Whether a file's header is that of option quotes.  Raises DataMissingError for a damaged file."""
    header = header_of(next(iter(decompressed(path)), b""))
    return set(COLUMNS) <= set(header) and OF_STOCKS not in header


def read_option_quotes(path: Path, wanted: OptionFilter) -> OptionRows:
    """Read a file's wanted quotes, piece by piece.

    A row whose ticker cannot be read is reported whatever is wanted.  Raises DataMissingError for a damaged file.
    """
    found, frames, before = OptionRows(), [pl.DataFrame(schema=SCHEMA)], 0
    pieces = _whole_lines(path)
    header = header_of(next(pieces, b""))
    places = [pl.col(f"column_{header.index(name) + 1}").str.strip_chars(' \r"').alias(name) for name in COLUMNS]
    for piece in pieces:
        texts, letters = rows_of(path, piece, len(header), before)
        before += piece.count(b"\n")
        found.letters += letters
        frames.append(_piece(path, texts.select(ROW, *places), wanted, found))
    found.quotes = _thinned(pl.concat(frames), wanted)
    return found


def thinned(quotes: pl.DataFrame) -> pl.DataFrame:
    """Sort quotes and keep of each contract and minute the last; of one instant, the later row."""
    minute = (pl.col(AT) + (MINUTE_NS - 1)) // MINUTE_NS
    ordered = quotes.sort(TICKER, AT, maintain_order=True).with_columns(minute.alias(_MINUTE))
    return ordered.unique(subset=[TICKER, _MINUTE], keep="last", maintain_order=True).select(*SCHEMA)


def _thinned(quotes: pl.DataFrame, wanted: OptionFilter) -> pl.DataFrame:
    return thinned(quotes) if wanted.thin else quotes.sort(TICKER, AT, maintain_order=True).select(*SCHEMA)


def _piece(path: Path, texts: pl.DataFrame, wanted: OptionFilter, found: OptionRows) -> pl.DataFrame:
    """Return the wanted quotes of a piece; note in `found` what else it holds."""
    parts = pl.col(TICKER).str.extract_groups(PATTERN).struct.unnest()
    root, marks = pl.col("root"), pl.col("before") + pl.col("after")
    rows = texts.with_columns(parts)
    if wanted.roots is not None:
        rows = rows.filter(root.is_null() | root.is_in(sorted(wanted.roots)))
    adjusted = rows.filter(marks != "").select(pl.concat_str("before", "root", "after"))
    found.adjusted.update(adjusted.to_series().to_list())
    typed = rows.filter(root.is_null() | (marks == "")).with_columns(
        *(pl.col(name).alias(f"{RAW}{name}") for name in COLUMNS),
        *(pl.col(name).cast(kind, strict=False) for name, kind in SCHEMA.items()),
        (CENTURY + pl.col(_EXPIRY)).str.to_date("%Y%m%d", strict=False).alias(_EXPIRY),
    )
    typed = typed.with_columns(pl.coalesce(_findings()).alias(REASON))
    found.letters += letters_of(path, typed.filter(pl.col(REASON).is_not_null()), COLUMNS)
    kept = pl.col(REASON).is_null() & (pl.col(_EXPIRY) >= pl.lit(wanted.first)) & (pl.col(AT) >= wanted.from_ns)
    if wanted.furthest is not None:
        kept &= pl.col(_EXPIRY) <= pl.from_epoch(AT, time_unit="ns").dt.date() + wanted.furthest
    return _thinned(typed.filter(kept if wanted.to_ns is None else kept & (pl.col(AT) <= wanted.to_ns)), wanted)


def _findings() -> list[pl.Expr]:
    """What may keep a row from being a quote, the first that does counts."""
    findings = []
    for name, kind in ((TICKER, None), (ASK, "a number"), (BID, "a number"), (AT, "a whole number")):
        raw = pl.col(f"{RAW}{name}")
        findings.append(finding(raw.fill_null("") == "", name, "is missing"))
        if kind is not None:
            findings.append(finding(pl.col(name).is_null(), name, f"must be {kind}", raw))
    ticker, at, none = pl.col(TICKER), pl.col(AT), pl.col("strike").fill_null("").str.strip_chars("0") == ""
    unread = pl.col("root").is_null() | none
    findings.insert(1, finding(unread, TICKER, f"must be an option's ticker such as {EXAMPLE}", ticker))
    findings.insert(2, finding(pl.col(_EXPIRY).is_null(), TICKER, "its expiry is no date", ticker))
    for name in (ASK, BID):
        value = pl.col(name)
        bad = ~(value.is_finite() & (value >= 0))
        findings.append(finding(bad, name, "must be dollars, 0 where nobody quotes", value))
    outside = ~at.is_between(EARLIEST_NS, LATEST_NS, closed="left")
    return [*findings, finding(outside, AT, "must be ns since 1970, of 1993 to 2027", at)]


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield a file's header line, then its other lines in pieces that end with a line."""
    rest, headed = b"", False
    for piece in decompressed(path):
        rest += piece
        if not headed and b"\n" in rest:
            first, _, rest = rest.partition(b"\n")
            yield first
            headed = True
        if headed and b"\n" in rest:
            lines, _, rest = rest.rpartition(b"\n")
            yield lines + b"\n"
    if rest:
        yield rest
