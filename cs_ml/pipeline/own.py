"""Snapshots that the user brings: one row an account and date, any column names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cs_ml.config import SnapshotsConfig
from cs_ml.errors import Fault, FrameError
from cs_ml.features.feature import Feature, Kind, catalog_frame
from cs_ml.tables.redact import hide_in_levels, redact
from cs_ml.timeline import read_accounts, read_days, spine_index

__all__ = ["OwnSnapshot", "own_catalog", "own_snapshot"]


@dataclass(frozen=True)
class OwnSnapshot:
    """Features, label and revenue of a ready-made snapshot, indexed by (account_id, as_of)."""

    X: pd.DataFrame
    label: pd.Series | None
    mrr: pd.Series | None

    @property
    def index(self) -> pd.Index:
        """Accounts and dates."""
        return self.X.index


def own_snapshot(config: SnapshotsConfig, frame: pd.DataFrame) -> OwnSnapshot:
    """Give the columns of a ready-made snapshot their roles.

    Parameters
    ----------
    config
        Names of the account, date, label, feature, text, category and revenue columns.
    frame
        One row an account and date.

    Raises
    ------
    FrameError
        If a named column is missing, a date cannot be read, or an account has two rows for one date.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a"], "month": ["2026-01-01"], "logins": [3], "gone": [0]})
    >>> config = SnapshotsConfig(file="x.csv", account_id="id", as_of="month", label="gone")
    >>> own_snapshot(config, frame).X.columns.tolist()
    ['logins']
    """
    _require_columns(config, frame)
    accounts = read_accounts(frame[config.account_id], f"snapshots.{config.account_id}")
    days = read_days(frame[config.as_of], f"snapshots.{config.as_of}")
    index = spine_index(accounts, days)
    order = pd.Series(range(len(frame)), index=pd.MultiIndex.from_arrays([accounts, days])).sort_index()
    rows = frame.iloc[order.to_numpy()].set_axis(index)
    roles = {config.account_id, config.as_of, config.label, config.mrr}
    names = list(config.features or [name for name in frame if name not in roles])
    label = None if config.label is None else rows[config.label]
    mrr = None if config.mrr is None else _numbers(rows[config.mrr], f"snapshots.{config.mrr}")
    return OwnSnapshot(_typed(rows[names], config), label, mrr)


def own_catalog(X: pd.DataFrame, text: Sequence[str]) -> pd.DataFrame:
    """Describe the features of a ready-made snapshot by their column names.

    Examples
    --------
    >>> own_catalog(pd.DataFrame({"logins": [1.0]}), ())["label_en"].tolist()
    ['logins']
    """
    return catalog_frame([_described(str(name), X[name], text) for name in X])


def _described(name: str, column: pd.Series, text: Sequence[str]) -> Feature:
    number = pd.api.types.is_numeric_dtype(column)
    kind: Kind = "text" if name in text else "number" if number else "category"
    unit = "score" if number else kind
    sentence = f"{name} is {{value}}, where {{typical}} is typical", f"{name}は{{value}}(標準的な値: {{typical}})"
    return Feature(name, "own", unit, name, name, *sentence, kind=kind, role="signal", sources="snapshots")


def _require_columns(config: SnapshotsConfig, frame: pd.DataFrame) -> None:
    named = [
        config.account_id,
        config.as_of,
        config.label,
        config.mrr,
        *(config.features or ()),
        *config.text,
        *config.categories,
    ]
    listed = ", ".join(map(str, frame.columns))
    missing = [
        Fault(f"snapshots.{name}", "a column of the file", f"columns {listed}")
        for name in named
        if name is not None and name not in frame
    ]
    roles = {"account_id": config.account_id, "as_of": config.as_of, "label": config.label}
    missing += [
        Fault(f"snapshots.features: {column}", "a feature", f"the column of snapshots.{role}", hint="leave it out")
        for role, column in roles.items()
        if column in (config.features or ())
    ]
    if missing:
        raise FrameError(missing)
    if frame.empty:
        raise FrameError(Fault("snapshots.file", "at least one row", "none", hint="write the file again"))


def _numbers(values: pd.Series, where: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = numbers.isna() & values.notna()
    if wrong.any():
        raise FrameError(Fault(where, "numbers", repr(values[wrong].iloc[0]), int(wrong.sum()), "correct the values"))
    return numbers


def _typed(X: pd.DataFrame, config: SnapshotsConfig) -> pd.DataFrame:
    """Give numbers, flags, categories and texts the dtypes that models expect; dates are no features."""
    typed: dict[str, pd.Series] = {}
    for name in map(str, X):
        column = X[name]
        if name in config.text:
            told = column.astype(object).map(lambda text: redact(str(text)), na_action="ignore")
            typed[name] = told.where(column.notna(), None)
        elif name in config.categories or not pd.api.types.is_numeric_dtype(column):
            if pd.api.types.is_datetime64_any_dtype(column):
                hint = "leave it out of snapshots.features, or turn it into days before as_of"
                raise FrameError(Fault(f"snapshots.{name}", "a number, category or text", "dates", hint=hint))
            typed[name] = hide_in_levels(column.astype("string")).astype("category")
        else:
            typed[name] = column.astype(float)
    return pd.DataFrame(typed, index=X.index)
