"""What a KPI is: a name, a definition, what it needs, and the function that counts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts

__all__ = ["Derive", "Kind", "Kpi", "Totals", "Unit"]

Kind = Literal["rate", "ratio", "score", "sum"]
Unit = Literal["share", "money", "count", "days", "months", "per_week", "per_year", "score"]


@dataclass(frozen=True)
class Totals:
    """A KPI added up by group; every array has the shape (periods, groups).

    Parameters
    ----------
    numerator, denominator
        Sums.
    excluded
        Rows left out.
    value
        What the KPI comes to; NaN where it has none.
    opinionated
        Promoters and detractors together, for a score.
    """

    numerator: np.ndarray
    denominator: np.ndarray
    excluded: np.ndarray
    value: np.ndarray
    opinionated: np.ndarray | None = None


Derive = Callable[[Book, Mapping[str, Totals]], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Kpi:
    """One definition of one KPI.

    Parameters
    ----------
    name
        What it is called in tables and configs.
    kind
        ``rate`` is a share of countable things and has an interval, ``ratio`` divides, ``score`` is a balance of
        shares, ``sum`` has no denominator.
    unit
        How its value is written.
    needs
        Tables, or ``table.column``, without which it is absent.
    label_en, label_ja
        Noun phrase.
    meaning_en, meaning_ja
        Numerator / denominator, in words.
    also
        Other names under which people look for it, English and Japanese.
    facts
        Counts it from a book.
    definition
        Variant; ``standard`` is the default of every KPI.
    by_product
        Whether it can be told apart by product.
    parts, derive
        KPIs, as ``name/definition``, from whose totals it is made, and how: returns numerator and denominator.
    whole
        Whether it is known for the whole book only.
    settles
        Name of the option that says how many days after its period a figure may still change.

    Examples
    --------
    >>> one = Kpi("mrr", "sum", "money", ("contracts",), "MRR", "MRR", "MRR at the end", "期末のMRR")
    >>> one.key
    'mrr/standard'
    """

    name: str
    kind: Kind
    unit: Unit
    needs: tuple[str, ...]
    label_en: str
    label_ja: str
    meaning_en: str
    meaning_ja: str
    also: str = ""
    facts: Callable[[Book], Facts] | None = None
    definition: str = "standard"
    by_product: bool = False
    parts: tuple[str, ...] = ()
    derive: Derive | None = None
    whole: bool = False
    settles: str = ""

    @property
    def key(self) -> str:
        """Name and definition."""
        return f"{self.name}/{self.definition}"
