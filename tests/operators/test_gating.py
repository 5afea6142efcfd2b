"""Gate windows on event time: half-open, cut at what was known, merged where they overlap or touch."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.gating import NO_GATES, GateMargins, GateSettings, GateTimeline, gate_timeline
from operators.market_events import MarketEvent, Severity, standing
from operators.plans import Gate
from operators.records import GateEdge
from tests.oracle.times import MINUTE_NS, new_york_ns

AT_NS = new_york_ns("2013-10-08", "14:00")
LONG_AGO_NS = new_york_ns("2013-10-01", "09:00")
DEFAULTS = GateSettings()
SUPPRESS, DEFINED_RISK, ALLOW = Gate.SUPPRESS, Gate.DEFINED_RISK, Gate.ALLOW


def event(
    at_ns: int = AT_NS,
    event_id: str = "e",
    symbol: str = "TEST",
    kind: str = "fomc",
    severity: Severity = Severity.HIGH,
    known_at_ns: int = LONG_AGO_NS,
) -> MarketEvent:
    """A rate decision at 14:00, known for a week."""
    return MarketEvent(event_id, symbol, kind, severity, at_ns, known_at_ns, "label")


def minutes(*offsets: float) -> tuple[int, ...]:
    """Instants so many minutes from 14:00."""
    return tuple(AT_NS + round(offset * MINUTE_NS) for offset in offsets)


def windows(*events: MarketEvent, settings: GateSettings = DEFAULTS, symbol: str = "TEST") -> list[tuple[int, int]]:
    timeline = gate_timeline(symbol, events, settings)
    assert timeline.edges_ns == tuple(edge for each in timeline.windows for edge in (each.start_ns, each.end_ns))
    return [(each.start_ns, each.end_ns) for each in timeline.windows]


def is_gated(timeline: GateTimeline, at_ns: int) -> bool:
    return timeline.overdue_edge(at_ns, ALLOW, SUPPRESS) is not None


def test_a_window_stands_from_90_minutes_before_until_15_after() -> None:
    """Its first instant is inside, its last is not."""
    timeline = gate_timeline("TEST", [event()], DEFAULTS)
    start_ns, end_ns = minutes(-90, 15)
    assert windows(event()) == [(start_ns, end_ns)]
    instants = (start_ns - 1, start_ns, AT_NS, end_ns - 1, end_ns)
    assert [is_gated(timeline, at_ns) for at_ns in instants] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("severity", "gates"),
    [(Severity.LOW, False), (Severity.MEDIUM, True), (Severity.HIGH, True), (Severity.CRITICAL, True)],
)
def test_an_event_of_low_severity_has_no_window(severity: Severity, gates: bool) -> None:
    assert bool(windows(event(severity=severity))) == gates


@pytest.mark.parametrize(
    ("symbol", "gates"), [("TEST", True), ("*", True), ("OTHER", False), ("test", False), ("", False)]
)
def test_an_event_concerns_its_symbol_or_all(symbol: str, gates: bool) -> None:
    """Tickers are case-sensitive."""
    assert bool(windows(event(symbol=symbol))) == gates


@pytest.mark.parametrize(
    ("known", "window"),
    [
        (-91, [(-90, 15)]),
        (-90, [(-90, 15)]),
        (-30, [(-30, 15)]),
        (0, [(0, 15)]),
        (14, [(14, 15)]),
        (15, []),
        (60, []),
    ],
)
def test_a_window_starts_no_sooner_than_its_event_was_known(known: float, window: list[tuple[float, float]]) -> None:
    """Nothing is gated by what nobody knew; what became known after the window has none."""
    (known_ns,) = minutes(known)
    assert windows(event(known_at_ns=known_ns)) == [minutes(*each) for each in window]


@pytest.mark.parametrize(
    ("offset_ns", "merged"),
    [
        (0, True),
        (60 * MINUTE_NS, True),
        (105 * MINUTE_NS - 1, True),
        (105 * MINUTE_NS, True),
        (105 * MINUTE_NS + 1, False),
    ],
)
def test_windows_that_overlap_or_touch_are_one(offset_ns: int, merged: bool) -> None:
    """A window that begins where another ends leaves no instant between them."""
    found = windows(event(), event(AT_NS + offset_ns, "f"))
    start_ns, end_ns = minutes(-90, 15)
    if merged:
        assert found == [(start_ns, end_ns + offset_ns)]
    else:
        assert found == [(start_ns, end_ns), (start_ns + offset_ns, end_ns + offset_ns)]


def test_a_window_inside_another_changes_nothing() -> None:
    """A short one of another kind, in the middle of a long one."""
    narrow = GateSettings(by_kind={"cpi": GateMargins(5, 5)})
    assert windows(event(), event(kind="cpi", event_id="f"), settings=narrow) == [minutes(-90, 15)]


def test_margins_are_set_per_kind() -> None:
    """Minutes before and after; a kind without its own has the default."""
    settings_ = GateSettings(GateMargins(10, 0), {"cpi": GateMargins(0.5, 1.25)})
    assert windows(event(kind="cpi"), settings=settings_) == [minutes(-0.5, 1.25)]
    assert windows(event(kind="nfp"), settings=settings_) == [minutes(-10, 0)]
    assert (settings_.margins("cpi"), settings_.margins("nfp")) == (GateMargins(0.5, 1.25), GateMargins(10, 0))


def test_a_window_without_length_is_none() -> None:
    assert windows(event(), settings=GateSettings(GateMargins(0, 0))) == []


@pytest.mark.parametrize(
    "margins", [(-1, 15), (90, -0.1), (float("nan"), 15), (90, float("inf")), (90, float("nan")), (1e9, 15)]
)
def test_margins_that_are_none_cannot_be_built(margins: tuple[float, float]) -> None:
    """A misspelt number must not silently shut or open the gate."""
    with pytest.raises(ValueError, match=f"got {margins[0]}:{margins[1]}; must be minutes before and after, 0"):
        GateMargins(*margins)


def test_edges_name_the_events_that_open_and_close() -> None:
    """The window's own first and last; those in the middle are not to blame for an edge."""
    first, middle, last = event(event_id="a"), event(minutes(30)[0], "b"), event(minutes(60)[0], "c")
    also = event(event_id="d", symbol="*", kind="cpi")
    timeline = gate_timeline("TEST", [last, also, middle, first], DEFAULTS)
    opening = timeline.next_edge(0, SUPPRESS)
    assert opening is not None
    closing = timeline.next_edge(opening.at_ns, SUPPRESS)
    assert closing is not None
    assert (opening.at_ns, opening.gate, [each.event_id for each in opening.causes]) == (
        *minutes(-90),
        SUPPRESS,
        ["a", "d"],
    )
    assert (closing.at_ns, closing.gate, [each.event_id for each in closing.causes]) == (*minutes(75), ALLOW, ["c"])
    cause = opening.causes[0]
    assert (cause.kind, cause.severity, cause.label, cause.at_ns) == ("fomc", "high", "label", AT_NS)
    assert timeline.next_edge(closing.at_ns, SUPPRESS) is None


def test_plans_that_meet_an_edge_share_it() -> None:
    """Whenever they ask; a plan of the other action meets another one, and another timeline has its own."""
    timeline = gate_timeline("TEST", [event()], DEFAULTS)
    opening = timeline.next_edge(0, SUPPRESS)
    assert opening is timeline.next_edge(1, SUPPRESS)
    assert opening == gate_timeline("TEST", [event()], DEFAULTS).next_edge(0, SUPPRESS)
    other = timeline.next_edge(0, DEFINED_RISK)
    assert (opening and opening.gate, other and other.gate) == (SUPPRESS, DEFINED_RISK)


def test_who_comes_into_a_standing_window_meets_its_gate_at_once() -> None:
    """With the time of coming and the events that opened the window."""
    timeline = gate_timeline("TEST", [event()], DEFAULTS)
    met = timeline.overdue_edge(AT_NS, ALLOW, DEFINED_RISK)
    assert met == GateEdge(AT_NS, DEFINED_RISK, timeline.windows[0].opened_by)


@pytest.mark.parametrize(
    ("offset", "gate", "leads_to"),
    [
        (-91, ALLOW, None),
        (-90, ALLOW, SUPPRESS),
        (0, SUPPRESS, None),
        (0, ALLOW, SUPPRESS),
        (15, ALLOW, None),
        (15, SUPPRESS, ALLOW),
        (-91, SUPPRESS, ALLOW),
    ],
)
def test_a_gate_that_is_not_as_it_should_be_is_put_right(offset: float, gate: Gate, leads_to: Gate | None) -> None:
    """At the instant asked for; one that is as it should be is left alone."""
    (at_ns,) = minutes(offset)
    edge = gate_timeline("TEST", [event()], DEFAULTS).overdue_edge(at_ns, gate, SUPPRESS)
    assert (edge and (edge.at_ns, edge.gate)) == (leads_to and (at_ns, leads_to))


def test_without_events_the_gate_never_moves() -> None:
    assert gate_timeline("TEST", [], DEFAULTS) == NO_GATES
    assert (NO_GATES.next_edge(0, SUPPRESS), NO_GATES.overdue_edge(AT_NS, ALLOW, SUPPRESS)) == (None, None)


minute_offsets = st.integers(-200, 200)
all_events = st.builds(
    event,
    at_ns=minute_offsets.map(lambda each: minutes(each)[0]),
    event_id=st.sampled_from("abcdef"),
    symbol=st.sampled_from(["TEST", "TEST", "*", "OTHER"]),
    kind=st.sampled_from(["fomc", "cpi", "nfp"]),
    severity=st.sampled_from(Severity),
    known_at_ns=st.just(LONG_AGO_NS) | minute_offsets.map(lambda each: minutes(each)[0]),
)
margins_in_minutes = st.builds(
    GateMargins, st.sampled_from([0.0, 0.5, 10.0, 90.0]), st.sampled_from([0.0, 0.25, 15.0, 60.0])
)
all_settings = st.builds(
    GateSettings, margins_in_minutes, st.dictionaries(st.sampled_from(["fomc", "cpi"]), margins_in_minutes)
)


def own_window(given_event: MarketEvent, given_settings: GateSettings) -> tuple[int, int]:
    """One event's window, alone."""
    margins = given_settings.margins(given_event.kind)
    before, after = (int(each * MINUTE_NS) for each in (margins.before_minutes, margins.after_minutes))
    return max(given_event.at_ns - before, given_event.known_at_ns), given_event.at_ns + after


@settings(max_examples=150, deadline=None)
@given(events=st.lists(all_events, max_size=6), given_settings=all_settings)
def test_the_gate_at_every_instant_is_what_the_events_say(
    events: list[MarketEvent], given_settings: GateSettings
) -> None:
    """Shut exactly where some event's window stands, asked for one instant at a time; in whatever order they come."""
    timeline = gate_timeline("TEST", events, given_settings)
    assert gate_timeline("TEST", events[::-1], given_settings).edges_ns == timeline.edges_ns
    own = {
        each: own_window(each, given_settings)
        for each in events
        if each.symbol in ("TEST", "*") and each.severity is not Severity.LOW
    }
    edges = {edge for window in own.values() for edge in window}
    for at_ns in sorted({near for edge in edges for near in (edge - 1, edge, edge + 1)} | {AT_NS}):
        assert is_gated(timeline, at_ns) == any(start <= at_ns < end for start, end in own.values())
    real = {each: window for each, window in own.items() if window[0] < window[1]}
    for window in timeline.windows:
        opened = {each.event_id for each, (start, _) in real.items() if start == window.start_ns}
        closed = {each.event_id for each, (_, end) in real.items() if end == window.end_ns}
        assert {each.event_id for each in window.opened_by} == opened
        assert {each.event_id for each in window.closed_by} == closed


@settings(max_examples=150, deadline=None)
@given(events=st.lists(all_events, max_size=5), names=st.lists(st.sampled_from("ab"), min_size=5, max_size=5))
def test_the_gate_at_every_instant_is_what_was_last_told_of_what_was_known_then(
    events: list[MarketEvent], names: list[str]
) -> None:
    """Of events that are told again, perhaps of another symbol, long before or after that is to be known."""
    told = [replace(each, event_id=name) for each, name in zip(events, names, strict=False)]
    timeline = gate_timeline("TEST", standing(told), DEFAULTS)
    edges = {edge for each in told for edge in (*own_window(each, DEFAULTS), each.known_at_ns)}
    for at_ns in sorted({near for edge in edges for near in (edge - 1, edge)}):
        known = {each.event_id: each for each in told if each.known_at_ns <= at_ns}.values()
        assert is_gated(timeline, at_ns) == is_gated(gate_timeline("TEST", known, DEFAULTS), at_ns)


@settings(max_examples=100, deadline=None)
@given(
    events=st.lists(all_events, max_size=6),
    given_settings=all_settings,
    action=st.sampled_from([SUPPRESS, DEFINED_RISK]),
)
def test_walking_the_edges_shuts_and_opens_in_turn(
    events: list[MarketEvent], given_settings: GateSettings, action: Gate
) -> None:
    """Strictly ascending, never two of a kind in a row, and open in the end."""
    timeline, found, at_ns = gate_timeline("TEST", events, given_settings), list[GateEdge](), 0
    while (edge := timeline.next_edge(at_ns, action)) is not None:
        found.append(edge)
        at_ns = edge.at_ns
    assert [each.at_ns for each in found] == list(timeline.edges_ns)
    assert all(first.at_ns < second.at_ns for first, second in pairwise(found))
    assert [each.gate for each in found] == [action, ALLOW] * len(timeline.windows)
    assert all(each.causes for each in found)
    for each in found:
        assert timeline.next_edge(each.at_ns - 1, action) == each


@settings(max_examples=100, deadline=None)
@given(given_settings=all_settings)
def test_settings_are_read_back_from_json(given_settings: GateSettings) -> None:
    """Minutes before and after per kind, `*` for every other."""
    data = given_settings.to_json()
    assert GateSettings.from_json(data) == given_settings
    assert data["*"] == [given_settings.default.before_minutes, given_settings.default.after_minutes]


def test_settings_that_are_silent_are_the_design_s() -> None:
    """90 minutes before, 15 after."""
    assert GateSettings.from_json({}) == DEFAULTS
    assert DEFAULTS.to_json() == {"*": [90.0, 15.0]}
    with pytest.raises(ValueError, match="must be minutes before and after"):
        GateSettings.from_json({"fomc": [-1, 5]})
