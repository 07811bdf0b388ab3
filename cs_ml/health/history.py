"""A score among its own past: bands that hold, and the trend over a declared window."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.bands import Bands, steady_bands

__all__ = ["NOTEWORTHY", "flapping", "trend_of", "with_history"]

Floats = NDArray[np.float64]
NOTEWORTHY = 5.0  # points over the window: half of what doubles the odds


def with_history(scores: pd.DataFrame, earlier: pd.DataFrame, bands: Bands, *, trend_days: int = 90) -> pd.DataFrame:
    """Return the scores of a date with steady bands and trend.

    Parameters
    ----------
    scores
        Published frame of one date, indexed by ``(account_id, as_of)``, with ``health`` and ``band``.
    earlier
        Frames published before, of any dates; may be empty.
    bands
        How bands hold.
    trend_days
        Window of the trend.

    Returns
    -------
    pandas.DataFrame
        With ``band`` (the steady one), ``band_reading`` (that of this reading alone), ``health_trend`` (points over the
        window), ``trend`` (``rising, steady, falling``), ``trend_since`` (oldest reading used) and ``trend_versions``
        (how many model versions those readings come from: above one, part of the trend may be the model's).

    Examples
    --------
    >>> def on(date, health, band):
    ...     index = pd.MultiIndex.from_tuples([("a", pd.Timestamp(date))], names=["account_id", "as_of"])
    ...     return pd.DataFrame({"health": [health], "band": [band]}, index=index)
    >>> past = pd.concat([on("2026-01-01", 66.0, "green"), on("2026-02-01", 63.0, "green")])
    >>> now = with_history(on("2026-03-01", 58.0, "yellow"), past, Bands())
    >>> now[["band", "band_reading", "trend"]].iloc[0].tolist(), f"{now['health_trend'].iloc[0]:.1f}"
    (['green', 'yellow', 'falling'], '-12.1')
    """
    if "health" not in scores:
        return scores
    current = scores.assign(band_reading=scores["band"])
    since = scores.index.get_level_values("as_of").min() - pd.Timedelta(days=trend_days)
    past = earlier[earlier.index.get_level_values("account_id").isin(scores.index.get_level_values("account_id"))]
    if bands.capacity is None:
        current["band"] = _steady(current, past, bands)
    recent = past[past.index.get_level_values("as_of") >= since]
    return current.join(
        trend_of(pd.concat([part for part in (recent, current) if len(part)]), current.index, trend_days)
    )


def _steady(current: pd.DataFrame, past: pd.DataFrame, bands: Bands) -> pd.Series:
    known = past.assign(published=past["band"]) if len(past) else past
    if len(past) and "band_reading" in past:
        known = known.assign(band=past["band_reading"].where(past["band_reading"].notna(), past["band"]))
    rows = pd.concat([part for part in (known, current) if len(part)])
    held = steady_bands(rows, readings=bands.readings, span_days=bands.span_days, jump=bands.jump)
    return held.reindex(current.index)


def trend_of(scores: pd.DataFrame, index: pd.Index, trend_days: int) -> pd.DataFrame:
    """Return the trend of each account's readings: the straight line through them, in points over the window.

    Parameters
    ----------
    scores
        Readings of the window, with ``health`` and, where known, ``model_version``.
    index
        Rows to return, one an account.
    trend_days
        Window; a trend needs three readings that span half of it, or two that span all but a tenth.

    Returns
    -------
    pandas.DataFrame
        ``health_trend, trend, trend_since, trend_versions`` by ``index``.
    """
    readings = scores[scores["health"].notna()].sort_index()
    account, as_of = (readings.index.get_level_values(name) for name in ("account_id", "as_of"))
    frame = pd.DataFrame({"account": account, "day": as_of, "health": readings["health"].to_numpy(dtype=float)})
    frame["version"] = readings["model_version"].to_numpy() if "model_version" in readings else ""
    groups = frame.groupby("account", sort=False)
    since = groups["day"].min()
    span = (groups["day"].max() - since).dt.days
    x = np.asarray((frame["day"] - frame["account"].map(since)).dt.days, dtype=np.float64)
    slope = _slopes(frame["account"], x, frame["health"].to_numpy(dtype=float))
    enough = ((groups.size() >= 3) & (span >= trend_days / 2)) | ((groups.size() == 2) & (span >= 0.9 * trend_days))
    now = pd.Index(index.get_level_values("account_id"))
    newest = groups["day"].max().reindex(now).to_numpy() == index.get_level_values("as_of").to_numpy()
    points = np.where(newest, (slope * trend_days).where(enough).reindex(now).to_numpy(dtype=float), np.nan)
    told = np.select([points >= NOTEWORTHY, points <= -NOTEWORTHY], ["rising", "falling"], "steady").astype(object)
    told[np.isnan(points)] = None
    columns = {"health_trend": points, "trend": told, "trend_since": since.reindex(now).to_numpy()}
    versions = groups["version"].nunique().reindex(now).fillna(0).to_numpy(dtype=int)
    return pd.DataFrame({**columns, "trend_versions": versions}, index=index)


def _slopes(account: pd.Series, x: Floats, y: Floats) -> pd.Series:
    """Least squares by account, in points a day."""
    parts = pd.DataFrame({"x": x, "y": y}).groupby(account.to_numpy(), sort=False)
    dx, dy = x - parts["x"].transform("mean").to_numpy(), y - parts["y"].transform("mean").to_numpy()
    sums = pd.DataFrame({"xy": dx * dy, "xx": dx * dx}).groupby(account.to_numpy(), sort=False).sum()
    return (sums["xy"] / sums["xx"]).where(sums["xx"] > 0)


def flapping(scores: pd.DataFrame, *, days: int = 62, column: str = "band") -> float:
    """Return the share of accounts whose band changed and came back within so many days.

    Parameters
    ----------
    scores
        Readings with a band, indexed by ``(account_id, as_of)``.
    days
        How soon a return is flapping.
    column
        Band to look at.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2026-01-01", periods=3, freq="MS")],
    ...                                    names=["account_id", "as_of"])
    >>> bands = ["green", "yellow", "green", "green", "green", "yellow"]
    >>> flapping(pd.DataFrame({"band": bands}, index=index))
    0.5
    """
    known = scores[column].dropna().sort_index()
    rows = pd.DataFrame({"account": known.index.get_level_values("account_id"), "band": known.to_numpy()})
    rows["day"] = known.index.get_level_values("as_of")
    changed = rows[(rows["account"] != rows["account"].shift()) | (rows["band"] != rows["band"].shift())]
    same = changed["account"] == changed["account"].shift(2)
    back = same & (changed["band"] == changed["band"].shift(2))
    left = changed["day"].shift(1)
    soon = (changed["day"] - left).dt.days <= days
    accounts = changed["account"].unique()
    return float(changed.loc[back & soon, "account"].nunique() / max(len(accounts), 1))
