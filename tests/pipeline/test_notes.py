"""What the reader must know about the data."""

from __future__ import annotations

import pytest
from builders import book

from cs_ml.features import SnapshotBuilder
from cs_ml.pipeline.snapshot import _notes

CONTRACTS = "account_id start_at\na 2025-01-01\nb 2025-01-01"


@pytest.mark.parametrize(("accounts", "listed"), [
    ("account_id parent_id segment name\na b small x\nb - large y", "accounts.parent_id, accounts.segment"),
    ("account_id segment\na small\nb large", "accounts.segment"),
    ("account_id parent_id valid_from\na b 2025-01-01\nb - 2025-01-01", None),
])  # fmt: skip
def test_attributes_that_features_use_as_they_stand_today_are_listed(accounts, listed):
    tables = book(accounts=accounts, contracts=CONTRACTS)
    notes = _notes(tables, SnapshotBuilder.default().catalog(tables))
    told = [note.split(": ")[1] for note in notes if note.startswith("not point-in-time")]
    assert told == ([listed] if listed else [])
