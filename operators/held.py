"""What a symbol's book has seen that nothing happened at, apart from its plans: little, where the book itself is much.

Told with a book as it was kept some time ago, it makes that the book of now.  Told twice, or of a time that the book
has passed, it changes nothing.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from operators.eligibility import Profile
from operators.state import Quiet

ProfileRow = tuple[tuple[str, ...], bool, bool]
"""A profile as plain values: its sessions in order, odd lots, extended hours."""


class Held(NamedTuple):
    """`now_ns`: how far time has come, ns UTC; `counts`: see `eligibility.COUNTED`, of the whole tape.

    `quiet`: what plans of each profile have seen since the last print that something happened at, or earlier ones too.
    """

    now_ns: int
    counts: tuple[int, ...]
    quiet: tuple[tuple[ProfileRow, tuple[Any, ...]], ...]

    @property
    def records(self) -> int:
        """Return how many prints of the tape it knows of: of two of one symbol, the one with more is the later."""
        return self.counts[0]

    def of(self, profile: Profile | None) -> Quiet | None:
        """Return what plans of a profile have seen."""
        if profile is None:
            return None
        row = profile_row(profile)
        return next((Quiet(*seen) for whose, seen in self.quiet if whose == row), None)


@lru_cache(maxsize=256)
def profile_row(profile: Profile) -> ProfileRow:
    """Write a profile as plain values."""
    return tuple(sorted(map(str, profile.sessions))), profile.odd_lots, profile.extended_hours
