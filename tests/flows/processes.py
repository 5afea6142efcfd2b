"""What the system tells of processes that a test did not start itself."""

from pathlib import Path

import pytest


def children_of(parent: int) -> list[int]:
    """The processes that a process started, oldest first; skips where the system does not tell."""
    listing = Path(f"/proc/{parent}/task/{parent}/children")
    if not listing.exists():
        pytest.skip("this system does not list children")
    return [int(child) for child in listing.read_text().split()]


def workers_of(run: int) -> list[int]:
    """The worker processes of a run, oldest first: children of a child, which they are born of."""
    return [worker for child in children_of(run) for worker in children_of(child)]


def lives(process: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
