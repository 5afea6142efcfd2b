"""Minutes and five minutes of one symbol, side by side.  Rule: each bar reads of the other what had ended by its end.

So a piece must hold the bars of both intervals up to the same instant.
"""

from collections.abc import Sequence
from typing import Any, Self

from operators.bars.columns import Bars
from operators.scan.features.clock import SessionClock, regular
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.five import FiveBuilder, FiveFeatures
from operators.scan.features.last_minute import LastMinute
from operators.scan.features.minute import MinuteBuilder, MinuteFeatures
from operators.scan.features.usual_volume import UsualVolume


class IntradayBuilder:
    """The state behind `MinuteFeatures` and `FiveFeatures` of one symbol."""

    __slots__ = ("_clock", "_five", "_last", "_minute", "_volume")

    def __init__(self, clock: SessionClock) -> None:
        self._clock = clock
        self._volume, self._last = UsualVolume(), LastMinute()
        self._minute, self._five = MinuteBuilder(clock), FiveBuilder()

    def extend(self, minutes: Bars, fives: Bars, days: DaysBefore) -> tuple[MinuteFeatures, FiveFeatures]:
        """Return the features of new one- and five-minute bars; other phases than the regular one are passed over.

        `days` must know of every day before these bars.
        """
        minutes, fives = regular(minutes), regular(fives)
        runs = self._clock.runs(fives)
        relative = self._volume.extend(fives, runs)
        minute = self._minute.extend(minutes, days, self._volume)
        if len(minute):
            self._last.extend(minute)
        return minute, self._five.extend(fives, runs, self._last, relative)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return tuple(part.to_plain() for part in (self._volume, self._last, self._minute, self._five))

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        volume, last, minute, five = plain
        own._volume, own._last = UsualVolume.from_plain(volume), LastMinute.from_plain(last)
        own._minute, own._five = MinuteBuilder.from_plain(clock, minute), FiveBuilder.from_plain(five)
        return own
