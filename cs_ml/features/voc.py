"""Features of the voice of the customer: how much, how recent, how it sounds, who speaks, and the words themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature, Kind
from cs_ml.tables.redact import redact
from cs_ml.timeline.lookup import Lookup, Pairs

__all__ = ["VocBuilder"]

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]")
JAPANESE_CODES = ("ja", "jp", "日本")
TEXT_LIMIT = 2000


@dataclass(frozen=True)
class VocBuilder:
    """Describes what the people of an account said, users and decision makers apart.

    Parameters
    ----------
    decision_makers
        Values of ``voc.speaker_role``, or of ``users.role`` where the comment names no role, that decide about the
        contract. Everyone else counts as a user. Where no table tells roles, both sides are missing.

    Examples
    --------
    >>> len(VocBuilder().features(["text", "said_at", "sentiment", "speaker_role"]))
    11
    """

    decision_makers: tuple[str, ...] = ("decision_maker", "champion")
    reads: tuple[str, ...] = ("voc", "users")

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``voc``."""
        present = set(columns)
        role = bool({"speaker_role", "user_id"} & present)
        allowed = {
            "text": True,
            "sentiment": "sentiment" in present,
            "role": role,
            "both": role and "sentiment" in present,
        }
        return [feature for need, feature in FEATURES if allowed[need]]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["voc"]
        lookup = Lookup(rows, keys, time="said_at", known="known_at", clock=bucket.clock)
        half, year = lookup.window(180), lookup.window(365)
        values = {
            "voc_comments_count_90d": lookup.window(90).count(),
            "voc_comments_count_365d": year.count(),
            "voc_comments_recency": self._age(rows, lookup.latest(), bucket, keys),
            "voc_japanese_share_365d": year.share(_is_japanese(rows)),
            "voc_comments_text_180d": _joined(rows["text"], half),
        }
        decides = self._decides(rows, bucket)
        if decides is not None:
            values["voc_decision_maker_recency"] = self._age(rows, lookup.latest(decides), bucket, keys)
        if "sentiment" in rows:
            values |= _sentiment(rows["sentiment"].astype(float), lookup, half, decides)
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values.get(name, np.nan) for name in names}, index=keys)

    def _decides(self, rows: pd.DataFrame, bucket: Bucket) -> np.ndarray | None:
        """Tell for each row whether a decision maker spoke; ``None`` where no table can say."""
        by_user = "user_id" in rows and bucket.has("users", "role")
        if "speaker_role" not in rows and not by_user:
            return None
        role = rows["speaker_role"] if "speaker_role" in rows else pd.Series(None, index=rows.index, dtype=object)
        decides = role.isin(self.decision_makers)
        if by_user:
            decides |= role.isna() & self._deciding_user(rows, bucket.frames["users"])
        return np.asarray(decides, dtype=bool)

    def _deciding_user(self, rows: pd.DataFrame, users: pd.DataFrame) -> np.ndarray:
        """Tell for each row whether its user was known as a decision maker when it was said."""
        users = users[users["role"].isin(self.decision_makers).to_numpy(dtype=bool)]
        listed = pd.Index(np.asarray(users["user_id"], dtype=object))
        found = listed.get_indexer(pd.Index(np.asarray(rows["user_id"], dtype=object)))
        since = np.append(np.asarray(users["known_at"], dtype="datetime64[us]"), np.datetime64("NaT", "us"))[found]
        return np.asarray((found >= 0) & ~(since > rows["said_at"].to_numpy()))

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


def _joined(text: pd.Series, pairs: Pairs) -> np.ndarray:
    """Join the redacted comments of each key, oldest first; the newest 2,000 characters are kept."""
    used = np.unique(pairs.row)
    redacted = np.full(len(text), None, dtype=object)
    redacted[used] = [redact(item) for item in text.iloc[used].tolist()]
    joined = np.full(pairs.n_keys, None, dtype=object)
    starts = np.flatnonzero(np.diff(pairs.key, prepend=-1))
    for start, stop in zip(starts, np.append(starts, len(pairs.key))[1:], strict=True):
        joined[pairs.key[start]] = "\n".join(redacted[pairs.row[start:stop]])[-TEXT_LIMIT:]
    return joined


def _feature(
    need: str, name: str, unit: str, texts: tuple[str, str, str, str], direction: int = 0, kind: Kind = "number"
) -> tuple[str, Feature]:
    sources = "voc,users" if need in {"role", "both"} else "voc"
    return need, Feature(f"voc_{name}", "sentiment", unit, *texts, kind, direction, "signal", sources)


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
)  # fmt: skip
