"""The process that writes the tape: real writer, real recovery, on a disk that may tear what a kill interrupts.

What it misses while it is down is fetched when it comes back, between the marks of a gap.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from unittest.mock import patch

from flows.tape.segments import writer as writing
from flows.tape.segments.payloads import GapMark, PlanCommand, clock, command, gap, repair
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import write_all
from flows.tape.segments.writer import Sync, TapeWriter
from tests.simulation.ledger import Command, Ledger
from tests.simulation.world import LATENCY_NS, World

SEGMENT_BYTES = (1_500, 6_000, 1 << 20)


class KilledError(BaseException):
    """The process is gone, between two machine instructions: nothing tidies up."""


class Ingest:
    """`place`: the next arrival; `kept`: what the tape has promised to hold, in order."""

    def __init__(self, world: World, ledger: Ledger, folder: Path, rng: Random) -> None:
        self._world, self._ledger, self._folder, self._rng = world, ledger, folder, rng
        self.place, self.kept = 0, list[Record]()
        self._now_ns = world.arrivals[0].receive_ns
        self._wishes = list(world.wishes)
        self._segment_bytes = rng.choice(SEGMENT_BYTES)
        self._gaps = 0
        self._writer = self._open()

    @property
    def over(self) -> bool:
        """Whether everything that happened is on the tape."""
        told = self.place == len(self._world.arrivals) and not self._wishes
        return told and all(each.applied for each in self._ledger.commands)

    def step(self) -> None:
        """Hear what comes next, and put on the tape what people asked for until then."""
        some = self._world.arrivals[self.place : self.place + self._rng.randint(1, 8)]
        if some:
            self._now_ns = max(self._now_ns, some[-1].receive_ns)
        else:
            self._now_ns += 1
        while self._wishes and (self._wishes[0].at_ns <= self._now_ns or not some):
            self._ledger.ask(self._wishes.pop(0))
        if self._rng.random() < 0.5 or not some or self.place + len(some) == len(self._world.arrivals):
            self._commands_to_tape()
        self._append(some)
        self.place += len(some)

    def kill(self) -> None:
        """End in the middle of a write, or of nothing; come back later, and mend what was missed."""
        some = self._world.arrivals[:-1][self.place : self.place + 3]  # the last word is spoken when all is mended
        self._now_ns = max(self._now_ns, *(each.receive_ns for each in some)) if some else self._now_ns
        try:
            with patch.object(writing, "write_all", self._torn):
                if self._rng.random() < 0.3:
                    self._commands_to_tape()
                self._append(some)
        except KilledError:
            pass
        else:
            return  # it had nothing to write
        self._writer._release()
        self._writer._visible.close()
        self._come_back()

    def close(self) -> None:
        """End properly."""
        self._writer.close()

    def _open(self) -> TapeWriter:
        return TapeWriter(self._folder, Sync.BATCH, segment_bytes=self._segment_bytes)

    def _append(self, records: Sequence[Record]) -> None:
        self._writer.append(records)
        self.kept += records

    def _torn(self, file: int, data: bytes) -> None:
        """Some of it reaches the disk, perhaps with a hole; perhaps all does, and only the answer is lost."""
        cut = self._rng.choice((0, len(data), self._rng.randint(0, len(data))))
        part = bytearray(data[:cut])
        if part and self._rng.random() < 0.3:
            hole = self._rng.randrange(len(part))
            part[hole : hole + 40] = bytes(len(part[hole : hole + 40]))
        write_all(file, bytes(part))
        raise KilledError

    def _come_back(self) -> None:
        """Arrivals of the time away are lost; clock marks and prints from the newest known on are fetched anew."""
        self._writer = self._open()
        back_ns = self._now_ns + self._rng.choice((0, 200, 2_000, 9_000)) * 1_000_000
        arrivals, self._gaps = self._world.arrivals, self._gaps + 1
        known_ns = max((each.receive_ns for each in self.kept if each.kind is Kind.FRAME), default=0) - 2 * LATENCY_NS
        first = self.place
        while self.place < len(arrivals) - 1 and arrivals[self.place].receive_ns <= back_ns:
            self.place += 1
        lost = [each for each in arrivals[first : self.place] if each.kind is Kind.EVENTS]
        self._now_ns = back_ns
        name = f"gap-{self._gaps}"
        opened = gap(GapMark(name, "open", known_ns), back_ns)
        pages = [
            repair(symbol, json.dumps({"status": "OK", "results": found}).encode(), back_ns, feed=1)
            for symbol in self._world.symbols
            if (found := self._between(symbol, known_ns, back_ns))
        ]
        closed = gap(GapMark(name, "close", known_ns, back_ns), back_ns)
        self._append([*lost, opened])
        for page in pages:
            self._append([clock(back_ns), page] if self._rng.random() < 0.3 else [page])
        self._append([closed])

    def _between(self, symbol: str, low_ns: int, high_ns: int) -> list[dict[str, object]]:
        return [
            each.as_result() for each in self._world.prints if each.symbol == symbol and low_ns <= each.at_ns <= high_ns
        ]

    def _commands_to_tape(self) -> None:
        """As `flows.tape.command_feed`: on the tape first, applied then, and twice there after a kill in between."""
        rows = [each for each in self._ledger.commands if not each.applied]
        if not rows:
            return
        self._append([command(on_tape(row), self._now_ns) for row in rows])
        if self._rng.random() < 0.1:
            return  # killed before the table heard of it
        for row in rows:
            row.applied = True


def on_tape(row: Command) -> PlanCommand:
    """A row of the table as the tape has it."""
    wish, name = row.wish, f"commands:{row.id}:{row.wish.at_ns}"
    match wish.kind:
        case "watch":
            return PlanCommand(f"watch:{wish.symbol}", "watch", symbol=wish.symbol)
        case "cancel":
            return PlanCommand(name, "cancel", plan_id=wish.plan_id, symbol=wish.symbol)
        case _:
            return PlanCommand(name, "register", plan=wish.plan)
