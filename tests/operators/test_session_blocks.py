"""The market's clock at its edges; every expected value is written down by hand."""

from datetime import date

import pytest

from operators.sessions import SessionBlock, SessionCalendar
from tests.oracle.times import new_york_ns, parse_ns

ITSELF = "itself"

# instant | phase | session date | as of | next open | next close | banner; New York wall clocks
EDGES = """
2013-10-08 02:00:00           | closed  | 2013-10-07 | 2013-10-07 16:00 | 2013-10-08 09:30 | 2013-10-08 16:00 | Market closed, opens Tue 2013-10-08 09:30 ET
2013-10-08 03:59:59.999999999 | closed  | 2013-10-07 | 2013-10-07 16:00 | 2013-10-08 09:30 | 2013-10-08 16:00 | Market closed, opens Tue 2013-10-08 09:30 ET
2013-10-08 04:00:00           | pre     | 2013-10-08 | 2013-10-07 16:00 | 2013-10-08 09:30 | 2013-10-08 16:00 | Pre-market, opens 09:30 ET
2013-10-08 09:29:59.999999999 | pre     | 2013-10-08 | 2013-10-07 16:00 | 2013-10-08 09:30 | 2013-10-08 16:00 | Pre-market, opens 09:30 ET
2013-10-08 09:30:00           | regular | 2013-10-08 | itself           | 2013-10-09 09:30 | 2013-10-08 16:00 | Regular session until 16:00 ET
2013-10-08 15:59:59.999999999 | regular | 2013-10-08 | itself           | 2013-10-09 09:30 | 2013-10-08 16:00 | Regular session until 16:00 ET
2013-10-08 16:00:00           | post    | 2013-10-08 | 2013-10-08 16:00 | 2013-10-09 09:30 | 2013-10-09 16:00 | After hours, closed 16:00 ET
2013-10-08 19:59:59.999999999 | post    | 2013-10-08 | 2013-10-08 16:00 | 2013-10-09 09:30 | 2013-10-09 16:00 | After hours, closed 16:00 ET
2013-10-08 20:00:00           | closed  | 2013-10-08 | 2013-10-08 16:00 | 2013-10-09 09:30 | 2013-10-09 16:00 | Market closed, opens Wed 2013-10-09 09:30 ET
2013-10-08 21:00:00           | closed  | 2013-10-08 | 2013-10-08 16:00 | 2013-10-09 09:30 | 2013-10-09 16:00 | Market closed, opens Wed 2013-10-09 09:30 ET
2013-10-12 12:00:00           | closed  | 2013-10-11 | 2013-10-11 16:00 | 2013-10-14 09:30 | 2013-10-14 16:00 | Market closed, opens Mon 2013-10-14 09:30 ET
2013-11-28 12:00:00           | closed  | 2013-11-27 | 2013-11-27 16:00 | 2013-11-29 09:30 | 2013-11-29 13:00 | Market closed, opens Fri 2013-11-29 09:30 ET
2013-11-29 12:59:59.999999999 | regular | 2013-11-29 | itself           | 2013-12-02 09:30 | 2013-11-29 13:00 | Regular session until 13:00 ET
2013-11-29 13:00:00           | post    | 2013-11-29 | 2013-11-29 13:00 | 2013-12-02 09:30 | 2013-12-02 16:00 | After hours, closed 13:00 ET
2013-11-29 16:59:59.999999999 | post    | 2013-11-29 | 2013-11-29 13:00 | 2013-12-02 09:30 | 2013-12-02 16:00 | After hours, closed 13:00 ET
2013-11-29 17:00:00           | closed  | 2013-11-29 | 2013-11-29 13:00 | 2013-12-02 09:30 | 2013-12-02 16:00 | Market closed, opens Mon 2013-12-02 09:30 ET
2015-12-24 09:30:00           | regular | 2015-12-24 | itself           | 2015-12-28 09:30 | 2015-12-24 13:00 | Regular session until 13:00 ET
2015-12-24 13:00:00           | post    | 2015-12-24 | 2015-12-24 13:00 | 2015-12-28 09:30 | 2015-12-28 16:00 | After hours, closed 13:00 ET
2015-12-24 17:00:00           | closed  | 2015-12-24 | 2015-12-24 13:00 | 2015-12-28 09:30 | 2015-12-28 16:00 | Market closed, opens Mon 2015-12-28 09:30 ET
2001-09-11 12:00:00           | closed  | 2001-09-10 | 2001-09-10 16:00 | 2001-09-17 09:33 | 2001-09-17 16:00 | Market closed, opens Mon 2001-09-17 09:33 ET
2001-09-12 12:00:00           | closed  | 2001-09-10 | 2001-09-10 16:00 | 2001-09-17 09:33 | 2001-09-17 16:00 | Market closed, opens Mon 2001-09-17 09:33 ET
2001-09-13 12:00:00           | closed  | 2001-09-10 | 2001-09-10 16:00 | 2001-09-17 09:33 | 2001-09-17 16:00 | Market closed, opens Mon 2001-09-17 09:33 ET
2001-09-14 12:00:00           | closed  | 2001-09-10 | 2001-09-10 16:00 | 2001-09-17 09:33 | 2001-09-17 16:00 | Market closed, opens Mon 2001-09-17 09:33 ET
2001-09-17 12:00:00           | regular | 2001-09-17 | itself           | 2001-09-18 09:30 | 2001-09-17 16:00 | Regular session until 16:00 ET
2004-06-11 12:00:00           | closed  | 2004-06-10 | 2004-06-10 16:00 | 2004-06-14 09:30 | 2004-06-14 16:00 | Market closed, opens Mon 2004-06-14 09:30 ET
2007-01-02 12:00:00           | closed  | 2006-12-29 | 2006-12-29 16:00 | 2007-01-03 09:30 | 2007-01-03 16:00 | Market closed, opens Wed 2007-01-03 09:30 ET
2012-10-29 12:00:00           | closed  | 2012-10-26 | 2012-10-26 16:00 | 2012-10-31 09:30 | 2012-10-31 16:00 | Market closed, opens Wed 2012-10-31 09:30 ET
2012-10-30 12:00:00           | closed  | 2012-10-26 | 2012-10-26 16:00 | 2012-10-31 09:30 | 2012-10-31 16:00 | Market closed, opens Wed 2012-10-31 09:30 ET
2018-12-05 12:00:00           | closed  | 2018-12-04 | 2018-12-04 16:00 | 2018-12-06 09:30 | 2018-12-06 16:00 | Market closed, opens Thu 2018-12-06 09:30 ET
2025-01-09 12:00:00           | closed  | 2025-01-08 | 2025-01-08 16:00 | 2025-01-10 09:30 | 2025-01-10 16:00 | Market closed, opens Fri 2025-01-10 09:30 ET
2021-12-31 12:00:00           | regular | 2021-12-31 | itself           | 2022-01-03 09:30 | 2021-12-31 16:00 | Regular session until 16:00 ET
2027-12-31 12:00:00           | regular | 2027-12-31 | itself           | 2028-01-03 09:30 | 2027-12-31 16:00 | Regular session until 16:00 ET
"""  # noqa: E501

# The same around both changes of clocks in 2013, in UTC: 16:00 is 21:00Z in winter, 20:00Z in summer.
CLOCK_CHANGES = """
2013-03-08T20:59:59.999999999Z | regular | 2013-03-08 | itself               | 2013-03-11T13:30:00Z | 2013-03-08T21:00:00Z
2013-03-08T21:00:00Z           | post    | 2013-03-08 | 2013-03-08T21:00:00Z | 2013-03-11T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-09T01:00:00Z           | closed  | 2013-03-08 | 2013-03-08T21:00:00Z | 2013-03-11T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-10T07:00:00Z           | closed  | 2013-03-08 | 2013-03-08T21:00:00Z | 2013-03-11T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-11T07:59:59.999999999Z | closed  | 2013-03-08 | 2013-03-08T21:00:00Z | 2013-03-11T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-11T08:00:00Z           | pre     | 2013-03-11 | 2013-03-08T21:00:00Z | 2013-03-11T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-11T13:30:00Z           | regular | 2013-03-11 | itself               | 2013-03-12T13:30:00Z | 2013-03-11T20:00:00Z
2013-03-11T20:00:00Z           | post    | 2013-03-11 | 2013-03-11T20:00:00Z | 2013-03-12T13:30:00Z | 2013-03-12T20:00:00Z
2013-11-01T19:59:59.999999999Z | regular | 2013-11-01 | itself               | 2013-11-04T14:30:00Z | 2013-11-01T20:00:00Z
2013-11-01T20:00:00Z           | post    | 2013-11-01 | 2013-11-01T20:00:00Z | 2013-11-04T14:30:00Z | 2013-11-04T21:00:00Z
2013-11-02T00:00:00Z           | closed  | 2013-11-01 | 2013-11-01T20:00:00Z | 2013-11-04T14:30:00Z | 2013-11-04T21:00:00Z
2013-11-04T08:59:59.999999999Z | closed  | 2013-11-01 | 2013-11-01T20:00:00Z | 2013-11-04T14:30:00Z | 2013-11-04T21:00:00Z
2013-11-04T09:00:00Z           | pre     | 2013-11-04 | 2013-11-01T20:00:00Z | 2013-11-04T14:30:00Z | 2013-11-04T21:00:00Z
2013-11-04T14:30:00Z           | regular | 2013-11-04 | itself               | 2013-11-05T14:30:00Z | 2013-11-04T21:00:00Z
2013-11-04T21:00:00Z           | post    | 2013-11-04 | 2013-11-04T21:00:00Z | 2013-11-05T14:30:00Z | 2013-11-05T21:00:00Z
"""  # noqa: E501


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def instant(text: str) -> int:
    """Read UTC, or New York wall time."""
    return parse_ns(text) if text.endswith("Z") else new_york_ns(*text.split())


def check(block: SessionBlock, at_ns: int, row: list[str]) -> None:
    """Hold a block against its row."""
    phase, session_date, as_of, next_open, next_close = row[1:6]
    assert (block.phase, block.session_date) == (phase, date.fromisoformat(session_date))
    assert block.status == ("open" if phase == "regular" else "closed")
    assert block.as_of_ns == (at_ns if as_of == ITSELF else instant(as_of))
    assert (block.next_open_ns, block.next_close_ns) == (instant(next_open), instant(next_close))
    assert block.tz == "America/New_York"


@pytest.mark.parametrize("row", rows(EDGES), ids=lambda row: row[0])
def test_the_block_says_what_the_market_does(calendar: SessionCalendar, row: list[str]) -> None:
    """Half-open edges, half days, holidays and the days when New York stood still."""
    at_ns = instant(row[0])
    block = calendar.block(at_ns)
    check(block, at_ns, row)
    assert block.banner == row[6]


@pytest.mark.parametrize("row", rows(CLOCK_CHANGES), ids=lambda row: row[0])
def test_sessions_follow_new_york_when_clocks_change(calendar: SessionCalendar, row: list[str]) -> None:
    """Spring: 13:30Z after a weekend that began at 21:00Z.  Autumn: 14:30Z after 20:00Z."""
    at_ns = instant(row[0])
    check(calendar.block(at_ns), at_ns, row)


def test_a_block_is_written_with_rfc_3339_instants(calendar: SessionCalendar) -> None:
    """The keys of every response's session block, and nothing else."""
    assert calendar.block(new_york_ns("2015-12-24", "13:00")).to_json() == {
        "status": "closed",
        "phase": "post",
        "session_date": "2015-12-24",
        "as_of": "2015-12-24T18:00:00Z",
        "next_open": "2015-12-28T14:30:00Z",
        "next_close": "2015-12-28T21:00:00Z",
        "tz": "America/New_York",
        "banner": "After hours, closed 13:00 ET",
    }
