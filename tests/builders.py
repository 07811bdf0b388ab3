"""Small tables written as text, for tests that read in ten lines."""

from __future__ import annotations

import io

import pandas as pd

from cs_ml.tables import Tables, open_tables


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
    return pd.MultiIndex.from_arrays([pd.Index(accounts, dtype=object), pd.DatetimeIndex(dates).as_unit("us")], names=["account_id", "as_of"])
