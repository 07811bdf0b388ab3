"""Support: resolved at first contact, and what is still open."""

from __future__ import annotations

import numpy as np

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts
from cs_ml.kpis.kpi import Kpi
from cs_ml.timeline.periods import ceil_day
from cs_ml.timeline.terms import NEVER

__all__ = ["SUPPORT"]

RESOLVED = ("tickets.contacts", "tickets.resolved_at")
AGES = {"age_0_7": (0, 7), "age_8_30": (8, 30), "age_31_90": (31, 90), "age_over_90": (91, 1 << 30)}


def first_contact(book: Book, *, received: bool) -> Facts:
    """Tickets resolved with one contact and not reopened soon, out of those resolved or received."""
    rows, days = book.frame("tickets"), book.options.reopen_days
    resolved = book.day("tickets", "resolved_at")
    row, period = book.periods.within(book.day("tickets", "opened_at") if received else resolved)
    contacts = rows["contacts"].to_numpy(dtype=float)
    first = rows["resolved_at"].notna().to_numpy() & (contacts <= 1) & ~_reopened(book, resolved, days)
    open_still = rows["resolved_at"].isna().to_numpy()
    unsure = ~open_still & ((resolved + days > book.known_until) | np.isnan(contacts))
    facts = _facts(book, row, period, first[row].astype(float), np.ones(len(row)))
    return facts.left_out(unsure[row], f"resolved less than {days} days ago, or contacts unknown")


def _reopened(book: Book, resolved: np.ndarray, days: int) -> np.ndarray:
    if "reopened_at" not in book.frame("tickets"):
        return np.zeros(len(resolved), bool)
    reopened = book.day("tickets", "reopened_at")
    there = book.frame("tickets")["reopened_at"].notna().to_numpy()
    return np.asarray(there & (np.where(there, reopened, 0) - np.where(there, resolved, 0) <= days))


def backlog(book: Book, youngest: int = 0, oldest: int = 1 << 30) -> Facts:
    """Tickets open at the end, of some age in days."""
    rows = book.frame("tickets")
    opened = book.day("tickets", "opened_at")
    closed = rows["resolved_at"].fillna(NEVER) if "resolved_at" in rows else rows["opened_at"] * np.nan
    row, period = book.periods.at_end(ceil_day(book.clock, rows["opened_at"]), ceil_day(book.clock, closed))
    age = book.periods.age_at_end(opened[row], period)
    kept = (age >= youngest) & (age <= oldest)
    row, period = row[kept], period[kept]
    return _facts(book, row, period, np.ones(len(row)), np.zeros(len(row)))


def _facts(book: Book, row: np.ndarray, period: np.ndarray, numerator: np.ndarray, denominator: np.ndarray) -> Facts:
    rows = book.frame("tickets")
    detail = {"ticket_id": rows["ticket_id"].to_numpy()[row]} if "ticket_id" in rows else {}
    return Facts(rows["account"].to_numpy()[row], period, numerator, denominator, detail=detail)


def _aged(name: str, youngest: int, oldest: int) -> Kpi:
    span = f"{youngest}-{oldest}" if oldest < 1 << 30 else f"{youngest}+"
    return Kpi(
        "ticket_backlog", "sum", "count", ("tickets.resolved_at",), f"Backlog, {span} days old",
        f"未解決チケット数({span}日)", f"tickets open at the end, opened {span} days before",
        f"期末に未解決で、{span}日前に受けたチケットの数", definition=name,
        facts=lambda book: backlog(book, youngest, oldest),
    )  # fmt: skip


SUPPORT = (
    Kpi("first_contact_resolution", "rate", "share", RESOLVED, "First contact resolution", "初回コンタクトの解決率",
        "tickets resolved with one contact and not reopened within days / tickets resolved in the period",
        "一回の対応で解決し再開されなかったチケット / 期間中に解決したチケット", "FCR, first contact resolution rate",
        facts=lambda book: first_contact(book, received=False), settles="reopen_days"),
    Kpi("first_contact_resolution", "rate", "share", RESOLVED, "First contact resolution of received",
        "初回コンタクトの解決率(受付比)", "the same tickets / tickets received in the period",
        "同じ条件のチケット / 期間中に受けたチケット", definition="received",
        facts=lambda book: first_contact(book, received=True), settles="reopen_days"),
    Kpi("ticket_backlog", "sum", "count", ("tickets.resolved_at",), "Ticket backlog", "未解決チケット数(バックログ)",
        "tickets open at the end", "期末に未解決のチケットの数", "backlog control; バックログ制御", facts=backlog),
    *(_aged(name, *span) for name, span in AGES.items()),
)  # fmt: skip
