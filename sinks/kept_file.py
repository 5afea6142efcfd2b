"""Which file a SQLite URL names, and whether it is still the one that is open.

A file that was deleted or replaced stays open, and takes what nobody will ever read.
"""

from pathlib import Path

import sqlalchemy as sa

from sinks.errors import DatabaseReplacedError, shown


def file_of(url: sa.URL) -> Path:
    """The file that a SQLite URL names, whichever way."""
    return Path((url.database or "").removeprefix("file:"))


def file_at(url: sa.URL) -> str:
    """Which file a SQLite URL names now; empty when it names none."""
    try:
        found = file_of(url).stat()
    except OSError:
        return ""
    return f"{found.st_dev} {found.st_ino}"


class KeptFile:
    """The file that the first connection to a URL opened."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self._opened: str | None = None

    def opened(self) -> None:
        """Take note of the file, once it is there."""
        self._opened = self._opened or file_at(self._url)

    def check(self) -> None:
        """Raise DatabaseReplacedError when the URL names another file by now, or none."""
        if file_at(self._url) != self._opened:
            msg = f"{shown(self._url)}: its file was deleted or replaced while it was open; put it back, or run again"
            raise DatabaseReplacedError(msg)
