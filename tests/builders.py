"""Small tables written as text, for tests that read in ten lines."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.tables import Tables, open_tables
from cs_ml.timeline import Clock


def rows(text: str) -> pd.DataFrame:
    """Return a frame from aligned text; ``-`` is a missing value."""
    return pd.read_csv(io.StringIO(text.strip()), sep=r"\s+", dtype=str, na_values=["-"], keep_default_na=False)


def book(data_end: str | None = None, zone: str = "UTC", **tables: str) -> Tables:
    """Return checked tables from text; accounts are taken from the other tables where they are not given."""
    frames = {name: rows(text) for name, text in tables.items()}
    if "accounts" not in frames:
        everyone = sorted({account for frame in frames.values() for account in frame["account_id"]})
        frames["accounts"] = pd.DataFrame({"account_id": everyone})
    if "contracts" in frames and "contract_line_id" not in frames["contracts"]:
        frames["contracts"]["contract_line_id"] = [f"c{row}" for row in range(len(frames["contracts"]))]
    if "contracts" in frames and "mrr" not in frames["contracts"]:
        frames["contracts"]["mrr"] = "100"
    return open_tables(frames, zone=zone, data_end=data_end, max_rejected_share=0.0)


def keys(*pairs: tuple[str, str]) -> pd.MultiIndex:
    """Return an index of (account_id, as_of)."""
    accounts, dates = zip(*pairs, strict=True)
    return pd.MultiIndex.from_arrays(
        [pd.Index(accounts, dtype=object), pd.DatetimeIndex(dates).as_unit("us")], names=["account_id", "as_of"]
    )


def bucket_of(tables: Tables, accounts: Sequence[str] | None = None) -> Bucket:
    """Return all tables, or the rows of some accounts, as a builder sees them; usage apart."""
    everyone = tables.accounts() if accounts is None else np.asarray(accounts, dtype=object)
    frames = {
        name: tables.frame(name, everyone)
        for name in tables.names
        if name != "usage" and "account_id" in tables.columns(name)
    }
    return Bucket(everyone, frames, clock=Clock(tables.zone))
