"""Features from the cache are those without it; new files cost their rows only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import keys

from cs_ml.engine import usage_store_tables
from cs_ml.engine.local import LocalEngine
from cs_ml.features.usage import UsageBuilder
from cs_ml.tables import open_tables

ACCOUNTS = ["a", "b", "c"]
KEYS = keys(*[(name, date) for name in ACCOUNTS[:2] for date in ("2026-02-01", "2026-03-01")])


def usage(seed: int, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 80 * 24, n), unit="h")
    return pd.DataFrame(
        {
            "account_id": rng.choice(ACCOUNTS, n), "event_at": at.astype("datetime64[us]"),
            "user_id": rng.choice(["u", "v", "w"], n), "feature": rng.choice(["f", "g"], n),
            "quantity": rng.normal(size=n).round(3),
        }
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "usage").mkdir()
    pd.DataFrame({"account_id": ACCOUNTS}).to_parquet(tmp_path / "accounts.parquet")
    usage(0).to_parquet(tmp_path / "usage" / "0.parquet")
    return tmp_path


def features(folder, cache=None) -> pd.DataFrame:
    tables = open_tables(folder, data_end="2026-04-01")
    return LocalEngine(1, 2, cache=cache).build([UsageBuilder((7, 30), seats=False)], tables, KEYS)


@pytest.fixture
def rows_reduced(monkeypatch):
    """Rows that were read by the cache, one number a reduction."""
    found = []
    real = usage_store_tables.reduce_usage

    def reduce(*given, **options):
        state = real(*given, **options)
        found.append(state.n_rows)
        return state

    monkeypatch.setattr(usage_store_tables, "reduce_usage", reduce)
    return found


def test_the_cache_changes_no_feature(folder, rows_reduced):
    cache = folder / "cache"
    pd.testing.assert_frame_equal(features(folder, cache), features(folder), check_exact=True)
    usage(1, 50).to_parquet(folder / "usage" / "1.parquet")
    pd.testing.assert_frame_equal(features(folder, cache), features(folder), check_exact=True)
    pd.testing.assert_frame_equal(features(folder, cache), features(folder), check_exact=True)
    assert rows_reduced == [200, 50]


def test_rows_that_are_rejected_or_computed_are_read_anew(folder, rows_reduced):
    cache = folder / "cache"
    odd = usage(1)
    odd.loc[0, "account_id"] = "unknown"
    odd.to_parquet(folder / "usage" / "1.parquet")
    tables = open_tables(folder, data_end="2026-04-01", max_rejected_share=0.1)
    LocalEngine(1, cache=cache).build([UsageBuilder((7,), seats=False)], tables, KEYS)
    assert rows_reduced == []
    assert not cache.exists()
