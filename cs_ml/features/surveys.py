"""Features of NPS and CSAT surveys: latest answer, its change, silence, response."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.tables.tables import Tables
from cs_ml.timeline.lookup import Lookup, ratio
from cs_ml.timeline.revealed import known_from

__all__ = ["SurveysBuilder"]


@dataclass(frozen=True)
class SurveysBuilder:
    """Describes what an account answered in one kind of survey, and whether it answered at all.

    An answer has a score and the moment it came; a survey without either was left unanswered.

    Parameters
    ----------
    kind
        ``nps`` (scores 0 to 10 as they are) or ``csat`` (scores from 1 to ``scale_max`` brought to 0 to 1; a scale that
        ends at 1 begins at 0).

    Examples
    --------
    >>> [feature.name for feature in SurveysBuilder("csat").features(["kind", "score", "answered_at"])]
    ['csat_score_latest', 'csat_score_change', 'csat_score_mean_365d', 'csat_response_recency']
    """

    kind: str = "nps"
    reads: tuple[str, ...] = ("surveys",)

    def suited(self, tables: Tables) -> SurveysBuilder | None:
        """Return the builder where there are surveys of its kind."""
        return self if tables.may_hold("surveys", "kind", self.kind) else None

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``surveys``."""
        present = set(columns)
        answers = {"score", "answered_at"} <= present
        asked = answers and "sent_at" in present
        wanted = ANSWERS * answers + ASKED * asked
        return [_feature(self.kind, *row) for row in wanted if row[0] != "unanswered_count_365d" or self.kind == "nps"]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["surveys"]
        rows = rows[(rows["kind"] == self.kind).to_numpy(dtype=bool)].reset_index(drop=True)
        values: dict[str, np.ndarray] = {}
        if {"score", "answered_at"} <= set(rows):
            rows = rows.assign(answered_at=rows["answered_at"].where(rows["score"].notna()))
            values |= self._answers(rows, bucket, keys)
            values |= self._asked(rows, bucket, keys) if "sent_at" in rows else {}
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name.removeprefix(f"{self.kind}_")] for name in names}, index=keys)

    def _answers(self, rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex) -> dict[str, np.ndarray]:
        score = self._score(rows)
        lookup = Lookup(rows, keys, time="answered_at", known="known_at", clock=bucket.clock)
        latest, year = lookup.latest(), lookup.window(365)
        there = latest >= 0
        value = np.where(there, score.to_numpy()[latest], np.nan) if len(score) else np.full(len(keys), np.nan)
        day = bucket.clock.day(rows["answered_at"])[latest] if len(score) else np.zeros(len(keys))
        age = np.where(there, bucket.clock.date(keys.get_level_values("as_of")) - day, np.nan)
        inside = age <= 365
        others = ratio(year.sum(score) - np.where(inside, value, 0), year.count() - inside)
        return {
            "score_latest": value,
            "score_change": np.where(inside, value - others, np.nan),
            "score_mean_365d": year.mean(score),
            "response_recency": age,
        }

    @staticmethod
    def _asked(rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex) -> dict[str, np.ndarray]:
        asked = Lookup(rows, keys, time="sent_at", known="known_at", clock=bucket.clock).window(365)
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        answered = known_from(rows, "answered_at").where(rows["answered_at"].notna())
        answered_day = bucket.clock.day(answered.fillna(pd.Timestamp("2262-01-01")))
        n_answered = np.bincount(asked.key, answered_day[asked.row] < as_of[asked.key], minlength=len(keys))
        return {
            "response_rate_365d": ratio(n_answered, asked.count()),
            "unanswered_count_365d": asked.count() - n_answered,
        }

    def _score(self, rows: pd.DataFrame) -> pd.Series:
        score = rows["score"].astype(float)
        if self.kind == "nps":
            return score
        scale = rows["scale_max"].astype(float).fillna(5.0) if "scale_max" in rows else pd.Series(5.0, score.index)
        return ((score - 1) / (scale - 1)).where(scale > 1, score).clip(0, 1)


Row = tuple[str, str, str, str, str, str, int]
ANSWERS: list[Row] = [
    ("score_latest", "score", "Latest {kind}", "直近の{kind}", "The latest {kind} answer is {{value}}, where {{typical}} is typical", "直近の{kind}は{{value}}(標準的な値: {{typical}})", 1),
    ("score_change", "difference", "Change of {kind}", "{kind}の変化", "The latest {kind} answer differs by {{value}} from the others of the last year, where {{typical}} is typical", "直近の{kind}は過去1年の他の回答の平均から{{value}}(標準的な値: {{typical}})", 1),
    ("score_mean_365d", "score", "Mean {kind}, last year", "{kind}平均(1年)", "Mean {kind} of the last year is {{value}}, where {{typical}} is typical", "過去1年の{kind}平均は{{value}}(標準的な値: {{typical}})", 1),
    ("response_recency", "days", "Time since the last {kind} answer", "最後の{kind}回答からの日数", "The last {kind} answer is {{value}} days old, where {{typical}} is typical", "最後の{kind}回答から{{value}}日(標準的な値: {{typical}})", -1),
]  # fmt: skip
ASKED: list[Row] = [
    ("response_rate_365d", "share", "{kind} response rate, last year", "{kind}回答率(1年)", "{{value}} of {kind} surveys of the last year were answered, where {{typical}} is typical", "過去1年の{kind}回答率は{{value}}(標準的な値: {{typical}})", 1),
    ("unanswered_count_365d", "count", "Unanswered {kind} surveys, last year", "{kind}未回答数(1年)", "{{value}} {kind} surveys of the last year were left unanswered, where {{typical}} is typical", "過去1年の{kind}未回答は{{value}}件(標準的な値: {{typical}})", -1),
]  # fmt: skip


def _feature(
    kind: str, name: str, unit: str, en: str, ja: str, sentence_en: str, sentence_ja: str, direction: int
) -> Feature:
    shown = kind.upper()
    unit = "share" if kind == "csat" and unit == "score" else unit
    words = [text.format(kind=shown) for text in (en, ja, sentence_en, sentence_ja)]
    return Feature(
        f"{kind}_{name}",
        "sentiment",
        unit,
        words[0],
        words[1],
        words[2],
        words[3],
        direction=direction,
        sources="surveys",
    )
