"""One seed: a market, a feed that is killed, a dataflow that is killed, a database that falters, and what must hold.

Everything random comes from the seed, and the only clock is the world's, so a seed that fails fails again.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from flows import tape_partition
from flows.recovery import places
from flows.tape.files import log_file
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import PlanCommand, read_command
from flows.tape.segments.record import Kind, Record
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults, read_plan
from operators.plans import PlanError
from operators.records import Cancel, Command, Register
from tests.operators.plain_loop import plain_loop
from tests.operators.scenarios import Scenario
from tests.simulation.flow import Flow, replay
from tests.simulation.ingest import Ingest, on_tape
from tests.simulation.ledger import FencedOffError, Ledger, event_told
from tests.simulation.world import LAST_WORD_NS, World, draw_world

MOST_STEPS = 200_000
DANGER, LONG_DANGER = 0.02, 0.000_5
"""How likely a kill is with every step; a life with the scanner has some forty times as many."""


@dataclass
class Lived:
    """What happened in one seed, to be counted."""

    events: int = 0
    kills: int = 0
    resumed: int = 0
    restored: int = 0
    retries: int = 0
    fenced: int = 0
    commits: int = 0
    records: int = 0
    scans: int = 0


class Clock:
    """Time stands still while a process looks; the next look is always due."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        """Seconds since something."""
        self._now_s += 1.0
        return self._now_s


def live(seed: int, folder: Path, *, scan: bool = False) -> Lived:
    """Live through a seed; `folder` is empty.  Raises AssertionError saying what does not hold."""
    with patch.object(tape_partition, "time", Clock()), patch.object(places, "time", Clock()):
        return _Life(seed, folder, scan=scan).run()


class _Life:
    def __init__(self, seed: int, folder: Path, *, scan: bool) -> None:
        self._rng, self._folder = Random(seed), folder
        self._world, self.lived = draw_world(self._rng, scan=scan), Lived()
        self._ledger = Ledger(self._fate)
        self._trouble = self._rng.choice((0.0, 0.1, 0.4))
        self._kills = self._rng.choice((0, 1, 2, 3))
        self._danger = LONG_DANGER if scan else DANGER
        self._keeps, self._rooms = self._rng.random() < 0.8, list[Path]()
        self._ingest = Ingest(self._world, self._ledger, folder, self._rng)
        self._ingest.step()
        self._zombies = list[Flow]()
        self._backup = self._ledger.copied()
        self._flow = self._begin()

    def run(self) -> Lived:
        for _ in range(MOST_STEPS):
            self._step()
            if self._flow.done:
                break
        else:
            raise AssertionError("it comes to no end")
        self._ingest.close()
        for flow in (self._flow, *self._zombies):
            flow.close()
        self._check()
        self.lived.commits, self.lived.events = self._ledger.commits, len(self._ledger.events)
        self.lived.scans = sum(key[0] == "scan_results" for key in self._ledger.once)
        return self.lived

    def _step(self) -> None:
        chance = self._rng.random()
        if self._kills and chance < self._danger:
            self._kills -= 1
            self.lived.kills += 1
            self._kill()
        elif self._zombies and chance < 0.1:
            self._wake(self._rng.choice(self._zombies))
        elif self._ingest.over:
            self._flow.meter.stop.set()
            self._flow.step()
        elif chance < 0.3 or (self._flow.idle and chance < 0.95):
            self._ingest.step()
        else:
            self._flow.step()

    def _kill(self) -> None:
        """The feed, the dataflow, or both: power is gone.  A dataflow may also only seem dead, and wake up later."""
        who = self._rng.choice(("feed", "flow", "flow", "both", "stalled"))
        if who in ("feed", "both") and not self._ingest.over:
            self._ingest.kill()
        if who != "feed":
            if who == "stalled":
                self._zombies.append(self._flow)
            else:
                self._flow.close()
                self._restore()
            self._flow = self._begin()

    def _restore(self) -> None:
        """Make a backup of the database, or put an older one back, while nobody writes there."""
        choice = self._rng.random()
        if choice < 0.3:
            self._backup = self._ledger.copied()
        elif choice < 0.4 and not self._zombies:
            self._ledger.put_back(self._backup)
            self.lived.restored += 1

    def _wake(self, zombie: Flow) -> None:
        """It goes on as if nothing had happened, until it wants to write."""
        try:
            zombie.step()
        except FencedOffError:
            self.lived.fenced += 1
            self._zombies.remove(zombie)
            zombie.close()

    def _begin(self) -> Flow:
        flow = Flow(self._world, self._ledger, self._folder, self._rng, self._room() if self._keeps else None)
        self.lived.resumed += flow.resumed
        return flow

    def _room(self) -> Path:
        """Return where a run keeps its states: where one did that is dead, not only seems so, or elsewhere."""
        taken = [each.kept for each in self._zombies]
        free = [each for each in self._rooms if each not in taken]
        if free and self._rng.random() < 0.9:
            return self._rng.choice(free)
        self._rooms.append(self._folder.with_name(f"{self._folder.name}-kept-{len(self._rooms)}"))
        return self._rooms[-1]

    def _fate(self) -> str:
        if self._rng.random() >= self._trouble:
            return "done"
        self.lived.retries += 1
        return self._rng.choice(("refused", "unanswered"))

    def _check(self) -> None:
        records = _records(self._folder)
        self.lived.records = len(records)
        rest = iter(records)
        assert all(each in rest for each in self._ingest.kept), "the tape lost, or reordered, what it had promised"
        first = _first_told(records)
        lost = [row for row in self._ledger.commands if first[on_tape(row).id] != on_tape(row)]
        assert not lost, f"{lost} were asked for, and the tape holds others of their names before them"
        assert self._ledger.divergences == 0, f"{self._ledger.divergences} divergences"
        again = replay(self._world, self._folder, self._rng)
        for name, table in again.answer().items():
            found = self._ledger.answer()[name]
            assert found == table, _difference(f"{name} differ from an undisturbed replay of the tape", found, table)
        plain = _plainly(self._world, records)
        given = {plan_id for plan_id, _ in plain}
        found = {key: event for key, event in self._ledger.events.items() if key[0] in given or not self._world.scan}
        assert found == plain, _difference("events differ from the plain loop's", found, plain)


def _difference(what: str, found: dict[Any, Any], wanted: dict[Any, Any]) -> str:
    keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    told = "; ".join(f"{key}: {found.get(key)}, not {wanted.get(key)}" for key in keys[:3])
    return f"{len(keys)} {what}: {told}"


def _records(folder: Path) -> list[Record]:
    found = list[Record]()
    with TapeFollower(log_file(folder).path, visible_only=False) as follower:
        while placed := follower.read():
            found += [record for record, _ in placed]
    return found


def _first_told(records: list[Record]) -> dict[str, PlanCommand]:
    given = [read_command(record.payload) for record in records if record.kind is Kind.COMMAND]
    return {each.id: each for each in reversed(given)}


def _plainly(world: World, records: list[Record]) -> dict[tuple[str, int], tuple[object, ...]]:
    """The events of all plans as the plain loop has them, which knows no tape, no frame, no database."""
    commands, found = _commands(records), dict[tuple[str, int], tuple[object, ...]]()
    until_ns = world.prints[-1].at_ns + LAST_WORD_NS - 5_000_000_000
    for symbol in world.symbols:
        prints = tuple(each for each in world.prints if each.symbol == symbol)
        mine = tuple(each for name, each in commands if name == symbol)
        for life in plain_loop(Scenario(mine, prints, world.gates(symbol)), until_ns).values():
            found |= {(event.plan_id, event.seq): event_told(event) for event in life.events}
    return found


def _commands(records: list[Record]) -> list[tuple[str, Command]]:
    """What the tape commands, and of which symbol; the second of a name is none."""
    seen, symbols, found = set[str](), dict[str, str](), list[tuple[str, Command]]()
    for record in records:
        if record.kind is not Kind.COMMAND:
            continue
        given = read_command(record.payload)
        if given.id in seen:
            continue
        seen.add(given.id)
        at_ns = record.receive_ns
        if given.kind == "watch":
            continue  # which brings prints, and no plan
        if given.plan_id is not None:
            symbol = symbols.get(given.plan_id, given.symbol or "")
            found.append((symbol, Cancel(at_ns, given.plan_id)))
            continue
        try:
            plan = read_plan(given.plan, PlanDefaults(at_ns, nyse_calendar().close_after))
        except PlanError:
            continue  # it came after its own end
        symbols[plan.plan_id] = plan.symbol
        found.append((plan.symbol, Register(at_ns, plan)))
    return found
