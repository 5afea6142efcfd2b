"""Lost prints, for questions that look back over them."""

from datetime import date

from operators.data_gaps import DataGap
from operators.proposing.lost_prints import LostPrints
from operators.times import SECOND_NS
from tests.operators.levels.worlds import session_on

DAY = session_on(date(2013, 10, 8))
FROM_NS, TO_NS, TOLD_NS = (DAY.open_ns + minutes * 60 * SECOND_NS for minutes in (20, 50, 51))
LOST = DataGap("one", "lost", TOLD_NS, FROM_NS, TO_NS, "no REST")


def told(*gaps: DataGap) -> LostPrints:
    lost = LostPrints()
    for each in gaps:
        lost.tell(each)
    return lost


def test_a_loss_counts_from_its_telling_on() -> None:
    """A question of an earlier instant that comes later knows nothing of it."""
    lost = told(LOST)
    assert [lost.before(at_ns, DAY.date) for at_ns in (TOLD_NS - 1, TOLD_NS)] == [None, LOST]


def test_a_loss_counts_as_long_as_a_prior_week_may_look_over_it() -> None:
    lost = told(LOST)
    days = [date(2013, 10, 18), date(2013, 10, 21)]
    assert [lost.before(session_on(day).open_ns, day) for day in days] == [LOST, None]


def test_what_is_awaited_is_not_lost_and_what_came_after_all_is_no_longer() -> None:
    opened = DataGap("one", "open", FROM_NS, FROM_NS)
    closed = DataGap("one", "close", TOLD_NS + 1, FROM_NS, TO_NS)
    assert told(opened).before(TOLD_NS, DAY.date) is None
    lost = told(opened, LOST, closed)
    assert [lost.before(at_ns, DAY.date) for at_ns in (TOLD_NS, TOLD_NS + 1)] == [LOST, None]


def test_it_goes_on_from_plain_values() -> None:
    lost = told(DataGap("zero", "open", FROM_NS, FROM_NS), LOST)
    assert lost.before(FROM_NS, DAY.date) is None
    assert LostPrints.from_plain(lost.to_plain()).before(TOLD_NS, DAY.date) == LOST
