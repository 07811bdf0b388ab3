"""What customers say: NPS, CSAT, satisfaction by feature, and how the CSM sees them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.kpis.facts import Facts, Left, cells
from cs_ml.kpis.kpi import Kpi
from cs_ml.timeline.periods import ceil_day
from cs_ml.timeline.terms import NEVER

__all__ = ["VOICE"]

ANSWERS = ("surveys.score", "surveys.answered_at")
CALLS = ("call", "phone")


def answers(book: Book, kinds: tuple[str, ...]) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the answers to some kinds of surveys, in order of time, and the period of each."""
    rows = book.frame("surveys")
    day = np.where(
        rows["kind"].isin(kinds) & rows["score"].notna(), book.day("surveys", "answered_at"), np.iinfo("i8").min
    )
    order = np.argsort(rows["answered_at"].to_numpy(), kind="stable")
    item, period = book.periods.within(day[order])
    return rows.iloc[order[item]], period


def nps(book: Book, *, latest: bool) -> Facts:
    """Promoters minus detractors, by respondent or by answer."""
    rows, period = answers(book, ("nps",))
    if latest:
        who = rows["user_id"].fillna("account " + rows["account_id"]) if "user_id" in rows else rows["account_id"]
        last = ~pd.DataFrame({"who": who.to_numpy(), "period": period}).duplicated(keep="last").to_numpy()
        rows, period = rows[last], period[last]
    score = rows["score"].to_numpy(dtype=float)
    return _facts(rows, period, (score >= 9).astype(float) - (score <= 6))


def response(book: Book) -> Facts:
    """NPS surveys answered, out of those sent in the period."""
    rows = book.frame("surveys")
    row, period = book.periods.within(book.day("surveys", "sent_at"))
    kept = (rows["kind"] == "nps").to_numpy(dtype=bool)[row]
    sent = rows.iloc[row[kept]]
    return _facts(sent, period[kept], (sent["score"].notna() & sent["answered_at"].notna()).to_numpy(dtype=float))


def csat(book: Book, kinds: tuple[str, ...]) -> Facts:
    """Positive answers out of all answers."""
    rows, period = answers(book, kinds)
    return _facts(rows, period, positive(book, rows))


def positive(book: Book, rows: pd.DataFrame) -> np.ndarray:
    """Tell which answers are positive: 1 or 0."""
    scale = rows["scale_max"].fillna(5.0).to_numpy(dtype=float) if "scale_max" in rows else 5.0
    return np.asarray(rows["score"].to_numpy(dtype=float) >= book.options.csat_positive * scale - 1e-9, dtype=float)


def by_feature(book: Book) -> Facts:
    """CSAT answers, by each feature that the respondent used in the period."""
    rows, period = answers(book, ("csat",))
    said = pd.DataFrame({
        "account": rows["account"].to_numpy(), "period": period, "user_id": rows["user_id"].to_numpy(),
        "positive": positive(book, rows),
    }).dropna(subset="user_id")  # fmt: skip
    used = book.reader.user_features(said)
    both = said.merge(used, on=["account", "period", "user_id"], how="inner")
    return Facts(
        both["account"].to_numpy(), both["period"].to_numpy(), both["positive"].to_numpy(), np.ones(len(both)),
        label=book.reader.feature_names[both["code"].to_numpy()], detail={"user_id": both["user_id"].to_numpy()},
    )  # fmt: skip


def relationship(book: Book) -> Facts:
    """Accounts whose CSM sees them as good, out of those with a view that has not expired."""
    rows = book.frame("sentiment")
    expires = rows["expires_at"].fillna(NEVER) if "expires_at" in rows else pd.Series(NEVER, index=rows.index)
    order = np.argsort(rows["set_at"].to_numpy(), kind="stable")
    start, end = ceil_day(book.clock, rows["set_at"])[order], ceil_day(book.clock, expires)[order]
    item, period = book.periods.at_end(start, end)
    good = rows["level"].str.lower().isin(book.options.good_levels).to_numpy()[order]
    view = np.full(book.shape, -1)
    view[rows["account"].to_numpy()[order][item], period] = good[item]  # in order of time: the newest stays
    there = book.present
    return cells((view == 1) & there, there, Left(there & (view < 0), "no view of the CSM that is still valid"))


def calls(book: Book) -> Facts:
    """Count what was said on the phone in the period."""
    rows = book.frame("voc")
    row, period = book.periods.within(book.day("voc", "said_at"))
    kept = rows["channel"].isin(CALLS).to_numpy()[row]
    found = rows.iloc[row[kept]]
    return Facts(found["account"].to_numpy(), period[kept], np.ones(len(found)), np.zeros(len(found)))


def _facts(rows: pd.DataFrame, period: np.ndarray, numerator: np.ndarray) -> Facts:
    detail = {"response_id": rows["response_id"].to_numpy()} if "response_id" in rows else {}
    return Facts(rows["account"].to_numpy(), period, numerator, np.ones(len(rows)), detail=detail)


VOICE = (
    Kpi("nps", "score", "score", ANSWERS, "NPS", "NPS",
        "share of 9-10 minus share of 0-6, the latest answer of each respondent in the period",
        "推奨者(9-10)の割合 - 批判者(0-6)の割合。回答者ごとに期間中の最新回答",
        "net promoter score, customer loyalty; 顧客ロイヤルティ",
        facts=lambda book: nps(book, latest=True)),
    Kpi("nps", "score", "score", ANSWERS, "NPS by answer", "NPS(回答単位)",
        "share of 9-10 minus share of 0-6, every answer", "推奨者の割合 - 批判者の割合。すべての回答",
        definition="answers", facts=lambda book: nps(book, latest=False)),
    Kpi("nps_response_rate", "rate", "share", (*ANSWERS, "surveys.sent_at"), "NPS response rate", "NPS回答率",
        "NPS surveys answered / NPS surveys sent in the period", "回答のあったNPS調査 / 期間中に送ったNPS調査",
        facts=response),
    Kpi("csat", "rate", "share", ANSWERS, "CSAT", "顧客満足度(CSAT)",
        "positive answers / answers; positive is from option csat_positive of the scale on",
        "肯定的な回答 / 回答(肯定はcsat_positive以上)", "customer satisfaction score; 顧客満足度スコア",
        facts=lambda book: csat(book, ("csat",))),
    Kpi("csat", "rate", "share", ANSWERS, "CSAT of all surveys", "顧客満足度(全アンケート)",
        "positive answers / answers to csat, regular and first-use surveys",
        "肯定的な回答 / CSAT・定期・初回利用アンケートの回答", "customer satisfaction", definition="all",
        facts=lambda book: csat(book, ("csat", "regular", "first_use"))),
    Kpi("satisfaction_by_feature", "rate", "share", (*ANSWERS, "surveys.user_id", "usage.user_id", "usage.feature"),
        "Satisfaction by feature", "サービスごとの満足度",
        "positive CSAT answers / CSAT answers of those who used the feature in the period",
        "肯定的なCSAT回答 / 期間中にその機能を使った人のCSAT回答", "how many are satisfied with which service",
        facts=by_feature),
    Kpi("relationship_rate", "rate", "share", ("sentiment",), "Good relationship as the CSM sees it", "関係値",
        "accounts whose newest valid view is good / accounts with a valid view",
        "CSMの有効な最新評価が良好な顧客数 / 有効な評価のある顧客数", "quality of the relationship",
        facts=relationship),
    Kpi("calls", "sum", "count", ("voc.channel",), "Calls", "通話数", "voices heard by phone",
        "電話での顧客の声の数", "activity, not an outcome; 活動量", facts=calls),
)  # fmt: skip
