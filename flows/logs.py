"""What the processes say of themselves on stderr: one JSON object a line, or lines for people on a terminal.

Rule 1: the vendor's key is taken out of every finished line, whatever put it there.  Rule 2: what libraries log or warn
of, and errors that nobody caught, come out the same way.  Rule 3: whoever stops reading the log stops nothing else.
"""

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from flows.feed.api_key import HIDDEN, VARIABLES

LEVELS: Final = {
    "child_failed": logging.ERROR,
    "child_gone": logging.WARNING,
    "child_killed": logging.WARNING,
    "child_waits": logging.WARNING,
    "commands_wait": logging.WARNING,
    "connection_closed": logging.WARNING,
    "dead_line": logging.WARNING,
    "feed_failed": logging.ERROR,
    "feed_refused": logging.ERROR,
    "gap_stays_open": logging.ERROR,
    "live_failed": logging.ERROR,
    "no_answers": logging.WARNING,
    "no_connection": logging.WARNING,
    "plans_not_followed": logging.WARNING,
    "repair_left": logging.WARNING,
    "silent_line": logging.WARNING,
    "subscription_refused": logging.ERROR,
    "subscription_unanswered": logging.ERROR,
    "tape_note": logging.WARNING,
    "uncaught": logging.CRITICAL,
    "writes_wait": logging.WARNING,
}
"""How grave an event is; the others are for information."""
FIRST: Final = ("at", "level", "process", "event")
"""What every line begins with."""


def log_line(event: str, **fields: Any) -> None:
    """Write one line: the stable name of an event, and its fields."""
    if not structlog.is_configured():
        _configure("fancy-trader", human=False)
    structlog.get_logger().log(LEVELS.get(event, logging.INFO), event, **fields)


def log_again(line: Mapping[str, Any]) -> None:
    """Write a line that another process made, as one of this log."""
    given = dict(line)
    event, level = str(given.pop("event", "log")), str(given.pop("level", "info"))
    structlog.get_logger().log(logging.getLevelNamesMapping().get(level.upper(), logging.INFO), event, **given)


def set_up(process: str, *, human: bool | None = None) -> None:
    """Let this process say everything so.  `process`: its name in every line; `human` None: as stderr is a terminal."""
    _configure(process, human=sys.stderr.isatty() if human is None else human)
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_FromLibraries(logging.WARNING))
    warnings.showwarning = _warned
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _configure(process: str, *, human: bool) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _headed(process),
            *(_for_people() if human else _for_machines()),
            _without(_keys()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
    )


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _for_people() -> list[Processor]:
    colours = "NO_COLOR" not in os.environ
    plain = structlog.dev.plain_traceback
    return [_printable, structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at", exception_formatter=plain)]


def _headed(process: str) -> Processor:
    """Return what puts the head before an event's fields; a line from elsewhere brings its own time and process."""

    def head(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        usual = {"at": datetime.now(UTC).isoformat(timespec="microseconds"), "process": process}
        known = {**usual, **event}
        return {**{name: known[name] for name in FIRST}, **event}

    return head


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Let no server's text write to the terminal what only the terminal's owner may."""
    return {
        name: "".join(each if each.isprintable() else "?" for each in value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def _without(keys: Iterable[str]) -> Any:
    """Return the last step: a line without the keys, also as JSON and Python write them."""
    forms = {form for key in keys for form in (key, json.dumps(key)[1:-1], repr(key)[1:-1])}
    hidden = sorted(forms, key=len, reverse=True)

    def redact(_: WrappedLogger, __: str, line: str) -> str:
        for each in hidden:
            line = line.replace(each, HIDDEN)
        return line

    return redact


def _keys() -> list[str]:
    return [key for key in (os.environ.get(name, "").strip() for name in VARIABLES) if key]


class _Stderr:
    """The present stderr, whichever that is at each line."""

    def write(self, text: str) -> None:
        with suppress(OSError):  # who read the log is gone: there is nobody to tell
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class _FromLibraries(logging.Handler):
    """What libraries log, as events of the name `log`."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(logging.CRITICAL, record.levelno // 10 * 10)
        said: dict[str, Any] = {"logger": record.name, "message": record.getMessage(), "exc_info": record.exc_info}
        structlog.get_logger().log(level, "log", **said)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    text = f"{category.__name__}: {message}"
    structlog.get_logger().warning("log", logger="warnings", message=text, place=f"{filename}:{lineno}")


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, SystemExit | KeyboardInterrupt) and error is not None:
        structlog.get_logger().log(LEVELS["uncaught"], "uncaught", exc_info=(kind, error, trace))
