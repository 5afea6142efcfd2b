"""What Prometheus reads: one registry per app, so that two apps in one process count apart."""

import math
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.relay.hub import Hub
from api.settings import ApiSettings
from operators.times import SECOND_NS
from sinks.pulse_reader import Counts, Pulse

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
Family = GaugeMetricFamily | CounterMetricFamily


class Metrics:
    """Counts requests as they are answered; the rest is measured when asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "fancy_trader_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "fancy_trader_request_seconds",
            "Time from a request to the first byte of its answer.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )

        self.problems = Counter(
            "fancy_trader_problems", "Requests that were refused or failed, by kind.", ["kind"], registry=self.registry
        )
        self.connected = Counter("fancy_trader_websockets", "WebSockets accepted.", registry=self.registry)
        self.sent_away = Counter(
            "fancy_trader_websockets_sent_away",
            "WebSockets refused or closed by the server, by close code, or HTTP status before one was accepted.",
            ["code"],
            registry=self.registry,
        )

    def text(self, *measured: Family) -> bytes:
        """Write everything in Prometheus' text format."""
        now = CollectorRegistry()
        now.register(_Measured(measured))
        return generate_latest(self.registry) + generate_latest(now)


class _Measured(Collector):
    def __init__(self, families: tuple[Family, ...]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families


class Counting:
    """Counts each request under its route, never under its path: what clients make up must not fill the memory."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] == "websocket":
            await self.app(scope, receive, self._noting_socket(send))
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with _Watch(scope, self.metrics) as watch:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    watch.answered(message["status"])
                await send(message)

            await self.app(scope, receive, noting)

    def _noting_socket(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            match message["type"]:
                case "websocket.accept":
                    self.metrics.connected.inc()
                case "websocket.close":
                    self.metrics.sent_away.labels(str(message.get("code", 1000))).inc()
                case "websocket.http.response.start":
                    self.metrics.sent_away.labels(str(message["status"])).inc()
                case _:
                    pass
            await send(message)

        return noting


class _Watch:
    """A request without an answer counts as 500 when it failed, and not at all when it was broken off."""

    def __init__(self, scope: Scope, metrics: Metrics) -> None:
        self.scope, self.metrics, self.began_s, self.done = scope, metrics, time.monotonic(), False

    def __enter__(self) -> "_Watch":
        return self

    def answered(self, status: int) -> None:
        self.done = True
        method = self.scope["method"] if self.scope["method"] in METHODS else "other"
        route: str = getattr(self.scope.get("route"), "path", "none")
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(method, route).observe(time.monotonic() - self.began_s)

    def __exit__(self, kind: type[BaseException] | None, _error: Any, _trace: TracebackType | None) -> None:
        if not self.done and kind is not None and issubclass(kind, Exception):
            self.answered(500)


def of_hub(hub: Hub, now_s: float) -> list[Family]:
    """Measure the relay: who listens, and what waits for them.  To be called on the event loop."""
    waiting = sum(len(each.events) + len(each.newest) for each in hub.clients)
    age_s = now_s - hub.looked_s if hub.looked_s else math.nan
    return [
        _gauge("relay_clients", "Clients connected.", len(hub.clients)),
        _gauge("relay_queue", "Events that wait for clients to take them.", waiting),
        _counter("relay_evictions", "Clients sent away for being slow.", hub.evicted),
        _gauge("relay_position", "Position up to which events were offered.", hub.position),
        _gauge("relay_look_age_seconds", "Time since the relay looked at the database.", age_s),
    ]


def of_limits(settings: ApiSettings) -> list[Family]:
    """Name the limits that hold."""
    family = GaugeMetricFamily("fancy_trader_limit", "Limits of this server, by setting.", labels=["setting"])
    for name, value in settings.numbers.items():
        family.add_metric([name], value)
    return [family]


def of_database(found: tuple[Pulse, Counts] | None, now_ns: int) -> list[Family]:
    """Tell what the database holds; None: it cannot be read."""
    up = _gauge("database_up", "1 if the database can be read.", found is not None)
    if found is None:
        return [up]
    pulse, counts = found
    plans = GaugeMetricFamily("fancy_trader_plans", "Plans by phase.", labels=["phase"])
    for phase, count in counts.plans_by_phase.items():
        plans.add_metric([phase], count)
    age_s = math.nan if pulse.tape_ns is None else (now_ns - pulse.tape_ns) / SECOND_NS
    return [
        up,
        plans,
        _counter("events", "Plan events written.", counts.events),
        _counter("divergences", "Rows that contradicted the database.", counts.divergences),
        _gauge("dead_letters", "Records that could not be used.", counts.dead_letters),
        _gauge("plans_in_data_gap", "Living plans that may lack prints.", counts.plans_in_gap),
        _gauge("commands_waiting", "Commands that no run has taken yet.", counts.commands_waiting),
        _gauge("flow_running", "1 if a run is under way, or was broken off.", pulse.running),
        _gauge("flow_tape_age_seconds", "How far the run's tape time is behind the clock.", age_s),
    ]


def _gauge(name: str, text: str, value: float) -> Family:
    return GaugeMetricFamily(f"fancy_trader_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Family:
    return CounterMetricFamily(f"fancy_trader_{name}", text, value=value)
