"""One child's place in a live run: filled, watched, filled again after a pause when the child is gone.

Rule: a child that lived is always started again, later each time up to a bound, unless it says that this is pointless.
One that failed before it had ever begun is not: then its arguments are wrong, and a person should hear of it at once.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any, Final

from flows.live.board import Board
from flows.live.child import POINTLESS, STATUS, Body, begin
from flows.logs import log_again, log_line

FIRST_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 30.0
STABLE_SECONDS: Final = 60.0
"""A life of that length earns a quick return."""
LAST_WORDS_SECONDS: Final = 2.0


class Place:
    """`options`: asked at each start; `board`: where what the child tells is kept."""

    def __init__(self, name: str, body: Body[Any], options: Callable[[], Any], board: Board) -> None:
        self.name, self._body, self._options, self._board = name, body, options, board
        self._process: SpawnProcess | None = None
        self._lifeline: Connection | None = None
        self._hearing: Thread | None = None
        self._began_at, self._due_at, self._step = 0.0, 0.0, 0
        self._ever_told = False

    def fill(self) -> None:
        """Start the child."""
        context = multiprocessing.get_context("spawn")
        theirs, self._lifeline = context.Pipe(duplex=False)
        said, saying = context.Pipe(duplex=False)
        arguments = (self.name, self._body, self._options(), theirs, saying)
        self._process = context.Process(target=begin, args=arguments, name=self.name)
        self._process.start()
        theirs.close()
        saying.close()
        self._hearing = Thread(target=self._hear, args=(said,), name=f"hear-{self.name}", daemon=True)
        self._hearing.start()
        self._began_at = time.monotonic()
        self._board.trouble.pop(self.name, None)
        log_line("child_started", child=self.name, pid=self._process.pid, restarts=self.restarts)

    @property
    def restarts(self) -> int:
        """How often the child was started again."""
        return self._board.restarts.get(self.name, 0)

    def look(self) -> int | None:
        """Start the child again when it is gone and its pause is over; return an exit code when that is pointless."""
        now = time.monotonic()
        if self._process is not None and not self._process.is_alive():
            code = self._gone(self._process, now)
            if code is not None:
                return code
        if self._process is None and now >= self._due_at:
            self._board.restarts[self.name] = self.restarts + 1
            self.fill()
        return None

    def release(self) -> None:
        """Let the child end."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None

    def leave(self, until: float) -> bool:
        """Wait for the child until then (monotonic seconds), and end it; return whether it ended by itself."""
        self.release()
        process, self._process = self._process, None
        if process is None:
            return True
        process.join(max(0.0, until - time.monotonic()))
        alone = not process.is_alive()
        if not alone:
            process.kill()
            process.join()
        self._hear_out()
        return alone

    def _gone(self, process: SpawnProcess, now: float) -> int | None:
        """Note that the child is gone; return its exit code when it shall not come back."""
        self.release()
        self._hear_out()
        code, lived, self._process = process.exitcode or 0, now - self._began_at, None
        log_line("child_gone", child=self.name, pid=process.pid, exit_code=code, lived_seconds=round(lived, 3))
        if code > POINTLESS:
            return code - POINTLESS
        if code > 0 and not self._ever_told:
            return code
        if lived >= STABLE_SECONDS:
            self._step = 0
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0**self._step)
        self._step, self._due_at = self._step + 1, now + pause
        self._board.trouble[self.name] = f"starts again in {pause:g} s"
        log_line("child_waits", child=self.name, seconds=pause)
        return None

    def _hear(self, said: Connection) -> None:
        """Pass on what the child says, until nobody holds the other end any more."""
        with os.fdopen(os.dup(said.fileno()), "rb") as lines:
            said.close()
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").strip()
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or "event" not in given:
            if text:
                log_again({"event": "output", "process": self.name, "text": text})
        elif given["event"] == STATUS:
            self._ever_told = True
            self._board.told[self.name] = given["facts"]
        else:
            log_again(given)

    def _hear_out(self) -> None:
        if self._hearing is not None:
            self._hearing.join(LAST_WORDS_SECONDS)
