"""Instants: text in and out without losing a nanosecond."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.times import EARLIEST_NS, LAST_INSTANT_NS, LATEST_NS, SECOND_NS, iso, parse_instant

instants = st.integers(EARLIEST_NS, LATEST_NS - 1)
OFFSETS = st.integers(-14 * 60, 14 * 60)


@settings(max_examples=300, deadline=None)
@given(at_ns=instants | st.builds(lambda ns: ns - ns % SECOND_NS, instants))
def test_what_is_written_is_read_back(at_ns: int) -> None:
    """RFC 3339, plain digits, and the number itself."""
    text = iso(at_ns)
    assert parse_instant(text) == parse_instant(str(at_ns)) == parse_instant(at_ns) == at_ns
    assert text.endswith("Z")
    assert not text.endswith(("0Z", ".Z")) or "." not in text


@settings(max_examples=200, deadline=None)
@given(at_ns=instants, minutes=OFFSETS, digits=st.integers(0, 9), small=st.booleans())
def test_an_offset_is_only_another_spelling(at_ns: int, minutes: int, digits: int, small: bool) -> None:
    """Whatever the offset, however many places, capital or small letters."""
    step = 10 ** (9 - digits)
    at_ns = max(EARLIEST_NS, at_ns - at_ns % step)
    seconds, rest = divmod(at_ns, SECOND_NS)
    local = datetime.fromtimestamp(seconds, UTC) + timedelta(minutes=minutes)
    sign, away = ("-", -minutes) if minutes < 0 else ("+", minutes)
    places = f".{rest:09d}"[: digits + 1] if digits else ""
    text = f"{local:%Y-%m-%dT%H:%M:%S}{places}{sign}{away // 60:02d}:{away % 60:02d}"
    assert parse_instant(text.replace("T", "t") if small else text) == at_ns


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("2013-10-08T09:30:00-04:00", 1_381_239_000 * SECOND_NS),
        ("2013-10-08 13:30:00Z", 1_381_239_000 * SECOND_NS),
        (" 2013-10-08t13:30:00z ", 1_381_239_000 * SECOND_NS),
        ("2013-10-08T13:30:00.000000001Z", 1_381_239_000 * SECOND_NS + 1),
        ("2013-10-08T13:30:00.1Z", 1_381_239_000 * SECOND_NS + SECOND_NS // 10),
        ("1993-01-01T00:00:00Z", EARLIEST_NS),
        ("2027-12-31T23:59:59.999999999Z", LATEST_NS - 1),
        ("1381239000000000000", 1_381_239_000 * SECOND_NS),
    ],
)
def test_instants_worked_out_by_hand(text: str, at_ns: int) -> None:
    assert parse_instant(text) == at_ns


@pytest.mark.parametrize(
    "value",
    [
        "2013-10-08T09:30:00",  # whose noon?
        "2013-10-08",
        "09:30",
        "2013-10-08T09:30:00 EST",
        "2013-10-08T09:30-04:00",
        "2013-10-08T24:00:00Z",
        "2013-02-29T00:00:00Z",
        "2013-10-08T09:30:60Z",
        "2013-10-08T09:30:00+25:00",
        "2013-10-08T09:30:00.0000000001Z",
        "0000-01-01T00:00:00Z",
        "",
        "soon",
        "\u0661" * 19,  # digits of another script
        "\u0662013-10-08T13:30:00Z",
        None,
        True,
        1381239000.5,
        1.381239e18,
        [],
    ],
)
def test_what_is_no_instant_is_refused_in_one_line(value: object) -> None:
    """With the value, and an example of what is allowed."""
    with pytest.raises(ValueError, match="RFC 3339 with an offset") as refused:
        parse_instant(value)
    assert repr(value) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        1_381_239_000,
        1_381_239_000_000,
        EARLIEST_NS - 1,
        LAST_INSTANT_NS,
        10**30,
        "1381239000",
        "1992-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_seconds_milliseconds_and_other_ages_are_refused(value: object) -> None:
    """A number in another unit is no instant of this market."""
    with pytest.raises(ValueError, match="must lie in 1993 to 2099") as refused:
        parse_instant(value)
    assert repr(value) in str(refused.value)
