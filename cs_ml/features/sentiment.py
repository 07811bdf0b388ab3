"""Features of the customer success manager's own view: its level, its change, its age, and whether it has expired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature, Kind
from cs_ml.timeline.lookup import Lookup, Pairs

__all__ = ["SentimentBuilder"]

SCALES = (  # words from the worst to the best, spread evenly from -1 to 1
    "red|yellow|green", "red|amber|green", "low|medium|high", "very low|low|medium|high|very high",
    "bad|neutral|good", "poor|fair|good", "bad|ok|good", "negative|neutral|positive", "unhappy|neutral|happy",
    "very bad|bad|neutral|good|very good", "at risk|neutral|healthy", "赤|黄|緑", "赤|黄|青", "低|中|高", "悪い|普通|良い",
)  # fmt: skip


def _levels() -> tuple[tuple[str, float], ...]:
    """Give every word of the scales its number; a word of several scales keeps that of the first."""
    numbers: dict[str, float] = {}
    for scale in SCALES:
        words = scale.split("|")
        for word, number in zip(words, np.linspace(-1, 1, len(words)).tolist(), strict=True):
            numbers.setdefault(word, number)
    return tuple(numbers.items())


@dataclass(frozen=True)
class SentimentBuilder:
    """Reads the newest view of the customer success manager as an ordered number, until it expires.

    Parameters
    ----------
    levels
        Pairs of word and number, larger is better. The words of the table are compared in small letters, with blanks
        for ``_`` and ``-``; a word without a number makes the level missing, not the age of the view.

    Notes
    -----
    A view holds up to the last instant before ``expires_at``; without one it holds until it is replaced. The change
    compares it with the view before, expired or not.

    Examples
    --------
    >>> dict(SentimentBuilder().levels)["green"], dict(SentimentBuilder().levels)["poor"]
    (1.0, -1.0)
    """

    levels: tuple[tuple[str, float], ...] = _levels()
    reads: tuple[str, ...] = ("sentiment",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``sentiment``."""
        present = set(columns)
        return [feature for feature in FEATURES if feature.kind == "number" or "expires_at" in present]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["sentiment"]
        views = Lookup(rows, keys, time="set_at", known="known_at", clock=bucket.clock).window(None)
        newest, before = views.last(), _before_last(views)
        level = np.append(self.numbers(rows["level"]), np.nan)
        day = np.append(bucket.clock.day(rows["set_at"]), 0)[newest]
        expired = self._expired(rows, newest, bucket, keys)
        held = np.where(expired, np.nan, level[newest])
        values = {
            "sentiment_level_latest": held,
            "sentiment_level_change": held - level[before],
            "sentiment_level_recency": np.where(
                newest >= 0, bucket.clock.date(keys.get_level_values("as_of")) - day, np.nan
            ),
            "sentiment_expired_current": np.where(newest >= 0, expired, np.nan),
        }
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name] for name in names}, index=keys)

    def numbers(self, level: pd.Series) -> np.ndarray:
        """Return each level as a number from -1 to 1, NaN where its word has none."""
        words = level.astype(object).map(lambda word: str(word).strip().lower().replace("_", " ").replace("-", " "))
        return words.map(dict(self.levels)).to_numpy(dtype=float, na_value=np.nan)

    @staticmethod
    def _expired(rows: pd.DataFrame, newest: np.ndarray, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
        """Tell for each key whether its newest view has expired before the date."""
        expired = np.zeros(len(keys), dtype=bool)
        if "expires_at" in rows:
            ended = Lookup(rows, keys, time="expires_at", known="known_at", clock=bucket.clock).window(None)
            expired[ended.key[ended.row == newest[ended.key]]] = True
        return expired


def _before_last(pairs: Pairs) -> np.ndarray:
    """Return the row before the newest one of each key, or -1."""
    before = np.full(pairs.n_keys, -1)
    last = np.flatnonzero(np.diff(pairs.key, append=-1))
    second = last[(last > 0) & (pairs.key[last - 1] == pairs.key[last])]
    before[pairs.key[second]] = pairs.row[second - 1]
    return before


def _feature(name: str, unit: str, texts: tuple[str, str, str, str], direction: int, kind: Kind = "number") -> Feature:
    return Feature(f"sentiment_{name}", "relationship", unit, *texts, kind, direction, "signal", "sentiment")


FEATURES = (
    _feature("level_latest", "sentiment", ("CSM's view", "CSMの見立て", "The CSM's view is {value} on a scale from -1 to 1, where {typical} is typical", "CSMの見立ては{value}(-1~1、標準的な値: {typical})"), 1),
    _feature("level_change", "difference", ("Change of the CSM's view", "CSMの見立ての変化", "The CSM's view differs by {value} from the one before, where {typical} is typical", "CSMの見立ては前回から{value}(標準的な値: {typical})"), 1),
    _feature("level_recency", "days", ("Age of the CSM's view", "CSMの見立てからの日数", "The CSM's view is {value} days old, where {typical} is typical", "CSMの見立てから{value}日(標準的な値: {typical})"), -1),
    _feature("expired_current", "flag", ("CSM's view has expired", "CSMの見立ての期限切れ", "The CSM's view has expired: {value}", "CSMの見立ての期限切れ: {value}"), -1, "flag"),
)  # fmt: skip
