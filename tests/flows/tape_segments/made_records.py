"""Records for the tests of the tape."""

from pathlib import Path

from hypothesis import strategies as st

from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind, Record
from operators.times import SECOND_NS

MORNING: int = 1_381_239_000 * SECOND_NS
"""2013-10-08 09:30 New York."""


def numbered(count: int, size: int = 40) -> list[Record]:
    """Return frames that tell their number."""
    return [Record(Kind.FRAME, MORNING + n, f"{n:06d}".encode() * (size // 6), n % 3) for n in range(count)]


def everything(folder: Path) -> list[Record]:
    """Read a tape that nobody writes to its end."""
    found: list[Record] = []
    with TapeFollower(folder, visible_only=False) as follower:
        while placed := follower.read():
            found += [record for record, _ in placed]
    return found


records = st.lists(
    st.builds(
        Record,
        st.sampled_from(Kind),
        st.integers(MORNING, MORNING + 3 * 86_400 * SECOND_NS),
        st.binary(max_size=300),
        st.integers(0, 65_535),
    ),
    max_size=30,
)
