"""Parent accounts: the health of a family by the money of its members, with the members shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.health.bands import Bands

__all__ = ["roll_up"]


def roll_up(scores: pd.DataFrame, parent: pd.Series, bands: Bands | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the health of each parent account, and its children.

    Parameters
    ----------
    scores
        Published frame, indexed by ``(account_id, as_of)``, with ``health, p_stay, mrr``; ``band`` where there is one.
    parent
        Name of the topmost parent of each row on its date, missing where it has none; a parent with a score of its own
        is one of its children.
    bands
        Limits of the bands.

    Returns
    -------
    parents
        By ``(parent_id, as_of)``: ``health`` and ``p_stay``, weighted by MRR over the children that have a score;
        ``band`` of that health; ``mrr`` and ``mrr_scored``; ``children, red`` (how many are red), ``worst`` and
        ``worst_health``. ``p_stay`` is the expected share of that MRR that stays. Null where no MRR is scored.
    children
        By ``(parent_id, as_of, account_id)``: ``health, band, p_stay, mrr, share`` (of the parent's scored MRR), the
        largest MRR first.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b", "c"], [pd.Timestamp("2026-01-01")]],
    ...                                    names=["account_id", "as_of"])
    >>> scores = pd.DataFrame({"health": [80.0, 20, 50], "p_stay": [0.9, 0.5, 0.8], "mrr": [300.0, 100, 10],
    ...                        "band": ["green", "red", "yellow"]}, index=index)
    >>> parents, children = roll_up(scores, pd.Series(["group", "group", None], index=index))
    >>> parents[["health", "p_stay", "children", "red", "worst"]].to_dict("list")
    {'health': [65.0], 'p_stay': [0.8], 'children': [2], 'red': [1], 'worst': ['b']}
    >>> children["share"].tolist()
    [0.75, 0.25]
    """
    limits = (bands or Bands()).model_copy(update={"capacity": None})
    rows = scores.reindex(columns=["health", "band", "p_stay", "mrr"]).assign(parent_id=parent.reindex(scores.index))
    rows = rows[rows["parent_id"].notna()].reset_index()
    rows["money"] = rows["mrr"].where(rows["health"].notna()).fillna(0.0)
    rows = rows.sort_values(["parent_id", "as_of", "mrr", "account_id"], ascending=[True, True, False, True])
    keys = [rows["parent_id"], rows["as_of"]]
    total = rows["money"].groupby(keys).transform("sum")
    rows["share"] = (rows["money"] / total).where(total > 0)
    found = pd.DataFrame({name: _weighted(rows, name) for name in ("health", "p_stay")})
    found["band"] = limits.of(found["health"])
    groups = rows.groupby(["parent_id", "as_of"], sort=True)
    found["mrr"], found["mrr_scored"] = groups["mrr"].sum(), groups["money"].sum()
    found["children"] = groups.size()
    found["red"] = (rows["band"] == "red").groupby(keys).sum()
    worst = rows[rows["health"].notna()].sort_values(["health", "account_id"]).groupby(["parent_id", "as_of"]).first()
    found["worst"], found["worst_health"] = worst["account_id"], worst["health"]
    shown = rows.set_index(["parent_id", "as_of", "account_id"])[["health", "band", "p_stay", "mrr", "share"]]
    return found, shown


def _weighted(rows: pd.DataFrame, name: str) -> pd.Series:
    """Mean by money; null where there is none."""
    parts = (rows[name] * rows["share"]).where(rows["share"].notna(), np.nan)
    return parts.groupby([rows["parent_id"], rows["as_of"]]).sum(min_count=1)
