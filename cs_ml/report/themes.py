"""Points by theme with the point they start from and the score they end at, so that a reader can check the sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.report.reasons import digits_of, is_shown, signed_bar
from cs_ml.report.words import Words

__all__ = ["theme_rows"]


def theme_rows(points: pd.Series, start: float | None, target: str, words: Words) -> list[dict[str, Any]]:
    """Return the starting point, points by theme, largest first, and their sum, as rows of a table.

    Parameters
    ----------
    points
        Points by theme; those that would be written as zero are left out, but count in the sum.
    start
        From where the points are counted; without it only the themes are shown.
    target
        "health" is in health points, everything else in log-odds.
    words
        Language.

    Returns
    -------
    list of dict
        label, points and bar (none where a row is no theme); nothing where no theme has points.

    Examples
    --------
    >>> rows = theme_rows(pd.Series({"usage": -39.4, "other": 0.01}), 57.4, "health", Words("en"))
    >>> [(row["label"], row["points"]) for row in rows]
    [('Starting point', '57.4'), ('Usage', '-39.4'), ('Sum', '18.0')]
    """
    known = points.dropna().sort_values(key=abs, ascending=False, kind="stable")
    if known.empty:
        return []
    rows = [_theme(str(theme), float(value), float(known.abs().max()), target, words) for theme, value in known.items()]
    shown = [row for row, value in zip(rows, known, strict=True) if is_shown(value, target)]
    if start is None:
        return shown
    ends = (
        _end(words("starting_point"), start, target, words),
        _end(words("sum_of_points"), start + float(np.sum(known.to_numpy())), target, words),
    )
    return [ends[0], *shown, ends[1]]


def _theme(theme: str, value: float, limit: float, target: str, words: Words) -> dict[str, Any]:
    label = words.level(theme)
    bar = signed_bar(value, limit, target, f"{label} {value:+.2f}")
    return {"label": label, "points": words.signed(value, digits_of(target)), "bar": bar}


def _end(label: str, value: float, target: str, words: Words) -> dict[str, Any]:
    """Return where the points begin or end; log-odds with the probability they stand for."""
    told = label if target == "health" else f"{label} ({words.percent(1.0 / (1.0 + np.exp(-value)))})"
    return {"label": told, "points": words.number(value, digits_of(target)), "bar": None}
