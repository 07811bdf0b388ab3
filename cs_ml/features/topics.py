"""Features of what comments are about: price, bugs, competitors, and what else the file of words names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.features.topic_words import Topic, Topics, default_topics
from cs_ml.features.voc_comments import all_comments, deciding, rating, tables_with_words
from cs_ml.tables.tables import Tables
from cs_ml.timeline.lookup import Lookup

__all__ = ["TopicsBuilder"]


@dataclass(frozen=True)
class TopicsBuilder:
    """Describes how much the people of an account speak of each topic, who does, and how long ago one complained.

    A comment is about the topic that ``voc.topic`` names, where it names one of these; else about every topic of which
    it holds a word. It is a complaint where people rated it below the middle, and where nobody rated it, when it holds
    a word of discontent.

    Parameters
    ----------
    topics
        Topics and their words.
    decision_makers
        As in :class:`cs_ml.features.voc.VocBuilder`.

    Examples
    --------
    >>> [feature.name for feature in TopicsBuilder().features(["text", "said_at", "speaker_role"])][:3]
    ['voc_price_count_180d', 'voc_price_share_180d', 'voc_price_complaint_recency']
    """

    topics: Topics = field(default_factory=default_topics)
    decision_makers: tuple[str, ...] = ("decision_maker", "champion")
    reads: tuple[str, ...] = ("voc", "users", "surveys")

    def suited(self, tables: Tables) -> TopicsBuilder:
        """Return the builder for these tables: one of surveys where people wrote nowhere else."""
        return replace(self, reads=tables_with_words(tables))

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``voc``, or of ``surveys`` with words."""
        if "text" not in set(columns):
            return []
        role = bool({"speaker_role", "user_id"} & set(columns))
        made = MEASURES if role else MEASURES[:3]
        return [_feature(topic, *measure) for topic in self.topics.topics for measure in made]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = all_comments(bucket)
        lookup = Lookup(rows, keys, time="said_at", known="known_at", clock=bucket.clock)
        half, ever, decides = lookup.window(180), lookup.window(None), deciding(rows, bucket, self.decision_makers)
        by_users, by_deciders = (half.where(~decides), half.where(decides)) if decides is not None else (None, None)
        texts = rows["text"].tolist()
        complaint, about = self._complains(rows, texts), self._about(rows, texts)
        day, as_of = bucket.clock.day(rows["said_at"]), bucket.clock.date(keys.get_level_values("as_of"))
        values: dict[str, np.ndarray] = {}
        for name, mask in about.items():
            newest = ever.where(mask & complaint).last()
            age = np.where(newest >= 0, as_of - np.append(day, 0)[newest], np.nan)
            own = {"count": half.where(mask).count(), "share": half.share(mask), "complaint_recency": age}
            if by_users is not None and by_deciders is not None:
                own |= {"user_share": by_users.share(mask), "decision_maker_share": by_deciders.share(mask)}
            values |= {_name(name, measure): column for measure, column in own.items()}
        names = [feature.name for feature in self.features(bucket.frames[self.reads[0]].columns)]
        return pd.DataFrame({name: values.get(name, np.nan) for name in names}, index=keys)

    def _about(self, rows: pd.DataFrame, texts: list[str]) -> dict[str, np.ndarray]:
        """Tell by topic which comments are about it: as given where the given topic is known, else by their words."""
        by_words = self.topics.about(texts)
        if "topic" not in rows:
            return by_words
        names = {value: self._named(value) for value in set(rows["topic"].tolist())}
        given = [names[value] for value in rows["topic"].tolist()]
        named = np.array([name is not None for name in given], dtype=bool)
        return {
            name: np.where(named, np.array([other == name for other in given], dtype=bool), mask)
            for name, mask in by_words.items()
        }

    def _named(self, given: object) -> str | None:
        """Return the name of the topic that a value of ``voc.topic`` means, if any."""
        if not isinstance(given, str):
            return None
        return next((topic.name for topic in self.topics.topics if topic.means(given)), None)

    def _complains(self, rows: pd.DataFrame, texts: list[str]) -> np.ndarray:
        rated = rating(rows)
        return np.asarray(np.where(np.isnan(rated), self.topics.complains(texts), rated < 0), dtype=bool)


def _name(topic: str, measure: str) -> str:
    return f"voc_{topic}_{measure}" + ("" if measure.endswith("recency") else "_180d")


def _feature(topic: Topic, measure: str, unit: str, direction: int, texts: tuple[str, str, str, str]) -> Feature:
    en, ja, sentence_en, sentence_ja = (
        text.replace("{en}", topic.label_en).replace("{ja}", topic.label_ja) for text in texts
    )
    return Feature(
        _name(topic.name, measure), "sentiment", unit, en, ja, sentence_en, sentence_ja,
        direction=direction, sources="voc,surveys,users",
    )  # fmt: skip


MEASURES = (
    ("count", "count", 0, ("Comments about {en}, last 180 days", "{ja}に関するコメント数(直近180日)", "{value} comments of the last 180 days are about {en}, where {typical} is typical", "直近180日に{ja}に関するコメントが{value}件(標準的な値: {typical})")),
    ("share", "share", 0, ("Share of comments about {en}, last 180 days", "{ja}に関するコメントの割合(直近180日)", "{value} of the comments of the last 180 days are about {en}, where {typical} is typical", "直近180日のコメントの{value}が{ja}に関するもの(標準的な値: {typical})")),
    ("complaint_recency", "days", 1, ("Time since the last complaint about {en}", "{ja}に関する最後の不満からの日数", "The last complaint about {en} is {value} days old, where {typical} is typical", "{ja}に関する最後の不満から{value}日(標準的な値: {typical})")),
    ("user_share", "share", 0, ("Share of users' comments about {en}, last 180 days", "利用者のコメントのうち{ja}に関する割合(直近180日)", "{value} of what users said in the last 180 days is about {en}, where {typical} is typical", "直近180日の利用者のコメントの{value}が{ja}に関するもの(標準的な値: {typical})")),
    ("decision_maker_share", "share", 0, ("Share of decision makers' comments about {en}, last 180 days", "意思決定者のコメントのうち{ja}に関する割合(直近180日)", "{value} of what decision makers said in the last 180 days is about {en}, where {typical} is typical", "直近180日の意思決定者のコメントの{value}が{ja}に関するもの(標準的な値: {typical})")),
)  # fmt: skip
