"""Terms of contracts as bars along time, one lane a product, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from cs_ml.report.svg import drawing, tag
from cs_ml.report.timecharts import day, day_scale, month_axis

__all__ = ["Term", "timeline"]

LEFT, RIGHT, TOP, BOTTOM, LANE = 120.0, 10.0, 24.0, 24.0, 26.0
LETTER = 6.2  # width of a narrow letter


@dataclass(frozen=True)
class Term:
    """One bar of a timeline.

    Parameters
    ----------
    lane
        Name of its row: terms of one product share a row.
    start, end
        First instant, and the first instant after; an open end is NaT.
    label
        Written on the bar where it fits whole.
    detail
        Said when the pointer rests on it.
    ended
        Whether it ended without a successor: drawn as such.
    """

    lane: str
    start: pd.Timestamp
    end: pd.Timestamp | None
    label: str
    detail: str
    ended: bool = False


def timeline(terms: Sequence[Term], *, title: str, now: pd.Timestamp, now_label: str, width: float = 1200.0) -> Markup:
    """Draw terms as bars, one lane a product, with a line at the present.

    Parameters
    ----------
    terms
        The bars.
    title
        What the drawing is.
    now
        Where the line stands; open terms run to the right edge.
    now_label
        Written above the line, over all bars.
    width
        Width of the drawing.

    Returns
    -------
    markupsafe.Markup
        The drawing; its height follows from the lanes.

    Examples
    --------
    >>> when = pd.Timestamp
    >>> term = Term("Core", when("2025-01-01"), when("2026-01-01"), "100", "Core: 100 a month")
    >>> "Core: 100 a month" in timeline([term], title="Contracts", now=when("2025-06-01"), now_label="now")
    True
    """
    lanes = list(dict.fromkeys(term.lane for term in terms))
    known = [term.start for term in terms] + [term.end for term in terms if term.end is not None] + [now]
    height = TOP + LANE * len(lanes) + BOTTOM
    x = day_scale([min(known), max(known)], LEFT, width - RIGHT)
    marks = month_axis([min(known), max(known)], x, height)
    tops = {lane: TOP + LANE * row for row, lane in enumerate(lanes)}
    for lane, top in tops.items():
        marks.append(tag("text", _short(lane, 108), x=LEFT - 8, y=top + 16, class_="tick end strong"))
    for term in terms:
        start, end = x(day(term.start)), x.end if term.end is None else x(day(term.end))
        style = "fill down" if term.ended else "fill term"
        marks.append(
            tag(
                "rect",
                tag("title", term.detail),
                x=start,
                y=tops[term.lane] + 3,
                width=max(end - start - 1.5, 1.5),
                height=18,
                rx=2,
                class_=style,
            )
        )
        if _places(term.label) * LETTER <= end - start - 8:
            marks.append(tag("text", term.label, x=start + 5, y=tops[term.lane] + 16, class_="inside"))
    here = x(day(now))
    side = "end" if here - _places(now_label) * LETTER >= LEFT else "start"
    marks.append(tag("line", x1=here, x2=here, y1=4, y2=height - BOTTOM, class_="now"))
    marks.append(tag("text", now_label, x=here + (5 if side == "start" else -5), y=14, class_=f"tick {side} now-label"))
    return drawing(width, height, title, *marks, class_="chart wide")


def _short(text: str, room: float) -> str:
    """Cut a text to the room it has."""
    places = int(room / LETTER)
    if _places(text) <= places:
        return text
    while text and _places(text) > places - 1:
        text = text[:-1]
    return f"{text}…" if text else ""


def _places(text: str) -> int:
    """Return the room a text takes; wide characters take two places."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
