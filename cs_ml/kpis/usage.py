"""How much the product is used, by whom, and how much of it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi
from cs_ml.kpis.levels import CORE, DAYS_A_WEEK, LEVELS, features_in_use, levels, used_features
from cs_ml.timeline.periods import ceil_day
from cs_ml.timeline.terms import NEVER

__all__ = ["USAGE"]

NO_SEATS, NO_USERS = "no seats", "no users provisioned"


def total(book: Book, what: str) -> Facts:
    """Add up what was counted in the period."""
    return cells(book.used[what])


def of_seats(book: Book, what: str) -> Facts:
    """Users, out of the seats of the accounts that are customers at the end."""
    there, seats = book.present, book.contracts.seats()
    return cells(np.where(there, book.used[what], 0), np.where(there, seats, 0), Left(there & (seats <= 0), NO_SEATS))


def of_users(book: Book) -> Facts:
    """Users with a login, out of the users provisioned at the end."""
    rows = book.frame("users")
    first = ceil_day(book.clock, rows["active_from"]) if "active_from" in rows else np.zeros(len(rows), np.int64)
    until = rows["active_to"].fillna(NEVER) if "active_to" in rows else pd.Series(NEVER, index=rows.index)
    row, period = book.periods.at_end(first, ceil_day(book.clock, until))
    users = book.table(pd.DataFrame({"account": rows["account"].to_numpy()[row], "period": period}))
    there = book.present
    above, below = np.where(there, book.used["login_users"], 0), np.where(there, users, 0)
    return cells(above, below, Left(there & (users == 0), NO_USERS))


def by_customer(book: Book, what: str) -> Facts:
    """Divide what was counted by the accounts that are customers at the end."""
    return cells(np.where(book.present, book.used[what], 0), book.present)


def a_week(book: Book, what: str, whom: str | None) -> Facts:
    """Divide what was counted by weeks, and users or accounts."""
    weeks = ((book.periods.end - book.periods.start) / DAYS_A_WEEK)[None, :]
    there = book.present
    below = there * weeks if whom is None else np.where(there, book.used[whom], 0) * weeks
    return cells(np.where(there, book.used[what], 0), below)


def breadth(book: Book) -> Facts:
    """Features used, by account that is a customer at the end."""
    return cells(np.where(book.present, book.table(used_features(book)), 0), book.present)


def contracted(book: Book) -> Facts:
    """Contracted features used, out of the contracted ones."""
    used, there = features_in_use(book)
    kept = book.present
    nothing = Left(kept & (there == 0), "no contracted features")
    return cells(np.where(kept, used, 0), np.where(kept, there, 0), nothing)


def at_level(book: Book, wanted: tuple[int, ...]) -> Facts:
    """Accounts on some levels, out of the customers."""
    found = levels(book)
    return cells(np.isin(found, wanted), found >= 0)


LOGIN, USERS, SEATS = "usage.event", "usage.user_id", "contracts.seats"
LEVEL_JA = {"dormant": "休眠", "low": "低利用", "core": "定着", "power": "活用"}
USAGE = (
    Kpi("login_rate", "ratio", "share", (LOGIN, USERS, SEATS), "Login rate", "ログイン率",
        "users with a login in the period / seats at its end", "期間中にログインしたユーザー数 / 期末の席数",
        "its fall is an early sign of churn", facts=partial(of_seats, what="login_users")),
    Kpi("login_rate", "ratio", "share", (LOGIN, USERS, "users"), "Login rate of users", "ログイン率(登録ユーザー比)",
        "users with a login in the period / users provisioned at its end",
        "期間中にログインしたユーザー数 / 期末の登録ユーザー数", definition="users", facts=of_users),
    Kpi("login_count", "sum", "count", (LOGIN,), "Logins", "ログイン回数", "login events", "ログインイベントの数",
        "login count; ログイン数", facts=partial(total, what="logins")),
    Kpi("login_days", "ratio", "days", (LOGIN,), "Login days", "ログイン日数",
        "days with a login / customers at the end", "ログインのあった日数 / 期末の顧客数",
        "login days, logins: a sign, not a lever", facts=partial(by_customer, what="login_days")),
    Kpi("login_frequency", "ratio", "per_week", (LOGIN, USERS), "Login frequency", "ログイン頻度",
        "logins / (active users x weeks)", "ログイン回数 / (アクティブユーザー数 × 週数)",
        facts=partial(a_week, what="logins", whom="users")),
    Kpi("active_users", "sum", "count", (USERS,), "Active users", "活用しているユーザー数",
        "distinct users with any event", "期間中に利用のあったユーザー数", "how many users make real use",
        facts=partial(total, what="users")),
    Kpi("usage_count", "sum", "count", ("usage",), "Uses", "サービスの使用回数", "events", "イベントの数",
        "number of uses", facts=partial(total, what="events")),
    Kpi("usage_frequency", "ratio", "per_week", ("usage",), "Frequency of use", "利用頻度",
        "days with any event / (customers at the end x weeks)", "利用のあった日数 / (期末の顧客数 × 週数)",
        "frequency of uses", facts=partial(a_week, what="days", whom=None)),
    Kpi("usage_quantity", "sum", "count", ("usage.quantity",), "Quantity used", "利用量",
        "sum of usage.quantity: whatever the product counts", "usage.quantityの合計(製品が数えるもの)",
        "growth of the customer's own database; 顧客データベースの増減", facts=partial(total, what="quantity")),
    Kpi("seat_utilisation", "ratio", "share", (USERS, SEATS), "Seat utilisation", "席の利用率",
        "distinct active users / seats at the end", "アクティブユーザー数 / 期末の席数",
        "share of contracted seats actually used; 契約に対する実際の利用ユーザーの割合",
        facts=partial(of_seats, what="users")),
    Kpi("features_used", "ratio", "count", ("usage.feature",), "Features used", "利用機能数",
        "distinct features used / customers at the end", "利用された機能の種類数 / 期末の顧客数",
        "degree of feature use, services used; 機能の活用度合い, 利用サービス", facts=breadth),
    Kpi("feature_utilisation", "ratio", "share", ("usage.feature", "entitlements"), "Feature utilisation",
        "契約している機能の利用率", "contracted features used / contracted features at the end",
        "利用された契約機能数 / 期末の契約機能数", "utilisation of contracted features; 機能の活用度合い",
        facts=contracted),
    Kpi("utilisation_level", "rate", "share", ("usage",), "Core or power use", "活用レベル(定着以上)",
        "customers on level core or power / customers", "定着または活用レベルの顧客数 / 顧客数",
        "utilisation level classification, proficiency, business results; 活用レベルの分類・習熟度, ビジネス成果",
        facts=lambda book: at_level(book, (CORE, CORE + 1))),
    *(Kpi("utilisation_level", "rate", "share", ("usage",), f"Level {name}", f"活用レベル({LEVEL_JA[name]})",
          f"customers on level {name} / customers", f"{LEVEL_JA[name]}レベルの顧客数 / 顧客数",
          "whether used to the fullest; 最大限に利用しているか" if name == "power" else "", definition=name,
          facts=partial(at_level, wanted=(place,))) for place, name in enumerate(LEVELS)),
)  # fmt: skip
