"""All KPIs of many periods in one pass, by group, and the rows behind every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, InputError
from cs_ml.kpis.book import Book
from cs_ml.kpis.catalog import choose_kpis
from cs_ml.kpis.count import Counter
from cs_ml.kpis.groups import ALL
from cs_ml.kpis.options import KpiOptions
from cs_ml.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.periods import Periods

__all__ = ["KpiTable", "kpi_table"]


@dataclass(frozen=True)
class KpiTable:
    """KPIs by period and group.

    Parameters
    ----------
    frame
        One row a KPI, definition, period and group: kpi, definition, period_start, period_end, by, group, value,
        numerator, denominator, n_excluded, reason_excluded, reason_missing, low, high, unit, settled. Shares are
        fractions; a figure that may still change is not settled.
    absent
        KPIs that cannot be counted: kpi, definition, by, reason.
    counters
        What counted them, for the rows behind.
    """

    frame: pd.DataFrame
    absent: pd.DataFrame
    counters: tuple[Counter, ...]

    def values(self, by: str = ALL, definition: str = "standard") -> pd.DataFrame:
        """Return values with one row a period (and group) and one column a KPI."""
        chosen = self.frame[(self.frame["by"] == by) & (self.frame["definition"] == definition)]
        index = ["period_start"] if by == ALL else ["period_start", "group"]
        wide: pd.DataFrame = chosen.pivot_table("value", index, "kpi", aggfunc="first", dropna=False)
        return wide[list(dict.fromkeys(chosen["kpi"]))]

    def rows(
        self, kpi: str, definition: str = "standard", *, period_start: Any = None, by: str = ALL, group: str = ALL
    ) -> pd.DataFrame:
        """Return the rows behind a figure, what each adds, and which are left out.

        Parameters
        ----------
        kpi, definition
            Which figure; one made of other KPIs has the rows of those.
        period_start
            First day of its period; all periods where missing.
        by, group
            Its group.

        Returns
        -------
        pandas.DataFrame
            period_start, account_id, numerator, denominator, excluded, and whatever identifies the rows.

        Raises
        ------
        InputError
            If the figure is made of other KPIs, whose rows must be asked for, or is absent.
        """
        (found,) = choose_kpis([f"{kpi}/{definition}"])
        if found.facts is None:
            parts = ", ".join(found.parts)
            raise InputError(Fault(found.key, "a KPI counted from rows", f"one made of {parts}", hint="ask for those"))
        rows = pd.concat([counter.rows(found, by) for counter in self.counters], ignore_index=True)
        if period_start is not None:
            rows = rows[rows["period_start"] == pd.Timestamp(period_start)]
        rows = rows if by == ALL else rows[rows["group"] == group]
        return rows.sort_values(["period_start", "account_id"], kind="stable", ignore_index=True)


def kpi_table(
    tables: Tables,
    periods: Periods,
    *,
    by: Sequence[str] = (),
    kpis: Sequence[str] | None = None,
    options: KpiOptions | None = None,
    known: Any = "now",
) -> KpiTable:
    """Count KPIs for many periods in one pass.

    Parameters
    ----------
    tables
        Checked source tables.
    periods
        Spans of days; see :func:`cs_ml.timeline.periods.make_periods`.
    by
        Attributes by which to tell apart, each by itself, beside the whole book: segment, plan, csm, region, cohort,
        product, or any column of ``accounts``.
    kpis
        Names, or ``name/definition``; all of them where missing.
    options
        Choices behind the definitions.
    known
        ``now``: everything that is known today. ``then``: each period as it was known at its end. A date: as it was
        known before that day.

    Raises
    ------
    InputError
        If a name, an attribute or a currency cannot be used.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> from cs_ml.timeline.periods import make_periods
    >>> lines = pd.DataFrame({"contract_line_id": ["c", "d"], "account_id": ["a", "b"], "mrr": [100, 50],
    ...                       "start_at": ["2026-01-01"] * 2, "end_at": ["2027-01-01", "2026-01-20"]})
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a", "b"]}), "contracts": lines})
    >>> table = kpi_table(tables, make_periods("2026-01-01", "2026-02-01"), kpis=["churn_rate", "nrr"])
    >>> table.frame[["kpi", "definition", "numerator", "denominator"]].to_numpy().tolist()[0]
    ['churn_rate', 'standard', 1.0, 2.0]
    """
    chosen, groups = choose_kpis(kpis), tuple(dict.fromkeys((ALL, *by)))
    raw: dict[str, pd.DataFrame] = {}
    counters = []
    for part, cut in _cuts(periods, known):
        book = Book(tables, part, options, cut, raw)
        counters.append(Counter(book, groups))
    frames = [counter.frame(chosen) for counter in counters]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if len(frames) > 1:
        place = {kpi.key: number for number, kpi in enumerate(chosen)}
        order = (frame["kpi"] + "/" + frame["definition"]).map(place).to_numpy()
        by_place = frame["by"].map({name: number for number, name in enumerate(groups)}).fillna(len(groups)).to_numpy()
        frame = frame.iloc[np.lexsort((frame["period_start"].to_numpy(), by_place, order))].reset_index(drop=True)
    absent = pd.concat([counter.absent(chosen) for counter in counters[:1]], ignore_index=True)
    return KpiTable(frame, absent, tuple(counters))


def _cuts(periods: Periods, known: Any) -> list[tuple[Periods, int | None]]:
    if isinstance(known, str) and known == "now":
        return [(periods, None)]
    if isinstance(known, str) and known == "then":
        ends = np.unique(periods.end)
        return [(periods.take(np.flatnonzero(periods.end == end)), int(end)) for end in ends]
    try:
        day = pd.Timestamp(known).normalize()
    except ValueError as error:
        raise InputError(Fault("known", "now, then, or a date such as 2026-10-01", repr(known))) from error
    return [(periods, int(Clock.date(day)))]
