"""Markup, scales and ticks that every chart is made of."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.charts.axes import Scale, decimals, tick_step
from flows.charts.markup import element, number

sane = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_comes_back_as_it_went_in(text: str) -> None:
    """Nothing in a name can end an attribute or open an element."""
    parsed = ET.fromstring(element("text", text=text, data_name=text))
    assert (parsed.text or "") == text
    assert parsed.attrib["data-name"] == text


@given(value=st.floats(-1e9, 1e9))
def test_a_coordinate_is_a_plain_number_near_its_value(value: float) -> None:
    written = number(value)
    assert float(written) == pytest.approx(value, abs=0.00501)
    assert "e" not in written
    assert written != "-0"


@given(values=st.lists(sane, min_size=1, max_size=20))
def test_a_scale_holds_its_values_between_its_first_and_last_tick(values: list[float]) -> None:
    scale, ticks = Scale.around(values, 100.0, 0.0)
    assert scale(ticks[0]) == 100.0
    assert scale(ticks[-1]) == 0.0
    assert 2 <= len(ticks) <= 8
    for value in values:
        assert -1e-6 <= scale(value) <= 100.0 + 1e-6


@given(span=st.floats(1e-3, 1e6), count=st.integers(2, 10))
def test_steps_are_one_two_or_five_of_a_power_of_ten(span: float, count: int) -> None:
    step = tick_step(span, count)
    assert f"{step:e}".startswith(("1.000000e", "2.000000e", "5.000000e"))
    assert step * count >= span * (1 - 1e-6)
    assert step * count <= span * 2.5 * (1 + 1e-6)


@pytest.mark.parametrize(("step", "places"), [(0.05, 2), (0.2, 1), (1.0, 0), (50.0, 0)])
def test_labels_have_the_places_that_tell_them_apart(step: float, places: int) -> None:
    assert decimals([0.0, step, 2 * step]) == places
