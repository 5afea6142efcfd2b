"""The errors of this package, and how what a driver says becomes a line that a person can act on."""

import re
import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

BUSY_SECONDS: Final = 30
"""How long a SQLite connection waits for another program's lock."""


class DatabaseError(RuntimeError):
    """The database cannot be used.  One line: which one (without password), what failed, what to do.

    `transient`: the same again, a little later, may well succeed; a COMMIT whose answer was lost is among these.
    """

    transient = False


class DatabaseUrlError(DatabaseError):
    """What is to name a database names none: the text itself is wrong."""


class DatabaseMissingError(DatabaseError):
    """There is no such database to read from."""


class DatabaseReplacedError(DatabaseError):
    """The file that is open is not the one of that name any more."""


class SchemaError(DatabaseError):
    """The database answers, but its tables are not those that this program knows."""


class DatabaseEmptyError(SchemaError):
    """There is a database, but nothing was ever written to it."""


_SQLITE: Final = {
    sqlite3.SQLITE_PERM: "permission was denied; check who owns the file and its folder",
    sqlite3.SQLITE_BUSY: "another program holds its lock; stop that program or try again",
    sqlite3.SQLITE_LOCKED: "another connection holds its lock; try again",
    sqlite3.SQLITE_READONLY: "it is read-only; make the file and its folder writable, or choose another",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; check the disk and its free space",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore a copy, or replay into a new file",
    sqlite3.SQLITE_FULL: "the disk is full; free some space and run again, nothing is half written",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database; choose another",
}

_NO_FILE: Final = "there is no such file; check the name"
_NO_DATABASE: Final = "there is no such database; create it (createdb)"
_MISSING: Final = frozenset({_NO_FILE, _NO_DATABASE})

_POSTGRESQL: Final = {
    "25006": "it is read-only; connect to a writable server, or choose another",
    "3D000": _NO_DATABASE,
    "40001": "another transaction was in the way; try again",
    "40P01": "another transaction was in the way; try again",
    "42501": "permission was denied; grant this user the rights to its tables",
    "53100": "the server's disk is full; free some space and run again, nothing is half written",
    "53300": "the server has no connection left; close some or raise max_connections",
    "55P03": "another transaction holds its lock; try again",
}

_PASSING_SQLITE: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PASSING_POSTGRESQL: Final = re.compile("08|57P0[123]|40001|40P01|53300|55P03")
"""SQLSTATE: connection, shutdown and start, serialization, deadlock, too many connections, locked."""

_MISSING_TABLE: Final = "a table is missing; run `fancy-trader db upgrade`"
_UNREACHABLE: Final = re.compile("08|57P|28")  # classes of SQLSTATE: connection, shutdown, login


def shown(url: sa.URL | str) -> str:
    """Write a database URL without anything secret.

    >>> shown("postgresql://ann:secret@host/plans?sslpassword=x&connect_timeout=3")
    'postgresql://ann@host/plans?connect_timeout=3'
    >>> shown("postgresql//ann:secret@host")
    'postgresql//ann@host'
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return re.sub(r":[^:@/]*@|\?.*", lambda found: "@" if found[0][0] == ":" else "", str(url))
    query = {name: value for name, value in parsed.query.items() if "pass" not in name}
    scheme = parsed.drivername.partition("+")[0]
    return sa.URL.create(
        scheme, parsed.username, None, parsed.host, parsed.port, parsed.database, query
    ).render_as_string()


def explained(url: sa.URL, error: BaseException) -> DatabaseError | None:
    """Make a DatabaseError of a driver's error; None for an error that is a mistake of ours, not the database's."""
    reason = _sqlite_reason(url, error) if isinstance(error, sqlite3.Error) else _postgresql_reason(error)
    if reason is None:
        return None
    kind = DatabaseMissingError if reason in _MISSING else DatabaseError
    found = kind(f"{shown(url)}: {reason}")
    found.transient = _passes(error)
    return found


def _passes(error: Any) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING_SQLITE
    code = error.sqlstate
    if code is None:  # said by the client: no server was there, or it went away
        return any(family.__name__ == "OperationalError" for family in type(error).__mro__)
    return _PASSING_POSTGRESQL.match(code) is not None


def _sqlite_reason(url: sa.URL, error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte is the family
    path = Path(url.database or "")
    if code == sqlite3.SQLITE_CANTOPEN or path.is_dir():  # a folder opens for reading, and then cannot be read
        return _why_it_does_not_open(path)
    if "no such table" in str(error):
        return _MISSING_TABLE
    if code in _SQLITE:
        return _SQLITE[code]
    return f"it failed: {_one_line(error)}" if isinstance(error, sqlite3.OperationalError) else None


def _why_it_does_not_open(path: Path) -> str:
    if path.is_dir():
        return "it is a folder; name a file in it"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; create it or choose another file"
    if not path.exists():
        return _NO_FILE
    return "the file cannot be opened; check the permissions of the file and its folder"


def _postgresql_reason(error: Any) -> str | None:
    code = getattr(error, "sqlstate", None)
    if code in _POSTGRESQL:
        return _POSTGRESQL[code]
    if code == "42P01":
        return _MISSING_TABLE
    families = {family.__name__ for family in type(error).__mro__}
    if "OperationalError" in families and (code is None or _UNREACHABLE.match(code)):
        return f"it cannot be reached ({_one_line(error)}); check that the server runs, and user, password and name"
    if "OperationalError" in families or ("ProgrammingError" in families and code is None):
        return f"it failed: {_one_line(error)}"
    return None


def _one_line(error: BaseException) -> str:
    """The first sentence of a driver's text, which may run over many lines."""
    return " ".join(str(error).partition("\n")[0].split()) or type(error).__name__
