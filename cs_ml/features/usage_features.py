"""Features of single features of the product: how much each of the most used ones is used, and where it is heading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_columns import UNITS
from cs_ml.engine.usage_members import MemberDays
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page, Worded, allowed

__all__ = ["FeatureUsageBuilder", "slug"]

PAGE = Page("usage", "usage", "usage")
WINDOWS = (30, 90)
MONTH, MONTHS = 30, 6
LONGEST = 40  # letters of a name in a column
PLAIN = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def slug(name: str) -> str:
    """Return how a feature is called in column names: small letters, digits and single underscores.

    A name that is not written so gets six digits of its hash, so that no two names share a column and none changes
    with the company it keeps.

    Examples
    --------
    >>> slug("dashboard"), slug("Export PDF"), slug("検索")
    ('dashboard', 'export_pdf_7aad9d', 'f_1b6b1a')
    """
    if PLAIN.fullmatch(name) and len(name) <= LONGEST:
        return name
    letters = "_".join(re.findall(r"[a-z0-9]+", name.lower()))[:LONGEST].strip("_")
    return f"{letters or 'f'}_{sha256(name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class FeatureUsageBuilder:
    """Counts events of chosen features of the product, one by one, and adds up their quantities if asked to.

    The change is ``log(1 + last 30 days) - log(1 + mean of the five months before)``; it is missing where the first
    event of the account, of whatever feature, lies less than 180 days back.

    Parameters
    ----------
    top_features
        Values of ``usage.feature``, chosen on rows known before the time that is tested on; see
        :func:`cs_ml.features.usage_choice.top_features`.
    quantities
        Whether to describe quantities too, where there are such; they mostly repeat what the events say.

    Examples
    --------
    >>> builder = FeatureUsageBuilder(("dashboard",))
    >>> [feature.name for feature in builder.features(["feature"])]
    ['usage_feature_dashboard_count_30d', 'usage_feature_dashboard_count_90d', 'usage_feature_dashboard_change_30d']
    """

    top_features: tuple[str, ...] = ()
    quantities: bool = False
    reads: tuple[str, ...] = ("usage",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``usage``."""
        present = set(columns) - (set() if self.quantities else {"quantity"})
        return [feature for name in self.top_features for feature in allowed(_words(name), present)]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        state = bucket.usage
        if state is None or not self.top_features:
            return pd.DataFrame(index=keys)
        account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        first = MemberDays(state.days, accounts=True).oldest(account, as_of)
        observed = (first >= 0) & (as_of - first >= MONTH * MONTHS)
        values: dict[str, np.ndarray] = {}
        for name in self.top_features:
            part = state.top.get(name)
            if part is not None:
                days = MemberDays(part, accounts=True)
                for value, measure in MEASURES.items():
                    if value == "rows" or (self.quantities and state.has("quantity")):
                        windows = (*WINDOWS, MONTH * MONTHS)
                        sums = {window: days.sum(value, account, as_of, window) for window in windows}
                        values |= _named(slug(name), measure, sums, observed, UNITS if value == "quantity" else 1)
        return pd.DataFrame(values, index=keys)


MEASURES = {"rows": "", "quantity": "quantity_"}


def _named(
    name: str, measure: str, sums: dict[int, np.ndarray], observed: np.ndarray, scale: int
) -> dict[str, np.ndarray]:
    """Name sums and change; quantities below zero have no change."""
    last, before = sums[MONTH], (sums[MONTH * MONTHS] - sums[MONTH]) / (MONTHS - 1)
    both = observed & (last >= 0) & (before >= 0)
    change = np.log1p(np.where(both, last / scale, np.nan)) - np.log1p(np.where(both, before / scale, np.nan))
    counted = {f"usage_feature_{name}_{measure or 'count_'}{window}d": sums[window] / scale for window in WINDOWS}
    return counted | {f"usage_feature_{name}_{measure}change_{MONTH}d": change}


def _words(name: str) -> list[Worded]:
    column, shown = f"feature_{slug(name)}", name.replace("{", "(").replace("}", ")")
    rows = [
        PAGE.row(
            f"{column}_count_{window}d", "feature", "count", 1, "signal", f"Events of {shown}, last {window} days",
            f"「{shown}」のイベント数(直近{window}日)", f"{{value}} events of {shown} in the last {window} days",
            f"直近{window}日の「{shown}」のイベントは{{value}}件",
        ) for window in WINDOWS
    ]  # fmt: skip
    rows.append(
        PAGE.row(
            f"{column}_change_30d", "feature", "log_ratio", 1, "signal", f"Change of {shown}, last 30 days",
            f"「{shown}」の変化(直近30日)",
            f"Events of {shown} in the last 30 days moved by {{value}} against the five months before",
            f"直近30日の「{shown}」のイベント数はその前の5か月平均から{{value}}の変化",
        )
    )  # fmt: skip
    rows += [
        PAGE.row(
            f"{column}_quantity_{window}d", "feature quantity", "count", 1, "signal",
            f"Quantity of {shown}, last {window} days", f"「{shown}」の利用量(直近{window}日)",
            f"{{value}} units of {shown} were used in the last {window} days",
            f"直近{window}日の「{shown}」の利用量は{{value}}",
        ) for window in WINDOWS
    ]  # fmt: skip
    rows.append(
        PAGE.row(
            f"{column}_quantity_change_30d", "feature quantity", "log_ratio", 1, "signal",
            f"Change of the quantity of {shown}, last 30 days", f"「{shown}」の利用量の変化(直近30日)",
            f"The quantity of {shown} in the last 30 days moved by {{value}} against the five months before",
            f"直近30日の「{shown}」の利用量はその前の5か月平均から{{value}}の変化",
        )
    )  # fmt: skip
    return rows
