"""Option chains from the vendor's quotes_v1 flat files: what was quoted on the sessions that are replayed.

Rule: a contract ends with the last session on or before the date in its ticker (until 2015 that was a Saturday).
Adjusted contracts are left out and counted, and so are expiries further away than any question asks for.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from flows.csv_texts import DAY_IN_NAME, SUFFIXES
from flows.errors import DataMissingError
from flows.option_rows import (
    ASK,
    AT,
    BID,
    COLUMNS,
    SCHEMA,
    TICKER,
    OptionFilter,
    is_option_quotes,
    read_option_quotes,
    thinned,
)
from operators.chains.chain_history import ChainHistory, Leg
from operators.chains.contracts import read_contract, root_of
from operators.rows import DeadLetter
from operators.sessions import SessionCalendar, new_york


@dataclass(frozen=True, slots=True)
class OptionQuotes:
    """Chains by underlying; rows that could not be used; `adjusted`: quotes of adjusted contracts, by their root."""

    chains: Mapping[str, ChainHistory]
    dead_letters: tuple[DeadLetter, ...] = ()
    adjusted: Mapping[str, int] = field(default_factory=dict)


def load_option_quotes(
    folder: Path, symbols: Collection[str], calendar: SessionCalendar, from_ns: int, to_ns: int | None = None
) -> OptionQuotes:
    """Load the quotes of options on `symbols` that were known within [from_ns, to_ns], ns UTC.

    Raises DataMissingError for a folder without option quotes and for a damaged file.
    """
    roots = {root_of(symbol): symbol for symbol in sorted(symbols, key=lambda symbol: ("." not in symbol, symbol))}
    wanted = OptionFilter(roots, new_york(from_ns).date(), from_ns, to_ns)
    frames, letters, adjusted = [pl.DataFrame(schema=SCHEMA)], list[DeadLetter](), Counter[str]()
    for file in option_files(folder, wanted):
        found = read_option_quotes(file, wanted)
        frames.append(found.quotes)
        letters += found.letters
        adjusted += found.adjusted
    legs: dict[str, list[Leg]] = {}
    for leg in _legs(thinned(pl.concat(frames)), calendar):
        legs.setdefault(roots[leg.contract.root], []).append(leg)
    chains = {symbol: ChainHistory.of(symbol, legs[symbol]) for symbol in sorted(legs)}
    return OptionQuotes(chains, tuple(letters), dict(sorted(adjusted.items())))


def option_files(folder: Path, wanted: OptionFilter) -> list[Path]:
    """The option quotes under a folder, or that file, in order of paths, but for those whose names say another day."""
    if not folder.exists():
        msg = f"{folder}: no such folder"
        raise DataMissingError(msg)
    within = [folder] if folder.is_file() else folder.rglob("*")
    files = sorted(each for each in within if each.is_file() and each.name.endswith(SUFFIXES))
    found = [each for each in files if is_option_quotes(each)]
    if not found:
        names = ",".join(COLUMNS)
        msg = f"{folder}: no option quotes here; looked for {', '.join(SUFFIXES)} with the columns {names}"
        raise DataMissingError(msg)
    first, last = (None if at is None else new_york(at).date().isoformat() for at in (wanted.from_ns, wanted.to_ns))
    return [each for each in found if all(_within(day, first, last) for day in DAY_IN_NAME.findall(each.name))]


def _within(day: str, first: str | None, last: str | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _legs(quotes: pl.DataFrame, calendar: SessionCalendar) -> Iterator[Leg]:
    """Cut quotes, ascending by ticker and time, by contract; those beyond the calendar are left out."""
    counts = quotes.group_by(TICKER, maintain_order=True).len()
    ends = np.cumsum(counts["len"].to_numpy().astype(np.int64))
    columns = tuple(quotes[name].to_numpy() for name in (AT, BID, ASK))
    for ticker, count, end in zip(counts[TICKER], counts["len"], ends.tolist(), strict=True):
        contract = read_contract(ticker)
        place = bisect_right(calendar.days, contract.expiry, key=lambda day: day.date) - 1
        if contract.expiry <= calendar.days[-1].date and place >= 0:
            mine = slice(end - count, end)
            yield Leg(contract, calendar.days[place].close_ns, *(column[mine] for column in columns))
