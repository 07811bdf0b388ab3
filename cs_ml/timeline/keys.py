"""Accounts and days as users write them in tables of their own."""

from __future__ import annotations

import pandas as pd

from cs_ml.errors import Fault, FrameError

__all__ = ["read_accounts", "read_days"]

DAY = r"^\s*(?P<year>\d{4})(?P<mark>[-/]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?:[T ].*)?\s*$"


def read_accounts(values: pd.Series, where: str) -> pd.Series:
    """Return account ids as text; a whole number keeps no decimals.

    Parameters
    ----------
    values
        Text or whole numbers.
    where
        Table and column, for the message.

    Raises
    ------
    FrameError
        If an id is missing.

    Examples
    --------
    >>> read_accounts(pd.Series([7.0, 12.0]), "labels.account_id").tolist()
    ['7', '12']
    """
    missing = values.isna()
    if missing.any():
        hint = "leave the rows out, or give them an account"
        raise FrameError(Fault(where, "an account id", "nothing", int(missing.sum()), hint))
    if pd.api.types.is_float_dtype(values) and (values % 1 == 0).all():
        values = values.astype("int64")
    return values.astype(str).astype(object)


def read_days(values: pd.Series, where: str) -> pd.Series:
    """Return midnights of the days that were written; a time of day and a zone after the day are left out.

    Parameters
    ----------
    values
        Instants, or text such as ``2026-01-31``, ``2026/1/31``, ``20260131``, ``2026-01-31T09:00+09:00``.
    where
        Table and column, for the message.

    Raises
    ------
    FrameError
        If a value is missing or is no day written so.

    Examples
    --------
    >>> read_days(pd.Series(["2026-01-31", "2026/2/1 09:00+09:00"]), "labels.as_of").dt.strftime("%d.%m.").tolist()
    ['31.01.', '01.02.']
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        days = values.dt.tz_localize(None).dt.normalize()
    else:
        parts = _as_text(values).str.extract(DAY)
        compact = (parts["mark"] == "") & ((parts["month"].str.len() < 2) | (parts["day"].str.len() < 2))
        numbers = parts[["year", "month", "day"]].where(~compact).apply(pd.to_numeric)
        days = pd.to_datetime(numbers, errors="coerce")
    wrong = days.isna()
    if wrong.any():
        found = repr(values[wrong].iloc[0])
        raise FrameError(Fault(where, "a day such as 2026-01-31", found, int(wrong.sum()), "write dates that way"))
    read: pd.Series = days.astype("datetime64[us]")
    return read


def _as_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values):
        values = values.astype("Int64") if (values.dropna() % 1 == 0).all() else values
    text: pd.Series = values.astype("string")
    return text
