"""Topics of comments, told by the words of a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from cs_ml.errors import ConfigError, Fault
from cs_ml.store.located_yaml import LocatedYaml, parse_yaml, read_yaml

__all__ = ["Topic", "Topics", "default_topics", "load_topics"]

LANGUAGES = ("en", "ja")
KEYS = {"topics", "complaints"}


@dataclass(frozen=True)
class Topic:
    """Something that comments may be about.

    Parameters
    ----------
    name
        Part of the names of its features: small letters, digits and underscores.
    label_en, label_ja
        What it is called.
    words
        Words that tell it, in one form (see :func:`plain`).
    """

    name: str
    label_en: str
    label_ja: str
    words: tuple[str, ...]

    def means(self, given: str) -> bool:
        """Tell whether a value of ``voc.topic`` names this topic."""
        return plain(given) in {self.name, plain(self.label_en), plain(self.label_ja)}


@dataclass(frozen=True)
class Topics:
    """Topics, and the words of discontent.

    Examples
    --------
    >>> topics = default_topics()
    >>> [topic.name for topic in topics.topics]
    ['price', 'bugs', 'usability', 'support', 'competitor', 'adoption', 'value']
    >>> topics.about(["値上げで予算を超えます", "Pricelessness"])["price"].tolist()
    [True, False]
    >>> topics.complains(["値上げに困っています", "ありがとうございます"]).tolist()
    [True, False]
    """

    topics: tuple[Topic, ...]
    complaints: tuple[str, ...]

    def about(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Tell by topic which texts hold one of its words."""
        read = [plain(text) for text in texts]
        return {topic.name: _holds(read, topic.words) for topic in self.topics}

    def complains(self, texts: Iterable[str]) -> np.ndarray:
        """Tell which texts hold a word of discontent."""
        return _holds([plain(text) for text in texts], self.complaints)


def plain(text: str) -> str:
    """Return a text in one form: full and half width alike, lower case, single spaces.

    Examples
    --------
    >>> plain("ＲＯＩ  ｺｽﾄ")
    'roi コスト'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


@lru_cache(maxsize=1)
def default_topics() -> Topics:
    """Return the topics that ship with the package, in Japanese and English."""
    text = (resources.files("cs_ml.features") / "topics.yaml").read_text(encoding="utf-8")
    return _topics(parse_yaml(text, "topics.yaml"))


def load_topics(path: Path | str) -> Topics:
    """Read topics from a YAML file; :mod:`cs_ml.features` ships ``topics.yaml`` as an example.

    Parameters
    ----------
    path
        File with ``topics`` (name to ``label`` and ``words``, each by language) and optionally ``complaints``.

    Raises
    ------
    ConfigError
        Every fault with line and column.
    """
    return _topics(read_yaml(path))


def _topics(source: LocatedYaml) -> Topics:
    faults: list[Fault] = [
        source.fault((str(key),), "topics or complaints", repr(key)) for key in source.data if key not in KEYS
    ]
    entries = source.data.get("topics")
    if not isinstance(entries, dict) or not entries:
        faults.append(source.fault(("topics",), "a mapping of name to label and words", repr(entries)))
        entries = {}
    topics = [_topic(str(name), entry, source, faults) for name, entry in entries.items()]
    given = source.data.get("complaints")
    complaints = default_topics().complaints if given is None else _words(given, ("complaints",), source, faults)
    if faults:
        raise ConfigError(faults)
    return Topics(tuple(topics), complaints)


def _topic(name: str, entry: Any, source: LocatedYaml, faults: list[Fault]) -> Topic:
    place = ("topics", name)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        faults.append(source.fault(place, "a name of small letters, digits and underscores", repr(name)))
    if not isinstance(entry, Mapping) or not set(entry) <= {"label", "words"}:
        faults.append(source.fault(place, "label and words", repr(entry)))
        return Topic(name, name, name, ())
    label = entry.get("label", {})
    if not isinstance(label, Mapping) or not all(isinstance(text, str) for text in label.values()):
        faults.append(source.fault((*place, "label"), "names by language (en, ja)", repr(label)))
        label = {}
    shown = [str(label.get(language) or name) for language in LANGUAGES]
    return Topic(name, shown[0], shown[1], _words(entry.get("words"), (*place, "words"), source, faults))


def _words(given: Any, place: tuple[str, ...], source: LocatedYaml, faults: list[Fault]) -> tuple[str, ...]:
    """Return the words of all languages; a list alone is of any language."""
    lists = list(given.values()) if isinstance(given, Mapping) else [given]
    good = bool(lists) and all(isinstance(part, list) and part for part in lists)
    if not good or not all(isinstance(word, str) and word.strip() for part in lists for word in part):
        faults.append(source.fault(place, "lists of words by language (en, ja), in quotes where needed", repr(given)))
        return ()
    return tuple(dict.fromkeys(plain(word) for part in lists for word in part))


def _holds(texts: list[str], words: tuple[str, ...]) -> np.ndarray:
    """Tell which texts hold one of the words; the pattern is asked only where the letters are there at all."""
    wanted = [_wanted(word) for word in words]
    return np.array(
        [any(stem in text and (rule is None or rule.search(text)) for stem, rule in wanted) for text in texts],
        dtype=bool,
    )


@lru_cache(maxsize=4096)
def _wanted(word: str) -> tuple[str, re.Pattern[str] | None]:
    """Return the letters of a word, and for a Latin word where it must begin and end."""
    stem = word.removesuffix("*")
    begin = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", stem) else ""
    end = r"(?:s|es|d|ed|ing)?(?![a-z0-9])" if re.search(r"[a-z0-9]$", stem) and stem == word else ""
    return stem, re.compile(begin + re.escape(stem) + end) if begin or end else None
