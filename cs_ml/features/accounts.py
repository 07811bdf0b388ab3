"""Features of the account itself: attributes as they were at the date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.tables.redact import hide_in_levels
from cs_ml.timeline.lookup import Lookup

__all__ = ["AccountsBuilder"]

KNOWN = ("segment", "industry", "region")
ALWAYS = pd.Timestamp("1900-01-01")


@dataclass(frozen=True)
class AccountsBuilder:
    """Takes the attributes of an account from the newest version that began before each date.

    A version without a beginning is valid from the start; where none had begun, the attributes are missing. Attributes
    without versions are used as they stand today, and are listed as not point-in-time.

    Parameters
    ----------
    attributes
        Further columns of ``accounts`` to use as categories.

    Examples
    --------
    >>> [feature.name for feature in AccountsBuilder(attributes=("channel",)).features(["channel", "csm"])]
    ['accounts_channel_current']
    """

    attributes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ("accounts",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``accounts``."""
        present = set(columns)
        categories = dict.fromkeys((*KNOWN, *(name for name in self.attributes if name not in NUMBERS)))
        described = [_category(name) for name in categories if name in present]
        return described + [feature for name, feature in NUMBERS.items() if name in present]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["accounts"].reset_index(drop=True)
        values = rows.reindex(self._valid(rows, bucket, keys))
        named = {feature.name: feature for feature in self.features(rows.columns)}
        built: dict[str, np.ndarray] = {}
        for name, feature in named.items():
            column = name.removeprefix("accounts_").removesuffix("_current")
            if name == "accounts_age_days":
                created = bucket.clock.day(values["created_at"]).astype(float)
                age = bucket.clock.date(keys.get_level_values("as_of")) - created
                built[name] = np.where(values["created_at"].isna() | (age <= 0), np.nan, age)
            elif feature.kind == "number":
                built[name] = values[column].to_numpy(dtype=float, na_value=np.nan)
            else:
                built[name] = hide_in_levels(values[column]).to_numpy()
        return pd.DataFrame(built, index=keys)

    @staticmethod
    def _valid(rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
        """Return the position of the newest version that began before each key, or -1."""
        begins = rows["valid_from"] if "valid_from" in rows else pd.Series(pd.NaT, index=rows.index)
        versions = rows.assign(valid_from=begins.astype("datetime64[us]").fillna(ALWAYS))
        return Lookup(versions, keys, time="valid_from", clock=bucket.clock).latest()


def _category(name: str) -> Feature:
    en, ja = LABELS.get(name, (name.replace("_", " ").capitalize(), name))
    return Feature(
        f"accounts_{name}_current", "profile", "category", en, ja, f"{en}: {{value}}", f"{ja}: {{value}}",
        kind="category", role="context", sources="accounts",
    )  # fmt: skip


LABELS = {"segment": ("Segment", "セグメント"), "industry": ("Industry", "業種"), "region": ("Region", "地域")}
NUMBERS = {
    "employees": Feature(
        "accounts_employees_current", "profile", "count", "Employees", "従業員数",
        "{value} employees, where {typical} is typical", "従業員数は{value}人(標準的な値: {typical})",
        role="context", sources="accounts",
    ),
    "created_at": Feature(
        "accounts_age_days", "profile", "days", "Age of the account", "アカウント開設からの日数",
        "Set up {value} days ago, where {typical} is typical", "アカウント開設から{value}日(標準的な値: {typical})",
        role="context", sources="accounts",
    ),
}  # fmt: skip
