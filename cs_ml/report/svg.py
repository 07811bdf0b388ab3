"""The few SVG words that the charts are written in; everything is escaped, colours come from the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

__all__ = ["Scale", "drawing", "number_label", "percent_labels", "tag", "ticks"]


def tag(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Write one element.

    Parameters
    ----------
    name
        Element name.
    children
        Text, which is escaped, or elements.
    attributes
        Attribute values; ``class_`` is written ``class`` and ``stroke_width`` is written ``stroke-width``; None is left
        out; numbers are rounded to a tenth.

    Returns
    -------
    markupsafe.Markup
        The element, safe to put into a page.

    Examples
    --------
    >>> print(tag("text", "<Acme>", x=1.25, class_="label"))
    <text x="1.2" class="label">&lt;Acme&gt;</text>
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_rounded(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{}{}>{}</{}>").format(Markup(name), Markup(written), Markup("").join(children), Markup(name))  # noqa: S704  the names are ours, values are escaped


def drawing(width: float, height: float, title: str, *children: str | Markup, class_: str = "chart") -> Markup:
    """Write a drawing that scales with its place on the page and says what it is.

    Parameters
    ----------
    width, height
        Size of the coordinate system, in units that are pixels at full size.
    title
        What a screen reader says.
    children
        Elements.
    class_
        Style class.

    Returns
    -------
    markupsafe.Markup
        The ``svg`` element.

    Examples
    --------
    >>> print(drawing(10, 5, "Nothing"))
    <svg viewBox="0 0 10 5" role="img" class="chart" aria-label="Nothing"><title>Nothing</title></svg>
    """
    box = f"0 0 {_rounded(width)} {_rounded(height)}"
    inside = (tag("title", title), *children)
    return tag("svg", *inside, viewBox=box, role="img", class_=class_, aria_label=title)


@dataclass(frozen=True)
class Scale:
    """A line from data to drawing; what lies outside is clamped to the edge.

    Parameters
    ----------
    low, high
        Ends of the data; equal ends are drawn in the middle.
    start, end
        Ends of the drawing.

    Examples
    --------
    >>> Scale(0, 10, 100, 200)(5), Scale(0, 10, 200, 100)(12)
    (150.0, 100.0)
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value is drawn."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return round numbers that divide a range into about ``count`` parts.

    Parameters
    ----------
    low, high
        The range.
    count
        Parts wanted.

    Returns
    -------
    list of float
        Multiples of 1, 2 or 5 times a power of ten inside the range.

    Examples
    --------
    >>> ticks(0, 93), ticks(0.0, 0.4), ticks(3, 3)
    ([0.0, 20.0, 40.0, 60.0, 80.0], [0.0, 0.1, 0.2, 0.3, 0.4], [3.0])
    """
    if high <= low:
        return [float(low)]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.75)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def number_label(value: float) -> str:
    """Write a number for an axis, short.

    Examples
    --------
    >>> number_label(1500), number_label(2500000), number_label(0.25)
    ('1.5k', '2.5M', '0.25')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def percent_labels(shares: Sequence[float]) -> list[str]:
    """Write the shares of an axis in percent, with as few decimals as tell neighbours apart.

    Examples
    --------
    >>> percent_labels([0.0, 0.2, 0.4]), percent_labels([0.0, 0.005, 0.01])
    (['0%', '20%', '40%'], ['0.0%', '0.5%', '1.0%'])
    """
    for digits in range(6):
        labels = [f"{share:.{digits}%}" for share in shares]
        if len(set(labels)) == len(set(shares)):
            break
    return labels


def _rounded(value: str | float) -> str:
    """Write numbers with a tenth at most."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
