"""Minutes and five minutes of one symbol, side by side.  Rule: each bar reads of the other what had ended by its end.

So a piece must hold the bars of both intervals up to the same instant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple, Self

from operators.bars.columns import Bars, Floats
from operators.scan.features.clock import SessionClock
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.five import FiveBuilder, FiveFeatures, five_columns
from operators.scan.features.last_minute import LastMinute
from operators.scan.features.minute import MinuteBuilder, MinuteFeatures, minute_columns
from operators.scan.features.rounds import RegularBars, Round
from operators.scan.features.usual_volume import UsualVolume

_MINUTE_COLUMNS: Final = len(fields(MinuteFeatures)) - 2
_FIVE_COLUMNS: Final = len(fields(FiveFeatures)) - 2


class IntradayBuilder:
    """The state behind `MinuteFeatures` and `FiveFeatures` of one symbol."""

    __slots__ = ("clock", "five", "last", "minute", "volume")

    def __init__(self, clock: SessionClock) -> None:
        self.clock = clock
        self.volume, self.last = UsualVolume(), LastMinute()
        self.minute, self.five = MinuteBuilder(), FiveBuilder()

    def extend(self, minutes: Bars, fives: Bars, days: DaysBefore) -> tuple[MinuteFeatures, FiveFeatures]:
        """Return the features of new one- and five-minute bars; other phases than the regular one are passed over.

        `days` must know of every day before these bars.
        """
        found = intraday_features([self], [minutes], [fives], [days])
        return found.minutes, found.fives

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return tuple(part.to_plain() for part in (self.volume, self.last, self.minute, self.five))

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        volume, last, minute, five = plain
        own.volume, own.last = UsualVolume.from_plain(volume), LastMinute.from_plain(last)
        own.minute, own.five = MinuteBuilder.from_plain(minute), FiveBuilder.from_plain(five)
        return own


class Intraday(NamedTuple):
    """The features of several owners, one owner's bars after another's, and how many bars each has."""

    minutes: MinuteFeatures
    fives: FiveFeatures
    minute_sizes: Sequence[int]
    five_sizes: Sequence[int]


def intraday_features(
    owners: Sequence[IntradayBuilder], minutes: Sequence[Bars], fives: Sequence[Bars], days: Sequence[DaysBefore]
) -> Intraday:
    """Return what `IntradayBuilder.extend` of each owner would, but sooner."""
    clock = owners[0].clock
    short, long = RegularBars.of(minutes, clock), RegularBars.of(fives, clock)
    volumes = UsualVolume.extend([own.volume for own in owners], long)

    def of_minutes() -> Iterator[tuple[Round, Sequence[Floats]]]:
        for each in short.rounds():
            builders = [owners[number].minute for number in each.owners]
            yield each, minute_columns(builders, each, [days[number] for number in each.owners], volumes.at(each))

    columns = short.columns(_MINUTE_COLUMNS, of_minutes())
    minute = MinuteFeatures(short.bars.end_ns, short.session_column(), *columns)
    last = LastMinute.extend([own.last for own in owners], short.sizes, minute)

    def of_fives() -> Iterator[tuple[Round, Sequence[Floats]]]:
        for each in long.rounds():
            builders = [owners[number].five for number in each.owners]
            yield each, five_columns(builders, each, last.at(each), volumes.at_fives[each.rows])

    columns = long.columns(_FIVE_COLUMNS, of_fives())
    five = FiveFeatures(long.bars.end_ns, long.session_column(), *columns)
    return Intraday(minute, five, short.sizes, long.sizes)
