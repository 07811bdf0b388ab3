import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from cs_ml.report.charts import bar, gauge, histogram, intervals, reliability
from cs_ml.report.timecharts import line, sparkline
from cs_ml.report.timeline import Term, timeline

DAYS = list(pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]))
DAY = pd.Timestamp


def marks(drawn, name, style=""):
    found = ET.fromstring(drawn).iter(name)  # noqa: S314  our own text
    return [mark for mark in found if style in (mark.get("class") or "")]


def test_bars_of_a_histogram_are_as_tall_as_their_counts():
    counts, names = {"red": [1, 2, 0], "green": [0, 2, 0]}, {"red": "Red", "green": "Green"}
    drawn = marks(histogram(counts, ["a", "b", "c"], title="Health", names=names), "rect")
    heights, tops = ([float(mark.get(name)) for mark in drawn] for name in ("height", "y"))
    assert heights == pytest.approx([heights[0], 2 * heights[0], 2 * heights[0]], abs=0.2)
    assert tops[2] == pytest.approx(tops[1] - heights[2], abs=0.2)
    assert [mark.get("class") for mark in drawn] == ["fill red", "fill red", "fill green"]
    assert [mark.find("title").text for mark in drawn] == ["a, Red: 1", "b, Red: 2", "b, Green: 2"]


def test_an_empty_histogram_can_be_drawn():
    assert marks(histogram({}, [], title="Nothing"), "rect") == []


@pytest.mark.parametrize(("value", "start", "width"), [(2.0, 60, 60), (-1.0, 30, 30), (9.0, 60, 60)])
def test_a_bar_starts_in_the_middle_and_stays_inside(value, start, width):
    (mark,) = marks(bar(value, 2.0, title="points"), "rect")
    assert (float(mark.get("x")), float(mark.get("width"))) == (start, width)


def test_zero_is_not_drawn_as_a_bar():
    drawn = bar(0.0, 2.0, title="points")
    assert (len(marks(drawn, "rect")), len(marks(drawn, "line", "axis"))) == (0, 1)


def test_a_one_sided_bar_starts_at_the_left():
    (mark,) = marks(bar(1.0, 2.0, title="importance", one_sided=True), "rect")
    assert (float(mark.get("x")), float(mark.get("width"))) == (0, 60)


def test_a_gauge_without_value_shows_bands_only():
    drawn = gauge(None, None, None, (40, 60), title="no score")
    assert [mark.get("class") for mark in marks(drawn, "rect")] == ["band red", "band yellow", "band green"]
    assert marks(drawn, "circle") == []


def test_reliability_puts_a_perfect_forecast_on_the_diagonal():
    drawn = reliability([0.1, 0.5], [0.1, 0.5], [0.05, 0.4], [0.2, 0.6], title="t", x_label="x", y_label="y")
    places = [(float(mark.get("cx")), float(mark.get("cy"))) for mark in marks(drawn, "circle")]
    (diagonal,) = marks(drawn, "line", "diagonal")
    x1, y1, x2, y2 = (float(diagonal.get(end)) for end in ("x1", "y1", "x2", "y2"))
    for x, y in places:
        assert (y - y1) / (x - x1) == pytest.approx((y2 - y1) / (x2 - x1), abs=0.01)
    assert len(marks(drawn, "line", "whisker")) == 2


def test_intervals_share_one_scale():
    first, second = intervals([0.5, 0.7], [0.4, None], [0.6, None], titles=["a", "b"])
    assert float(marks(first, "circle")[0].get("cx")) < float(marks(second, "circle")[0].get("cx"))
    assert len(marks(first, "line", "whisker")) == 1
    assert marks(second, "line", "whisker") == []


def test_a_gap_in_a_line_stays_a_gap():
    drawn = line(DAYS, [1.0, np.nan, 3.0, 4.0], title="Users")
    assert len(marks(drawn, "path", "line")) == 2
    assert len(marks(drawn, "circle")) == 3


def test_an_interval_is_drawn_behind_its_line():
    drawn = line(
        DAYS, [10.0, 20.0, 30.0, 40.0], low=[5.0] * 4, high=[50.0] * 4, title="Health", ends=(0, 100), bands=(40, 60)
    )
    assert len(marks(drawn, "path", "area")) == 1
    assert [mark.get("class") for mark in marks(drawn, "rect")] == ["ground red", "ground yellow", "ground green"]


@pytest.mark.parametrize("values", [[], [1.0], [np.nan, np.nan], [0.0, 0.0, 0.0, 0.0], [-1.0, -2.0, 3.0, 1.0]])
def test_any_series_can_be_drawn(values):
    for drawn in (line(DAYS[: len(values)], values, title="t"), sparkline(values, title="t")):
        assert "nan" not in drawn
        ET.fromstring(drawn)  # noqa: S314  our own text


def test_terms_follow_each_other_in_their_lane():
    terms = [
        Term("Core", DAY("2024-01-01"), DAY("2025-01-01"), "100", "first"),
        Term("Core", DAY("2025-01-01"), None, "150", "second"),
        Term("Add-on", DAY("2024-07-01"), DAY("2025-07-01"), "20", "third", ended=True),
    ]
    drawn = timeline(terms, title="Contracts", now=DAY("2026-01-01"), now_label="now")
    first, second, third = marks(drawn, "rect")
    ends = float(first.get("x")) + float(first.get("width"))
    assert ends == pytest.approx(float(second.get("x")), abs=2)
    assert first.get("y") == second.get("y") != third.get("y")
    assert float(second.get("x")) + float(second.get("width")) == pytest.approx(1190, abs=2)
    assert third.get("class") == "fill down"


@pytest.mark.parametrize(("days", "shown"), [(2, ["short"]), (3, ["short"]), (400, ["growth · 100", "short"])])
def test_a_label_that_does_not_fit_whole_is_left_out(days, shown):
    turn = DAY("2024-01-01") + pd.Timedelta(days=days)
    terms = [
        Term("Core", DAY("2024-01-01"), turn, "growth · 100", "d"),
        Term("Core", turn, DAY("2026-01-01"), "short", "d"),
    ]
    drawn = timeline(terms, title="t", now=DAY("2026-01-01"), now_label="now")
    assert [mark.text for mark in marks(drawn, "text", "inside")] == shown


@pytest.mark.parametrize(("now", "side"), [("2024-01-05", "start"), ("2025-06-01", "end"), ("2026-01-01", "end")])
def test_the_date_of_the_score_stands_above_all_bars_and_months(now, side):
    drawn = timeline(
        [Term("Core", DAY("2024-01-01"), DAY("2026-01-01"), "", "d")], title="t", now=DAY(now), now_label="as of"
    )
    (label,), (line_,), (bar_,) = marks(drawn, "text", "now-label"), marks(drawn, "line", "now"), marks(drawn, "rect")
    assert side in label.get("class").split()
    assert float(label.get("y")) + 4 <= float(bar_.get("y"))
    assert abs(float(label.get("x")) - float(line_.get("x1"))) == 5


def test_ticks_of_a_small_probability_differ():
    drawn = line(DAYS, [0.001, 0.02, 0.01, 0.015], title="p", percent=True)
    assert [mark.text for mark in marks(drawn, "text", "tick end")] == ["0.0%", "0.5%", "1.0%", "1.5%", "2.0%"]
    drawn = reliability([0.01], [0.018], title="t", x_label="x", y_label="y")
    assert [mark.text for mark in marks(drawn, "text", "tick end")] == ["0%", "1%", "2%", "3%", "4%", "5%"]


@pytest.mark.parametrize(
    ("days", "written"),
    [
        (["2026-01-12"], ["2026-01-12"]),
        (["2026-01-12", "2026-01-26"], ["2026-01-12", "2026-01-26"]),
        (["2026-01-12", "2026-02-09"], ["2026-01-12", "2026-02-09"]),
        (["2026-01-12", "2026-04-09"], ["2026-02", "2026-03", "2026-04"]),
    ],
)
def test_the_axis_always_names_dates(days, written):
    drawn = line(pd.to_datetime(days), [1.0] * len(days), title="t")
    texts = [mark for mark in marks(drawn, "text", "tick") if (mark.text or "").startswith("2026-")]
    assert [mark.text for mark in texts] == written
    if len(days) == 1:
        assert texts[0].get("x") == marks(drawn, "circle")[0].get("cx")
