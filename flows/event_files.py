"""Market events from CSV: id,symbol,kind,severity,at,known_at,label.

One bad row refuses the file: a gate that misses an event is worse than none.
"""

import csv
import io
from pathlib import Path
from typing import Final

from flows.errors import BadInputError, no_such_file
from operators.market_events import EVERY_SYMBOL, MarketEvent, Severity
from operators.tickers import is_ticker
from operators.times import parse_instant

COLUMNS: Final = ("id", "symbol", "kind", "severity", "at", "known_at", "label")


def load_events(path: Path) -> list[MarketEvent]:
    """Read an events file in its order.  Raises BadInputError naming file, row, field, value and what is allowed."""
    events: dict[str, MarketEvent] = {}
    for number, row in enumerate(_rows(path), 1):
        try:
            event = _event(row)
            if events.setdefault(event.event_id, event) != event:
                _refuse("id", event.event_id, "an id of its own; this one was given before with other content")
        except ValueError as error:
            msg = f"{path}: row {number}: {error}"
            raise BadInputError(msg) from None
    return list(events.values())


def _event(row: dict[str, str]) -> MarketEvent:
    for field in ("id", "kind"):
        if not row[field]:
            _refuse(field, "", "some text")
        if "\0" in row[field]:
            _refuse(field, row[field], "text without NUL")
    if row["symbol"] != EVERY_SYMBOL and not is_ticker(row["symbol"]):
        _refuse("symbol", row["symbol"], f"a ticker, or {EVERY_SYMBOL} for all")
    if row["severity"] not in list(Severity):
        _refuse("severity", row["severity"], f"one of {', '.join(Severity)}")
    return MarketEvent(
        row["id"],
        row["symbol"],
        row["kind"],
        Severity(row["severity"]),
        _instant(row, "at"),
        _instant(row, "known_at"),
        row["label"],
    )


def _instant(row: dict[str, str], field: str) -> int:
    try:
        return parse_instant(row[field])
    except ValueError as error:
        msg = f"{field}: {error}"
        raise ValueError(msg) from None


def _refuse(field: str, value: str, allowed: str) -> None:
    msg = f"{field}: got {value!r}; must be {allowed}"
    raise ValueError(msg)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise no_such_file(path) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read as text ({error})"
        raise BadInputError(msg) from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        msg = f"{path}: is not CSV ({error})"
        raise BadInputError(msg) from None
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        msg = f"{path}: no column {', '.join(missing)}; must start with {','.join(COLUMNS)}"
        raise BadInputError(msg)
    rows = []
    for number, fields in enumerate(lines[1:], 1):
        if not fields:
            continue
        if len(fields) != len(header):
            msg = f"{path}: row {number}: has {len(fields)} fields; the header has {len(header)}"
            raise BadInputError(msg)
        rows.append({name: value.strip() for name, value in zip(header, fields, strict=True)})
    return rows
