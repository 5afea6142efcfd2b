"""History from the vendor's minute and day aggregates: what was known before the first replayed session.

Rule: bars that are loaded end before the session that holds the first replayed instant, so that no session mixes
loaded and built bars.  A row that starts at midnight New York is a day, any other a minute.  A day becomes the bar of
its regular session; one of which there are only minutes is folded from them.  Rows that belong to no session, rows of
another day than their file's name says, and bars that are there twice, become dead letters; of the latter one with
volume is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from flows.aggregates import COLUMNS, SCHEMA, START, TICKER, TRADES, VOLUME, is_aggregates, read_aggregates
from flows.csv_texts import DAY_IN_NAME, SUFFIXES
from flows.errors import DataMissingError
from flows.tape.scan import ROW, dead_letter
from operators.bars.columns import NO_BARS, Bars, Interval
from operators.bars.fold import REGULAR, fold
from operators.bars.splits import Split, adjusted, due
from operators.rows import DeadLetter
from operators.sessions import TIME_ZONE, SessionCalendar, new_york_day_ns
from operators.times import MINUTE_NS

_DAY: Final = "day"
_FILE: Final = "file"
_DATE: Final = "date"
_PHASE: Final = "phase"
_REASON: Final = "reason"
_LOCAL: Final = pl.from_epoch(START, time_unit="ns").dt.replace_time_zone("UTC").dt.convert_time_zone(TIME_ZONE)
_NO_ROWS: Final = pl.DataFrame(schema={**SCHEMA, _FILE: pl.String()})


@dataclass(frozen=True, slots=True)
class BarHistory:
    """Bars by symbol, ascending, in the shares of `session_date`, the first session that is replayed.

    `vwap` and, where the files do not say, `trades` are unknown.
    """

    session_date: date
    minutes: Mapping[str, Bars]
    days: Mapping[str, Bars]
    dead_letters: tuple[DeadLetter, ...] = ()


def load_bar_history(
    folder: Path, symbols: Collection[str], calendar: SessionCalendar, first_ns: int, splits: Sequence[Split] = ()
) -> BarHistory:
    """Load the bars of `symbols` that end before the session of `first_ns`, ns UTC, split-adjusted to that session.

    Raises DataMissingError for a folder without aggregates and for a damaged file, SessionRangeError for an instant
    outside the calendar.
    """
    session = calendar.days[int(np.searchsorted([day.post_end_ns for day in calendar.days], first_ns, side="right"))]
    before_ns = new_york_day_ns(session.date)[0]
    rows, letters = _read(_files(folder, session.date), symbols, before_ns)
    rows, refusals = _placed(rows, calendar)
    minutes, days = (_bars(rows.filter(chosen), calendar) for chosen in (~pl.col(_DAY), pl.col(_DAY)))
    for symbol, bars in minutes.items():
        days[symbol] = _with_folded(days.get(symbol, NO_BARS), bars, calendar, before_ns)
    told = {symbol: due(splits, symbol, session.date) for symbol in days}
    return BarHistory(
        session.date,
        {symbol: adjusted(bars, told[symbol]) for symbol, bars in minutes.items()},
        {symbol: adjusted(bars, told[symbol]) for symbol, bars in days.items()},
        (*letters, *refusals),
    )


def _files(folder: Path, before: date) -> list[Path]:
    """The aggregates under a folder, in order of their paths, but for those whose names say a later day."""
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise DataMissingError(msg)
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name.endswith(SUFFIXES))
    found = [each for each in files if is_aggregates(each)]
    if not found:
        msg = f"{folder}: no aggregates here; looked for {', '.join(SUFFIXES)} with the columns {','.join(COLUMNS)}"
        raise DataMissingError(msg)
    return [each for each in found if not any(day >= before.isoformat() for day in DAY_IN_NAME.findall(each.name))]


def _read(files: Sequence[Path], symbols: Collection[str], before_ns: int) -> tuple[pl.DataFrame, list[DeadLetter]]:
    frames, letters = [_NO_ROWS], []
    for file in files:
        rows, found = read_aggregates(file, symbols)
        rows = rows.with_columns(pl.lit(str(file)).alias(_FILE))
        stray = _stray(DAY_IN_NAME.findall(file.name))
        frames.append(rows.filter(~stray & (pl.col(START) < before_ns)))
        strays = rows.filter(stray).with_columns(pl.lit("is of another day than the file's name says").alias(_REASON))
        letters += [*found, *map(_letter, strays.iter_rows(named=True))]
    return pl.concat(frames), letters


def _stray(named: Sequence[str]) -> pl.Expr:
    """Whether a row is of none of the days from the first to the last that its file's name holds; false without any."""
    if not named:
        return pl.lit(value=False)
    return ~_LOCAL.dt.strftime("%Y-%m-%d").is_between(pl.lit(min(named)), pl.lit(max(named)))


def _placed(rows: pl.DataFrame, calendar: SessionCalendar) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Tell days from minutes and sort; give back those of no session, and those that are there twice."""
    rows = rows.sort(TICKER, START, pl.col(VOLUME) == 0, maintain_order=True)
    rows = rows.with_columns(_LOCAL.dt.date().alias(_DATE), (_LOCAL.dt.time() == time()).alias(_DAY))
    rows = rows.with_columns(pl.Series(_PHASE, calendar.phase_codes(rows[START].to_numpy())))
    days = pl.Series([day.date for day in calendar.days], dtype=pl.Date)
    day, dated = pl.col(_DAY), pl.col(_DATE).is_in(days.implode())
    reason = pl.coalesce(
        pl.when(day & ~dated).then(pl.lit("got midnight of a day without a session")),
        pl.when(~day & (pl.col(START) % MINUTE_NS != 0)).then(pl.lit("is neither midnight nor a whole minute")),
        pl.when(~day & (pl.col(_PHASE) == 0)).then(pl.lit("lies outside every session")),
        pl.when(~pl.struct(TICKER, START).is_first_distinct()).then(pl.lit("the same bar is there already")),
    )
    rows = rows.with_columns(reason.alias(_REASON))
    bad = rows.filter(pl.col(_REASON).is_not_null())
    return rows.filter(pl.col(_REASON).is_null()), [_letter(row) for row in bad.iter_rows(named=True)]


def _letter(row: Mapping[str, object]) -> DeadLetter:
    raw = ",".join(str(row[name]) for name in COLUMNS)
    return dead_letter(str(row[_FILE]), int(str(row[ROW])), START, str(row[_REASON]), raw)


def _bars(rows: pl.DataFrame, calendar: SessionCalendar) -> dict[str, Bars]:
    parts = rows.partition_by(TICKER, as_dict=True, maintain_order=True)
    return {str(ticker): _symbol_bars(part, calendar) for (ticker,), part in parts.items()}


def _symbol_bars(rows: pl.DataFrame, calendar: SessionCalendar) -> Bars:
    """Make bars of one symbol's rows, all days or all minutes."""
    start_ns, phase = rows[START].to_numpy(), rows[_PHASE].to_numpy()
    end_ns = start_ns + MINUTE_NS
    if rows[_DAY].item(0):
        sessions = [calendar.day_on_or_after(day) for day in rows[_DATE]]
        start_ns = np.array([session.open_ns for session in sessions], dtype=np.int64)
        end_ns = np.array([session.close_ns for session in sessions], dtype=np.int64)
        phase = np.full(len(rows), REGULAR, dtype=np.uint8)
    open_, high, low, close, volume = (rows[name].to_numpy() for name in ("open", "high", "low", "close", VOLUME))
    unknown, first = np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.int64)
    return Bars(start_ns, end_ns, open_, high, low, close, volume, unknown, rows[TRADES].to_numpy(), phase, first)


def _with_folded(days: Bars, minutes: Bars, calendar: SessionCalendar, before_ns: int) -> Bars:
    """Add the days of which there are only minutes."""
    folded = fold(minutes, Interval.D1, calendar, before_ns)
    both = Bars.concat([days, folded.take(~np.isin(folded.start_ns, days.start_ns))])
    return both.take(np.argsort(both.start_ns, kind="stable"))
