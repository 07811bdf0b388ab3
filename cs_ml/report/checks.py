"""Checks of the health score before it ships, and groups within which probabilities are off, as rows of a page."""

from __future__ import annotations

import pandas as pd

from cs_ml.report.said import Said
from cs_ml.report.summary import require_columns

__all__ = ["check_rows", "off_rows"]

SIDES = {"check_holds": "green", "check_fails": "red", "check_unmeasured": "none"}


def check_rows(checks: pd.DataFrame | None, said: Said) -> list[dict[str, str]]:
    """Return each check as texts: its state, the side of its colour, its sentence.

    Parameters
    ----------
    checks
        ``value``, null where it could not be measured, ``holds``, ``sentence``; or None.
    said
        Writes sentences of the package in the language of the page.

    Raises
    ------
    FrameError
        If a column is missing.

    Examples
    --------
    >>> from cs_ml.report.words import Words
    >>> checks = pd.DataFrame({"value": [None, 0.2], "holds": [False, True], "sentence": ["a", "b"]})
    >>> [row["state"] for row in check_rows(checks, Said(Words("en")))]
    ['not measured', 'holds']
    """
    if checks is None:
        return []
    require_columns(checks, {"value", "holds", "sentence"}, "checks")
    rows = []
    for row in checks.to_dict("records"):
        state = "check_unmeasured" if pd.isna(row["value"]) else "check_holds" if row["holds"] else "check_fails"
        rows.append({"state": said.words(state), "side": SIDES[state], "sentence": said(str(row["sentence"]))})
    return rows


def off_rows(calibration: pd.DataFrame | None, said: Said) -> list[str]:
    """Return a sentence for each group within which probabilities are off by more than chance explains.

    Parameters
    ----------
    calibration
        ``group``, ``predicted``, ``observed``, the interval ``low``, ``high`` of what is foreseen less what came, and
        ``off``; or None.
    said
        As for :func:`check_rows`.

    Raises
    ------
    FrameError
        If a column is missing.
    """
    if calibration is None or calibration.empty:
        return []
    require_columns(calibration, {"group", "predicted", "observed", "low", "high", "off"}, "calibration")
    words, off = said.words, calibration[calibration["off"].astype(bool)]
    return [
        words(
            "off_within",
            group=said(str(row["group"])),
            foreseen=words.percent(row["predicted"]),
            came=words.percent(row["observed"]),
            low=words.percent(row["predicted"] - row["high"]),
            high=words.percent(row["predicted"] - row["low"]),
        )
        for row in off.to_dict("records")
    ]
