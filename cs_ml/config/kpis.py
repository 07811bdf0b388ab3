"""The part of the config about KPIs: choices behind the definitions, and goals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from cs_ml.config.fields import Days, Flag, Number, Positive, Section, Text, Unique, Wrong, doc

__all__ = ["GoalConfig", "KpisConfig"]

Share = Annotated[Number, Field(gt=0, le=1)]
Rate = Annotated[Number, Field(gt=0)]


class GoalConfig(Section):
    """A KPI with a target, and what it feeds."""

    kpi: Text = doc(..., "Name, or name/definition, of a KPI.", "KPIの名前、または名前/定義。")
    at_least: Number | None = doc(None, "Target that should be reached.", "達成すべき下限の目標値。")
    at_most: Number | None = doc(None, "Target that should not be exceeded.", "超えるべきでない上限の目標値。")
    feeds: tuple[Text, ...] = doc((), "KPIs that this one feeds.", "このKPIが支える上位のKPI。")

    def contradictions(self) -> Iterable[Wrong]:
        """One target at most."""
        if self.at_least is not None and self.at_most is not None:
            yield Wrong(("at_most",), "one of at_least, at_most", "both")


class KpisConfig(Section):
    """How KPIs are counted."""

    every: Literal["day", "week", "month", "quarter", "half", "year"] = doc(
        "month", "Calendar: day, week, month, quarter, half, year.", "期間(day、week、month、quarter、half、year)。"
    )
    fiscal_start: Annotated[Positive, Field(le=12)] = doc(
        1, "Month with which the fiscal year begins.", "会計年度が始まる月。"
    )
    by: Annotated[tuple[Text, ...], Unique] = doc(
        (), "Groups beside the whole: segment, plan, csm, region, cohort, product.", "全体に加える内訳。"
    )
    grace_days: Days = doc(
        30, "A contract that restarts within so many days is continuous.", "この日数以内の再開は継続とみなす。"
    )
    early_days: Days = doc(90, "A renewal may begin so many days early.", "更新が前倒しで始まりうる日数。")
    gross_margin: Share = doc(1.0, "Share of revenue left after delivery, for LTV.", "LTVに使う粗利率。")
    purchase_frequency: Rate | None = doc(None, "Purchases a year, for the simple LTV.", "簡易LTVに使う年間購買頻度。")
    onboarding_days: Days = doc(90, "Days within which onboarding is complete.", "オンボーディングの所定日数。")
    csat_positive: Share = doc(
        0.8, "Share of the scale from which an answer is positive.", "肯定とみなす回答の満点比。"
    )
    reopen_days: Days = doc(7, "Reopened within so many days is not resolved.", "この日数以内の再開は未解決とみなす。")
    acquisition_costs: tuple[Text, ...] = doc(
        (), "Cost categories that win customers; others keep them.", "新規獲得の費用区分。他は維持費。"
    )
    cohort: Literal["month", "quarter", "year"] = doc(
        "quarter", "Cohorts by first contract: month, quarter, year.", "初回契約による集団(month、quarter、year)。"
    )
    rollup: Flag = doc(False, "Count children under their topmost parent.", "子会社を最上位の親にまとめて数えるか。")
    fx: dict[Text, Rate] | None = doc(
        None, "Value of one unit of each currency, such as {USD: 1, EUR: 1.08}.", "各通貨1単位の価値。"
    )
    goals: tuple[GoalConfig, ...] | None = doc(
        None, "Goals: [{kpi: nrr, at_least: 1.0, feeds: [mrr]}]; a tree without targets by default.", "目標の一覧。"
    )
