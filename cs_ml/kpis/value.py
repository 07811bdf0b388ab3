"""What a customer is worth and what keeping or winning one costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts
from cs_ml.kpis.kpi import Derive, Kpi, Totals
from cs_ml.timeline.periods import fraction_of_months

__all__ = ["VALUE", "simple_ltv"]

MONTHS_A_YEAR = 12
Parts = Mapping[str, Totals]
Fraction = tuple[np.ndarray, np.ndarray]


def simple_ltv(value: float, *, frequency: float, lifetime: float) -> float:
    """Return value of a purchase, times purchases a year, times years.

    Parameters
    ----------
    value
        Money a purchase.
    frequency
        Purchases a year; never implicit.
    lifetime
        Years.

    Examples
    --------
    >>> simple_ltv(100, frequency=12, lifetime=5)
    6000.0
    """
    return float(value * frequency * lifetime)


def costs(book: Book, *, acquisition: bool) -> Facts:
    """Cost items that fall into the period, by months or parts of a month."""
    rows = book.frame("costs")
    wins = rows["category"].isin(book.options.acquisition_costs).to_numpy()
    rows = rows[wins if acquisition else ~wins]
    month = np.floor(fraction_of_months(book.clock.day(rows["period"])))[:, None]
    begin, end = (fraction_of_months(edge)[None, :] for edge in (book.periods.start, book.periods.end))
    part = np.clip(np.minimum(end, month + 1) - np.maximum(begin, month), 0.0, None)
    row, period = np.nonzero(part)
    amount = rows["amount"].to_numpy(dtype=float)[row] * part[row, period]
    detail = {"category": rows["category"].to_numpy()[row]}
    return Facts(np.full(len(row), -1), period, amount, np.zeros(len(row)), detail=detail)


def ltv(book: Book, totals: Parts) -> Fraction:
    """ARPA times margin, over churn brought to a month."""
    churn = totals["churn_rate/standard"].value
    monthly = 1 - (1 - churn) ** (1 / book.periods.months)[:, None]
    return totals["arpa/standard"].value * book.options.gross_margin, monthly


def ltv_simple(book: Book, totals: Parts) -> Fraction:
    """ARPA, times the purchases a year that were declared, times the years of those who left."""
    years = totals["average_lifetime/standard"].value / MONTHS_A_YEAR
    worth = totals["arpa/standard"].value * (book.options.purchase_frequency or np.nan) * years
    return worth, np.ones(worth.shape)


def over(above: str, below: str) -> Derive:
    """Return the function that divides the sum of one KPI by that of another."""

    def derive(_: Book, totals: Parts) -> Fraction:
        return totals[above].numerator, totals[below].numerator

    return derive


def payback(book: Book, totals: Parts) -> Fraction:
    """Cost of acquisition, over the margin that new accounts bring a month."""
    return totals["acquisition_costs/standard"].numerator, totals[
        "new_mrr/standard"
    ].numerator * book.options.gross_margin


def acquisition_to_retention(_: Book, totals: Parts) -> Fraction:
    """Cost of winning an account, over cost of keeping one."""
    return totals["acquisition_cost/standard"].value, totals["retention_cost/standard"].value


BOTH = ("contracts", "costs")
VALUE = (
    Kpi("ltv", "ratio", "money", ("contracts",), "Lifetime value", "顧客生涯価値(LTV)",
        "ARPA x gross margin / churn rate a month", "ARPA × 粗利率 / 月次解約率", "LTV, CLV, customer lifetime value",
        parts=("arpa/standard", "churn_rate/standard"), derive=ltv, settles="grace_days"),
    Kpi("ltv", "ratio", "money", ("contracts", "option purchase_frequency"), "Lifetime value, simple", "LTV(簡易)",
        "ARPA x purchases a year x average lifetime in years", "ARPA × 年間購買頻度 × 平均継続年数",
        "CLV = 平均顧客単価 × 平均購買頻度 × 継続期間", definition="simple",
        parts=("arpa/standard", "average_lifetime/standard"), derive=ltv_simple, settles="grace_days"),
    Kpi("retention_costs", "sum", "money", ("costs",), "Retention costs", "顧客維持費(総額)",
        "cost items that keep customers", "顧客維持のための費用", facts=lambda book: costs(book, acquisition=False),
        whole=True),
    Kpi("retention_cost", "ratio", "money", BOTH, "Retention cost of an account", "顧客維持費(CRC)",
        "retention costs / active accounts", "顧客維持のための費用 / 契約中の顧客数", "CRC, customer retention cost",
        parts=("retention_costs/standard", "active_accounts/standard"),
        derive=over("retention_costs/standard", "active_accounts/standard"), whole=True),
    Kpi("retention_cost_share", "ratio", "share", BOTH, "Retention cost of revenue", "売上に対する顧客維持費",
        "retention costs / recurring revenue of the period; above 1 keeping costs more than it brings",
        "顧客維持のための費用 / 期間の経常収益(1を超えると維持費が収益を上回る)", "CRC vs revenue",
        parts=("retention_costs/standard", "recurring_revenue/standard"),
        derive=over("retention_costs/standard", "recurring_revenue/standard"), whole=True),
    Kpi("acquisition_costs", "sum", "money", ("costs", "option acquisition_costs"), "Acquisition costs",
        "新規獲得費(総額)", "cost items that win customers", "新規獲得のための費用",
        facts=lambda book: costs(book, acquisition=True), whole=True),
    Kpi("acquisition_cost", "ratio", "money", (*BOTH, "option acquisition_costs"), "Acquisition cost of an account",
        "新規獲得コスト(CAC)", "acquisition costs / new accounts", "新規獲得のための費用 / 新規顧客数", "CAC",
        parts=("acquisition_costs/standard", "new_accounts/standard"),
        derive=over("acquisition_costs/standard", "new_accounts/standard"), whole=True),
    Kpi("cac_payback", "ratio", "months", (*BOTH, "option acquisition_costs"), "CAC payback", "CAC回収期間",
        "acquisition costs / (new MRR x gross margin)", "新規獲得のための費用 / (新規MRR × 粗利率)",
        parts=("acquisition_costs/standard", "new_mrr/standard"), derive=payback, whole=True),
    Kpi("acquisition_to_retention", "ratio", "count", (*BOTH, "option acquisition_costs"),
        "Acquisition cost to retention cost", "新規獲得コスト対維持コスト",
        "acquisition cost of an account / retention cost of an account", "CAC / CRC",
        "acquisition cost vs retention cost", parts=("acquisition_cost/standard", "retention_cost/standard"),
        derive=acquisition_to_retention, whole=True),
)  # fmt: skip
