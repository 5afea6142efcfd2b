"""What goes through the dataflow together, and becomes one transaction.

Rule: frames with nothing between them go as one, since a symbol costs the same whether it comes with one print or ten;
and of what a worker tells of its place only the last word goes, behind everything that it speaks of.
"""

from collections.abc import Iterable

from flows.items import TapeItem
from flows.recovery.standing import Standing
from flows.tape.pacing import joined
from operators.frames import TickFrame


class Gathered:
    """Items in the order of the tape.  `rows`: how many prints are among them."""

    def __init__(self) -> None:
        self._items: list[TapeItem] = []
        self._frames: list[TickFrame] = []
        self._standings: dict[str, Standing] = {}
        self.rows = 0

    def __len__(self) -> int:
        return len(self._items) + len(self._frames)

    def frame(self, frame: TickFrame) -> None:
        """Add a frame."""
        if self._frames and self._frames[-1].symbols != frame.symbols:
            self._close()
        self._frames.append(frame)
        self.rows += len(frame.sip_ns)

    def items(self, items: Iterable[TapeItem]) -> None:
        """Add what stands behind the frames so far."""
        for item in items:
            self._close()
            self._items.append(item)

    def stand(self, standing: Standing) -> None:
        """Add a word of the place reached."""
        self._standings[standing.key] = standing

    def take(self) -> list[TapeItem]:
        """Return everything, and begin anew."""
        self._close()
        taken = [*self._items, *self._standings.values()]
        self._items, self._standings, self.rows = [], {}, 0
        return taken

    def _close(self) -> None:
        if self._frames:
            self._items.append(joined(self._frames))
            self._frames = []
