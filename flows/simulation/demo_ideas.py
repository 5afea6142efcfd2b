"""The demo's ideas on price alone: breakouts, pullbacks, fades and gaps, with every ending that price can bring."""

from typing import Final

from flows.simulation.ideas import LONG, SHORT, Anchor, Idea
from flows.simulation.rehearsal import Trial, all_of, ends, hits, raises, sees
from operators.events import Kind

WAITING: Final = ends(Kind.REGISTERED)
OPEN: Final = ends(Kind.ENTERED)
SCALED: Final = ends(Kind.TARGET_HIT)
COMPLETED: Final = ends(Kind.COMPLETED)
EXPIRED: Final = ends(Kind.EXPIRED)
STOPPED, AT_BREAKEVEN, BY_TRAIL = (ends(Kind.STOPPED, reason) for reason in ("stop", "breakeven", "trail"))

AFTER_RANGE: Final = tuple(range(15, 330, 5))
AT_ONCE: Final = tuple(range(1, 60, 3))
"""Starts in minutes after the open: once there is an opening range, and soon after the open."""
AFTERNOON: Final = tuple(range(160, 300, 5))
NARROW: Final = (0.02, 0.05)
FAR: Final = (3.0,)
WIDE: Final = (3.0, 5.0)


def never_enters(trial: Trial) -> bool:
    """Want no entry."""
    return trial.at_ns(Kind.ENTERED) is None


def enters_before_open(trial: Trial) -> bool:
    """Want an entry in the pre-market."""
    entered = trial.at_ns(Kind.ENTERED)
    return entered is not None and entered < trial.stage.day.open_ns


TREND_IDEAS: Final = (
    Idea(
        "sim1-orb-long",
        LONG,
        "stop",
        "opening range breakout, all targets hit",
        all_of(COMPLETED, hits(2)),
        anchor=Anchor.HIGH,
        starts=AFTER_RANGE,
        away=NARROW,
    ),
    Idea(
        "sim1-pullback-long",
        LONG,
        "limit",
        "bought in a dip, taken out by the trail stop",
        all_of(BY_TRAIL, raises(2)),
        ladders=((0.5, 4), (0.3, 6)),
        trail=0.6,
    ),
    Idea(
        "sim1-scalp-long",
        LONG,
        "market",
        "in at market, out at the only target",
        COMPLETED,
        style="scalp",
        starts=AT_ONCE,
        ladders=((0.7,), (0.4,)),
    ),
    Idea(
        "sim1-leap-long",
        LONG,
        "market",
        "first target hit, the rest runs on after today",
        all_of(SCALED, hits(1)),
        style="leap",
        starts=AT_ONCE,
        risks=WIDE,
        ladders=((0.1, 3, 5), (0.03, 3, 5)),
        options={"breakeven_after": 0},
    ),
    Idea("sim1-swing-waiting", LONG, "limit", "waits far below the price", WAITING, style="swing", away=FAR),
    Idea(
        "sim2-breakdown-short",
        SHORT,
        "stop",
        "breakdown, all targets hit",
        all_of(COMPLETED, hits(2)),
        anchor=Anchor.LOW,
        starts=AFTER_RANGE,
        away=NARROW,
    ),
    Idea(
        "sim2-trail-short",
        SHORT,
        "market",
        "short at market, the trail stop raised until it holds",
        all_of(BY_TRAIL, raises(3)),
        ladders=((0.5, 5), (0.3, 8)),
        trail=0.6,
    ),
    Idea("sim2-bounce-long", LONG, "stop", "the stop is reached before the entry: invalidated", ends(Kind.INVALIDATED)),
    Idea("sim2-knife-long", LONG, "limit", "bought on the way down, stopped", STOPPED),
    Idea("sim2-swing-short", SHORT, "market", "open at the end of the day", OPEN, style="swing", risks=WIDE),
)

RANGE_IDEAS: Final = (
    Idea("sim3-fade-short", SHORT, "limit", "one target, then out at break-even", AT_BREAKEVEN, ladders=((0.5, 5),)),
    Idea(
        "sim3-range-long",
        LONG,
        "limit",
        "near its stop, then recovered, then a target",
        sees(Kind.AT_RISK, Kind.RECOVERED, Kind.TARGET_HIT),
    ),
    Idea(
        "sim3-quiet-long",
        LONG,
        "market",
        "neither stop nor target by the close: expired in position",
        all_of(EXPIRED, hits(0), sees(Kind.ENTERED)),
        risks=WIDE,
    ),
    Idea("sim3-far-short", SHORT, "limit", "never entered, expired", all_of(EXPIRED, never_enters), away=FAR),
    Idea(
        "sim3-runner-long",
        LONG,
        "limit",
        "both targets hit, three tenths run on",
        hits(2),
        ladders=((0.5, 1), (0.25, 0.5)),
        fractions=(0.4, 0.3),
    ),
    Idea(
        "sim4-bottom-long",
        LONG,
        "limit",
        "waits too low, replaced by version 2",
        all_of(EXPIRED, never_enters),
        starts=(5,),
        away=FAR,
    ),
    Idea(
        "sim4-bottom-long",
        LONG,
        "limit",
        "version 2, nearer: all targets hit",
        COMPLETED,
        starts=AFTERNOON,
        away=NARROW,
        options={"version": 2},
    ),
    Idea(
        "sim4-reversal-long",
        LONG,
        "stop",
        "one target, the rest held to the close",
        all_of(EXPIRED, hits(1)),
        starts=AFTERNOON,
        ladders=((0.5, 8), (0.3, 9), (0.1, 9)),
        options={"breakeven_after": 0},
        risks=(0.25, 0.6, 1.0),
    ),
    Idea("sim4-morning-short", SHORT, "limit", "one target, then out at break-even", AT_BREAKEVEN, ladders=((0.5, 5),)),
)

GAP_IDEAS: Final = (
    Idea(
        "sim5-gap-long",
        LONG,
        "stop",
        "the gap jumps entry and first target: missed",
        ends(Kind.MISSED),
        starts=tuple(range(-300, -60, 10)),
        away=(0.3, 0.1),
        risks=(0.5,),
        ladders=((0.5, 1),),
    ),
    Idea(
        "sim5-premarket-long",
        LONG,
        "market",
        "hears Form T prints: entered before the open",
        enters_before_open,
        starts=tuple(range(-150, -10, 5)),
        options={"sessions": ["pre", "regular", "post"], "extended_hours": True},
    ),
    Idea("sim5-fade-short", SHORT, "market", "short after the gap, all targets hit", COMPLETED, starts=AT_ONCE),
    Idea(
        "sim5-oddlot-long",
        LONG,
        "market",
        "hears odd lots, stopped",
        STOPPED,
        style="scalp",
        ladders=((1,),),
        options={"odd_lots": True},
    ),
    Idea("sim8-hedge-short", SHORT, "market", "open at the end of the day", OPEN, style="swing", risks=WIDE),
)
