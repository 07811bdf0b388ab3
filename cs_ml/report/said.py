"""What the package says in English, in the language of a page: sentences by their shape, names by their label."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from cs_ml.report.words import FOLDER, Words

__all__ = ["Said"]

HOLE = re.compile(r"{(\w+)}")
COMMA = {"en": ", ", "ja": "、"}


@dataclass(frozen=True)
class Said:
    """Writes sentences of the package in the language of a page.

    Shapes and their translations live in ``words/said.<language>.json``; a sentence of no known shape stays as it is,
    and so does every sentence on an English page. What stands in a hole is translated as the hole's name tells
    (``tables``, ``needs``, ``counts``, ``span`` ...), or else where it is a sentence or a name itself.

    Parameters
    ----------
    words
        Language.
    names
        Labels of features and measures.

    Examples
    --------
    >>> said = Said(Words("ja"), {"accounts_segment_current": "セグメント"})
    >>> said("absent tables, so their features are absent too: users, deals")
    'データのないテーブル(その特徴量もありません):利用者、商談'
    >>> said("needs contracts.voluntary"), said("only people say this")
    ('必要なデータ:契約テーブルの列 voluntary', 'only people say this')
    >>> Said(Words("en"))("needs deals")
    'needs deals'
    """

    words: Words
    names: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """Return a sentence, or a name, in the language of the page."""
        if self.words.lang == "en":
            return text
        for shape, told in _shapes(self.words.lang):
            found = shape.fullmatch(text)
            if found is not None:
                return HOLE.sub(lambda hole: self._hole(hole[1], found[hole[1]]), told)  # noqa: B023  used at once
        return self.names.get(text) or self._group(text)

    def _hole(self, name: str, text: str) -> str:
        ways: dict[str, Callable[[str], str]] = {
            "tables": lambda found: self._each(found, self.words.table),
            "needs": lambda found: self._each(found, self._need),
            "columns": lambda found: self._each(found, self._need),
            "counts": lambda found: self._each(found, self._count),
            "names": lambda found: self._each(found, self),
            "risks": lambda found: self._each(found, self),
            "span": lambda found: self(found).replace(" to ", " 〜 "),
            "sums": lambda found: " ".join(map(self, found.split(" "))),
        }
        return ways.get(name, self)(text)

    def _each(self, text: str, way: Callable[[str], str]) -> str:
        return COMMA[self.words.lang].join(way(part) for part in text.split(", "))

    def _need(self, text: str) -> str:
        """Name a table, a column of one (``table.column``), or what else is needed."""
        table, dot, column = text.partition(".")
        if not dot or " " in text:
            return self.words.table(text) if self.words.table(text) != text else self(text)
        return self.words("column_of", table=self.words.table(table), column=self.words.label(column))

    def _count(self, text: str) -> str:
        """Name what is counted: ``12 immature``, ``usage 12``."""
        first, _, second = text.partition(" ")
        count, name = (first, second) if first[:1].isdigit() else (second, first)
        label = self.words.table(name)
        return f"{self.words.label(name) if label == name else label} {count}"

    def _group(self, text: str) -> str:
        """Name a group, a feature and its value such as ``accounts_segment_current mid``, or any other level."""
        feature, _, value = text.partition(" ")
        return f"{self.names[feature]} {value}" if feature in self.names else self.words.level(text)


@cache
def _shapes(lang: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the shapes of sentences with what they become; none for English."""
    path = FOLDER / f"said.{lang}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [(_pattern(shape), told) for shape, told in known]


def _pattern(shape: str) -> re.Pattern[str]:
    """Return the pattern of a shape: each ``{hole}`` takes as little as it can."""
    parts = HOLE.split(shape)
    texts = [f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(texts), re.DOTALL)
