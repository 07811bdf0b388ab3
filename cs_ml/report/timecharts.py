"""Charts along time as SVG text: line with interval, sparkline, and their axis of months."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from markupsafe import Markup

from cs_ml.report.svg import Scale, drawing, number_label, percent_labels, tag, ticks

__all__ = ["day", "day_scale", "line", "month_axis", "sparkline"]

LEFT, RIGHT, TOP, BOTTOM = 40.0, 10.0, 10.0, 24.0


def line(
    when: Sequence[pd.Timestamp],
    values: Sequence[float],
    *,
    title: str,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    ends: tuple[float, float] | None = None,
    bands: tuple[float, float] | None = None,
    percent: bool = False,
    size: tuple[float, float] = (460.0, 170.0),
) -> Markup:
    """Draw a value over time; a gap stays a gap.

    Parameters
    ----------
    when
        Dates, ascending.
    values
        One a date; NaN where there is none.
    title
        What the drawing is.
    low, high
        Interval of each value, drawn as an area.
    ends
        Ends of the axis; by default zero and a little more than the largest value.
    bands
        Where yellow and green begin: shades the ground.
    percent
        Write the axis in percent.
    size
        Width and height.

    Returns
    -------
    markupsafe.Markup
        The drawing.

    Examples
    --------
    >>> line(pd.date_range("2026-01-01", periods=2), [1.0, 2.0], title="Users").count("<circle")
    2
    """
    width, height = size
    bottom, top = ends or _ends(values, high)
    x = day_scale(when, LEFT, width - RIGHT)
    y = Scale(bottom, top, height - BOTTOM, TOP)
    marks = _ground(bands, y, (LEFT, width - RIGHT)) + _value_axis(y, (LEFT, width - RIGHT), percent=percent)
    marks.extend(month_axis(when, x, height))
    if low is not None and high is not None:
        marks += [tag("path", d=_area(run, when, low, high, x, y), class_="area") for run in _runs(low)]
    points = [(x(day(date)), y(value)) for date, value in zip(when, values, strict=True)]
    for run in _runs(values):
        marks.append(tag("path", d=_path([points[place] for place in run]), class_="line"))
    for place in (place for run in _runs(values) for place in run):
        shown = f"{values[place]:.1%}" if percent else f"{values[place]:,.4g}"
        told = tag("title", f"{when[place]:%Y-%m-%d}: {shown}")
        marks.append(tag("circle", told, cx=points[place][0], cy=points[place][1], r=2.6, class_="point"))
    return drawing(width, height, title, *marks)


def sparkline(values: Sequence[float], *, title: str) -> Markup:
    """Draw the shape of a short series, without axes.

    Parameters
    ----------
    values
        Evenly spaced values; NaN where there is none.
    title
        What it is.

    Returns
    -------
    markupsafe.Markup
        The drawing, 110 by 26.

    Examples
    --------
    >>> "path" in sparkline([1.0, 2.0, 1.5], title="MRR")
    True
    """
    known = [value for value in values if value == value]  # noqa: PLR0124  NaN is the only value unlike itself
    x = Scale(0, max(len(values) - 1, 1), 3, 107)
    y = Scale(min(known, default=0), max(known, default=1), 23, 3)
    points = [(x(place), y(value)) for place, value in enumerate(values)]
    marks = [tag("path", d=_path([points[place] for place in run]), class_="line") for run in _runs(values)]
    if known:
        last = _runs(values)[-1][-1]
        marks.append(tag("circle", cx=points[last][0], cy=points[last][1], r=2.4, class_="point"))
    return drawing(110, 26, title, *marks, class_="spark")


def day(when: pd.Timestamp) -> float:
    """Return days since 1970."""
    return pd.Timestamp(when).timestamp() / 86_400


def day_scale(when: Sequence[pd.Timestamp], start: float, end: float) -> Scale:
    """Return the scale of a span of dates."""
    if not len(when):
        return Scale(0, 1, start, end)
    return Scale(day(min(when)), day(max(when)), start, end)


def _ends(values: Sequence[float], high: Sequence[float] | None) -> tuple[float, float]:
    """Return zero and a little more than the largest value."""
    known = [value for value in [*values, *(high if high is not None else [])] if value == value]  # noqa: PLR0124  NaN
    return min([*known, 0.0]), max([*known, 0.0]) * 1.08 or 1.0


def _runs(values: Sequence[float]) -> list[list[int]]:
    """Return positions of known values, cut where values are missing."""
    runs: list[list[int]] = [[]]
    for place, value in enumerate(values):
        if value == value:  # noqa: PLR0124  NaN is the only value unlike itself
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Write a path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _area(
    run: Sequence[int],
    when: Sequence[pd.Timestamp],
    low: Sequence[float],
    high: Sequence[float],
    x: Scale,
    y: Scale,
) -> str:
    """Write the outline of an interval: along the upper ends, back along the lower."""
    up = [(x(day(when[place])), y(high[place])) for place in run]
    down = [(x(day(when[place])), y(low[place])) for place in reversed(run)]
    return _path([*up, *down]) + "Z"


def _ground(bands: tuple[float, float] | None, y: Scale, span: tuple[float, float]) -> list[Markup]:
    """Shade the bands."""
    if bands is None:
        return []
    ends = (y.low, *bands, y.high)
    return [
        tag("rect", x=span[0], width=span[1] - span[0], y=y(end), height=y(start) - y(end), class_=f"ground {name}")
        for (start, end), name in zip(pairwise(ends), ("red", "yellow", "green"), strict=True)
    ]


def _value_axis(y: Scale, span: tuple[float, float], *, percent: bool) -> list[Markup]:
    """Draw grid lines with their numbers."""
    marks = []
    places = ticks(y.low, y.high, 4)
    labels = percent_labels(places) if percent else [number_label(place) for place in places]
    for place, label in zip(places, labels, strict=True):
        marks.append(tag("line", x1=span[0], x2=span[1], y1=y(place), y2=y(place), class_="grid"))
        marks.append(tag("text", label, x=span[0] - 5, y=y(place) + 4, class_="tick end"))
    return marks


def month_axis(when: Sequence[pd.Timestamp], x: Scale, height: float) -> list[Markup]:
    """Write months below the drawing, as many as there is room for; its ends where no two months can be written."""
    if not len(when):
        return []
    months = pd.date_range(pd.Timestamp(min(when)).normalize(), max(when), freq="MS")
    room = max(int((x.end - x.start) // 64), 1)
    step = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if len(months) / step <= room)
    chosen = [month for month in months if (month.year * 12 + month.month - 1) % step == 0]
    shown = [month for month in chosen if x.start + 18 <= x(day(month)) <= x.end - 14]
    if len(shown) < 2:
        return _end_dates(min(when), max(when), x, height)
    return [tag("text", f"{month:%Y-%m}", x=x(day(month)), y=height - 7, class_="tick middle") for month in shown]


def _end_dates(first: pd.Timestamp, last: pd.Timestamp, x: Scale, height: float) -> list[Markup]:
    """Write the first and the last date at the ends, a lonely one below its point."""
    sides = {first: "start", last: "end"} if first != last else {first: "middle"}
    return [
        tag("text", f"{date:%Y-%m-%d}", x=x(day(date)), y=height - 7, class_=f"tick {side}")
        for date, side in sides.items()
    ]
