"""A feature describes itself: what it measures, in which unit, how it reads in English and Japanese."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

__all__ = ["THEMES", "UNITS", "Feature", "Kind", "Role", "catalog_frame"]

Kind = Literal["number", "category", "flag", "text"]
Role = Literal["lever", "signal", "context"]
THEMES = (
    "usage", "sentiment", "support", "onboarding", "marketing", "commerce", "billing", "relationship", "contract",
    "family", "profile", "other",
)  # fmt: skip
UNITS = (
    "count", "users", "seats", "times", "per_week", "hours", "days", "months", "share", "score", "sentiment", "rank",
    "number", "money", "difference", "log_ratio", "slope", "flag", "category", "text",
)  # fmt: skip
CATALOG_COLUMNS = (
    "theme", "unit", "kind", "direction", "role", "sources", "label_en", "label_ja", "sentence_en", "sentence_ja",
)  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """One column of a snapshot.

    Parameters
    ----------
    name
        ``{source}_{measure}_{aggregation}_{window}``.
    theme
        What it is about: usage, sentiment, support, onboarding, marketing, commerce, billing, relationship, contract,
        family, profile, other.
    unit
        Unit of the value; decides how it is written. Numbers: count, users, seats, times, per_week, hours, days,
        months, score, sentiment, rank, number. In another way: share (percent), money, difference (with its sign),
        log_ratio and slope (relative change), flag (yes or no), category, text.
    label_en, label_ja
        Noun phrase.
    sentence_en, sentence_ja
        Sentence with ``{value}`` and ``{typical}``.
    kind
        ``number``, ``category``, ``flag`` or ``text``.
    direction
        +1 where more of it is expected to go with staying, -1 with leaving, 0 where not known beforehand.
    role
        ``lever`` can be worked on, ``signal`` tells but should not be pushed, ``context`` is as it is.
    sources
        Names of the source tables, joined by commas.

    Examples
    --------
    >>> Feature("nps_score_latest", "sentiment", "score", "NPS", "NPS", "NPS is {value}", "NPSは{value}").kind
    'number'
    """

    name: str
    theme: str
    unit: str
    label_en: str
    label_ja: str
    sentence_en: str
    sentence_ja: str
    kind: Kind = "number"
    direction: int = 0
    role: Role = "signal"
    sources: str = ""


def catalog_frame(features: list[Feature]) -> pd.DataFrame:
    """Return the descriptions of features as a frame indexed by feature name.

    Examples
    --------
    >>> one = Feature("a", "usage", "count", "A", "あ", "{value}", "{value}", sources="usage")
    >>> catalog_frame([one]).loc["a", "sources"]
    'usage'
    """
    rows = pd.DataFrame([asdict(feature) for feature in features], columns=["name", *CATALOG_COLUMNS])
    return rows.set_index("name")
