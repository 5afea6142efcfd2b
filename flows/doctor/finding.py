"""What a look at one thing found, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """`ok`; `warn`: it works, but something will be missing; `fail`: a command that needs it will refuse."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.  `found`: what is there; `remedy`: what to do about it, empty when it is ok."""

    name: str
    grade: Grade
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(name, Grade.OK, found)


def warn(name: str, found: str, remedy: str) -> Finding:
    """It will do, for something less."""
    return Finding(name, Grade.WARN, found, remedy)


def fail(name: str, found: str, remedy: str) -> Finding:
    """It will not do."""
    return Finding(name, Grade.FAIL, found, remedy)
