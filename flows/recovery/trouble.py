"""What the engine says when it cannot keep state, in words that help.

It panics then, and all that leaves it is a text with SQLite's error somewhere in it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flows.recovery.standing import RecoveryError

_STORE: Final = re.compile(r'SqliteFailure\(.*?Some\("(?P<why>[^"]*)"\)', re.DOTALL)


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Let the engine keep state in a folder.  Raises RecoveryError where it panics because the disk refuses."""
    try:
        yield
    except BaseException as error:  # a panic is no Exception, and its class cannot be imported
        trouble = store_trouble(folder, error)
        if trouble is None:
            raise
        raise trouble from None


def store_trouble(folder: Path, error: BaseException) -> RecoveryError | None:
    """Return what is wrong with a recovery directory if that is what the engine ended of, else None.

    >>> text = 'panicked at src/recovery.rs:6: on an `Err` value: SqliteFailure(Error { }, Some("database is full"))'
    >>> print(store_trouble(Path("kept"), RuntimeError(text)))
    kept: state cannot be kept (database is full); check the disk and its free space, then run the same again
    """
    found = _STORE.search(str(error))
    if found is None:
        return None
    why = f"state cannot be kept ({found['why']})"
    return RecoveryError(f"{folder}: {why}; check the disk and its free space, then run the same again")
