"""A book of text files, small enough to be checked in a blink and wrong in any way a test likes."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

MONTHS = [f"{month:%Y-%m-%d}" for month in pd.date_range("2025-01-01", "2026-06-01", freq="MS")]


class Tiny:
    """Tables as CSV files in a folder; rows are dictionaries until they are written."""

    def __init__(self, folder: Path, accounts: int = 12, leavers: int = 0) -> None:
        self.folder = folder / "tables"
        self.folder.mkdir()
        ids = [f"a{number:02d}" for number in range(accounts)]
        self.accounts = [{"account_id": account, "name": f"顧客 {account}"} for account in ids]
        self.contracts = [
            {"contract_line_id": f"c{number}", "account_id": account, "start_at": "2025-01-01", "mrr": 100 + number,
             "cancelled_at": "" if number >= leavers else f"2025-{6 + number % 6:02d}-15"}
            for number, account in enumerate(ids)
        ]  # fmt: skip
        self.usage = [
            {"account_id": account, "event_at": f"{month[:8]}{day:02d} 09:30:00", "user_id": f"u{number}"}
            for number, account in enumerate(ids)
            for month in MONTHS[: 18 if number >= leavers else 5 + number % 6]
            for day in range(1, 4 + number % 5)
        ]
        self.write()

    def write(self, encoding: str = "utf-8") -> None:
        for name in ("accounts", "contracts", "usage"):
            rows = getattr(self, name)
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]) if rows else ["account_id"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            (self.folder / f"{name}.csv").write_bytes(text.getvalue().encode(encoding))


@pytest.fixture
def make_tiny(tmp_path):
    """Return a function that writes a book of so many accounts, some of which leave."""
    return partial(Tiny, tmp_path)


@pytest.fixture
def tiny(make_tiny):
    return make_tiny()


@pytest.fixture(scope="module")
def small_leave_more() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and outcomes of a book in which small accounts leave more often."""
    rng = np.random.default_rng(1)
    dates = pd.date_range("2025-01-01", periods=8, freq="MS")
    index = pd.MultiIndex.from_product([[f"a{at:02d}" for at in range(80)], dates], names=["account_id", "as_of"])
    small = np.repeat(np.arange(80) % 2 == 0, len(dates))
    X = pd.DataFrame({"contracts_tenure_days": rng.uniform(0, 900, len(index))}, index=index)
    X["accounts_segment_current"] = pd.Categorical(np.where(small, "small", "large"))
    left = rng.random(len(X)) < np.where(small, 0.3, 0.05)
    return X, pd.DataFrame({"label": left.astype(float), "state": np.where(left, "1", "0")}, index=index)
