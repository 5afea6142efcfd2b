"""Event gate, on event time only.  Windows are half-open, overlap into one, and start no sooner than known."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Final, NamedTuple, Self

from operators.market_events import EVERY_SYMBOL, GATING, MarketEvent
from operators.plans import Gate
from operators.records import GateCause, GateEdge
from operators.times import MINUTE_NS, NEVER

DEFAULT_BEFORE_MINUTES: Final = 90.0
DEFAULT_AFTER_MINUTES: Final = 15.0
EVERY_KIND: Final = "*"
LONGEST_MINUTES: Final = 60.0 * 24 * 366


@dataclass(frozen=True, slots=True)
class GateMargins:
    """Minutes before and after an event during which its window stands."""

    before_minutes: float = DEFAULT_BEFORE_MINUTES
    after_minutes: float = DEFAULT_AFTER_MINUTES

    def __post_init__(self) -> None:
        """Refuse a window that is not one."""
        if not (0 <= self.before_minutes <= LONGEST_MINUTES and 0 <= self.after_minutes <= LONGEST_MINUTES):
            allowed = f"minutes before and after, 0 to {LONGEST_MINUTES:.0f}"
            msg = f"got {self.before_minutes}:{self.after_minutes}; must be {allowed}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Margins per event kind, and for every other kind."""

    default: GateMargins = GateMargins()
    by_kind: Mapping[str, GateMargins] = field(default_factory=dict)

    def margins(self, kind: str) -> GateMargins:
        """Return the margins for a kind."""
        return self.by_kind.get(kind, self.default)

    def to_json(self) -> dict[str, list[float]]:
        """Write minutes before and after per kind, `*` for every other."""
        every = {**self.by_kind, EVERY_KIND: self.default}
        return {kind: [margins.before_minutes, margins.after_minutes] for kind, margins in sorted(every.items())}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[float]]) -> Self:
        """Undo `to_json`.  Raises ValueError for margins that are none."""
        by_kind = {kind: GateMargins(*minutes) for kind, minutes in data.items()}
        default = by_kind.pop(EVERY_KIND, GateMargins())
        return cls(default, by_kind)


@dataclass(frozen=True, slots=True)
class GateWindow:
    """[start_ns, end_ns): at least one event's window stands.

    `opened_by` and `closed_by` are the events whose own windows begin and end the whole.
    """

    start_ns: int
    end_ns: int
    opened_by: tuple[GateCause, ...]
    closed_by: tuple[GateCause, ...]


@dataclass(frozen=True, slots=True)
class GateTimeline:
    """Disjoint windows of one symbol in time order.  Pure data: the same for every plan of the symbol."""

    windows: tuple[GateWindow, ...] = ()
    edges_ns: tuple[int, ...] = ()
    _edges: dict[tuple[int, Gate], GateEdge] = field(default_factory=dict, repr=False, compare=False)

    def due_edge(self, after_ns: int, gate: Gate, action: Gate) -> GateEdge | None:
        """Return the edge that a plan meets next, given its gate at `after_ns`: an overdue one, else the next."""
        index = bisect_right(self.edges_ns, after_ns)
        if (index % 2 == 1) == (gate is Gate.ALLOW):
            return self.overdue_edge(after_ns, gate, action)
        return self._edge_at(index, action)

    def next_edge(self, after_ns: int, action: Gate) -> GateEdge | None:
        """Return the first edge later than `after_ns`, with the gate it leads to."""
        return self._edge_at(bisect_right(self.edges_ns, after_ns), action)

    def next_two(self, after_ns: int) -> tuple[int, int]:
        """Return when the next two edges later than `after_ns` are; NEVER for one that there is not."""
        index = bisect_right(self.edges_ns, after_ns)
        first, second, *_ = (*self.edges_ns[index : index + 2], NEVER, NEVER)
        return first, second

    def _edge_at(self, index: int, action: Gate) -> GateEdge | None:
        if index == len(self.edges_ns):
            return None
        edge = self._edges.get((index, action))  # one edge, and what is told of it, for all plans that meet it
        if edge is None:
            edge = self._edges[index, action] = self._edge(index, action)
        return edge

    def _edge(self, index: int, action: Gate) -> GateEdge:
        window = self.windows[index // 2]
        if index % 2:
            return GateEdge(window.end_ns, Gate.ALLOW, window.closed_by)
        return GateEdge(window.start_ns, action, window.opened_by)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the windows as plain tuples."""
        return tuple(astuple(window) for window in self.windows)

    @classmethod
    def from_plain(cls, plain: Iterable[tuple[Any, ...]]) -> Self:
        """Undo `to_plain`."""
        windows = tuple(
            GateWindow(start, end, *(tuple(GateCause(*row) for row in each) for each in (opened, closed)))
            for start, end, opened, closed in plain
        )
        return cls.of(windows)

    @classmethod
    def of(cls, windows: tuple[GateWindow, ...]) -> Self:
        """Build from disjoint windows in time order."""
        return cls(windows, tuple(edge for window in windows for edge in (window.start_ns, window.end_ns)))

    def standing(self, at_ns: int, action: Gate = Gate.DEFINED_RISK) -> tuple[Gate, tuple[GateCause, ...]]:
        """Return the gate at an instant for plans with this action, and the events that opened the window."""
        index = bisect_right(self.edges_ns, at_ns)
        return (action, self.windows[index // 2].opened_by) if index % 2 else (Gate.ALLOW, ())

    def overdue_edge(self, at_ns: int, gate: Gate, action: Gate) -> GateEdge | None:
        """Return the edge that a plan whose gate is not what it should be at `at_ns` meets there and then.

        So it is for a plan registered inside a window, and when the windows themselves were only now learnt of.
        """
        index = bisect_right(self.edges_ns, at_ns)
        inside = index % 2 == 1
        if inside == (gate is not Gate.ALLOW):
            return None
        if inside:
            return GateEdge(at_ns, action, self.windows[index // 2].opened_by)
        return GateEdge(at_ns, Gate.ALLOW, ())


NO_GATES: Final = GateTimeline()


def gate_timeline(symbol: str, events: Iterable[MarketEvent], settings: GateSettings) -> GateTimeline:
    """Merge the windows of the events that concern `symbol`.

    A window is [at - before, at + after), cut to start no sooner than the event is known, and to end, closed by
    nothing, where the event is known to be otherwise; events below medium have none.
    """
    spans = sorted(
        _window(event, settings.margins(event.kind))
        for event in events
        if event.symbol in (symbol, EVERY_SYMBOL) and event.severity in GATING
    )
    windows: list[GateWindow] = []
    for span in spans:
        if span.start_ns >= span.end_ns:
            continue
        if windows and span.start_ns <= windows[-1].end_ns:
            windows[-1] = _joined(windows[-1], span)
        else:
            windows.append(GateWindow(*span))
    return GateTimeline.of(tuple(windows))


class _Span(NamedTuple):
    """One event's window."""

    start_ns: int
    end_ns: int
    opened_by: tuple[GateCause, ...]
    closed_by: tuple[GateCause, ...]


def _window(event: MarketEvent, margins: GateMargins) -> _Span:
    before, after = round(margins.before_minutes * MINUTE_NS), round(margins.after_minutes * MINUTE_NS)
    start_ns, end_ns, cause = max(event.at_ns - before, event.since_ns), event.at_ns + after, (_cause(event),)
    if event.until_ns < end_ns:
        return _Span(start_ns, event.until_ns, cause, ())
    return _Span(start_ns, end_ns, cause, cause)


def _joined(window: GateWindow, span: _Span) -> GateWindow:
    opened = (*window.opened_by, *span.opened_by) if span.start_ns == window.start_ns else window.opened_by
    if span.end_ns > window.end_ns:
        return GateWindow(window.start_ns, span.end_ns, opened, span.closed_by)
    closed = (*window.closed_by, *span.closed_by) if span.end_ns == window.end_ns else window.closed_by
    return GateWindow(window.start_ns, window.end_ns, opened, closed)


def _cause(event: MarketEvent) -> GateCause:
    return GateCause(event.event_id, event.kind, str(event.severity), event.label, event.at_ns)
