"""Features of the voice of the customer: how much, how recent, how it sounds, who speaks, and the words themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature, Kind
from cs_ml.features.voc_comments import all_comments, deciding, rating, tables_with_words
from cs_ml.tables.comments import join_comments
from cs_ml.tables.redact import redact
from cs_ml.tables.tables import Tables
from cs_ml.timeline.lookup import Lookup, Pairs

__all__ = ["VocBuilder"]

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]")
JAPANESE_CODES = ("ja", "jp", "日本")


@dataclass(frozen=True)
class VocBuilder:
    """Describes what the people of an account said, users and decision makers apart.

    Words written into surveys are comments too, said when the survey was answered.

    Parameters
    ----------
    decision_makers
        Values of ``voc.speaker_role``, or of ``users.role`` where the comment names no role, that decide about the
        contract. Everyone else counts as a user. Where no table tells roles, both sides are missing.

    Examples
    --------
    >>> len(VocBuilder().features(["text", "said_at", "sentiment", "speaker_role"]))
    13
    """

    decision_makers: tuple[str, ...] = ("decision_maker", "champion")
    reads: tuple[str, ...] = ("voc", "users", "surveys")

    def suited(self, tables: Tables) -> VocBuilder:
        """Return the builder for these tables: one of surveys where people wrote nowhere else."""
        return replace(self, reads=tables_with_words(tables))

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``voc``, or of ``surveys`` with words."""
        present = set(columns)
        role = "text" in present and bool({"speaker_role", "user_id"} & present)
        allowed = {
            "text": "text" in present,
            "sentiment": "sentiment" in present,
            "role": role,
            "both": role and "sentiment" in present,
        }
        return [feature for need, feature in FEATURES if allowed[need]]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = all_comments(bucket)
        lookup = Lookup(rows, keys, time="said_at", known="known_at", clock=bucket.clock)
        half, year = lookup.window(180), lookup.window(365)
        spoken, rated = _redacted(rows["text"], half), rating(rows)
        values = {
            "voc_comments_count_90d": lookup.window(90).count(),
            "voc_comments_count_365d": year.count(),
            "voc_comments_recency": self._age(rows, lookup.latest(), bucket, keys),
            "voc_japanese_share_365d": year.share(_is_japanese(rows)),
            "voc_comments_text_180d": _joined(spoken, rated, half),
        }
        decides = deciding(rows, bucket, self.decision_makers)
        if decides is not None:
            values["voc_decision_maker_recency"] = self._age(rows, lookup.latest(decides), bucket, keys)
            values["voc_user_text_180d"] = _joined(spoken, rated, half.where(~decides))
            values["voc_decision_maker_text_180d"] = _joined(spoken, rated, half.where(decides))
        if "sentiment" in rows:
            values |= _sentiment(rows["sentiment"].astype(float), lookup, half, decides)
        names = [feature.name for feature in self.features(bucket.frames[self.reads[0]].columns)]
        nothing = {"voc_user_text_180d": None, "voc_decision_maker_text_180d": None}
        return pd.DataFrame({name: values.get(name, nothing.get(name, np.nan)) for name in names}, index=keys)

    @staticmethod
    def _age(rows: pd.DataFrame, position: np.ndarray, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
        days = np.append(bucket.clock.day(rows["said_at"]), 0)[position]
        return np.where(position >= 0, bucket.clock.date(keys.get_level_values("as_of")) - days, np.nan)


def _sentiment(given: pd.Series, lookup: Lookup, half: Pairs, decides: np.ndarray | None) -> dict[str, np.ndarray]:
    latest = lookup.latest(given.notna())
    rated = half.where(given.notna())
    values = {
        "voc_sentiment_mean_180d": half.mean(given),
        "voc_sentiment_latest": np.where(latest >= 0, np.append(given.to_numpy(), np.nan)[latest], np.nan),
        "voc_negative_share_180d": rated.share(given < 0),
    }
    if decides is not None:
        values["voc_user_sentiment_mean_180d"] = half.where(~decides).mean(given)
        values["voc_decision_maker_sentiment_mean_180d"] = half.where(decides).mean(given)
    return values


def _is_japanese(rows: pd.DataFrame) -> np.ndarray:
    """Tell for each row whether it is in Japanese: by its language where declared, else by kana and kanji."""
    language = rows["language"] if "language" in rows else pd.Series(None, index=rows.index, dtype=object)
    declared = [None if pd.isna(code) else str(code).lower().startswith(JAPANESE_CODES) for code in language.tolist()]
    pairs = zip(declared, rows["text"].tolist(), strict=True)
    return np.array([bool(JAPANESE.search(text)) if known is None else known for known, text in pairs], dtype=bool)


def _redacted(text: pd.Series, pairs: Pairs) -> np.ndarray:
    """Return the comments that some key may use without what identifies a person; ``None`` for the others."""
    used = np.unique(pairs.row)
    redacted = np.full(len(text), None, dtype=object)
    redacted[used] = [redact(item) for item in text.iloc[used].tolist()]
    return redacted


def _joined(text: np.ndarray, rated: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return the comments of each key in one cell, oldest first, with their ratings; the newest are kept."""
    joined = np.full(pairs.n_keys, None, dtype=object)
    starts = np.flatnonzero(np.diff(pairs.key, prepend=-1))
    for start, stop in zip(starts, np.append(starts, len(pairs.key))[1:], strict=True):
        rows = pairs.row[start:stop]
        joined[pairs.key[start]] = join_comments(zip(text[rows], rated[rows].tolist(), strict=True))
    return joined


def _feature(
    need: str, name: str, unit: str, texts: tuple[str, str, str, str], direction: int = 0, kind: Kind = "number"
) -> tuple[str, Feature]:
    tables = ["voc", *["surveys"] * (need in {"text", "role"}), *["users"] * (need in {"role", "both"})]
    return need, Feature(f"voc_{name}", "sentiment", unit, *texts, kind, direction, "signal", ",".join(tables))


FEATURES = (
    _feature("text", "comments_count_90d", "count", ("Comments, last 90 days", "コメント数(直近90日)", "{value} comments in the last 90 days, where {typical} is typical", "直近90日のコメントは{value}件(標準的な値: {typical})")),
    _feature("text", "comments_count_365d", "count", ("Comments, last year", "コメント数(1年)", "{value} comments in the last year, where {typical} is typical", "過去1年のコメントは{value}件(標準的な値: {typical})")),
    _feature("text", "comments_recency", "days", ("Time since the last comment", "最後のコメントからの日数", "The last comment is {value} days old, where {typical} is typical", "最後のコメントから{value}日(標準的な値: {typical})")),
    _feature("sentiment", "sentiment_mean_180d", "sentiment", ("Mean sentiment, last 180 days", "コメントの感情平均(直近180日)", "Comments of the last 180 days sound {value} on a scale from -1 to 1, where {typical} is typical", "直近180日のコメントの感情は{value}(-1~1、標準的な値: {typical})"), 1),
    _feature("sentiment", "sentiment_latest", "sentiment", ("Sentiment of the latest comment", "直近コメントの感情", "The latest comment sounds {value} on a scale from -1 to 1, where {typical} is typical", "直近コメントの感情は{value}(-1~1、標準的な値: {typical})"), 1),
    _feature("sentiment", "negative_share_180d", "share", ("Share of negative comments, last 180 days", "否定的コメントの割合(直近180日)", "{value} of the comments of the last 180 days are negative, where {typical} is typical", "直近180日のコメントの{value}が否定的(標準的な値: {typical})"), -1),
    _feature("both", "user_sentiment_mean_180d", "sentiment", ("Users' sentiment, last 180 days", "利用者の感情平均(直近180日)", "Users sound {value} on a scale from -1 to 1, where {typical} is typical", "利用者の感情は{value}(-1~1、標準的な値: {typical})"), 1),
    _feature("both", "decision_maker_sentiment_mean_180d", "sentiment", ("Decision makers' sentiment, last 180 days", "意思決定者の感情平均(直近180日)", "Decision makers sound {value} on a scale from -1 to 1, where {typical} is typical", "意思決定者の感情は{value}(-1~1、標準的な値: {typical})"), 1),
    _feature("role", "decision_maker_recency", "days", ("Time since a decision maker spoke", "意思決定者の最後の発言からの日数", "A decision maker last spoke {value} days ago, where {typical} is typical", "意思決定者の最後の発言から{value}日(標準的な値: {typical})"), -1),
    _feature("text", "japanese_share_365d", "share", ("Share of comments in Japanese, last year", "日本語コメントの割合(1年)", "{value} of the comments of the last year are in Japanese, where {typical} is typical", "過去1年のコメントの{value}が日本語(標準的な値: {typical})")),
    _feature("text", "comments_text_180d", "text", ("Words of the comments, last 180 days", "コメントの内容(直近180日)", "What was said in the last 180 days", "直近180日のコメントの内容"), kind="text"),
    _feature("role", "user_text_180d", "text", ("Words of users, last 180 days", "利用者のコメントの内容(直近180日)", "What users said in the last 180 days", "直近180日の利用者のコメントの内容"), kind="text"),
    _feature("role", "decision_maker_text_180d", "text", ("Words of decision makers, last 180 days", "意思決定者のコメントの内容(直近180日)", "What decision makers said in the last 180 days", "直近180日の意思決定者のコメントの内容"), kind="text"),
)  # fmt: skip
