"""One client's part of the stream: what it wants, and what waits for it.  Rule: bounded, and nothing is skipped.

A client in mode "events" whose queue is full is `evicted`: it may resume, but it gets nothing with a hole in it.
A client in mode "latest" has one waiting message per plan.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from api.relay.frames import Said, said
from api.relay.wire import Category, Relayed, Subscribe

TOGETHER = 32
"""Messages that are sent in one go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription as sets; `plans` and `symbols` both None: everything."""

    plans: frozenset[str] | None = None
    symbols: frozenset[str] | None = None
    categories: frozenset[Category] | None = None
    latest: bool = False

    @classmethod
    def of(cls, asked: Subscribe) -> "Wanted":
        """Read a subscription."""
        plans, symbols, categories = (
            None if names is None else frozenset(names) for names in (asked.plans, asked.symbols, asked.categories)
        )
        return cls(plans, symbols, categories, asked.mode == "latest")  # type: ignore[arg-type]

    @property
    def everything(self) -> bool:
        """Whether every plan is meant."""
        return self.plans is None and self.symbols is None

    def names(self, plan_id: str, symbol: str) -> bool:
        """Whether a plan is meant."""
        return self.everything or plan_id in (self.plans or ()) or symbol in (self.symbols or ())

    def wants(self, event: Relayed) -> bool:
        """Whether an event is meant."""
        return (self.categories is None or event.category in self.categories) and self.names(
            event.plan_id, event.symbol
        )


@dataclass(eq=False, slots=True)
class Client:
    """`asked`: a subscription to bring about, `current`: the one that was; `after`: the position served up to then.

    `reset`: why the client must begin anew; `evicted`: why it must go.
    """

    most: int
    wanted: Wanted | None = None
    asked: Subscribe | None = None
    current: Subscribe | None = None
    after: int = 0
    reset: str | None = None
    evicted: str | None = None
    heartbeat_due: bool = False
    events: deque[Said] = field(default_factory=deque)
    newest: dict[str, Said] = field(default_factory=dict)
    prices: dict[str, Said] = field(default_factory=dict)
    words: deque[Said] = field(default_factory=deque)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, event: Relayed) -> None:
        """Queue an event that is wanted."""
        wanted = self.wanted
        if wanted is None or self.evicted or event.seq <= self.after or not wanted.wants(event):
            return
        if wanted.latest:
            self.newest.pop(event.plan_id, None)
            self.newest[event.plan_id] = event.said
        elif len(self.events) >= self.most:
            self.evict(f"more than {self.most} events wait: read faster, or use mode latest; resume from the last seq")
        else:
            self.events.append(event.said)
        self.awake.set()

    def offer_price(self, plan_id: str, symbol: str, price: Said) -> None:
        """Keep a plan's newest price until it can be sent."""
        if self.wanted is not None and self.wanted.names(plan_id, symbol) and not self.evicted:
            self.prices[plan_id] = price
            self.awake.set()

    def say(self, text: str) -> None:
        """Queue an answer to the client; asking without reading fills the queue as well."""
        if len(self.words) >= self.most:
            self.evict("more answers wait than the queue holds")
        else:
            self.words.append(said(text))
        self.awake.set()

    def evict(self, reason: str) -> None:
        """Give up on the client, and let go of what waited."""
        self.evicted = self.evicted or reason
        self.forget()
        self.words.clear()
        self.awake.set()

    def forget(self) -> None:
        """Let go of news that waits."""
        self.events.clear()
        self.newest.clear()
        self.prices.clear()

    def ask(self, asked: Subscribe | None) -> None:
        """Take a new subscription, or none; the sender brings it about."""
        self.wanted, self.asked, self.current = None, asked, None
        self.forget()
        self.awake.set()

    def next_words(self) -> list[Said]:
        """Take what is to be sent next, some at a time: answers, then events, then prices; nothing when none waits."""
        for queue in (self.words, self.events):
            if queue:
                return [queue.popleft() for _ in range(min(TOGETHER, len(queue)))]
        for waiting in (self.newest, self.prices):
            if waiting:
                return [waiting.pop(next(iter(waiting))) for _ in range(min(TOGETHER, len(waiting)))]
        return []
