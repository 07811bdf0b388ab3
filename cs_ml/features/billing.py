"""Features of billing: how late invoices are paid, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page, allowed
from cs_ml.timeline.elapsed import Elapsed, elapsed
from cs_ml.timeline.lookup import Lookup, Pairs, ratio

__all__ = ["BillingBuilder"]

YEAR = 365


@dataclass(frozen=True)
class BillingBuilder:
    """Describes how an account paid what had fallen due before each date.

    An invoice is unpaid until its payment is known. Days late run from the day it was due to the day it was paid, or
    to the date where it was not; payment on the day it is due, or earlier, is not late. An unpaid invoice failed when
    it is more than ``failed_after`` days overdue.

    Parameters
    ----------
    failed_after
        Days after which an unpaid invoice counts as failed.

    Examples
    --------
    >>> len(BillingBuilder().features(["due_at", "amount", "paid_at"])), BillingBuilder().features(["due_at"])
    (6, [])
    """

    failed_after: int = 30
    reads: tuple[str, ...] = ("invoices",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``invoices``."""
        return allowed(ROWS, columns)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["invoices"]
        if "paid_at" not in rows:
            return pd.DataFrame(index=keys)
        lookup = Lookup(rows, keys, time="due_at", known="known_at", clock=bucket.clock)
        unpaid = elapsed(lookup.window(None), rows, "paid_at", keys, bucket.clock).pending()
        overdue = elapsed(unpaid, rows, "due_at", keys, bucket.clock)
        late = _late(lookup.window(YEAR), rows, bucket, keys)
        values = {
            "late_days_mean_365d": late.mean(),
            "late_share_365d": ratio(late.take(late.days > 0).count(), late.pairs.count()),
            "overdue_count": unpaid.count(),
            "overdue_amount": unpaid.sum(rows["amount"].to_numpy(dtype=float)),
            "overdue_age_max": overdue.longest(),
            "failed_count": overdue.take(overdue.days > self.failed_after).count(),
        }
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name.removeprefix("invoices_")] for name in names}, index=keys)


def _late(pairs: Pairs, rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex) -> Elapsed:
    """Days that each invoice was paid late, or has been unpaid so far."""
    due = elapsed(pairs, rows, "due_at", keys, bucket.clock).days
    paid = elapsed(pairs, rows, "paid_at", keys, bucket.clock).days
    return Elapsed(pairs, np.maximum(due - np.nan_to_num(paid), 0.0))


PAGE = Page("invoices", "billing", "invoices")
ROWS = (
    PAGE.row("late_days_mean_365d", "paid_at", "days", -1, "signal", "Mean days of late payment, last year",
             "支払いの平均遅延日数(1年)", "Invoices of the last year were {value} days late on average",
             "過去1年の請求の支払遅延は平均{value}日"),
    PAGE.row("late_share_365d", "paid_at", "share", -1, "signal", "Share of late payments, last year",
             "支払遅延の割合(1年)",
             "{value} of the invoices of the last year were not paid by their due date",
             "過去1年の請求の{value}が期日までに支払われなかった"),
    PAGE.row("overdue_count", "paid_at", "count", -1, "lever", "Overdue invoices", "期日超過の未払い請求数",
             "{value} invoices are overdue", "期日を過ぎた未払いの請求は{value}件"),
    PAGE.row("overdue_amount", "paid_at", "money", -1, "lever", "Overdue amount", "期日超過の未払い金額",
             "Overdue invoices amount to {value}", "期日を過ぎた未払い金額は{value}"),
    PAGE.row("overdue_age_max", "paid_at", "days", -1, "lever", "Age of the oldest overdue invoice",
             "最も古い未払い請求の超過日数", "The oldest unpaid invoice is {value} days overdue",
             "最も古い未払いの請求は期日を{value}日超過"),
    PAGE.row("failed_count", "paid_at", "count", -1, "signal", "Failed payments", "長期未払いの請求数",
             "{value} payments have failed, long after the due date",
             "期日を大きく過ぎても未払いの請求は{value}件"),
)  # fmt: skip
