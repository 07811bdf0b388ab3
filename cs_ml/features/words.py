"""Rows of a page of words: a feature, and the columns without which it cannot be made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cs_ml.features.feature import Feature, Kind, Role

__all__ = ["Page", "Worded", "allowed"]

TYPICAL_EN, TYPICAL_JA = ", where {typical} is typical", "(標準的な値: {typical})"


class Worded(NamedTuple):
    """A feature and the columns of its table that it needs."""

    needs: frozenset[str]
    feature: Feature


class Page(NamedTuple):
    """What all features of one page share: the first word of their names, their theme, their tables.

    Examples
    --------
    >>> page = Page("tickets", "support", "tickets")
    >>> row = page.row("open_count", "resolved_at", "count", -1, "lever", "Open tickets", "未解決チケット数",
    ...                "{value} tickets are open", "未解決のチケットは{value}件")
    >>> row.feature.name, row.feature.sentence_en
    ('tickets_open_count', '{value} tickets are open, where {typical} is typical')
    """

    source: str
    theme: str
    tables: str

    def row(
        self,
        name: str,
        needs: str,
        unit: str,
        direction: int,
        role: Role,
        label_en: str,
        label_ja: str,
        sentence_en: str,
        sentence_ja: str,
        kind: Kind = "number",
    ) -> Worded:
        """Return one feature; sentences about numbers end with what is typical."""
        endings = (TYPICAL_EN, TYPICAL_JA) if kind == "number" else ("", "")
        words = (label_en, label_ja, sentence_en + endings[0], sentence_ja + endings[1])
        named = f"{self.source}_{name}"
        return Worded(
            frozenset(needs.split()), Feature(named, self.theme, unit, *words, kind, direction, role, self.tables)
        )


def allowed(rows: Iterable[Worded], columns: Iterable[str]) -> list[Feature]:
    """Return the features whose columns are all there, in their order.

    Parameters
    ----------
    rows
        Features and what they need.
    columns
        Columns of the table.

    Examples
    --------
    >>> one = Feature("a_b", "usage", "count", "A", "あ", "{value}", "{value}")
    >>> rows = [Worded(frozenset({"x"}), one)]
    >>> len(allowed(rows, ["x", "y"])), len(allowed(rows, ["y"]))
    (1, 0)
    """
    present = set(columns)
    return [row.feature for row in rows if row.needs <= present]
