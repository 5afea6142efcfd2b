"""What a scan needs before the first print: which symbols, and what is known of them from earlier days."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from flows.bar_history import load_bar_history
from flows.errors import BadInputError, no_such_file
from flows.option_quotes import OptionQuotes, load_option_quotes
from flows.options import ReplayOptions
from flows.split_files import load_splits
from flows.tape.files import TapeFile
from flows.tape.reader import read_file
from flows.tape.scan import ScanFilter
from operators import ticks
from operators.bars.columns import Bars, Interval
from operators.bars.splits import Split, due
from operators.coding import MOST_SYMBOLS
from operators.nyse import nyse_calendar
from operators.rows import DeadLetter
from operators.sessions import new_york
from operators.tickers import is_ticker

BarsOf = Mapping[str, Mapping[Interval, Bars]]


def scanned_symbols(options: ReplayOptions, files: Sequence[TapeFile]) -> tuple[frozenset[str], list[str]]:
    """Return the symbols that are scanned: those of the universe, else all on the tape, within `symbols` if given.

    And notes: what is no ticker names none.
    Raises BadInputError for a universe that is none and for more symbols than can be watched at once.
    """
    found = read_universe(options.universe) if options.universe else _symbols_on(files, options)
    strays = sorted(each for each in found if not is_ticker(each))
    found = found.difference(strays)
    if options.symbols is not None:
        found &= options.symbols
    if len(found) > MOST_SYMBOLS:
        msg = f"{len(found):,} symbols on the tape; at most {MOST_SYMBOLS:,} can be watched at once: name a --universe"
        raise BadInputError(msg)
    shown = ", ".join(repr(each[:40]) for each in strays[:3])
    return found, [f"{len(strays):,} names on the tape are no tickers, and are not scanned: {shown}"] if strays else []


def read_universe(path: Path) -> frozenset[str]:
    """Read tickers, one per line; what follows a # is a remark.  Raises DataMissingError, BadInputError."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise no_such_file(path) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read as text ({error})"
        raise BadInputError(msg) from None
    found: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        symbol = line.partition("#")[0].strip()
        if symbol and not is_ticker(symbol):
            msg = f"{path}: line {number}: got {symbol[:40]!r}; must be one ticker"
            raise BadInputError(msg)
        found |= {symbol} - {""}
    if not found:
        msg = f"{path}: holds no ticker; must be one per line"
        raise BadInputError(msg)
    return frozenset(found)


def load_history(
    options: ReplayOptions, symbols: Collection[str], first_ns: int
) -> tuple[BarsOf, tuple[DeadLetter, ...]]:
    """Return earlier bars by symbol and interval, and the rows that could not be used.  `first_ns`: ns UTC."""
    if options.bars is None:
        return {}, ()
    splits = load_splits(options.splits) if options.splits else ()
    past = load_bar_history(options.bars, symbols, nyse_calendar(), first_ns, splits)
    found: dict[str, dict[Interval, Bars]] = {}
    for interval, by_symbol in ((Interval.M1, past.minutes), (Interval.D1, past.days)):
        for symbol in sorted(by_symbol):
            found.setdefault(symbol, {})[interval] = by_symbol[symbol]
    return found, past.dead_letters


def load_chains(options: ReplayOptions, symbols: Collection[str], first_ns: int, last_ns: int | None) -> OptionQuotes:
    """Return the option chains of the symbols that are scanned, within [first_ns, last_ns], ns UTC."""
    if options.option_quotes is None or not symbols:
        return OptionQuotes({})
    return load_option_quotes(options.option_quotes, symbols, nyse_calendar(), first_ns, last_ns)


def adjusted_notes(quoted: OptionQuotes) -> list[str]:
    """Say how many quotes are of contracts that deliver something else than 100 shares."""
    roots, count = ", ".join(quoted.adjusted), sum(quoted.adjusted.values())
    return [f"{count:,} quotes of adjusted option contracts ({roots}) are left out"] if count else []


def splits_ahead(options: ReplayOptions, symbols: Collection[str], first_ns: int) -> Mapping[str, tuple[Split, ...]]:
    """Return the splits after the session of `first_ns`, ns UTC, by symbol: earlier ones are in the history already."""
    if options.splits is None:
        return {}
    splits, first = load_splits(options.splits), new_york(first_ns).date()
    found = {symbol: due(splits, symbol, date.max, first) for symbol in sorted(symbols)}
    return {symbol: each for symbol, each in found.items() if each}


def _symbols_on(files: Sequence[TapeFile], options: ReplayOptions) -> frozenset[str]:
    """Return the symbols on the tape: one look at a single column of Parquet, a whole reading of CSV."""
    found: set[str] = set()
    for file in files:
        if file.is_parquet:
            name = file.layout.names[ticks.SYMBOL]
            frame = pl.scan_parquet(file.path).select(pl.col(name).cast(pl.String).unique()).collect(engine="streaming")
            found |= set(frame.to_series().drop_nulls().to_list())
            continue
        for piece in read_file(file, ScanFilter(options.from_ns, options.to_ns)):
            found |= set(piece.ticks.get_column(ticks.SYMBOL).unique().to_list())
    return frozenset(found - {""})
