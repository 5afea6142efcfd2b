"""Who hears what.  Rule: lives on the event loop alone; the follower's thread hands it what it read.

`position` is the place up to which events were offered to the clients that are registered.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from api.relay.client import Client, Wanted
from api.relay.frames import said
from api.relay.leftovers import Leftovers
from api.relay.wire import Relayed, write
from operators.times import iso


@dataclass(frozen=True, slots=True)
class Price:
    """Where a plan's price stands: dollars, ns UTC, reward to risk, open R, and the stop that holds, dollars."""

    plan_id: str
    symbol: str
    price: float
    at_ns: int
    rr: float | None
    open_r: float | None
    effective_stop: float

    def text(self) -> str:
        """Write it."""
        at = {"at": iso(self.at_ns), "at_ns": self.at_ns}
        moved = {"rr": self.rr, "open_r": self.open_r, "effective_stop": self.effective_stop}
        return write("price", plan_id=self.plan_id, price=self.price, **at, **moved)


@dataclass(eq=False, slots=True)
class Hub:
    """`epoch` None: the database has not been read yet.  `looked_s`: when it was looked at last, monotonic.

    `leaving`: the server stops; who is not told by the server itself must go by this.
    """

    epoch: str | None = None
    position: int = 0
    looked_s: float = 0.0
    evicted: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    clients: dict[Client, Wanted | None] = field(default_factory=dict)
    _every: set[Client] = field(default_factory=set)
    _by_name: dict[tuple[str, str], set[Client]] = field(default_factory=dict)
    _leftovers: Leftovers = field(default_factory=Leftovers)

    def started(self, epoch: str, position: int, reason: str) -> None:
        """Begin a log; clients of another one are told to begin anew."""
        changed = self.epoch is not None
        self.ready.set()
        self.epoch, self.position = epoch, position
        for client in self.clients if changed else ():
            client.reset = reason
            client.awake.set()

    def failed(self) -> None:
        """Nothing more will be heard: send everybody away rather than let them wait in silence."""
        self.epoch = None
        for client in self.clients:
            client.evict("the relay has failed; try again later")

    def events(self, news: Sequence[Relayed]) -> None:
        """Offer events, in order, to whoever wants them."""
        for event in news:
            for client in self._listeners(event.plan_id, event.symbol):
                client.offer(event)
            self.position = event.seq

    def prices(self, news: Iterable[Price]) -> None:
        """Offer prices to whoever wants them."""
        for price in news:
            words = said(price.text())
            for client in self._listeners(price.plan_id, price.symbol):
                client.offer_price(price.plan_id, price.symbol, words)

    def register(self, client: Client, wanted: Wanted) -> int:
        """Let a client hear from now on; return the position up to which it must have been served otherwise."""
        self.silence(client)
        self.clients[client] = client.wanted = wanted
        for name in _names(wanted):
            self._by_name.setdefault(name, set()).add(client)
        if wanted.everything:
            self._every.add(client)
        return self.position

    def silence(self, client: Client) -> None:
        """Let a client hear nothing for now."""
        if client not in self.clients:
            self._leftovers.changed(len(self.clients))
        before, self.clients[client], client.wanted = self.clients.get(client), None, None
        self._every.discard(client)
        for name in _names(before):
            listeners = self._by_name.get(name, set())
            listeners.discard(client)
            if not listeners:
                self._by_name.pop(name, None)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self.silence(client)
        del self.clients[client]
        self._leftovers.changed(len(self.clients))

    def named_plans(self) -> set[str] | None:
        """The plans that are listened to, if all of them are named; None when some are not.  Any thread may ask."""
        names = list(self._by_name)  # in one step, while the event loop goes on
        if self._every or any(kind == "symbol" for kind, _ in names):
            return None
        return {name for _, name in names}

    def _listeners(self, plan_id: str, symbol: str) -> set[Client]:
        named = self._by_name.get(("plan", plan_id), set()) | self._by_name.get(("symbol", symbol), set())
        return named | self._every


def _names(wanted: Wanted | None) -> list[tuple[str, str]]:
    if wanted is None:
        return []
    return [("plan", name) for name in wanted.plans or ()] + [("symbol", name) for name in wanted.symbols or ()]
