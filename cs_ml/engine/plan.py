"""What every engine does alike: which tables and columns it reads, how it cuts accounts into buckets, how it builds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket, Builder, of_family
from cs_ml.engine.family import Families, families
from cs_ml.engine.usage_state import UsageState
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["Edge", "Engine", "bucket_of", "built", "edges_of", "kin_of", "usage_columns", "usage_options"]

Edge = tuple[int, int]  # first account of a bucket, and the first one after it
USAGE_COLUMNS = ("account_id", "event_at", "known_at", "user_id", "feature", "event", "quantity",
                 "active_users")  # fmt: skip


class Engine(Protocol):
    """Runs builders somewhere; the features do not depend on where."""

    def stream(self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex) -> Iterator[pd.DataFrame]:
        """Yield the features of all keys of (account_id, as_of), sorted by account, bucket by bucket."""
        ...


def usage_columns(builders: Sequence[Builder], tables: Tables) -> list[str]:
    """Return the columns of usage that the builders need; none where no builder reads usage or it is absent."""
    if "usage" not in tables or not any("usage" in builder.reads for builder in builders):
        return []
    return [name for name in USAGE_COLUMNS if name in tables.columns("usage")]


def usage_options(
    builders: Sequence[Builder],
    tables: Tables,  # noqa: ARG001  same
    accounts: np.ndarray,  # noqa: ARG001  same
    login_events: Collection[str],
) -> dict[str, Any]:
    """Return what :func:`cs_ml.engine.usage_reduce.reduce_usage` must know to reduce the usage of these accounts."""
    asked = [name for builder in builders for name in getattr(builder, "top_features", ())]
    return {
        "login_events": frozenset(login_events),
        "top_features": tuple(dict.fromkeys(asked)),
        "business_hours": any(getattr(builder, "business_hours", False) for builder in builders),
    }


def edges_of(n_accounts: int, buckets: int) -> list[Edge]:
    """Cut accounts into ranges of about equal numbers, one account at least.

    Examples
    --------
    >>> edges_of(5, buckets=2)
    [(0, 2), (2, 5)]
    """
    cuts = np.unique(np.linspace(0, n_accounts, min(buckets, n_accounts) + 1).astype(int))
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def kin_of(builders: Sequence[Builder], tables: Tables) -> Families | None:
    """Return who belongs together, where a builder looks at families."""
    return families(tables) if any(map(of_family, builders)) else None


def bucket_of(
    builders: Sequence[Builder],
    tables: Tables,
    accounts: np.ndarray,
    usage: UsageState | None,
    kin: Families | None,
) -> Bucket:
    """Return what the builders see of these accounts and their families; ``usage`` is reduced already."""
    wanted = dict.fromkeys(table for builder in builders for table in builder.reads)
    frames = {name: tables.frame(name, accounts) for name in wanted if name in tables and name != "usage"}
    asked = dict.fromkeys(table for builder in builders for table in of_family(builder))
    family = kin.frames(asked, tables, accounts) if kin else {}
    return Bucket(accounts, frames, usage, Clock(tables.zone), family)


def built(builders: Sequence[Builder], bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
    """Return the features of a bucket's keys, builder by builder."""
    return pd.concat([builder.build(bucket, keys) for builder in builders], axis=1)
