"""Frames cut anew, brought into time order, and paced: always the same prints."""

import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from flows.tape import pacing
from flows.tape.pacing import cut, joined, paced, recut, time_ordered
from operators.frames import TickFrame
from operators.times import SECOND_NS
from tests.flows.made import OPEN_NS

SYMBOLS = ("AAA", "BBB", "CCC")
Print = tuple[int, int, float, int]


def frame_of(prints: Sequence[Print]) -> TickFrame:
    """Put prints (code, SIP time, price, flags) into a frame."""
    code, sip_ns, price, flags = zip(*prints, strict=True) if prints else ((), (), (), ())
    return TickFrame(
        SYMBOLS,
        np.array(code, dtype=np.uint16),
        np.array(sip_ns, dtype=np.int64),
        np.array(price, dtype=np.float64),
        np.array(flags, dtype=np.uint8),
    )


def prints_of(frame: TickFrame) -> list[Print]:
    """Take a frame apart again."""
    columns = (frame.code.tolist(), frame.sip_ns.tolist(), frame.price.tolist(), frame.flags.tolist())
    return list(zip(*columns, strict=True))


def all_prints(frames: Iterator[TickFrame] | Sequence[TickFrame]) -> list[Print]:
    """All prints of some frames in order."""
    return [each for frame in frames for each in prints_of(frame)]


@pytest.fixture
def tape() -> list[TickFrame]:
    """Frames of uneven sizes, one empty, sorted by symbol, many prints of one instant."""
    rng = np.random.default_rng(5)
    prints = []
    for code in range(3):
        instants = np.sort(rng.integers(0, 600, 200)) * SECOND_NS // 2
        prints += [(code, OPEN_NS + int(at), float(n), int(n) % 256) for n, at in enumerate(instants)]
    edges = [0, 1, 1, 8, 300, 301, 600]
    return [frame_of(prints[first:last]) for first, last in pairwise(edges)]


@pytest.mark.parametrize("rows", [1, 7, 299, 300, 301, 600, 1_000])
def test_frames_cut_anew_hold_the_same_prints(tape: list[TickFrame], rows: int) -> None:
    """Each of the asked size, the last one shorter."""
    frames = list(recut(tape, rows))
    sizes = [len(frame.sip_ns) for frame in frames]
    assert sizes == [rows] * (600 // rows) + [600 % rows] * (600 % rows > 0)
    assert all_prints(frames) == all_prints(tape)


@pytest.mark.parametrize("frames", [[], [frame_of([])], [frame_of([]), frame_of([])]], ids=["none", "one", "two"])
def test_a_tape_without_prints_gives_no_frames(frames: list[TickFrame]) -> None:
    assert list(recut(frames, 3)) == []
    assert all_prints(time_ordered(frames)) == []
    assert list(paced(frames, 60.0)) == []


def test_parts_joined_are_the_whole(tape: list[TickFrame]) -> None:
    whole = joined(tape)
    assert prints_of(whole) == all_prints(tape)
    assert prints_of(joined([cut(whole, 0, 250), cut(whole, 250, 250), cut(whole, 250, 600)])) == prints_of(whole)


def test_time_order_is_across_symbols_and_keeps_the_tape_within_an_instant(tape: list[TickFrame]) -> None:
    """A stable sort by SIP time, over the minutes that the tape is laid out in."""
    wanted = sorted(all_prints(tape), key=lambda each: each[1])
    frames = list(time_ordered(tape))
    assert all_prints(frames) == wanted
    assert [len({int(at) // (60 * SECOND_NS) for at in frame.sip_ns}) for frame in frames] == [1] * 5
    assert {frame.symbols for frame in frames} == {SYMBOLS}


def test_nothing_is_left_on_disk(tape: list[TickFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the tape is read to its end, and not when it is left midway."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    list(time_ordered(tape))
    frames = time_ordered(tape)
    next(frames)
    assert len(list(tmp_path.iterdir())) == 1
    frames.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0, 1e6, 1e10])
def test_frames_are_due_when_the_market_would_have_come_so_far(
    tape: list[TickFrame], monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    """Event time since the first print, divided by the speed, after the start; no frame before its last print."""
    monkeypatch.setattr("flows.tape.pacing.time.monotonic", lambda: 1_000.0)
    ordered = list(time_ordered(tape))
    origin_ns = int(ordered[0].sip_ns[0])
    steps = list(paced(ordered, speed))
    assert all_prints([step.frame for step in steps]) == all_prints(ordered)
    for step in steps:
        passed = (int(step.frame.sip_ns[-1]) - origin_ns) / SECOND_NS / speed
        assert step.due == pytest.approx(1_000.0 + passed)
        lasts = (int(step.frame.sip_ns[-1]) - int(step.frame.sip_ns[0])) / SECOND_NS / speed
        assert lasts <= pacing.STEP_SECONDS
    assert all(one.due <= other.due for one, other in pairwise(steps))


@pytest.mark.parametrize("speed", [1e-9, 1e12, 1e300])
def test_no_speed_above_zero_is_too_slow_or_too_fast(tape: list[TickFrame], speed: float) -> None:
    """Whatever the command line takes, the tape can be paced at."""
    ordered = list(time_ordered(tape))
    assert all_prints([step.frame for step in paced(ordered, speed)]) == all_prints(ordered)
