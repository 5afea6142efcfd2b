"""What an API process is told once, at its start.  Rule: frozen, and every limit is here."""

from collections.abc import Callable
from dataclasses import dataclass

from api.clock import now_ns
from api.keys import ApiKey


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`database`: URL.  `keys`: besides those of the database.

    `open_door`: whether everybody may do everything while there are no keys; `api.serve` allows it on loopback only.
    `origins`: whose pages may use the server besides its own; `hosts`: the names it answers to, None: any.
    Sizes in bytes, times in seconds; `clock`: the present instant, ns UTC.
    """

    database: str
    keys: tuple[ApiKey, ...] = ()
    open_door: bool = True
    keys_s: float = 1.0
    clock: Callable[[], int] = now_ns
    busy_s: float = 2.0
    body_bytes: int = 65_536
    page_rows: int = 1_000
    wait_ms: int = 10_000
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] | None = None
    heartbeat_s: float = 5.0
    auth_s: float = 5.0
    send_s: float = 5.0
    client_queue: int = 1_024
    clients: int = 2_000
    frame_bytes: int = 16_384
    subscribed: int = 1_000
    follow_s: float = 0.01
    poll_s: float = 0.5
    price_s: float = 0.25
    flow_stale_s: float = 30.0
    relay_stale_s: float = 5.0
    chart_base: str = "/chart"
