"""The demo's ideas on time: market events that hold entries back or let them in, a command, the session after hours."""

from typing import Final

from flows.simulation.demo_ideas import AT_ONCE, EXPIRED, FAR, never_enters
from flows.simulation.ideas import LONG, SHORT, Idea
from flows.simulation.rehearsal import Trial, all_of, enters_gated, held_back, sees
from operators.events import Kind

AROUND_FOMC: Final = (*range(150, 180, 5), *range(181, 280, 3))
"""Starts, in minutes after the open, before the gate of the simulated rate decision closes, then while it is closed."""
AROUND_NEWS: Final = (*range(45, 70, 5), *range(71, 100, 2), *range(5, 45, 5))
"""The same around the simulated trading update of SIM7, which is known twenty minutes before."""
NEARBY: Final = (0.15, 0.3, 0.08)


def gated_in_position(trial: Trial) -> bool:
    """Want the first gate to close while the position is open."""
    entered, gated = trial.at_ns(Kind.ENTERED), trial.at_ns(Kind.GATED)
    return entered is not None and gated is not None and entered < gated


def enters_after_close(trial: Trial) -> bool:
    """Want an entry after hours."""
    entered = trial.at_ns(Kind.ENTERED)
    return entered is not None and entered >= trial.stage.day.close_ns


GATE_IDEAS: Final = (
    Idea(
        "sim6-fomc-suppressed-long",
        LONG,
        "limit",
        "the entry price comes while the gate forbids it: expired at 14:00, never entered",
        all_of(held_back, EXPIRED, never_enters),
        starts=AROUND_FOMC,
        away=NEARBY,
        until=270,
        options={"on_event": "suppress"},
    ),
    Idea(
        "sim6-fomc-late-short",
        SHORT,
        "limit",
        "held back by the gate, entered when it opens or later",
        all_of(held_back, sees(Kind.ENTERED)),
        starts=AROUND_FOMC,
        away=NEARBY,
        risks=(0.6, 1.0, 0.3),
        options={"on_event": "suppress"},
    ),
    Idea(
        "sim6-fomc-defined-long",
        LONG,
        "stop",
        "entered under the gate, with defined risk",
        enters_gated,
        starts=AROUND_FOMC,
        away=NEARBY,
    ),
    Idea(
        "sim7-news-suppressed-short",
        SHORT,
        "stop",
        "held back by news that was known twenty minutes before",
        held_back,
        starts=AROUND_NEWS,
        away=NEARBY,
        options={"on_event": "suppress"},
    ),
    Idea(
        "sim7-news-open-long",
        LONG,
        "market",
        "in position when the news is announced: defined risk from then on",
        all_of(gated_in_position, sees(Kind.UNGATED)),
        starts=AT_ONCE,
        risks=(0.6, 1.0, 2.0),
    ),
    Idea(
        "sim7-afterhours-long",
        LONG,
        "market",
        "hears the session after hours alone",
        enters_after_close,
        starts=(395, 400, 405, 415, 425),
        until=570,
        options={"sessions": ["post"], "extended_hours": True},
    ),
    Idea(
        "sim8-dip-long",
        LONG,
        "limit",
        "cancelled by a command before noon; without it, expired",
        all_of(EXPIRED, never_enters),
        starts=(5,),
        away=FAR,
    ),
)
