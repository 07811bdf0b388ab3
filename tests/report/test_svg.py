import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.report.svg import Scale, drawing, number_label, tag, ticks

HOSTILE = '</title><script>alert("1")</script>&\''


def test_everything_is_escaped():
    drawn = drawing(10, 10, HOSTILE, tag("text", HOSTILE, fill=HOSTILE))
    root = ET.fromstring(drawn)  # noqa: S314  our own text
    assert root.get("aria-label") == HOSTILE
    assert [child.text for child in root] == [HOSTILE, HOSTILE]
    assert root[1].get("fill") == HOSTILE
    assert "<script" not in drawn


def test_a_drawing_says_what_it_is():
    root = ET.fromstring(drawing(10, 10, "Health"))  # noqa: S314  our own text
    assert (root.get("role"), root.find("title").text) == ("img", "Health")


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_nothing_is_drawn_outside(low, high, value):
    place = Scale(min(low, high), max(low, high), 10, 200)(value)
    assert 10 <= place <= 200 + 1e-9


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_ordered_and_inside(low, width):
    places = ticks(low, low + width)
    assert 2 <= len(places) <= 9
    assert places == sorted(set(places))
    assert low - 1e-6 * width <= places[0]
    assert places[-1] <= low + width * (1 + 1e-6)


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (1200, "1.2k"), (-2.5e6, "-2.5M"), (3e9, "3G")])
def test_numbers_of_an_axis_are_short(value, text):
    assert number_label(value) == text
