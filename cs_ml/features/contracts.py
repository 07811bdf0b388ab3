"""Features of the contract: tenure, days to the end of the term, revenue and its path, seats, conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.contracts_changes import changes
from cs_ml.features.feature import Feature, Kind, Role
from cs_ml.tables.redact import hide_in_levels
from cs_ml.timeline.lookup import ratio
from cs_ml.timeline.terms import NEVER, Terms, terms_known

__all__ = ["ContractsBuilder"]

DAYS_A_MONTH = 365.25 / 12
PEAK_STEPS = range(0, 361, 30)
TERM = ("contracts_term_days_to_end", "contracts_term_months", "contracts_renewals_due_90d")
MAIN = {  # column of the main line -> feature
    "plan": "contracts_plan_current",
    "tier": "contracts_tier_current",
    "billing_months": "contracts_billing_months",
    "discount": "contracts_discount_current",
    "auto_renew": "contracts_auto_renew_current",
    "notice_days": "contracts_notice_days_current",
}


@dataclass(frozen=True)
class ContractsBuilder:
    """Describes the contract of each account as it was known before each date.

    Conditions (plan, discount, notice) are those of the main line: the running line with the highest MRR.

    Examples
    --------
    >>> ContractsBuilder().reads
    ('contracts',)
    """

    reads: tuple[str, ...] = ("contracts",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``contracts``."""
        present = set(columns)
        needed = {feature: column for column, feature in MAIN.items()}
        needed |= {"contracts_seats_current": "seats", "contracts_seats_change_365d": "seats"}
        needed |= dict.fromkeys(TERM, "end_at")
        return [feature for feature in FEATURES if needed.get(feature.name, "mrr") in present]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        lines = bucket.frames["contracts"]
        terms = terms_known(lines, keys, bucket.clock)
        running = terms.take(terms.running())
        values = _money(lines, terms, running) | _history(lines, terms, running) | _main(lines, running)
        values |= changes(lines, terms)
        names = [feature.name for feature in self.features(lines.columns)]
        return pd.DataFrame({name: values[name] for name in names}, index=keys)


def _money(lines: pd.DataFrame, terms: Terms, running: Terms) -> dict[str, np.ndarray]:
    """MRR and seats, today and on earlier days; the peak is the highest of every thirtieth day of the last year."""
    terms = terms.take(terms.end >= terms.as_of[terms.pairs.key] - 365)
    mrr = running.total(lines["mrr"])
    path = {back: _total_at(terms, lines["mrr"], back) for back in {*PEAK_STEPS, 90, 365}}
    peak = np.fmax.reduce([path[back] for back in PEAK_STEPS])
    values = {
        "contracts_mrr_current": mrr,
        "contracts_mrr_change_90d": _log_ratio(mrr, path[90]),
        "contracts_mrr_change_365d": _log_ratio(mrr, path[365]),
        "contracts_mrr_share_of_peak": ratio(mrr, np.nan_to_num(peak)),
    }
    if "seats" in lines:
        seats = running.total(lines["seats"])
        before = _total_at(terms, lines["seats"], 365)
        values |= {"contracts_seats_current": seats, "contracts_seats_change_365d": _log_ratio(seats, before)}
    return values


def _total_at(terms: Terms, column: pd.Series, days_before: int) -> np.ndarray:
    return terms.take(terms.running_at(days_before)).total(column)


def _log_ratio(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Log of now to before; NaN where either is missing or zero."""
    both = (now > 0) & (before > 0)
    return np.log(np.where(both, now, np.nan)) - np.log(np.where(both, before, np.nan))


def _history(lines: pd.DataFrame, terms: Terms, running: Terms) -> dict[str, np.ndarray]:
    """Tenure and counts."""
    started = terms.take(terms.start < terms.as_of[terms.pairs.key])
    first = np.full(terms.pairs.n_keys, np.inf)
    np.minimum.at(first, started.pairs.key, started.start.astype(float))
    products = lines["product"] if "product" in lines else pd.Series("", index=lines.index)
    return {
        "contracts_tenure_days": np.where(np.isinf(first), np.nan, terms.as_of - first),
        "contracts_lines_count": running.pairs.count(),
        "contracts_products_count": running.pairs.distinct(products.fillna("")),
        "contracts_renewals_count": started.pairs.count() - started.pairs.distinct(products.fillna("")),
    }


def _main(lines: pd.DataFrame, running: Terms) -> dict[str, np.ndarray]:
    """Conditions of the running line with the highest MRR, the newest among equals."""
    order = np.lexsort(
        (running.pairs.row, running.start, lines["mrr"].to_numpy()[running.pairs.row], running.pairs.key)
    )
    chosen = np.full(running.pairs.n_keys, -1)
    chosen[running.pairs.key[order]] = order
    row = np.append(running.pairs.row, -1)[chosen]
    values = {feature: _taken(lines[column], row) for column, feature in MAIN.items() if column in lines}
    if "end_at" in lines:
        start, end = (np.append(days.astype(float), np.nan)[chosen] for days in (running.start, running.end))
        end[end >= NEVER.astype("datetime64[D]").astype(float)] = np.nan
        values["contracts_term_days_to_end"] = end - running.as_of
        values["contracts_term_months"] = np.round((end - start) / DAYS_A_MONTH * 2) / 2  # February is a month, too
        due = _due(end - running.as_of, end - start, 90)
        values["contracts_renewals_due_90d"] = np.where(np.isnan(start), np.nan, due)
    return values


def _due(left: np.ndarray, length: np.ndarray, days: int) -> np.ndarray:
    """Return how many term ends lie within some days if every term is renewed at its length; 0 if open-ended."""
    due = np.floor((days - 1 - left) / np.maximum(length, 1)) + 1
    return np.asarray(np.nan_to_num(np.maximum(due, 0)))


def _taken(column: pd.Series, row: np.ndarray) -> np.ndarray:
    """Take values by row, missing where the row is -1; the plan as objects, numbers and flags as float64."""
    present = hide_in_levels(column) if column.name == "plan" else column.astype("float64")
    values = present.to_numpy()
    return np.asarray(np.append(values, np.array([None], dtype=values.dtype))[row])


def _feature(
    name: str,
    unit: str,
    en: str,
    ja: str,
    sentence_en: str,
    sentence_ja: str,
    *,
    kind: Kind = "number",
    direction: int = 0,
    role: Role = "context",
) -> Feature:
    words = (en, ja, sentence_en, sentence_ja)
    return Feature(f"contracts_{name}", "contract", unit, *words, kind, direction, role, "contracts")


TYPICAL_EN, TYPICAL_JA = "where {typical} is typical", "標準的な値: {typical}"
FEATURES = (
    _feature("tenure_days", "days", "Tenure", "契約継続日数", f"A customer for {{value}} days, {TYPICAL_EN}", f"契約開始から{{value}}日({TYPICAL_JA})", direction=1),
    _feature("term_days_to_end", "days", "Days to the end of the term", "契約満了までの日数", f"The term ends in {{value}} days, {TYPICAL_EN}", f"契約満了まで{{value}}日({TYPICAL_JA})"),
    _feature("renewals_due_90d", "count", "Renewals due within 90 days", "90日以内の更新回数", f"{{value}} renewals fall due within 90 days, {TYPICAL_EN}", f"90日以内に更新が{{value}}回({TYPICAL_JA})", direction=-1),
    _feature("term_months", "months", "Length of the term", "契約期間", f"The term runs for {{value}} months, {TYPICAL_EN}", f"契約期間は{{value}}か月({TYPICAL_JA})"),
    _feature("billing_months", "months", "Billing period", "請求周期", f"Billed every {{value}} months, {TYPICAL_EN}", f"請求周期は{{value}}か月({TYPICAL_JA})"),
    _feature("mrr_current", "money", "MRR", "MRR(月間経常収益)", f"MRR is {{value}}, {TYPICAL_EN}", f"MRRは{{value}}({TYPICAL_JA})"),
    _feature("mrr_change_90d", "log_ratio", "Change of MRR over 90 days", "MRRの変化(90日)", f"MRR changed by {{value}} over 90 days, {TYPICAL_EN}", f"90日間のMRR変化は{{value}}({TYPICAL_JA})", direction=1, role="signal"),
    _feature("mrr_change_365d", "log_ratio", "Change of MRR over a year", "MRRの変化(1年)", f"MRR changed by {{value}} over a year, {TYPICAL_EN}", f"1年間のMRR変化は{{value}}({TYPICAL_JA})", direction=1, role="signal"),
    _feature("mrr_share_of_peak", "share", "MRR against its peak of the last year", "MRRの対ピーク比(1年)", f"MRR is at {{value}} of its peak of the last year, {TYPICAL_EN}", f"MRRは過去1年のピークの{{value}}({TYPICAL_JA})", direction=1, role="signal"),
    _feature("mrr_rises_count", "count", "Rises of the price so far", "これまでの値上がり回数", f"The price of a product has risen {{value}} times so far, {TYPICAL_EN}", f"製品の価格はこれまでに{{value}}回上昇({TYPICAL_JA})", direction=1, role="signal"),
    _feature("mrr_falls_count", "count", "Falls of the price so far", "これまでの値下がり回数", f"The price of a product has fallen {{value}} times so far, {TYPICAL_EN}", f"製品の価格はこれまでに{{value}}回低下({TYPICAL_JA})", direction=-1, role="signal"),
    _feature("mrr_rise_recency", "days", "Days since the last rise of the price", "最後の値上がりからの日数", f"The price last rose {{value}} days ago, {TYPICAL_EN}", f"最後の値上がりから{{value}}日経過({TYPICAL_JA})", role="signal"),
    _feature("mrr_change_recency", "days", "Days at the present price", "現在の価格の継続日数", f"The price has been the same for {{value}} days, {TYPICAL_EN}", f"現在の価格になってから{{value}}日({TYPICAL_JA})", role="signal"),
    _feature("seats_current", "seats", "Contracted seats", "契約席数", f"{{value}} seats under contract, {TYPICAL_EN}", f"契約席数は{{value}}席({TYPICAL_JA})"),
    _feature("seats_change_365d", "log_ratio", "Change of seats over a year", "席数の変化(1年)", f"Seats changed by {{value}} over a year, {TYPICAL_EN}", f"1年間の席数変化は{{value}}({TYPICAL_JA})", direction=1, role="signal"),
    _feature("lines_count", "count", "Contract lines", "契約明細数", f"{{value}} contract lines run, {TYPICAL_EN}", f"有効な契約明細は{{value}}件({TYPICAL_JA})"),
    _feature("products_count", "count", "Products under contract", "契約製品数", f"{{value}} products under contract, {TYPICAL_EN}", f"契約製品数は{{value}}({TYPICAL_JA})", direction=1),
    _feature("plan_current", "category", "Plan", "プラン", "The plan is {value}", "プランは{value}", kind="category"),
    _feature("tier_current", "rank", "Rank of the plan", "プランのランク", f"The plan has rank {{value}}, {TYPICAL_EN}", f"プランのランクは{{value}}({TYPICAL_JA})"),
    _feature("discount_current", "share", "Discount", "割引率", f"The discount is {{value}}, {TYPICAL_EN}", f"割引率は{{value}}({TYPICAL_JA})"),
    _feature("auto_renew_current", "flag", "Renews automatically", "自動更新", "Automatic renewal: {value}", "自動更新: {value}", kind="flag", direction=1),
    _feature("notice_days_current", "days", "Notice period", "解約予告期間", f"Notice must be given {{value}} days ahead, {TYPICAL_EN}", f"解約予告期間は{{value}}日({TYPICAL_JA})"),
    _feature("renewals_count", "count", "Renewals so far", "これまでの更新回数", f"Renewed {{value}} times so far, {TYPICAL_EN}", f"これまでの更新は{{value}}回({TYPICAL_JA})", direction=1),
)  # fmt: skip
