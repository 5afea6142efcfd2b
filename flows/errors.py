"""What the command line says when it cannot go on: one line, and the exit code that goes with it."""

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILURE = 1
    BAD_INPUT = 2
    DATA_MISSING = 3
    DIVERGENCE = 4


class CommandError(Exception):
    """A failure that a person can act on.  Its text is one line."""

    exit_code = ExitCode.FAILURE


class BadInputError(CommandError):
    """The arguments or a file cannot be used as given."""

    exit_code = ExitCode.BAD_INPUT


class DataMissingError(CommandError):
    """What was asked for is not there, or not whole."""

    exit_code = ExitCode.DATA_MISSING


def no_such_file(path: Path) -> DataMissingError:
    """Return what is said of a file that is not there."""
    return DataMissingError(f"{path}: no such file")
