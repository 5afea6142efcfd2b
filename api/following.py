"""Following the stream, without a socket: what to ask for, and the proof that nothing was missed.

Rule: a message that would leave a hole, come twice or come out of order raises GapError and is never handed on.
"""

from dataclasses import dataclass, field

import msgspec

from api.heard import Event, Heartbeat, Hello, Message, Price, Refusal, Reset, Snapshot, understood
from api.relay.wire import Place, Subscribe


class GapError(RuntimeError):
    """The server broke its promise: an event is missing, came twice, or came out of order."""


@dataclass(slots=True)
class Follow:
    """What a client wants, and how far it has come in all its connections.

    `place` None: it needs a snapshot first.  `heartbeat_s`: how often the server speaks at least, once it has said so.
    """

    wanted: Subscribe
    place: Place | None = None
    heartbeat_s: float | None = None
    _plan_seqs: dict[str, int] = field(default_factory=dict)
    _whole: bool = False
    _pieces: list[Snapshot] = field(default_factory=list)
    _served: bool = False

    def ask(self) -> str:
        """Write what a new connection is to be asked for: everything after the place."""
        self._pieces, self._served = [], False
        wanted = self.wanted
        asked = Subscribe(wanted.plans, wanted.symbols, wanted.categories, self.place, wanted.mode)
        return msgspec.json.encode(asked).decode()

    def hear(self, text: str | bytes) -> Message | None:
        """Take a message; None for the pieces of a snapshot before its last, which brings them all.

        Raises GapError, and ValueError for what is no message.
        """
        message = understood(text)
        match message:
            case Hello():
                self.heartbeat_s = message.heartbeat_s
            case Snapshot():
                return self._snapshot(message)
            case Event():
                self._event(message)
            case Heartbeat():
                self._heartbeat(message)
            case Reset():
                self.place, self._served, self._whole, self._pieces = None, False, False, []
                self._plan_seqs.clear()
            case Price() | Refusal():
                pass
        return message

    def _snapshot(self, piece: Snapshot) -> Snapshot | None:
        self._pieces.append(piece)
        if piece.more:
            return None
        pieces, self._pieces = self._pieces, []
        if any((each.epoch, each.seq) != (piece.epoch, piece.seq) for each in pieces):
            msg = f"a snapshot's pieces are true at different positions: {sorted({each.seq for each in pieces})}"
            raise GapError(msg)
        plans = [plan for each in pieces for plan in each.plans]
        self.place, self._served, self._whole = Place(piece.epoch, piece.seq), True, True
        self._plan_seqs = {plan.plan_id: plan.last_seq for plan in plans}
        return Snapshot(piece.epoch, piece.seq, plans)

    def _event(self, event: Event) -> None:
        place, before = self.place, self._plan_seqs.get(event.plan_id)
        if place is None:
            msg = f"event {event.seq} came before the snapshot"
            raise GapError(msg)
        every = self._every
        _follows("the log", place.seq, event.seq, exactly=every and self._of_all)
        if before is not None or self._whole:
            _follows(f"plan {event.plan_id}", before or 0, event.plan_seq, exactly=every)
        self._plan_seqs[event.plan_id] = event.plan_seq
        self.place, self._served = Place(place.epoch, event.seq), True

    def _heartbeat(self, beat: Heartbeat) -> None:
        """Go on to the position it names; before anything was served it may be older than the subscription."""
        if not self._served or self.place is None or beat.seq <= self.place.seq:
            return
        if self._every and self._of_all:
            msg = f"the log: the server has sent all up to {beat.seq}, but {self.place.seq} is the last that came"
            raise GapError(msg)
        self.place = Place(self.place.epoch, beat.seq)

    @property
    def _every(self) -> bool:
        """Whether every event of a plan is asked for."""
        return self.wanted.mode == "events" and self.wanted.categories is None

    @property
    def _of_all(self) -> bool:
        """Whether every plan is asked for."""
        return self.wanted.plans is None and self.wanted.symbols is None


def _follows(of: str, before: int, now: int, *, exactly: bool) -> None:
    if now <= before or (exactly and now != before + 1):
        wanted = before + 1 if exactly else f"more than {before}"
        msg = f"{of}: event {now} came after event {before}; expected {wanted}"
        raise GapError(msg)
