"""What a page of a date may show: what had happened and was known before it, by the book's own calendar."""

from __future__ import annotations

import pandas as pd

from cs_ml.tables.schema import Schema
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.known import known_rows

__all__ = ["shown_rows", "shown_versions", "week_of"]


def shown_rows(rows: pd.DataFrame, schema: Schema, as_of: pd.Timestamp, clock: Clock) -> pd.DataFrame:
    """Return the rows that had happened and were known before a date, without values revealed later or on no known day.

    Parameters
    ----------
    rows
        Canonical rows, instants in UTC.
    schema
        What says when rows and values are known.
    as_of
        Midnight in the book's time zone.
    clock
        Calendar of the book.

    Returns
    -------
    pandas.DataFrame
        The same columns; instants as the clocks of the book show them.

    Examples
    --------
    >>> from cs_ml.tables import SCHEMAS
    >>> tickets = pd.DataFrame({"opened_at": ["2026-01-05T20:00", "2026-02-01"], "resolved_at": ["2026-02-02", None]})
    >>> rows = tickets.astype("datetime64[us]").assign(contacts=[3.0, None])
    >>> shown_rows(rows, SCHEMAS["tickets"], pd.Timestamp("2026-02-01"), Clock("Asia/Tokyo")).values.tolist()
    [[Timestamp('2026-01-06 05:00:00'), NaT, nan]]
    """
    cut = _start(as_of, clock)
    kept = known_rows(rows, schema, cut)
    for name in (name for name in schema.appears if name in kept):
        column = schema.column(name)
        if not column.future and not column.reveals:
            kept = kept[~(kept[name] >= cut)].reset_index(drop=True)
    for column in schema.columns:
        moments = [kept[name].notna() for name in column.reveals if name in kept]
        if column.name in kept and moments:
            kept[column.name] = kept[column.name].where(pd.concat(moments, axis=1).any(axis=1), None)
    return _by_the_clock(kept, clock)


def shown_versions(accounts: pd.DataFrame, as_of: pd.Timestamp, clock: Clock) -> pd.DataFrame:
    """Return one row an account: the newest version that had begun before a date, else the first.

    Parameters
    ----------
    accounts
        Rows of the table of accounts, one a version where there is a column ``valid_from``.
    as_of, clock
        As for :func:`shown_rows`.

    Examples
    --------
    >>> accounts = pd.DataFrame({"account_id": ["a", "a"], "csm": ["Sato", "Mori"],
    ...                          "valid_from": pd.to_datetime(["2026-01-01", "2026-03-01"])})
    >>> shown_versions(accounts, pd.Timestamp("2026-03-01"), Clock())["csm"].tolist()
    ['Sato']
    """
    if "valid_from" in accounts:
        ordered = accounts.sort_values("valid_from", kind="stable", na_position="first")
        later = ordered["valid_from"] >= _start(as_of, clock)
        accounts = pd.concat([ordered[later][::-1], ordered[~later]])
    return accounts.drop_duplicates("account_id", keep="last").sort_values("account_id", ignore_index=True)


def week_of(when: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Return the first day of the week of each moment; weeks are counted back from a date, so that each is whole.

    Parameters
    ----------
    when
        Moments before the date, by the clocks of the book.
    as_of
        Midnight that ends the newest week.

    Examples
    --------
    >>> when = pd.Series(["2026-01-31T23:00", "2026-01-25T00:00", "2026-01-24T23:00"], dtype="datetime64[us]")
    >>> week_of(when, pd.Timestamp("2026-02-01")).dt.strftime("%m-%d").tolist()
    ['01-25', '01-25', '01-18']
    """
    days = (as_of - when.dt.floor("D")).dt.days
    first: pd.Series = as_of - pd.to_timedelta((days + 6) // 7 * 7, unit="D")
    return first


def _start(as_of: pd.Timestamp, clock: Clock) -> pd.Timestamp:
    return pd.Timestamp(clock.instant(clock.date([as_of]))[0])


def _by_the_clock(rows: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    if clock.zone == "UTC":
        return rows
    local = {
        str(name): rows[name].dt.tz_localize("UTC").dt.tz_convert(clock.zone).dt.tz_localize(None)
        for name in rows.select_dtypes("datetime")
    }
    return rows.assign(**local)
