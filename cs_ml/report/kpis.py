"""The KPI page: goals, every figure of the newest period with its past, groups, cohorts, and what is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from cs_ml.report.kpi_cells import interval_text, key_of, period_text, value_text
from cs_ml.report.page import Page
from cs_ml.report.said import Said
from cs_ml.report.summary import require_columns
from cs_ml.report.timecharts import sparkline

__all__ = ["KpiReport"]

WHOLE = "all"
NEEDED = {"kpi", "definition", "period_start", "period_end", "by", "group", "value", "unit", "settled"}
GROUPS_SHOWN = 12


class KpiReport(Page):
    """KPIs of a book on one page.

    Parameters
    ----------
    frame
        One row a KPI, definition, period and group; ``by`` is ``all`` for the whole book.
    catalog
        kpi, definition, label_en, label_ja, meaning_en, meaning_ja of each.
    absent
        kpi, definition, by, reason of what cannot be counted.
    goals
        depth, kpi, definition, value, low, high, target, status, from the top down.
    triangles
        Retention by cohort and age: cohort, age, value; by ``accounts`` and ``mrr``.
    lang
        "en" or "ja".
    book
        Name of the book.

    Raises
    ------
    FrameError
        If a frame lacks what it must have.

    Examples
    --------
    >>> row = {"kpi": "nrr", "definition": "standard", "period_start": pd.Timestamp("2026-01-01"),
    ...        "period_end": pd.Timestamp("2026-02-01"), "by": "all", "group": "all", "value": 1.021, "unit": "share",
    ...        "settled": True}
    >>> named = {"kpi": "nrr", "definition": "standard", "label_en": "NRR", "label_ja": "NRR", "meaning_en": "a / b",
    ...          "meaning_ja": "a / b"}
    >>> "102.1 %" in KpiReport(pd.DataFrame([row]), pd.DataFrame([named])).html()
    True
    """

    template: ClassVar[str] = "kpis.html"
    heading: ClassVar[str] = "kpis"

    def __init__(
        self,
        frame: pd.DataFrame,
        catalog: pd.DataFrame,
        *,
        absent: pd.DataFrame | None = None,
        goals: pd.DataFrame | None = None,
        triangles: Mapping[str, pd.DataFrame] | None = None,
        lang: str = "en",
        book: str = "",
        title: str | None = None,
    ) -> None:
        super().__init__(title=title or None, lang=lang)
        require_columns(frame, NEEDED, "frame")
        self.frame, self.absent, self.goals, self.triangles, self.book = frame, absent, goals, triangles or {}, book
        rows = zip(catalog["kpi"], catalog["definition"], strict=True)
        self.named = dict(zip(rows, catalog.to_dict("records"), strict=True))
        self.said = Said(self.words)
        self.ends = dict(zip(frame["period_start"], frame["period_end"], strict=True))

    def view(self) -> dict[str, Any]:
        """Return what the template shows."""
        whole = self.frame[self.frame["by"] == WHOLE]
        last = whole["period_start"].max()
        newest = whole[whole["period_start"] == last]
        span = "" if newest.empty else self._span(newest.iloc[0])
        past = {key: rows.sort_values("period_start") for key, rows in whole.groupby(["kpi", "definition"], sort=False)}
        absent = self.absent
        return {
            "book": self.book,
            "span": span,
            "goals": [] if self.goals is None else [self._goal(row) for row in self.goals.to_dict("records")],
            "figures": [self._figure(row, past[row["kpi"], row["definition"]]) for row in newest.to_dict("records")],
            "groups": [self._group(by, last) for by in self.frame["by"].unique() if by != WHOLE],
            "triangles": [self._triangle(of, frame) for of, frame in self.triangles.items() if len(frame)],
            "absent": [] if absent is None else [self._absent(row) for row in self._missing(absent)],
        }

    def _span(self, row: pd.Series) -> str:
        return f"{self.words.date(row['period_start'])} – {self.words.date(row['period_end'] - pd.Timedelta(days=1))}"

    def _period(self, row: Mapping[Any, Any]) -> str:
        start = row.get("period_start")
        return period_text(start, self.ends.get(start), self.words)

    def _label(self, row: Mapping[Any, Any]) -> str:
        named = self.named.get((row["kpi"], row["definition"]))
        return str(row["kpi"]) if named is None else str(named[f"label_{self.words.lang}"])

    def _meaning(self, row: Mapping[Any, Any]) -> str:
        named = self.named.get((row["kpi"], row["definition"]))
        return "" if named is None else str(named[f"meaning_{self.words.lang}"])

    def _figure(self, row: Mapping[Any, Any], past: pd.DataFrame) -> dict[str, Any]:
        """Return one KPI as texts, with the drawing of its periods."""
        left = int(row.get("n_excluded", 0))
        notes = (
            [self.words("left_out_rows", count=self.words.number(left), reason=self.said(row["reason_excluded"]))]
            if left
            else []
        )
        notes += [self.said(str(row["reason_missing"]))] if row.get("reason_missing") else []
        notes += [] if row["settled"] else [self.words("not_settled")]
        if row["kpi"] == "retention_cost_share" and row["value"] > 1:
            notes.append(self.words("cost_above_revenue"))
        label = self._label(row)
        return {
            "key": key_of(row), "label": label, "period": self._period(row), "meaning": self._meaning(row),
            "value": value_text(row["value"], row["unit"], self.words), "interval": interval_text(row, self.words),
            "numerator": self.words.value(row.get("numerator")),
            "denominator": self.words.value(row.get("denominator")),
            "notes": notes, "drawing": sparkline(past["value"].astype(float).tolist(), title=label),
        }  # fmt: skip

    def _goal(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        unit = self._unit(row)
        status = str(row["status"]).replace(" ", "_")
        return {
            "depth": int(row["depth"]), "label": self._label(row), "value": value_text(row["value"], unit, self.words),
            "interval": interval_text({**row, "unit": unit}, self.words), "status": self.words(f"goal_{status}"),
            "target": value_text(row["target"], unit, self.words), "kind": status, "period": self._period(row),
        }  # fmt: skip

    def _unit(self, row: Mapping[Any, Any]) -> str:
        named = self.named.get((row["kpi"], row["definition"]), {})
        return str(named.get("unit", "count"))

    def _group(self, by: str, last: pd.Timestamp) -> dict[str, Any]:
        """Return the standard KPIs of the newest period, one column a group."""
        rows = self.frame[(self.frame["by"] == by) & (self.frame["period_start"] == last)]
        rows = rows[rows["definition"] == "standard"]
        names = sorted(rows["group"].unique())[:GROUPS_SHOWN]
        cells = {(row["kpi"], row["group"]): value_text(row["value"], row["unit"], self.words)
                 for row in rows.to_dict("records")}  # fmt: skip
        lines = [
            (self._label({"kpi": kpi, "definition": "standard"}), [cells.get((kpi, name), "–") for name in names])
            for kpi in dict.fromkeys(rows["kpi"])
        ]
        return {"name": self.words.label(by), "groups": names, "rows": lines}

    def _triangle(self, of: str, frame: pd.DataFrame) -> dict[str, Any]:
        """Return retention with one row a cohort and one column an age."""
        wide = frame.pivot_table("value", "cohort", "age", aggfunc="first")
        size = frame.groupby("cohort")["denominator"].first()
        rows = [
            (self.words.date(cohort), self.words.value(float(size[cohort])),
             [("" if pd.isna(value) else self.words.percent(value), "" if pd.isna(value) else f"{value:.2f}")
              for value in wide.loc[cohort]])
            for cohort in wide.index
        ]  # fmt: skip
        first, last = wide.index.min(), wide.index.max()
        spans = self.words("cohorts_span", first=self._period({"period_start": first}),
                           last=self._period({"period_start": last}))  # fmt: skip
        return {
            "title": self.words(f"triangle_{of}"),
            "span": spans,
            "ages": [str(age) for age in wide.columns],
            "rows": rows,
        }

    @staticmethod
    def _missing(absent: pd.DataFrame) -> list[dict[Any, Any]]:
        return absent[absent["by"] == WHOLE].to_dict("records")

    def _absent(self, row: Mapping[Any, Any]) -> str:
        return f"{self._label(row)}: {self.said(str(row['reason']))}"
