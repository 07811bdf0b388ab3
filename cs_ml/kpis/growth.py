"""Selling more: upsell, cross-sell, deals and sales."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi, Totals

__all__ = ["GROWTH"]

MONTHS_A_YEAR = 12
WON = ("deals.won", "deals.closed_at")


def upsell(book: Book) -> Facts:
    """Accounts with more of a product they own, out of those below the top tier."""
    contracts, m = book.contracts, book.contracts.movements
    unit, account, product = contracts.owned
    money = contracts.product_movements
    more = (money.opening > 0) & (money.closing > money.opening) & m.kept[account] & _larger(book)
    below = np.ones(more.shape, bool)
    if "tier" in contracts.rows:
        tier = contracts.column("tier")
        top = np.full(max(len(contracts.products), 1), -np.inf)
        np.maximum.at(top, contracts.product, np.nan_to_num(tier, nan=-np.inf))
        held = contracts.highest(tier, unit, len(account))[:, contracts.open_at]
        below = ~(held >= top[product][:, None]) | np.isinf(held)
    owned = contracts.at_edges(unit, len(account))[:, contracts.open_at] > 0
    there, eligible = m.kept | m.lost, _any(book, account, owned & below)
    return cells(_any(book, account, more), there, Left(there & ~eligible, "already on the top tier"))


def cross_sell(book: Book) -> Facts:
    """Accounts with a product they did not own, out of those that do not own every product."""
    contracts, m = book.contracts, book.contracts.movements
    unit, account, _ = contracts.owned
    count = contracts.at_edges(unit, len(account)) > 0
    before, after = count[:, contracts.open_at], count[:, contracts.close_at]
    there = m.kept | m.lost
    number = np.zeros(book.shape)
    np.add.at(number, account, before)
    complete = Left(there & (number >= len(contracts.products)), "own every product already")
    return cells(m.kept & _any(book, account, after & ~before), there, complete)


def _larger(book: Book) -> np.ndarray:
    """Tell which products grew in seats or tier, where either is known; a higher price alone does not count."""
    contracts = book.contracts
    unit, account, _ = contracts.owned
    known = [name for name in ("seats", "tier") if name in contracts.rows]
    if not known:
        return np.ones((len(account), len(book.periods)), bool)
    grown = np.zeros((len(account), len(book.periods)), bool)
    for name in known:
        values = np.nan_to_num(contracts.column(name))
        size = (
            contracts.highest(values, unit, len(account))
            if name == "tier"
            else contracts.at_edges(unit, len(account), values)
        )
        grown |= size[:, contracts.close_at] > size[:, contracts.open_at]
    return grown


def _any(book: Book, account: np.ndarray, mask: np.ndarray) -> np.ndarray:
    found = np.zeros(book.shape, bool)
    np.logical_or.at(found, account, mask)
    return found


def sold(book: Book, kind: str) -> Facts:
    """Accounts with a won deal of a kind, out of those active at the start."""
    rows, period = _won(book, (kind,))
    there = book.contracts.active_open
    with_deal = np.zeros(book.shape, bool)
    with_deal[rows["account"], period] = True
    return cells(with_deal & there, there)


def deals(book: Book, kinds: tuple[str, ...] = ()) -> Facts:
    """Deals won in the period."""
    rows, period = _won(book, kinds)
    return _facts(rows, period, np.ones(len(rows)), np.zeros(len(rows)))


def sales(book: Book) -> Facts:
    """Amounts of the deals won in the period."""
    rows, period = _won(book)
    return _facts(rows, period, np.nan_to_num(rows["amount"].to_numpy(dtype=float)), np.zeros(len(rows)))


def deal_size(book: Book) -> Facts:
    """Amounts of the deals won, over those deals; deals without an amount are left out."""
    rows, period = _won(book)
    amount = rows["amount"].to_numpy(dtype=float)
    facts = _facts(rows, period, np.nan_to_num(amount), np.ones(len(rows)))
    return facts.left_out(np.isnan(amount), "no amount")


def leads(book: Book) -> Facts:
    """Count new opportunities opened in the period."""
    rows = book.frame("deals")
    row, period = book.periods.within(book.day("deals", "opened_at"))
    new = (rows["kind"] == "new").to_numpy(dtype=bool)[row]
    return _facts(rows.iloc[row[new]], period[new], np.ones(int(new.sum())), np.zeros(int(new.sum())))


def mails(book: Book) -> Facts:
    """Mail events of marketing in the period."""
    rows = book.frame("marketing")
    row, period = book.periods.within(book.day("marketing", "happened_at"))
    mail = rows["kind"].str.startswith("mail").to_numpy(dtype=bool)[row]
    found = int(mail.sum())
    return Facts(rows["account"].to_numpy()[row[mail]], period[mail], np.ones(found), np.zeros(found))


def a_year(book: Book, totals: Mapping[str, Totals]) -> tuple[np.ndarray, np.ndarray]:
    """Won deals a year, over active accounts."""
    won = totals["new_deals/all"].numerator * (MONTHS_A_YEAR / book.periods.months)[:, None]
    return won, totals["active_accounts/standard"].numerator


def _won(book: Book, kinds: tuple[str, ...] = ()) -> tuple[pd.DataFrame, np.ndarray]:
    """Return won deals and the period in which they were closed."""
    rows = book.frame("deals")
    row, period = book.periods.within(book.day("deals", "closed_at"))
    won = (rows["won"] == True).to_numpy(dtype=bool)[row]  # noqa: E712  missing is not won
    if kinds:
        won &= rows["kind"].isin(kinds).to_numpy()[row]
    return rows.iloc[row[won]], period[won]


def _facts(rows: pd.DataFrame, period: np.ndarray, numerator: np.ndarray, denominator: np.ndarray) -> Facts:
    detail = {"deal_id": rows["deal_id"].to_numpy()} if "deal_id" in rows else {}
    return Facts(rows["account"].to_numpy(), period, numerator, denominator, detail=detail)


GROWTH = (
    Kpi("upsell_rate", "rate", "share", ("contracts",), "Upsell rate", "アップセル率",
        "accounts with more seats or a higher tier of an owned product / accounts active at the start, below the top",
        "保有製品の席数やプランが増えた顧客数 / 期首に契約中で最上位未満の顧客数", facts=upsell),
    Kpi("upsell_rate", "rate", "share", ("contracts", *WON), "Upsell rate by deals", "アップセル率(商談)",
        "accounts with a won upsell deal / accounts active at the start",
        "アップセル商談を受注した顧客数 / 期首の顧客数", definition="deals", facts=lambda book: sold(book, "upsell")),
    Kpi("cross_sell_rate", "rate", "share", ("contracts.product",), "Cross-sell rate", "クロスセル率",
        "accounts with a product not owned at the start / accounts active at the start that do not own every product",
        "期首に未保有の製品を契約した顧客数 / 期首に契約中で全製品は保有しない顧客数", facts=cross_sell),
    Kpi("cross_sell_rate", "rate", "share", ("contracts", *WON), "Cross-sell rate by deals", "クロスセル率(商談)",
        "accounts with a won cross-sell deal / accounts active at the start",
        "クロスセル商談を受注した顧客数 / 期首の顧客数", definition="deals",
        facts=lambda book: sold(book, "cross_sell")),
    Kpi("new_deals", "sum", "count", WON, "New deals", "新規成約数",
        "deals of kind new won in the period", "期間中に受注した新規商談の数", "closed contracts; 成約数 (KGI)",
        facts=lambda book: deals(book, ("new",))),
    Kpi("new_deals", "sum", "count", WON, "Deals won", "成約数", "deals of any kind won in the period",
        "期間中に受注した商談の数", "closed contracts", definition="all", facts=deals),
    Kpi("sales", "sum", "money", (*WON, "deals.amount"), "Sales", "売上(受注額)",
        "amounts of the deals won in the period", "期間中に受注した商談の金額", "sales, revenue booked (KGI); 売上",
        facts=sales),
    Kpi("purchase_value", "ratio", "money", (*WON, "deals.amount"), "Purchase unit price", "購買単価",
        "amounts of the deals won / deals won", "受注額 / 受注件数", "average purchase value", facts=deal_size),
    Kpi("purchase_frequency", "ratio", "per_year", ("contracts", *WON), "Purchase frequency", "平均購買頻度",
        "deals won, brought to a year / active accounts", "年換算の受注件数 / 契約中の顧客数",
        parts=("new_deals/all", "active_accounts/standard"), derive=a_year),
    Kpi("leads", "sum", "count", ("deals",), "Leads", "リード獲得数", "opportunities of kind new opened",
        "期間中に開始した新規商談の数", "activity, not an outcome; 活動量", facts=leads),
    Kpi("mails", "sum", "count", ("marketing",), "Mails", "送信メール数", "mail events of marketing",
        "マーケティングのメール関連イベント数", "mails sent: activity, not an outcome; 活動量", facts=mails),
)  # fmt: skip
