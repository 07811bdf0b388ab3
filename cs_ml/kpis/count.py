"""Adding up facts by period and group, each KPI counted once whatever asks for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.kpis.catalog import KPIS
from cs_ml.kpis.facts import Facts
from cs_ml.kpis.groups import ALL, Grouping, group_accounts
from cs_ml.kpis.intervals import nps_interval, wilson
from cs_ml.kpis.kpi import Kpi, Totals
from cs_ml.timeline.lookup import ratio

__all__ = ["Counter"]

PRODUCT, FEATURE = "product", "feature"
ZERO, NO_PART = "the denominator is zero", "a figure it is made of has no value"


class Counter:
    """Counts the KPIs of one book.

    Parameters
    ----------
    book
        Tables as known, periods and choices.
    by
        Attributes by which to tell apart, ``all`` for the whole.

    Raises
    ------
    ConfigError
        If an attribute cannot be told apart.
    """

    def __init__(self, book: Book, by: tuple[str, ...]) -> None:
        self.book, self.by = book, by
        self._by_product = book.with_products() if PRODUCT in by else book
        self._groupings = {name: group_accounts(book, name) for name in by}
        self._facts: dict[tuple[str, bool], Facts] = {}
        self._totals: dict[tuple[str, str], Totals] = {}

    def frame(self, kpis: list[Kpi]) -> pd.DataFrame:
        """Return one row a KPI, period and group; see :class:`cs_ml.kpis.table.KpiTable`."""
        parts = [self._written(kpi, name) for kpi in kpis for name in self._groups_of(kpi)]
        stacked = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS} if parts else {}
        return pd.DataFrame(stacked, columns=list(_COLUMNS))

    def absent(self, kpis: list[Kpi]) -> pd.DataFrame:
        """Return the KPIs that cannot be counted, and why."""
        rows = []
        for kpi in kpis:
            missing = self.missing(kpi)
            if missing:
                rows.append((kpi.name, kpi.definition, ALL, "needs " + ", ".join(missing)))
                continue
            rows += [(kpi.name, kpi.definition, name, self._whole_reason(name)) for name in self.by
                     if name not in self._groups_of(kpi) and self._facts_label(kpi) is None]  # fmt: skip
        return pd.DataFrame(rows, columns=["kpi", "definition", "by", "reason"])

    def missing(self, kpi: Kpi) -> list[str]:
        """Return what a KPI needs that is not there: tables, columns, options, or what its parts need."""
        options = [need for need in kpi.needs if need.startswith("option ")]
        unset = [need for need in options if not getattr(self.book.options, need.removeprefix("option "))]
        tables = self.book.lacks(tuple(need for need in kpi.needs if need not in options))
        parts = [need for part in kpi.parts for need in self.missing(KPIS[part])]
        return list(dict.fromkeys([*tables, *unset, *parts]))

    def rows(self, kpi: Kpi, by: str) -> pd.DataFrame:
        """Return the rows behind a KPI with their accounts, periods and groups."""
        facts, product = self._counted(kpi, by), by == PRODUCT
        rows = facts.rows()
        account = self.book.contracts.owned[1][facts.unit] if product else facts.unit
        named = np.where(account < 0, None, self.book.accounts[account])
        dates = self.book.periods.dates()["period_start"].to_numpy()[facts.period]
        rows.insert(0, "account_id", named)
        rows.insert(0, "period_start", dates)
        if by != ALL:
            grouping = self._groupings[by]
            rows.insert(2, "group", np.asarray(grouping.labels, dtype=object)[self._codes(facts, grouping)])
        return rows.drop(columns=["unit", "period"])

    def totals(self, kpi: Kpi, by: str) -> Totals:
        """Return a KPI added up by group; counted once."""
        if (kpi.key, by) not in self._totals:
            self._totals[kpi.key, by] = self._derived(kpi, by) if kpi.derive else self._summed(kpi, by)
        return self._totals[kpi.key, by]

    def _groups_of(self, kpi: Kpi) -> tuple[str, ...]:
        """Return by what a KPI can be told apart."""
        if self.missing(kpi):
            return ()
        if self._facts_label(kpi) is not None:
            return (FEATURE,)
        allowed = [name for name in self.by if name == ALL or not kpi.whole]
        return tuple(name for name in allowed if name != PRODUCT or kpi.by_product)

    def _facts_label(self, kpi: Kpi) -> np.ndarray | None:
        if kpi.facts is None or kpi.whole:
            return None
        return self._counted(kpi, ALL).label

    @staticmethod
    def _whole_reason(name: str) -> str:
        return f"not known by {name}"

    def _counted(self, kpi: Kpi, by: str) -> Facts:
        key = (kpi.key, by == PRODUCT)
        if key not in self._facts:
            assert kpi.facts is not None  # noqa: S101  those made of parts never come here
            self._facts[key] = kpi.facts(self._by_product if by == PRODUCT else self.book)
        return self._facts[key]

    @staticmethod
    def _codes(facts: Facts, grouping: Grouping) -> np.ndarray:
        return np.asarray(grouping.codes[facts.unit, facts.period])

    def _grouping(self, facts: Facts, by: str) -> tuple[tuple[str, ...], np.ndarray]:
        """Return names of the groups and the group of each row."""
        if by == FEATURE and facts.label is not None:
            codes, labels = pd.factorize(facts.label, sort=True)
            return tuple(map(str, labels)), codes
        if by == ALL:
            return (ALL,), np.zeros(len(facts.unit), np.int64)
        return self._groupings[by].labels, self._codes(facts, self._groupings[by])

    def _summed(self, kpi: Kpi, by: str) -> Totals:
        facts = self._counted(kpi, by)
        labels, code = self._grouping(facts, by)
        shape = (len(self.book.periods), len(labels))
        flat = facts.period * len(labels) + code

        def add(weights: np.ndarray) -> np.ndarray:
            return np.bincount(flat, weights, minlength=shape[0] * shape[1]).reshape(shape).astype(float)

        above, below = add(facts.numerator), add(facts.denominator)
        left = np.zeros(shape) if facts.excluded is None else add(facts.excluded)
        opinionated = add(facts.numerator**2) if kpi.kind == "score" else None
        return Totals(above, below, left, above if kpi.kind == "sum" else ratio(above, below), opinionated)

    def _derived(self, kpi: Kpi, by: str) -> Totals:
        assert kpi.derive is not None  # noqa: S101  the caller looked
        above, below = kpi.derive(self.book, {part: self.totals(KPIS[part], by) for part in kpi.parts})
        return Totals(above, below, np.zeros(above.shape), ratio(above, below))

    def _labels(self, kpi: Kpi, by: str) -> tuple[str, ...]:
        return self._grouping(self._counted(kpi, by), by)[0] if by == FEATURE else self._groupings[by].labels

    def _written(self, kpi: Kpi, by: str) -> dict[str, np.ndarray]:
        """Return the columns of a KPI, by period and then by group."""
        totals, labels = self.totals(kpi, by), np.asarray(self._labels(kpi, by), dtype=object)
        n_periods = len(self.book.periods)
        period, group = np.nonzero(np.ones(totals.numerator.shape, bool))
        value, above, below, left = (
            array[period, group] for array in (totals.value, totals.numerator, totals.denominator, totals.excluded)
        )
        low, high = _interval(kpi, totals)
        reason = "" if kpi.facts is None else self._counted(kpi, by).reason
        zero = NO_PART if kpi.parts else ZERO
        dates = self.book.periods.dates()
        settled = self.book.periods.settled(self.book.known_until, getattr(self.book.options, kpi.settles, 0))
        size = len(period)
        return {
            "kpi": np.full(size, kpi.name, object), "definition": np.full(size, kpi.definition, object),
            "period_start": dates["period_start"].to_numpy()[period],
            "period_end": dates["period_end"].to_numpy()[period], "by": np.full(size, by, object),
            "group": labels[group] if n_periods else labels[:0], "value": value, "numerator": above,
            "denominator": np.where(kpi.kind == "sum", np.nan, below), "n_excluded": left.astype(np.int64),
            "reason_excluded": np.where(left > 0, reason, ""), "reason_missing": np.where(np.isnan(value), zero, ""),
            "low": low[period, group], "high": high[period, group], "unit": np.full(size, kpi.unit, object),
            "settled": settled[period],
        }  # fmt: skip


_COLUMNS = (
    "kpi", "definition", "period_start", "period_end", "by", "group", "value", "numerator", "denominator",
    "n_excluded", "reason_excluded", "reason_missing", "low", "high", "unit", "settled",
)  # fmt: skip


def _interval(kpi: Kpi, totals: Totals) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a share of countable things, NaN for everything else."""
    if kpi.kind == "rate":
        return wilson(totals.numerator, totals.denominator)
    if totals.opinionated is not None:
        return nps_interval(totals.numerator, totals.opinionated, totals.denominator)
    nothing = np.full(totals.value.shape, np.nan)
    return nothing, nothing
