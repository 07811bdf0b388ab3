"""The start: is it complete in time, and does use follow early."""

from __future__ import annotations

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi
from cs_ml.kpis.levels import CORE, levels

__all__ = ["ONBOARDING"]


def started(book: Book) -> np.ndarray:
    """Return the day each account began: its first contract, or else the day it was set up."""
    if "contracts" in book.tables:
        return book.contracts.first_start
    rows = book.frame("accounts")
    begun = np.full(book.shape[0], np.iinfo(np.int64).max)
    days = np.where(rows["created_at"].notna(), book.day("accounts", "created_at"), np.iinfo(np.int64).max)
    np.minimum.at(begun, rows["account"].to_numpy(), days)
    return begun


def completion(book: Book) -> Facts:
    """Accounts that completed every step in time, out of those that began in the period and had the time."""
    rows, days = book.frame("onboarding"), book.options.onboarding_days
    begun = started(book)
    account = rows["account"].to_numpy()
    steps = np.bincount(account, minlength=len(begun))
    done = np.where(rows["completed_at"].notna(), book.day("onboarding", "completed_at"), np.iinfo(np.int64).max)
    missed = np.bincount(account, done - days > begun[account], minlength=len(begun))
    item, period = book.periods.within(begun)
    came = np.zeros(book.shape, bool)
    came[item, period] = True
    ripe = begun <= book.known_until - days
    young = Left(came & ~(ripe & (steps > 0))[:, None], f"less than {days} days since the start, or no steps")
    return cells(came & (missed == 0)[:, None], came, young)


def adoption(book: Book) -> Facts:
    """Count new accounts in core or power use at the end, out of the new accounts."""
    new = book.contracts.movements.new
    return cells(new & (levels(book) >= CORE), new)


ONBOARDING = (
    Kpi("onboarding_completion_rate", "rate", "share", ("onboarding.completed_at",), "Onboarding completion rate",
        "オンボーディング完了率",
        "accounts that completed every step within option onboarding_days / accounts that began in the period and had "
        "these days", "所定日数内に全ステップを完了した顧客数 / 期間中に開始し所定日数を経過した顧客数",
        facts=completion, settles="onboarding_days"),
    Kpi("early_adoption_rate", "rate", "share", ("contracts", "usage"), "Early adoption", "早期定着率",
        "new accounts in core or power use / new accounts", "定着以上の利用レベルにある新規顧客数 / 新規顧客数",
        "early adoption; 早期定着化", facts=adoption),
)  # fmt: skip
