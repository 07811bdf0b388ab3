"""What people say of an account, beside its score: with author, reason and expiry, and judged like any forecaster."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.errors import Fault, FrameError
from cs_ml.health.intervals import Z90, clustered_mean
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup

__all__ = ["beside", "judged"]

Floats = NDArray[np.float64]
TOLD = ("author", "reason", "set_at", "expires_at")
REQUIRED = ("account_id", "author", "reason", "set_at", "expires_at")


def beside(
    scores: pd.DataFrame, opinions: pd.DataFrame, name: str, value: str, *, clock: Clock | None = None,
    strict: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """Return the scores with the opinion that held on each date beside them; nothing of the scores changes.

    Parameters
    ----------
    scores
        Published frame, indexed by ``(account_id, as_of)``.
    opinions
        Rows with ``account_id, author, reason, set_at, expires_at`` and the value; ``known_at`` where it exists.
    name
        Prefix of the columns, such as ``override``.
    value
        Column of the opinion: a level, or points.
    clock
        Calendar of the book.
    strict
        Whether author, reason and expiry must be given, as they must for an override.

    Returns
    -------
    pandas.DataFrame
        With ``<name>`` and ``<name>_author, _reason, _set_at, _expires_at``: of the newest opinion that was known and
        had not expired, missing where there is none.

    Raises
    ------
    FrameError
        If a column is missing, or ``strict`` and an opinion lacks author, reason or expiry; all faults at once.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a"], pd.to_datetime(["2026-02-01", "2026-04-01"])],
    ...                                    names=["account_id", "as_of"])
    >>> given = pd.DataFrame({"account_id": ["a"], "points": [20.0], "author": ["Sato"], "reason": ["merger"],
    ...     "set_at": pd.to_datetime(["2026-01-10"]), "expires_at": pd.to_datetime(["2026-03-10"])})
    >>> beside(pd.DataFrame({"health": [70.0, 71.0]}, index=index), given, "override", "points")["override"].tolist()
    [20.0, nan]
    """
    rows = _checked(opinions, name, value, strict=strict)
    clock = clock or Clock()
    keys = pd.MultiIndex.from_arrays([scores.index.get_level_values(level) for level in ("account_id", "as_of")])
    known = "known_at" if "known_at" in rows else None
    newest = Lookup(rows, keys, time="set_at", known=known, clock=clock).window(None).last()
    ended = Lookup(rows, keys, time="expires_at", known=known, clock=clock).window(None)
    gone = np.zeros(len(keys), dtype=bool)
    gone[ended.key[ended.row == newest[ended.key]]] = True
    held = np.where(gone, -1, newest)
    columns = {name: value, **{f"{name}_{told}": told for told in TOLD}}
    found = {
        column: rows[source].reindex(pd.Index(held)).to_numpy() if len(rows) else np.full(len(keys), None, dtype=object)
        for column, source in columns.items()
    }
    return scores.assign(**found)


def _checked(opinions: pd.DataFrame, name: str, value: str, *, strict: bool) -> pd.DataFrame:
    wanted = [*REQUIRED, value]
    lacking = [column for column in wanted if column not in opinions]
    needed = ("account_id", "set_at", value)
    faults = [Fault(name, f"the column {column}", "none") for column in lacking if strict or column in needed]
    if strict and not faults:
        empty = {column: int(opinions[column].isna().sum()) for column in wanted}
        faults = [
            Fault(f"{name}.{column}", "a value in every row", "none", rows=count)
            for column, count in empty.items()
            if count
        ]
    if faults:
        raise FrameError(faults)
    rows = opinions.reset_index(drop=True)
    for column in lacking:
        rows[column] = pd.Series(pd.NaT if column.endswith("_at") else None, index=rows.index)
    times = [column for column in ("set_at", "expires_at", "known_at") if column in rows]
    return rows.astype(dict.fromkeys(times, "datetime64[us]"))


def judged(p_stay: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """Return how each forecaster did against what happened, the score beside people.

    Parameters
    ----------
    p_stay
        One column a forecaster, as stated at the time: a probability of staying, points, or a level as a number; larger
        is better. Indexed by ``(account_id, as_of)``; missing where nothing was said.
    y
        Churn labels 1, 0, NaN by the same index.

    Returns
    -------
    pandas.DataFrame
        By forecaster: ``rows, accounts, churned`` where it spoke and the outcome is known; ``auc`` with a 90 % interval
        clustered by account; and ``auc_first``, the AUC of the first column on the same rows, with the difference
        ``gain`` and its interval: who speaks of the easy accounts only is not better for it. NaN where one outcome is
        absent.

    Notes
    -----
    AUC of Mann and Whitney (1947); variance from the placements of DeLong, DeLong and Clarke-Pearson (1988), summed by
    account.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([list("abcd"), [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"])
    >>> said = pd.DataFrame({"health": [0.9, 0.4, 0.8, 0.5], "csm": [1.0, 1.0, 0.0, None]}, index=index)
    >>> judged(said, pd.Series([0, 1, 0, 1], index=index))[["rows", "auc", "auc_first"]].values.tolist()
    [[4.0, 1.0, 1.0], [3.0, 0.25, 1.0]]
    """
    first = p_stay.columns[0]
    rows = {name: _judged(p_stay[name], p_stay[first], y.reindex(p_stay.index)) for name in p_stay}
    return pd.DataFrame.from_dict(dict(rows), orient="index").rename_axis("forecaster")


def _judged(said: pd.Series, other: pd.Series, y: pd.Series) -> Mapping[str, float]:
    known = said.notna() & y.notna() & other.notna()
    account = pd.factorize(said.index[known].get_level_values("account_id"))[0].astype(np.int64)
    left = y[known].to_numpy(dtype=float) == 1
    counts = {"rows": int(known.sum()), "accounts": len(np.unique(account)), "churned": int(left.sum())}
    if not left.any() or left.all():
        nan = dict.fromkeys(("auc", "low", "high", "auc_first", "gain", "gain_low", "gain_high"), float("nan"))
        return counts | nan
    own, first = (_placements(values[known].to_numpy(dtype=float), left) for values in (said, other))
    auc, gain = _interval(own, account), _interval(own - first, account)
    names = ("auc", "low", "high"), ("gain", "gain_low", "gain_high")
    return (
        counts
        | dict(zip(names[0], auc, strict=True))
        | {"auc_first": float(first.mean())}
        | dict(zip(names[1], gain, strict=True))
    )


def _placements(values: Floats, left: NDArray[np.bool_]) -> Floats:
    """Return a number a row whose mean is the AUC and whose spread over accounts is its error."""
    order = np.sort(values[~left]), np.sort(values[left])
    below = [np.searchsorted(order[side], values, "left") for side in (0, 1)]
    upto = [np.searchsorted(order[side], values, "right") for side in (0, 1)]
    share = np.where(
        left, 1 - (below[0] + upto[0]) / 2 / (~left).sum(), (below[1] + upto[1]) / 2 / left.sum()
    )  # a leaver below those who stayed, and one who stayed above the leavers
    weight = np.where(left, len(left) / left.sum(), len(left) / (~left).sum())
    auc = share[left].mean()
    return np.asarray(auc + weight * (share - auc))


def _interval(values: Floats, account: NDArray[np.int64]) -> tuple[float, float, float]:
    mean, error = clustered_mean(values, account)
    return mean, mean - Z90 * error, mean + Z90 * error
