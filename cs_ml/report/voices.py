"""What people said: survey answers and comments, every free text redacted before it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from cs_ml.report.summary import require_columns
from cs_ml.report.words import Words

__all__ = ["quotes", "survey_rows"]

SHOWN = 40


def survey_rows(
    surveys: pd.DataFrame | None, redact: Callable[[str], str], words: Words
) -> list[dict[str, str | None]]:
    """Return the newest survey rows as texts, newest first.

    Parameters
    ----------
    surveys
        Columns kind and answered_at or sent_at, and where known score, scale_max, text. A row without a score is a
        survey nobody answered.
    redact
        Applied to every text.
    words
        Language.

    Returns
    -------
    list of dict
        date, kind, score, side (green, red or none) and text.

    Raises
    ------
    FrameError
        If a column is missing.
    """
    if surveys is None:
        return []
    require_columns(surveys, {"kind"}, "surveys")
    rows = _newest(surveys, "answered_at", "sent_at")
    return [
        {
            "date": words.date(row["when"]),
            "kind": words.level(row["kind"]),
            "score": _score(row, words),
            "side": _side(row),
            "text": _hidden(row.get("text"), redact),
        }
        for row in rows
    ]


def quotes(voc: pd.DataFrame | None, redact: Callable[[str], str], words: Words) -> list[dict[str, str | None]]:
    """Return the newest comments as texts, newest first.

    Parameters
    ----------
    voc
        Columns said_at and text, and where known speaker_role, channel, language, sentiment, topic.
    redact
        Applied to every text.
    words
        Language.

    Returns
    -------
    list of dict
        date, text, about (who, where, what about), side (green, red or none), lang.

    Raises
    ------
    FrameError
        If a column is missing.
    """
    if voc is None:
        return []
    require_columns(voc, {"said_at", "text"}, "voc")
    rows = [row for row in _newest(voc, "said_at") if _known(row["text"])]
    return [
        {
            "date": words.date(row["when"]),
            "text": _hidden(row["text"], redact),
            "about": _about(row, words),
            "side": _felt(row.get("sentiment")),
            "lang": row["language"] if row.get("language") in ("en", "ja") else None,
        }
        for row in rows
    ]


def _newest(frame: pd.DataFrame, *dates: str) -> list[dict[Any, Any]]:
    """Return the newest rows as dicts, with ``when`` from the first date that is known."""
    when = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    for name in dates:
        if name in frame:
            when = when.fillna(pd.to_datetime(frame[name]))
    rows = frame.assign(when=when).sort_values("when", ascending=False, kind="stable", na_position="last").head(SHOWN)
    return list(rows.to_dict("records"))


def _score(row: dict[Any, Any], words: Words) -> str | None:
    """Write a score beside the top of its scale; None where nobody answered."""
    if not _known(row.get("score")):
        return None
    top = row.get("scale_max") if _known(row.get("scale_max")) else 10 if row["kind"] == "nps" else None
    score = words.value(float(row["score"]))
    return score if top is None else f"{score} / {words.value(float(top))}"


def _side(row: dict[Any, Any]) -> str:
    """Return how an answer counts: NPS by its own rule, other scales by their top and bottom two fifths."""
    if not _known(row.get("score")):
        return "none"
    score = float(row["score"])
    if row["kind"] == "nps":
        return "green" if score >= 9 else "red" if score <= 6 else "yellow"
    if not _known(row.get("scale_max")):
        return "none"
    share = score / float(row["scale_max"])
    return "green" if share >= 0.8 else "red" if share <= 0.4 else "yellow"


def _felt(sentiment: Any) -> str:
    """Return the side of a sentiment in [-1, 1]."""
    if not _known(sentiment) or isinstance(sentiment, str):
        return "none"
    return "green" if sentiment > 0.2 else "red" if sentiment < -0.2 else "none"


def _about(row: dict[Any, Any], words: Words) -> str:
    """Say who spoke, where, about what."""
    parts = [row.get(name) for name in ("speaker_role", "channel", "topic")]
    return " · ".join(words.level(part) for part in parts if _known(part) and part)


def _hidden(text: Any, redact: Callable[[str], str]) -> str | None:
    """Redact a text; None where there is none."""
    return redact(str(text)) if _known(text) and str(text).strip() else None


def _known(value: Any) -> bool:
    """Tell a value from null."""
    return value is not None and not pd.isna(value)
