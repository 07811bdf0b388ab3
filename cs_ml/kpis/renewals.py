"""Terms that came up for renewal, and what became of them."""

from __future__ import annotations

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi

__all__ = ["RENEWALS"]

NEEDS = ("contracts.end_at",)
EARLY = "ended before the term did"


def up(book: Book) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return line, period, whether it was renewed and whether it ended early, of every term up for renewal.

    A term is up in the period of its last day, whenever its renewal was signed or began.
    """
    contracts, options = book.contracts, book.options
    lines = contracts.lines
    chain = lines.account * max(len(contracts.products), 1) + contracts.product
    line, period = book.periods.ending_in(lines.planned)
    renewed = lines.renewed(chain, options.early_days, options.grace_days)
    early = (lines.end < lines.planned)[line]
    return line, period, renewed[line], early


def terms(book: Book) -> Facts:
    """Terms renewed out of those up for renewal."""
    line, period, renewed, early = up(book)
    facts = Facts(_unit(book)[line], period, renewed.astype(float), np.ones(len(line)), detail=_ids(book, line))
    return facts.left_out(early, EARLY)


def revenue(book: Book) -> Facts:
    """MRR of the terms renewed, out of that up for renewal."""
    line, period, renewed, early = up(book)
    mrr = book.contracts.mrr[line]
    facts = Facts(_unit(book)[line], period, mrr * renewed, mrr, detail=_ids(book, line))
    return facts.left_out(early, EARLY)


def renewals(book: Book) -> Facts:
    """Terms renewed."""
    facts = terms(book)
    return Facts(facts.unit, facts.period, facts.numerator, np.zeros(len(facts.unit)), detail=facts.detail)


def logo(book: Book) -> Facts:
    """Accounts that renewed at least one product each time it came up, out of those with a term up."""
    line, period, renewed, early = up(book)
    unit, account, _ = book.contracts.owned
    n_periods = len(book.periods)
    asked, kept = np.zeros((len(account), n_periods), bool), np.ones((len(account), n_periods), bool)
    asked[unit[line[~early]], period[~early]] = True
    np.logical_and.at(kept, (unit[line[~early]], period[~early]), renewed[~early])
    came, stayed, left = (np.zeros(book.shape, bool) for _ in range(3))
    np.logical_or.at(came, account, asked)
    np.logical_or.at(stayed, account, asked & kept)
    left[book.contracts.lines.account[line[early]], period[early]] = True
    return cells(stayed, came, Left(left & ~came, EARLY))


def _unit(book: Book) -> np.ndarray:
    return book.contracts.owned[0] if book.by_product else book.contracts.lines.account


def _ids(book: Book, line: np.ndarray) -> dict[str, np.ndarray]:
    rows = book.contracts.rows
    row = book.contracts.lines.row[line]
    return {"contract_line_id": rows["contract_line_id"].to_numpy()[row]} if "contract_line_id" in rows else {}


RENEWALS = (
    Kpi("renewal_rate", "rate", "share", NEEDS, "Renewal rate", "更新率",
        "accounts that renewed / accounts with a term that ended in the period",
        "更新した顧客数 / 期間中に契約期間が満了した顧客数", "logo renewal rate", facts=logo, settles="grace_days"),
    Kpi("renewal_rate", "ratio", "share", NEEDS, "Renewal rate by revenue", "更新率(金額)",
        "MRR of the terms renewed / MRR of the terms that ended in the period",
        "更新された契約のMRR / 期間中に満了した契約のMRR", definition="revenue", facts=revenue, by_product=True,
        settles="grace_days"),
    Kpi("renewal_rate", "rate", "share", NEEDS, "Renewal rate by term", "更新率(契約単位)",
        "terms renewed / terms that ended in the period", "更新された契約数 / 期間中に満了した契約数",
        definition="terms", facts=terms, by_product=True, settles="grace_days"),
    Kpi("renewals", "sum", "count", NEEDS, "Renewals", "更新件数", "terms renewed", "更新された契約数",
        "subscription extensions; サブスクリプション延長", facts=renewals, by_product=True, settles="grace_days"),
)  # fmt: skip
