"""What an API process is told once, at its start.  Rule: frozen, and every limit is here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

from api.clock import now_ns
from api.keys import ApiKey


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`database`: URL.  `keys`: besides those of the database.

    `open_door`: whether everybody may do everything while there are no keys; `api.serve` allows it on loopback only.
    `origins`: whose pages may use the server besides its own; `hosts`: the names it answers to, None: any.
    Sizes in bytes, times in seconds; `clock`: the present instant, ns UTC.

    Rates hold for each key, or each address where there is none; `requests`: those under way at once; `reading`: the
    reads of plans among them that run at once, each begun as the one before ends or has taken `reading_s`;
    `at_once_s`: how long one may keep the event loop, as any thread may, before it is begun anew in a thread;
    `clients`: connections to the stream; `subscribed`: names in a subscription.
    """

    database: str
    keys: tuple[ApiKey, ...] = ()
    open_door: bool = True
    keys_s: float = 1.0
    clock: Callable[[], int] = now_ns
    busy_s: float = 2.0
    reads_per_s: int = 1_000
    writes_per_s: int = 100
    refusals_per_minute: int = 120
    connects_per_s: int = 1_000
    requests: int = 200
    reading: int = 4
    reading_s: float = 0.02
    at_once_s: float = 0.005
    body_bytes: int = 65_536
    body_s: float = 10.0
    page_rows: int = 1_000
    wait_ms: int = 10_000
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] | None = None
    heartbeat_s: float = 5.0
    auth_s: float = 5.0
    send_s: float = 3.0
    client_queue: int = 1_024
    clients: int = 2_000
    frame_bytes: int = 131_072
    subscribed: int = 1_000
    follow_s: float = 0.01
    poll_s: float = 0.5
    price_s: float = 0.25
    flow_stale_s: float = 30.0
    relay_stale_s: float = 5.0
    chart_base: str = "/chart"

    @property
    def numbers(self) -> dict[str, float]:
        """Every limit and every time, by name."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: value for name, value in values if isinstance(value, int | float) and not isinstance(value, bool)}

    def changed(self, words: Iterable[str]) -> Self:
        """Return these settings with numbers changed: `NAME=VALUE` each.  Raises ValueError naming the word."""
        given: dict[str, float] = {}
        for word in words:
            name, _, text = word.partition("=")
            if name not in self.numbers:
                msg = f"{word!r}: no such setting; it is one of {', '.join(self.numbers)}"
                raise ValueError(msg)
            whole = isinstance(self.numbers[name], int)
            try:
                given[name] = int(text) if whole else float(text)
            except ValueError:
                msg = f"{word!r}: {text!r} is no {'whole number' if whole else 'number'}"
                raise ValueError(msg) from None
            if not 0 < given[name] < float("inf"):
                msg = f"{word!r}: must be above 0"
                raise ValueError(msg)
        return replace(self, **given)  # type: ignore[arg-type]
