"""Bars as of an instant: what late prints made of them later is not known then, whatever is stored by now."""

from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.rows import BarRows, Batch, SupersededBars
from operators.times import MINUTE_NS
from sinks.scan_reader import bars_of
from sinks.writer import SinkWriter

START_NS = 1_381_239_000_000_000_000
MINUTES = 4
_symbols = (f"S{number}" for number in count())


class Stood(NamedTuple):
    """One minute from `known_ns` on; its volume tells its revisions apart."""

    minute: int
    revision: int
    known_ns: int

    @property
    def volume(self) -> float:
        return 100.0 + self.revision

    @property
    def end_ns(self) -> int:
        return START_NS + (self.minute + 1) * MINUTE_NS


def bars(stood: list[Stood]) -> Bars:
    start_ns = np.array([each.end_ns - MINUTE_NS for each in stood], np.int64)
    price, one = np.full(len(stood), 100.0), np.ones(len(stood), np.int64)
    volume = np.array([each.volume for each in stood])
    revision = np.array([each.revision for each in stood], np.int64)
    return Bars(
        *(start_ns, start_ns + MINUTE_NS, price, price, price, price, volume, price),
        *(one, np.full(len(stood), 2, np.uint8), revision),
    )


def batch(symbol: str, stood: list[Stood]) -> Batch:
    """As the flow tells of it: each bar that is new, and what each one that was revised had been."""
    revised = [each for each in stood if each.revision]
    before = bars([each._replace(revision=each.revision - 1) for each in revised])
    until_ns = np.array([each.known_ns for each in revised], np.int64)
    pieces = [BarRows(symbol, Interval.M1, bars([each])) for each in stood]
    old = (SupersededBars(symbol, Interval.M1, before, until_ns),) if revised else ()
    return Batch(bars=tuple(pieces), superseded=old)


@st.composite
def lives(draw: st.DrawFn) -> list[Stood]:
    """Minutes that closed, each revised up to three times, in the order of the tape."""
    found = list[Stood]()
    for minute in range(draw(st.integers(1, MINUTES))):
        known_ns = START_NS + (minute + 1) * MINUTE_NS
        found.append(Stood(minute, 0, known_ns))
        for revision, delay_s in enumerate(draw(st.lists(st.integers(0, 200), max_size=3)), 1):
            known_ns += delay_s * 1_000_000_000
            found.append(Stood(minute, revision, known_ns))
    return sorted(found, key=lambda each: (each.known_ns, each.minute, each.revision))


def wanted(stood: list[Stood], at_ns: int, limit: int | None = None) -> list[tuple[int, float, int]]:
    """What a plain list tells: of each minute that had ended, the last that was known."""
    known = {each.minute: each for each in stood if each.known_ns <= at_ns}
    rows = [(known[minute].end_ns, known[minute].volume, known[minute].revision) for minute in sorted(known)]
    return rows if limit is None else rows[-limit:]


def told(engine: sa.Engine, symbol: str, **asked: int) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = bars_of(connection, symbol, Interval.M1, **asked)
    return list(zip(found.end_ns.tolist(), found.volume.tolist(), found.revision.tolist(), strict=True))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lives(), st.lists(st.integers(1, 5), min_size=1), st.integers(0, 3))
def test_at_every_instant_bars_are_what_a_list_says(
    engine: sa.Engine, writer: SinkWriter, stood: list[Stood], sizes: list[int], again: int
) -> None:
    """However the tape was cut into batches, and if a part of it is written once more by a run that went on earlier."""
    symbol, place, batches = next(_symbols), 0, list[Batch]()
    while place < len(stood):
        size = sizes[len(batches) % len(sizes)]
        batches.append(batch(symbol, stood[place : place + size]))
        place += size
    for each in [*batches, *batches[-again:]]:
        writer.write(each)
    instants = {each.known_ns for each in stood} | {each.end_ns for each in stood}
    for at_ns in sorted({at_ns + step for at_ns in instants for step in (-1, 0)}):
        assert told(engine, symbol, as_of_ns=at_ns) == wanted(stood, at_ns), at_ns
        assert told(engine, symbol, as_of_ns=at_ns, limit=2) == wanted(stood, at_ns, 2), at_ns
    assert told(engine, symbol) == wanted(stood, max(instants))


def test_a_revision_that_an_earlier_version_wrote_is_told_as_it_is_stored(
    engine: sa.Engine, writer: SinkWriter
) -> None:
    """It kept nothing of before; nothing is guessed."""
    revised = Stood(0, 2, START_NS + 3 * MINUTE_NS)
    writer.write(Batch(bars=batch("OLD", [revised]).bars))
    assert told(engine, "OLD", as_of_ns=revised.end_ns) == [(revised.end_ns, revised.volume, 2)]


def test_what_is_no_number_is_refused(writer: SinkWriter) -> None:
    broken = bars([Stood(0, 0, START_NS)])
    broken.volume[0] = np.nan
    old = SupersededBars("AAPL", Interval.M1, broken, np.array([START_NS]))
    with pytest.raises(ValueError, match="AAPL: volume of a 1m bar is no number"):
        writer.write(Batch(superseded=(old,)))
