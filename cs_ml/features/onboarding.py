"""Features of onboarding: how much is done, what is overdue, and where it is stuck."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page, allowed
from cs_ml.tables.redact import hide_in_levels
from cs_ml.timeline.elapsed import Elapsed, elapsed
from cs_ml.timeline.lookup import Lookup, Pairs, ratio
from cs_ml.timeline.terms import terms_known

__all__ = ["OnboardingBuilder"]

ALWAYS = pd.Timestamp("1900-01-01")


@dataclass(frozen=True)
class OnboardingBuilder:
    """Describes how far an account had come with its onboarding, as far as was known before each date.

    A step is open until its completion is known. Days without progress run from the last completion, or from the
    start of the first contract where nothing was completed since; they are 0 once every step is done. Stuck is the
    overdue step that was due first. Rows without ``known_at`` are a plan that was known from the start.

    Examples
    --------
    >>> [feature.name for feature in OnboardingBuilder().features(["step", "completed_at"])]
    ['onboarding_completed_share', 'onboarding_progress_recency']
    """

    reads: tuple[str, ...] = ("onboarding", "contracts")

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``onboarding``."""
        return allowed(ROWS, columns)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["onboarding"]
        values: dict[str, np.ndarray] = {}
        if "completed_at" in rows:
            planned = rows.assign(known_at=rows["known_at"].fillna(ALWAYS))
            steps = Lookup(planned, keys, time="known_at", clock=bucket.clock).window(None)
            done = elapsed(steps, rows, "completed_at", keys, bucket.clock)
            values["completed_share"] = ratio(done.come().count(), steps.count())
            values["progress_recency"] = _without_progress(done, bucket, keys)
            values |= _against_plan(rows, done, bucket, keys) if "due_at" in rows else {}
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name.removeprefix("onboarding_")] for name in names}, index=keys)


def _without_progress(done: Elapsed, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
    """Days since the last completion or the first contract, 0 where nothing is left to do."""
    since = done.shortest()
    if "contracts" in bucket.frames:
        lines = bucket.frames["contracts"]
        terms = terms_known(lines, keys, bucket.clock)
        since = np.fmin(since, elapsed(terms.pairs, lines, "start_at", keys, bucket.clock).longest())
    finished = (done.pairs.count() > 0) & (done.pending().count() == 0)
    return np.where(done.pairs.count() == 0, np.nan, np.where(finished, 0.0, since))


def _against_plan(rows: pd.DataFrame, done: Elapsed, bucket: Bucket, keys: pd.MultiIndex) -> dict[str, np.ndarray]:
    """Tell what is overdue, how late steps were done, and which step is stuck."""
    due_at, clock = rows["due_at"], bucket.clock
    overdue = elapsed(done.pending(), rows, "due_at", keys, clock)
    planned = done.pairs.where(due_at.notna())
    delay = (clock.day(rows["completed_at"]) - clock.day(due_at)).astype(float)
    there = (due_at.notna() & rows["completed_at"].notna()).to_numpy(dtype=bool)
    return {
        "overdue_count": np.where(planned.count() > 0, overdue.come().count(), np.nan),
        "delay_days_mean": done.come().mean(np.where(there, delay, np.nan)),
        "step_stuck": _first_due(rows["step"], overdue),
    }


def _first_due(step: pd.Series, overdue: Elapsed) -> np.ndarray:
    """Return the overdue step that was due first, the first row among equals; ``None`` without any."""
    pairs = overdue.come()
    order = np.lexsort((-pairs.row, overdue.days[~np.isnan(overdue.days)], pairs.key))
    row = Pairs(pairs.key[order], pairs.row[order], pairs.n_keys).last()
    names = hide_in_levels(step).to_numpy()
    return np.asarray(np.append(names, np.array([None], dtype=object))[row])


PAGE = Page("onboarding", "onboarding", "onboarding,contracts")
ROWS = (
    PAGE.row("completed_share", "completed_at", "share", 1, "lever", "Onboarding steps completed",
             "オンボーディング完了率",
             "{value} of the onboarding steps are completed", "オンボーディングのステップの{value}が完了"),
    PAGE.row("progress_recency", "completed_at", "days", -1, "lever", "Days without progress in onboarding",
             "オンボーディングの停滞日数", "Onboarding has stood still for {value} days",
             "オンボーディングは{value}日間進展なし"),
    PAGE.row("overdue_count", "completed_at due_at", "count", -1, "lever", "Overdue onboarding steps",
             "期限超過のオンボーディングステップ数", "{value} onboarding steps are overdue",
             "期限を過ぎたオンボーディングのステップは{value}件"),
    PAGE.row("delay_days_mean", "completed_at due_at", "difference", -1, "signal", "Mean delay of onboarding steps",
             "オンボーディングの平均遅延日数", "Onboarding steps were done {value} days against plan on average",
             "オンボーディングのステップ完了は期限に対し平均{value}日"),
    PAGE.row("step_stuck", "completed_at due_at", "category", 0, "signal", "Onboarding step that is stuck",
             "停滞しているオンボーディングのステップ", 'Onboarding is stuck at the step "{value}"',
             "オンボーディングはステップ「{value}」で停滞", "category"),
)  # fmt: skip
