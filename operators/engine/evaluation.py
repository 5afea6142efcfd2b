"""The engine.  Rule: one answer to one question; what cannot be traded is watched, and says why."""

from math import isfinite

from msgspec.structs import replace

from operators.engine.cautions import cautions
from operators.engine.grid import Grid, nearest
from operators.engine.inputs import EngineInput
from operators.engine.ladder import build_ladder
from operators.engine.odds import price_targets
from operators.engine.profile import ProfileTarget, Runner, TargetProfile
from operators.engine.sizing import whole_shares
from operators.engine.stop import Stop, place_stop
from operators.engine.styles import RUNNER_FRACTION, STYLES, TRAIL_STEP
from operators.engine.trace import Candidate, SnapLine, Verdict, ordered
from operators.engine.watching import Watch, watch_atr, watch_ladder, watch_move, watch_room, watch_stop
from operators.engine.yardstick import Yardstick
from operators.plans import Entry, EntryType, Trail


def evaluate(asked: EngineInput) -> TargetProfile:
    """Decide entry, stop, targets, odds, runner and size; a pure function of its input.

    Never raises: whatever EngineInput let through has an answer, a watch profile if need be.
    """
    grid = Grid.around(asked.reference, asked.direction, asked.tick)
    candidates, atr, move = _candidates(asked, grid), asked.atr, asked.expected_move
    if atr is None or not isfinite(atr):
        return _bare(asked, grid, candidates, watch_atr(None))
    if atr == 0:
        return _bare(asked, grid, candidates, watch_atr(atr))
    if move is None or move.dollars == 0:
        return _bare(asked, grid, candidates, watch_move(move))
    yard = Yardstick.of(STYLES[asked.style], grid, atr, move.dollars)
    stop = place_stop(candidates, yard)
    if stop is None:
        return _bare(asked, grid, candidates, watch_stop(atr, grid.price(0)))
    rungs = build_ladder(candidates, yard, stop.ticks)
    targets = price_targets(rungs, grid, stop.ticks, yard.move, asked.calibration)
    if not targets:
        return _bare(asked, grid, candidates, watch_room(move))
    return _complete(asked, grid, yard, stop, targets, _trace(candidates, yard.atr, Verdict.NO_WINDOW))


def _bare(asked: EngineInput, grid: Grid, candidates: list[Candidate], watch: Watch) -> TargetProfile:
    """A watch profile without a ladder."""
    atr = asked.atr if asked.atr is not None and isfinite(asked.atr) else None
    trace = _trace(candidates, None if atr is None else atr / asked.tick, Verdict.NOT_ASKED)
    return _profile(asked, grid, atr, trace, watch)


def _profile(
    asked: EngineInput, grid: Grid, atr: float | None, trace: tuple[SnapLine, ...], watch: Watch | None
) -> TargetProfile:
    return TargetProfile(
        symbol=asked.symbol,
        style=asked.style,
        direction=asked.direction,
        as_of_ns=asked.as_of_ns,
        tick=asked.tick,
        entry=_entry(asked, grid),
        atr=atr,
        expected_move=asked.expected_move,
        snap_trace=trace,
        actionable=watch is None,
        reason=None if watch is None else watch.reason,
        reason_text=None if watch is None else watch.text,
    )


def _complete(
    asked: EngineInput,
    grid: Grid,
    yard: Yardstick,
    stop: Stop,
    targets: tuple[ProfileTarget, ...],
    trace: tuple[SnapLine, ...],
) -> TargetProfile:
    risk = grid.dollars(stop.ticks)
    size = None if asked.risk_budget is None else whole_shares(asked.risk_budget, risk)
    watch = watch_ladder(asked, targets[0], risk, size)
    return replace(
        _profile(asked, grid, asked.atr, trace, watch),
        stop=grid.price(-stop.ticks),
        stop_basis=stop.basis,
        targets=targets,
        runner=_runner(grid, yard, len(targets)),
        risk_per_share=risk,
        size=size,
        calibration=None if asked.calibration is None else asked.calibration.name,
        warnings=cautions(asked, stop.basis, tuple(target.fraction for target in targets), size),
    )


def _candidates(asked: EngineInput, grid: Grid) -> list[Candidate]:
    found = []
    for level in asked.levels:
        ticks = grid.distance(level.price)
        if level.available_at_ns > asked.as_of_ns:
            found.append(Candidate(level, ticks, Verdict.NOT_YET))
        elif not (ticks == ticks and level.strength >= 0):
            found.append(Candidate(level, ticks, Verdict.NOT_A_PRICE))
        else:
            found.append(Candidate(level, ticks))
    return ordered(found)


def _trace(candidates: list[Candidate], atr_ticks: float | None, otherwise: Verdict) -> tuple[SnapLine, ...]:
    return tuple(each.line(atr_ticks, otherwise) for each in candidates)


def _entry(asked: EngineInput, grid: Grid) -> Entry:
    """Wait for a break when the last price is behind the entry, else for a pullback (or the price itself)."""
    kind = asked.entry_type
    if kind is None:
        behind = asked.last is not None and grid.distance(asked.last) < 0
        kind = EntryType.STOP if behind else EntryType.LIMIT
    return Entry(kind, grid.price(0))


def _runner(grid: Grid, yard: Yardstick, after: int) -> Runner:
    """What the targets leave trails the best price once the last of them is hit."""
    distance = max(nearest(yard.rule.trail_atr * yard.atr), 1)
    step = max(nearest(TRAIL_STEP * distance), 1)
    return Runner(RUNNER_FRACTION, Trail(grid.dollars(distance), grid.dollars(step), after))
