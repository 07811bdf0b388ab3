"""Recurring revenue and how it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, cells
from cs_ml.kpis.kpi import Kpi, Totals
from cs_ml.timeline.periods import fraction_of_months

__all__ = ["REVENUE", "revenue_between"]

CONTRACTS = ("contracts",)
MONTHS_A_YEAR = 12


def moved(name: str, sign: float = 1.0) -> Callable[[Book], Facts]:
    """Return the function that adds up one kind of movement."""
    return lambda book: cells(sign * getattr(book.movements, name))


def lines_mrr(book: Book) -> Facts:
    """MRR of the lines that run at the end, gaps within the grace period not bridged."""
    lines = book.contracts.lines
    line, period = book.periods.at_end(lines.start, lines.end)
    unit = book.contracts.owned[0] if book.by_product else lines.account
    return Facts(unit[line], period, book.contracts.mrr[line], np.zeros(len(line)))


def net_new(book: Book) -> Facts:
    """Subtract opening from closing MRR."""
    m = book.movements
    return cells(m.closing - m.opening)


def net_retention(book: Book) -> Facts:
    """Compare what those who were there at the start pay at the end with what they paid."""
    m = book.movements
    there = m.kept | m.lost
    return cells(np.where(m.kept, m.closing, 0.0), np.where(there, m.opening, 0.0))


def gross_retention(book: Book) -> Facts:
    """Compare the same, counting no more than each paid at the start."""
    m = book.movements
    there = m.kept | m.lost
    return cells(np.where(m.kept, np.minimum(m.opening, m.closing), 0.0), np.where(there, m.opening, 0.0))


def gross_churn(book: Book) -> Facts:
    """Contraction and churned MRR, over opening MRR."""
    m = book.movements
    return cells(m.contraction + m.churned, np.where(m.kept | m.lost, m.opening, 0.0))


def net_churn(book: Book) -> Facts:
    """Contraction and churned MRR minus expansion, over opening MRR."""
    m = book.movements
    return cells(m.contraction + m.churned - m.expansion, np.where(m.kept | m.lost, m.opening, 0.0))


def per_account(_: Book, totals: Mapping[str, Totals]) -> tuple[np.ndarray, np.ndarray]:
    """MRR over active accounts."""
    return totals["mrr/standard"].numerator, totals["active_accounts/standard"].numerator


def revenue_between(book: Book, begin: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the revenue that each line earned between two days, by line: MRR times months, by days within a month.

    Parameters
    ----------
    book
        A book with contracts.
    begin, stop
        First day, and the day after the last one.

    Returns
    -------
    line, revenue
        Lines that ran in between, and what they earned.
    """
    line, start, end = book.contracts.lines.overlap(begin, stop)
    return line, book.contracts.mrr[line] * (fraction_of_months(end) - fraction_of_months(start))


def recurring(book: Book) -> Facts:
    """Revenue earned in the period."""
    unit = book.contracts.owned[0] if book.by_product else book.contracts.lines.account
    found = [revenue_between(book, int(a), int(b)) for a, b in zip(book.periods.start, book.periods.end, strict=True)]
    period = np.repeat(np.arange(len(found)), [len(line) for line, _ in found])
    line = np.concatenate([line for line, _ in found])
    return Facts(unit[line], period, np.concatenate([money for _, money in found]), np.zeros(len(line)))


def until_left(book: Book) -> Facts:
    """Revenue that the accounts lost had earned from their first day on, over accounts lost."""
    lost, lines = book.contracts.movements.lost, book.contracts.lines
    months = fraction_of_months(lines.end) - fraction_of_months(lines.start)
    earned = np.zeros(lost.shape)
    for period, end in enumerate(book.periods.end):
        done = lines.start < end
        money = (book.contracts.mrr * months)[done]
        earned[:, period] = np.bincount(lines.account[done], money, minlength=len(earned))
    return cells(np.where(lost, earned, 0.0), lost)


def money(name: str, en: str, ja: str, meaning_en: str, meaning_ja: str, facts: Callable[[Book], Facts],
          also: str = "", definition: str = "standard", settles: str = "") -> Kpi:  # fmt: skip
    """Return a sum of MRR that can be told apart by product."""
    return Kpi(name, "sum", "money", CONTRACTS, en, ja, meaning_en, meaning_ja, also, facts=facts,
               definition=definition, by_product=True, settles=settles)  # fmt: skip


def share(name: str, en: str, ja: str, meaning_en: str, meaning_ja: str, facts: Callable[[Book], Facts],
          also: str = "") -> Kpi:  # fmt: skip
    """Return a share of opening MRR that can be told apart by product."""
    return Kpi(name, "ratio", "share", CONTRACTS, en, ja, meaning_en, meaning_ja, also, facts=facts,
               by_product=True, settles="grace_days")  # fmt: skip


REVENUE = (
    money("mrr", "MRR", "月間経常収益(MRR)", "MRR of the lines active at the end, short gaps bridged",
          "期末に有効な契約のMRRの合計(猶予期間内の中断は継続とみなす)", moved("closing"),
          "monthly recurring revenue, stable revenue; MMR, 安定した収益"),
    money("mrr", "MRR of running lines", "MRR(中断を含めない)", "MRR of the lines active at the end, gaps not bridged",
          "期末に有効な契約のMRRの合計(中断を継続とみなさない)", lines_mrr, definition="lines"),
    money("opening_mrr", "Opening MRR", "期首MRR", "MRR at the start", "期首のMRR", moved("opening")),
    money("new_mrr", "New MRR", "新規MRR", "MRR at the end of new accounts", "新規顧客の期末MRR", moved("started")),
    money("expansion_mrr", "Expansion MRR", "拡大MRR(MRRの拡大)",
          "increases of accounts active at both ends", "期首・期末とも契約中の顧客の増加分", moved("expansion")),
    money("contraction_mrr", "Contraction MRR", "縮小MRR",
          "decreases of accounts active at both ends; a dropped product is one",
          "期首・期末とも契約中の顧客の減少分(一部製品の解約を含む)", moved("contraction")),
    money("churned_mrr", "Churned MRR", "解約MRR", "opening MRR of accounts lost", "解約顧客の期首MRR",
          moved("churned"), settles="grace_days"),
    money("reactivated_mrr", "Reactivated MRR", "復帰MRR", "MRR at the end of accounts that came back",
          "復帰顧客の期末MRR", moved("reactivated")),
    money("net_new_mrr", "Net new MRR", "純増MRR", "closing minus opening MRR", "期末MRR - 期首MRR", net_new,
          "change in the customer's revenue; 顧客の収益の変化"),
    Kpi("arr", "sum", "money", CONTRACTS, "ARR", "年間経常収益(ARR)", "12 x MRR", "MRR × 12",
        facts=lambda book: cells(MONTHS_A_YEAR * book.movements.closing), by_product=True),
    share("nrr", "Net revenue retention", "売上維持率(NRR)",
          "(opening + expansion - contraction - churned) / opening MRR",
          "(期首 + 拡大 - 縮小 - 解約) / 期首MRR", net_retention, "NRR, net dollar retention"),
    share("grr", "Gross revenue retention", "総売上維持率(GRR)", "(opening - contraction - churned) / opening MRR",
          "(期首 - 縮小 - 解約) / 期首MRR", gross_retention, "GRR"),
    share("revenue_churn_rate", "Revenue churn rate", "レベニューチャーンレート",
          "(contraction + churned) / opening MRR", "(縮小 + 解約) / 期首MRR", gross_churn, "1 - GRR"),
    share("net_revenue_churn_rate", "Net revenue churn rate", "ネットレベニューチャーンレート",
          "(contraction + churned - expansion) / opening MRR; below zero it is negative churn",
          "(縮小 + 解約 - 拡大) / 期首MRR。負ならネガティブチャーン", net_churn, "negative churn; ネガティブチャーン"),
    Kpi("arpa", "ratio", "money", CONTRACTS, "ARPA", "平均顧客単価(ARPA)", "MRR / active accounts",
        "MRR / 契約中の顧客数", "average revenue per account, average revenue per customer",
        parts=("mrr/standard", "active_accounts/standard"), derive=per_account),
    Kpi("recurring_revenue", "sum", "money", CONTRACTS, "Recurring revenue", "経常収益(売上)",
        "MRR earned in the period, by days within a month", "期間中に計上される経常収益(月内は日割り)",
        "stable revenue, sales; 安定した収益", facts=recurring, by_product=True),
    Kpi("revenue_to_date", "ratio", "money", CONTRACTS, "Revenue until cancellation", "解約までの収益",
        "recurring revenue of the accounts lost, from their first day / accounts lost",
        "解約顧客の契約開始からの経常収益 / 解約顧客数", "revenue earned until cancellation; 収益率",
        facts=until_left, settles="grace_days"),
)  # fmt: skip
