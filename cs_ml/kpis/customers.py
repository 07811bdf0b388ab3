"""Accounts that come, stay and leave."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi, Totals
from cs_ml.timeline.periods import fraction_of_months

__all__ = ["CUSTOMERS", "to_period"]

CONTRACTS = ("contracts",)


def to_period(rate: float, from_days: float, to_days: float) -> float:
    """Rescale a churn rate to a period of another length, as if it were the same every day.

    Parameters
    ----------
    rate
        Share lost in a period.
    from_days, to_days
        Length of that period, and of the one wanted.

    Examples
    --------
    >>> round(to_period(0.30, 360, 30), 4)
    0.0293
    """
    return float(1 - (1 - rate) ** (to_days / from_days))


def active(book: Book) -> Facts:
    """Count accounts, or products owned, at the end."""
    if not book.by_product:
        return cells(book.contracts.active_close)
    unit, account, _ = book.contracts.owned
    return cells(book.contracts.at_edges(unit, len(account))[:, book.contracts.close_at] > 0)


def churn(book: Book) -> Facts:
    """Accounts lost out of those active at the start."""
    m = book.contracts.movements
    return cells(m.lost, m.lost | m.kept)


def retention(book: Book) -> Facts:
    """Accounts kept out of those active at the start."""
    m = book.contracts.movements
    return cells(m.kept, m.lost | m.kept)


def churn_over_added(book: Book) -> Facts:
    """Accounts lost, over accounts added."""
    m = book.contracts.movements
    return cells(m.lost, m.new | m.returned)


def churn_by_choice(book: Book, *, chosen: bool) -> Facts:
    """Accounts lost by their own choice, or otherwise; those of whom nothing says are left out."""
    contracts, m = book.contracts, book.contracts.movements
    flags = book.frame("contracts")["voluntary"].map({True: 1.0, False: 0.0}).to_numpy(dtype=float)
    value = flags[contracts.lines.row]
    line, edge = contracts.covered
    last = np.full(contracts.active.shape, np.nan)
    last[contracts.lines.account[line], edge] = _last_of_stay(book, value)[line]
    found = last[:, contracts.open_at]
    unknown = Left(m.lost & np.isnan(found), "left without saying why")
    return cells(m.lost & (found == float(chosen)), m.lost | m.kept, unknown)


def _last_of_stay(book: Book, value: np.ndarray) -> np.ndarray:
    """Return what the line that ended last says, for every line of the same stay."""
    lines = book.contracts.lines
    order = np.lexsort((lines.row, lines.end, lines.stay))
    final = np.full(int(lines.stay.max(initial=-1)) + 1, np.nan)
    final[lines.stay[order]] = value[order]
    return np.asarray(final[lines.stay])


def contract_length(book: Book) -> Facts:
    """Months of the terms that run at the end."""
    contracts = book.contracts
    lines = contracts.lines
    line, period = book.periods.at_end(lines.start, lines.bridged)
    endless = lines.open_ended[line]
    planned = np.where(lines.open_ended, lines.start, lines.planned)
    months = (fraction_of_months(planned) - fraction_of_months(lines.start))[line]
    facts = Facts(lines.account[line], period, months, np.ones(len(line)))
    return facts.left_out(endless, "open-ended") if endless.any() else facts


def lifetime(book: Book) -> Facts:
    """Months from start to end of the stays that ended."""
    contracts, m = book.contracts, book.contracts.movements
    lines = contracts.lines
    n_stays = int(lines.stay.max(initial=-1)) + 1
    begin, end = np.full(n_stays, np.iinfo(np.int64).max), np.zeros(n_stays, np.int64)
    np.minimum.at(begin, lines.stay, lines.start)
    np.maximum.at(end, lines.stay, lines.end)
    stay = np.full(contracts.active.shape, 0)
    line, edge = contracts.covered
    stay[lines.account[line], edge] = lines.stay[line]
    months = np.append(fraction_of_months(end) - fraction_of_months(begin), 0.0)[stay[:, contracts.open_at]]
    return cells(np.where(m.lost, months, 0.0), m.lost)


def premium(book: Book) -> Facts:
    """Accounts whose best line is on the top tier of the book, out of the active ones."""
    contracts = book.contracts
    tier = contracts.column("tier")
    best = contracts.highest(tier, contracts.lines.account, contracts.n_accounts)[:, contracts.close_at]
    top = np.max(np.nan_to_num(tier, nan=-np.inf), initial=-np.inf)
    unknown = Left(contracts.active_close & np.isinf(best), "no tier")
    return cells(contracts.active_close & (best >= top), contracts.active_close, unknown)


def repeat(book: Book) -> Facts:
    """Accounts whose present term is not their first one, out of the active ones."""
    contracts = book.contracts
    newest = contracts.highest(contracts.lines.start.astype(float), contracts.lines.account, contracts.n_accounts)
    again = newest[:, contracts.close_at] > contracts.first_start[:, None]
    return cells(contracts.active_close & again, contracts.active_close)


def average_churn(_: Book, totals: Mapping[str, Totals]) -> tuple[np.ndarray, np.ndarray]:
    """Accounts lost, over the mean of the accounts at both edges."""
    lost, after = totals["churn_rate/standard"], totals["active_accounts/standard"]
    return lost.numerator, (lost.denominator + after.numerator) / 2


CUSTOMERS = (
    Kpi("active_accounts", "sum", "count", CONTRACTS, "Active accounts", "契約中の顧客数",
        "accounts with a contract line at the end of the period", "期末に契約のある顧客の数",
        "customers per month; 月毎の顧客数", facts=active, by_product=True),
    Kpi("new_accounts", "sum", "count", CONTRACTS, "New accounts", "新規顧客数",
        "accounts active at the end and never before the period", "期間中に初めて契約し、期末も契約中の顧客の数",
        facts=lambda book: cells(book.contracts.movements.new)),
    Kpi("lost_accounts", "sum", "count", CONTRACTS, "Lost accounts", "解約顧客数",
        "accounts active at the start and without a contract at the end", "期首に契約中で期末に契約のない顧客の数",
        facts=lambda book: cells(book.contracts.movements.lost), settles="grace_days"),
    Kpi("reactivated_accounts", "sum", "count", CONTRACTS, "Reactivated accounts", "復帰顧客数",
        "accounts active at the end, not at the start, that had left before", "一度離れ、期末に再び契約中の顧客の数",
        facts=lambda book: cells(book.contracts.movements.returned)),
    Kpi("churn_rate", "rate", "share", CONTRACTS, "Churn rate", "解約率(チャーンレート)",
        "accounts lost / accounts active at the start", "解約顧客数 / 期首の顧客数",
        "logo churn; by sales rep: --by csm; 担当者別は --by csm", facts=churn, settles="grace_days"),
    Kpi("churn_rate", "rate", "share", ("contracts.voluntary",), "Voluntary churn rate", "自発的解約率",
        "accounts lost by their own choice / accounts active at the start", "自らの意思による解約 / 期首の顧客数",
        definition="voluntary", facts=lambda book: churn_by_choice(book, chosen=True), settles="grace_days"),
    Kpi("churn_rate", "rate", "share", ("contracts.voluntary",), "Involuntary churn rate", "非自発的解約率",
        "accounts lost otherwise (payment failure, closed business) / accounts active at the start",
        "支払不能や廃業などによる解約 / 期首の顧客数",
        definition="involuntary", facts=lambda book: churn_by_choice(book, chosen=False), settles="grace_days"),
    Kpi("churn_rate", "ratio", "share", CONTRACTS, "Churn over added accounts", "解約率(追加顧客比)",
        "accounts lost / accounts added; loose, may exceed 1", "解約顧客数 / 追加顧客数(緩い定義。1を超えうる)",
        definition="added", facts=churn_over_added, settles="grace_days"),
    Kpi("churn_rate", "ratio", "share", CONTRACTS, "Churn over mean accounts", "解約率(平均顧客数比)",
        "accounts lost / mean of the accounts at start and end", "解約顧客数 / 期首と期末の平均顧客数",
        definition="average", parts=("churn_rate/standard", "active_accounts/standard"), derive=average_churn,
        settles="grace_days"),
    Kpi("retention_rate", "rate", "share", CONTRACTS, "Retention rate", "顧客維持率(リテンションレート)",
        "accounts kept / accounts active at the start", "維持した顧客数 / 期首の顧客数",
        "continuation rate; 継続率", facts=retention, settles="grace_days"),
    Kpi("contract_length", "ratio", "months", ("contracts.end_at",), "Contract length", "契約期間",
        "months of the terms that run at the end / those terms", "期末に有効な契約の月数 / 契約の数",
        facts=contract_length),
    Kpi("average_lifetime", "ratio", "months", CONTRACTS, "Average lifetime", "平均継続期間",
        "months from start to end of the accounts lost / accounts lost", "解約顧客の契約月数 / 解約顧客数",
        "customer lifetime; 継続期間", facts=lifetime, settles="grace_days"),
    Kpi("premium_rate", "rate", "share", ("contracts.tier",), "Premium accounts", "プレミアムパッケージ選択顧客の割合",
        "accounts on the top tier / active accounts; the numerator is their number",
        "最上位プランの顧客数 / 契約中の顧客数(分子が顧客数)",
        "customers on the premium package; プレミアムパッケージ選択顧客数", facts=premium),
    Kpi("repeat_rate", "rate", "share", CONTRACTS, "Repeat customers", "リピーター率",
        "active accounts past their first term / active accounts", "二回目以降の契約にある顧客数 / 契約中の顧客数",
        "repeat customers, subscription extensions; リピーター・サブスクリプション延長", facts=repeat),
)  # fmt: skip
