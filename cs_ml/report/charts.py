"""Charts of distributions and comparisons as SVG text: histogram, bar, scale, reliability, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from markupsafe import Markup

from cs_ml.report.svg import Scale, drawing, number_label, percent_labels, tag, ticks

__all__ = ["bar", "gauge", "histogram", "intervals", "reliability"]

WIDTH, HEIGHT = 420.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 36.0, 8.0, 10.0, 34.0


def histogram(
    counts: Mapping[str, Sequence[float]],
    labels: Sequence[str],
    *,
    title: str,
    x_label: str = "",
    names: Mapping[str, str] | None = None,
    edge_labels: Sequence[str] | None = None,
) -> Markup:
    """Draw how many there are in each bin, parts of a bin upon each other.

    Parameters
    ----------
    counts
        Height in each bin, by style class such as a band; the first stands on the ground.
    labels
        What a bin is, said when the pointer rests on it.
    title
        What the drawing is, for screen readers.
    x_label
        Written below the axis.
    names
        What a style class stands for, said with the bin.
    edge_labels
        Written at the bins' edges, one more than bins; empty text is left out.

    Returns
    -------
    markupsafe.Markup
        The drawing.

    Examples
    --------
    >>> histogram({"red": [1, 0], "green": [1, 3]}, ["0-50", "50-100"], title="Health").count("<rect")
    3
    """
    top = max([*map(sum, zip(*counts.values(), strict=True)), 1.0])
    y = Scale(0, top, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    marks, ground = [], [0.0] * len(labels)
    for class_, heights in counts.items():
        name = f", {names[class_]}" if names else ""
        for place, (count, label) in enumerate(zip(heights, labels, strict=True)):
            if count:
                below, above = y(ground[place]), y(ground[place] + count)
                said = tag("title", f"{label}{name}: {count:,.0f}")
                size = {"width": step - 2, "height": below - above}
                marks.append(tag("rect", said, x=LEFT + place * step + 1, y=above, **size, class_=f"fill {class_}"))
            ground[place] += count
    edges = [
        tag("text", text, x=LEFT + place * step, y=HEIGHT - BOTTOM + 14, class_="tick middle")
        for place, text in enumerate(edge_labels or [])
        if text
    ]
    caption = tag("text", x_label, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 4, class_="tick middle")
    return drawing(WIDTH, HEIGHT, title, *_y_axis(y, top), *marks, *edges, caption)


def bar(value: float, limit: float, *, title: str, class_: str = "", one_sided: bool = False) -> Markup:
    """Draw one signed bar around a middle line, or from the left, to stand in a row of a table.

    Parameters
    ----------
    value
        Signed length; nothing is drawn for zero but the middle line.
    limit
        Length that fills the room to one side; use one limit for all rows.
    title
        What it is, with the number.
    class_
        Style class; by default "up" or "down" by sign.
    one_sided
        Zero stands at the left edge: for values that have no sign.

    Returns
    -------
    markupsafe.Markup
        The drawing, 120 by 14.

    Examples
    --------
    >>> 'x="60"' in bar(1.0, 2.0, title="+1.0"), 'x="30"' in bar(-1.0, 2.0, title="-1.0")
    (True, True)
    """
    x = Scale(0 if one_sided else -limit, limit, 0, 120)
    start, end = sorted((x(0), x(value)))
    side = class_ or ("up" if value > 0 else "down")
    mark = tag("rect", x=start, y=3, width=max(end - start, 1), height=8, rx=1.5, class_=f"fill {side}")
    axis = tag("line", x1=x(0), x2=x(0), y1=0, y2=14, class_="axis")
    return drawing(120, 14, title, *([axis, mark] if value else [axis]), class_="bar")


def gauge(
    value: float | None, low: float | None, high: float | None, edges: tuple[float, float], *, title: str
) -> Markup:
    """Draw a health score on its scale from 0 to 100 with bands and interval.

    Parameters
    ----------
    value, low, high
        The score and its interval; None where there is none.
    edges
        Where yellow and green begin.
    title
        What it is, with the numbers.

    Returns
    -------
    markupsafe.Markup
        The drawing, 300 by 34.

    Examples
    --------
    >>> gauge(62.0, 55.0, 70.0, (40, 60), title="Health 62 (55-70)").count("band")
    3
    """
    x = Scale(0, 100, 4, 296)
    ends = (0.0, *edges, 100.0)
    marks = [
        tag("rect", x=x(start), y=12, width=x(end) - x(start), height=8, class_=f"band {name}")
        for (start, end), name in zip(pairwise(ends), ("red", "yellow", "green"), strict=True)
    ]
    marks += [tag("text", f"{edge:g}", x=x(edge), y=33, class_=f"tick {_side(edge)}") for edge in ends]
    if low is not None and high is not None:
        marks.append(tag("line", x1=x(low), x2=x(high), y1=16, y2=16, class_="whisker"))
    if value is not None:
        marks.append(tag("circle", cx=x(value), cy=16, r=6, class_="dot"))
    return drawing(300, 36, title, *marks, class_="gauge")


def reliability(
    predicted: Sequence[float],
    observed: Sequence[float],
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    *,
    title: str,
    x_label: str,
    y_label: str,
    labels: Sequence[str] | None = None,
) -> Markup:
    """Draw what came true beside what was predicted; the diagonal is a perfect forecast.

    Parameters
    ----------
    predicted, observed
        Mean prediction and observed share of each bin, in [0, 1].
    low, high
        Interval of the observed share.
    title
        What the drawing is.
    x_label, y_label
        Names of the axes.
    labels
        What a bin is, said when the pointer rests on it.

    Returns
    -------
    markupsafe.Markup
        The drawing.

    Notes
    -----
    Reliability diagram: Murphy and Winkler, "Reliability of subjective probability forecasts", 1977.

    Examples
    --------
    >>> drawn = reliability([0.1, 0.4], [0.2, 0.3], title="Reliability", x_label="predicted", y_label="observed")
    >>> drawn.count("<circle")
    2
    """
    size = 300.0
    most = min(max([*predicted, *observed, *(high or []), 0.05]) * 1.05, 1.0)
    x, y = Scale(0, most, 44, size - 8), Scale(0, most, size - 40, 10)
    marks = [tag("line", x1=x(0), y1=y(0), x2=x(most), y2=y(most), class_="diagonal")]
    places = ticks(0, most, 4)
    for place, label in zip(places, percent_labels(places), strict=True):
        marks.append(tag("text", label, x=x(place), y=size - 25, class_="tick middle"))
        marks.append(tag("text", label, x=38, y=y(place) + 4, class_="tick end"))
        marks.append(tag("line", x1=x(0), x2=x(most), y1=y(place), y2=y(place), class_="grid"))
    for place, (said, seen) in enumerate(zip(predicted, observed, strict=True)):
        if low is not None and high is not None:
            marks.append(tag("line", x1=x(said), x2=x(said), y1=y(low[place]), y2=y(high[place]), class_="whisker"))
        text = labels[place] if labels else f"{said:.1%} / {seen:.1%}"
        marks.append(tag("circle", tag("title", text), cx=x(said), cy=y(seen), r=4.5, class_="dot"))
    marks.append(tag("text", x_label, x=(44 + size - 8) / 2, y=size - 6, class_="tick middle"))
    turned = f"rotate(-90 10 {size / 2 - 15:g})"
    marks.append(tag("text", y_label, x=10, y=size / 2 - 15, class_="tick middle", transform=turned))
    return drawing(size, size, title, *marks, class_="chart square")


def intervals(
    values: Sequence[float], low: Sequence[float | None], high: Sequence[float | None], *, titles: Sequence[str]
) -> list[Markup]:
    """Draw one dot with its interval a row, all on one scale, to stand in the rows of a table.

    Parameters
    ----------
    values
        Estimates.
    low, high
        Ends of the intervals; None where there is none.
    titles
        What each row is.

    Returns
    -------
    list of markupsafe.Markup
        One drawing a row, 160 by 14.

    Examples
    --------
    >>> len(intervals([0.7, 0.6], [0.65, None], [0.75, None], titles=["model", "baseline"]))
    2
    """
    ends = [*values, *(end for end in [*low, *high] if end is not None)]
    x = Scale(min(ends, default=0), max(ends, default=1), 6, 154)
    drawn = []
    for value, start, end, title in zip(values, low, high, titles, strict=True):
        marks = [tag("line", x1=0, x2=160, y1=7, y2=7, class_="grid")]
        if start is not None and end is not None:
            marks.append(tag("line", x1=x(start), x2=x(end), y1=7, y2=7, class_="whisker"))
        marks.append(tag("circle", cx=x(value), cy=7, r=4, class_="dot"))
        drawn.append(drawing(160, 14, title, *marks, class_="row"))
    return drawn


def _y_axis(y: Scale, top: float) -> list[Markup]:
    """Draw grid lines with their numbers."""
    marks = []
    for place in ticks(0, top, 3):
        marks.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(place), y2=y(place), class_="grid"))
        marks.append(tag("text", number_label(place), x=LEFT - 5, y=y(place) + 4, class_="tick end"))
    return marks


def _side(edge: float) -> str:
    """Return how the label of an edge of the scale is set, so that it stays inside the drawing."""
    return {0.0: "start", 100.0: "end"}.get(edge, "middle")
