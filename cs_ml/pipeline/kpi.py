"""KPIs of a book: counted, written as CSV, Parquet and HTML, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.config import Config
from cs_ml.kpis import ELSEWHERE, KpiOptions, KpiTable, kpi_catalog, kpi_table
from cs_ml.kpis.cohorts import retention_triangle
from cs_ml.kpis.goals import DEFAULT_GOALS, Goal, goal_tree, require_tree
from cs_ml.pipeline.snapshot import Progress, open_book, silent
from cs_ml.report.kpi_cells import interval_text, value_text
from cs_ml.report.kpis import KpiReport
from cs_ml.report.words import Words
from cs_ml.store import make_folder, write_parquet, write_text
from cs_ml.tables import Tables
from cs_ml.timeline.periods import Calendar, Periods, make_periods

__all__ = ["Counted", "count_kpis", "describe_kpis", "list_kpis", "write_kpis"]

DEFAULT_MONTHS = 13  # a year, and the month to compare it with


@dataclass(frozen=True)
class Counted:
    """KPIs of a book with everything that is shown beside.

    Parameters
    ----------
    table
        KPIs by period and group.
    goals
        Goals with status.
    triangles
        Retention by cohort and age, of accounts and of revenue; none without contracts.
    """

    table: KpiTable
    goals: pd.DataFrame
    triangles: dict[str, pd.DataFrame]


def count_kpis(
    config: Config,
    start: Any = None,
    end: Any = None,
    *,
    every: Calendar | None = None,
    by: Sequence[str] | None = None,
    known: Any = "now",
    progress: Progress = silent,
) -> Counted:
    """Count every KPI of the config's book.

    Parameters
    ----------
    config
        Checked config.
    start, end
        First day, and the day after the last one; the thirteen newest whole months of the data where missing.
    every, by
        Calendar and groups; those of the config where missing.
    known
        ``now``, ``then``, or a date.
    progress
        Called with a line of text at each step.

    Raises
    ------
    InputError
        If tables, dates, groups or goals cannot be used.
    """
    goals = goals_of(config)
    require_tree(goals)
    progress("checking tables")
    tables = open_book(config)
    progress("counting")
    periods, options = periods_of(config, tables, start, end, every), options_of(config)
    table = kpi_table(tables, periods, by=config.kpis.by if by is None else by, options=options, known=known)
    triangles = {}
    if "contracts" in tables:
        for of in ("accounts", "mrr"):
            triangles[of] = retention_triangle(tables, periods, of=of, options=options)
    return Counted(table, goal_tree(table, goals), triangles)


def options_of(config: Config) -> KpiOptions:
    """Return the choices of the config."""
    own = {name for name in KpiOptions.__dataclass_fields__ if name in type(config.kpis).model_fields}
    chosen = {name: getattr(config.kpis, name) for name in own}
    return KpiOptions(**{**chosen, "fx": config.kpis.fx or {}, "login_events": tuple(config.snapshots.login_events)})


def goals_of(config: Config) -> tuple[Goal, ...]:
    """Return the goals of the config, or the default tree without targets."""
    if config.kpis.goals is None:
        return DEFAULT_GOALS
    return tuple(
        Goal(one.kpi, one.at_least if one.at_most is None else one.at_most, one.at_most is None, one.feeds)
        for one in config.kpis.goals
    )


def periods_of(config: Config, tables: Tables, start: Any, end: Any, every: Calendar | None) -> Periods:
    """Return the periods asked for, or those of the newest thirteen months."""
    last = tables.data_end if end is None else pd.Timestamp(end)
    first = last.normalize().replace(day=1) - pd.DateOffset(months=DEFAULT_MONTHS) if start is None else start
    return make_periods(first, last, every or config.kpis.every, fiscal_start=config.kpis.fiscal_start)


def write_kpis(counted: Counted, config: Config) -> list[Path]:
    """Write ``kpis.html``, ``kpis.csv``, ``kpis.parquet``, ``goals.csv`` and the triangles; return the files."""
    folder = config.output.folder / "kpis"
    make_folder(folder)
    written = []
    for lang in config.languages:
        page = KpiReport(
            counted.table.frame, kpi_catalog().reset_index(), absent=counted.table.absent, goals=counted.goals,
            triangles=counted.triangles, lang=lang, book=config.book.name,
        )  # fmt: skip
        written.append(page.save(folder / ("kpis.html" if lang == config.languages[0] else f"kpis.{lang}.html")))
    written.append(write_text(folder / "kpis.csv", counted.table.frame.to_csv(index=False, lineterminator="\n")))
    written.append(Path(write_parquet(counted.table.frame, folder / "kpis.parquet")))
    written.append(write_text(folder / "goals.csv", counted.goals.to_csv(index=False, lineterminator="\n")))
    written.append(write_text(folder / "absent.csv", counted.table.absent.to_csv(index=False, lineterminator="\n")))
    for of, triangle in counted.triangles.items():
        text = triangle.to_csv(index=False, lineterminator="\n")
        written.append(write_text(folder / f"cohorts_{of}.csv", text))
    return written


def describe_kpis(counted: Counted, lang: str = "en") -> list[str]:
    """Return the newest period in lines of text, goals with a target, and what is absent."""
    words, frame = Words(lang), counted.table.frame
    whole = frame[frame["by"] == "all"]
    if whole.empty:
        return ["no KPI can be counted from these tables"]
    last = whole[whole["period_start"] == whole["period_start"].max()]
    labels = kpi_catalog()[f"label_{lang}"]
    lines = [f"{last['period_start'].iloc[0].date()} to {last['period_end'].iloc[0].date()}"]
    lines += [_line(row, labels, words) for row in last.itertuples()]
    aimed = counted.goals[counted.goals["target"].notna()]
    lines += [
        f"goal {goal.kpi}: {goal.status} ({goal.value:.4g}, target {goal.target:.4g})" for goal in aimed.itertuples()
    ]
    absent = counted.table.absent
    absent = absent[absent["by"] == "all"]
    return lines + [f"absent: {row.kpi} ({row.definition}): {row.reason}" for row in absent.itertuples()]


def list_kpis() -> list[str]:
    """Return every KPI in lines of text: name, definition, labels and meanings in English and Japanese."""
    lines = []
    for row in kpi_catalog().reset_index().to_dict("records"):
        also = f" [{row['also']}]" if row["also"] else ""
        lines.append(f"{row['kpi']} ({row['definition']}): {row['label_en']} / {row['label_ja']}{also}")
        lines.append(f"    {row['meaning_en']}; {row['meaning_ja']}; needs {row['needs']}")
    lines += [f"{name} (no KPI): {en} / {ja}: {why}; {why_ja}" for name, en, ja, why, why_ja in ELSEWHERE]
    return lines


def _line(row: Any, labels: pd.Series, words: Words) -> str:
    name = f"{row.kpi} ({row.definition})"
    value = value_text(row.value, row.unit, words)
    between = interval_text({"low": row.low, "high": row.high, "unit": row.unit}, words)
    between = f" ({between})" if between else ""
    note = f"; {row.n_excluded} left out: {row.reason_excluded}" if row.n_excluded else ""
    note += f"; {row.reason_missing}" if row.reason_missing else ""
    note += "" if row.settled else "; not settled"
    return f"  {name:40s} {value}{between}  {labels[row.kpi, row.definition]}{note}"
