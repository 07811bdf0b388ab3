"""Parent accounts of a book: who is the topmost parent on a date, and how the whole family is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.engine.family import families
from cs_ml.health import HealthScore
from cs_ml.health.parents import roll_up
from cs_ml.tables import Tables
from cs_ml.timeline import Clock, Lookup

__all__ = ["family_table", "parents_of", "topmost"]

ALWAYS = pd.Timestamp("1900-01-01")


def topmost(tables: Tables, index: pd.MultiIndex) -> pd.Series:
    """Return the topmost parent of each account as known on its date; missing without relatives.

    Parameters
    ----------
    tables
        Tables of the book.
    index
        Accounts of one date, ``(account_id, as_of)``.

    Returns
    -------
    pandas.Series
        A parent that is no account itself counts; in a ring of parents the first name in order is the topmost.
    """
    found = pd.Series(None, index=index, dtype=object)
    members = families(tables).codes.index
    if not len(members) or not len(index):
        return found
    rows = tables.frame("accounts", np.asarray(members, dtype=object))
    date = index.get_level_values("as_of")[0]
    cells = pd.MultiIndex.from_product([members, [date]], names=["account_id", "as_of"])
    begins = rows["valid_from"] if "valid_from" in rows else pd.Series(pd.NaT, index=rows.index)
    versions = rows.assign(valid_from=begins.astype("datetime64[us]").fillna(ALWAYS))
    newest = Lookup(versions, cells, time="valid_from", clock=Clock(tables.zone)).latest()
    held = rows["parent_id"].reindex(pd.Index(newest)).to_numpy(dtype=object)
    parent = {
        name: above for name, above in zip(members, held, strict=True) if isinstance(above, str) and above != name
    }
    linked = set(parent) | set(parent.values())
    names = index.get_level_values("account_id")
    return pd.Series([_top(name, parent) if name in linked else None for name in names], index=index, dtype=object)


def _top(name: str, parent: dict[str, str]) -> str:
    seen = [name]
    while seen[-1] in parent:
        above = parent[seen[-1]]
        if above in seen:
            return min(seen[seen.index(above) :])
        seen.append(above)
    return seen[-1]


def parents_of(
    tables: Tables | None, scores: pd.DataFrame, health: HealthScore | None
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the health of every parent account and its children, or ``None`` where nobody has a parent.

    Parameters
    ----------
    tables
        Tables of the book.
    scores
        Published frame of one date, with ``mrr``.
    health
        Fitted health score, for the limits of the bands.
    """
    if tables is None or health is None or not {"health", "mrr"} <= set(scores):
        return None
    parent = topmost(
        tables,
        pd.MultiIndex.from_arrays([scores.index.get_level_values(at) for at in range(2)], names=scores.index.names),
    )
    if parent.isna().all():
        return None
    return roll_up(scores, parent, health.learned_.typical.scorecard.bands)


def family_table(parents: pd.DataFrame, children: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Return parents with their children below each, those with the most MRR first, as a table to show.

    Parameters
    ----------
    parents, children
        From :func:`parents_of`.
    most
        How many parents to show.
    """
    columns = ["parent_id", "account_id", "health", "band", "p_stay", "mrr"]
    first = parents.sort_values("mrr", ascending=False, kind="stable").head(most)
    whole = first.reset_index().assign(account_id="", line=-1)
    below = children.reset_index().assign(line=range(len(children)))
    below = below[below["parent_id"].isin(whole["parent_id"])]
    order = {name: at for at, name in enumerate(whole["parent_id"])}
    rows = pd.concat([whole, below]).assign(place=lambda frame: frame["parent_id"].map(order))
    return rows.sort_values(["place", "line"], kind="stable")[columns].reset_index(drop=True)
