from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from builders import book, keys

from cs_ml.engine.bucket import Bucket, of_family
from cs_ml.engine.family import families, linked
from cs_ml.engine.local import LocalEngine

ACCOUNTS = """
    account_id parent_id valid_from
    a          p         2025-01-01
    a          q         2026-01-01
    b          p         2025-01-01
    c          -         2025-01-01
    d          d         2025-01-01
    q          -         2025-01-01"""
CONTRACTS = "account_id start_at mrr\na 2025-01-01 1\nb 2025-01-01 2\nc 2025-01-01 3\nq 2025-01-01 4"


@dataclass(frozen=True)
class Kin:
    """Sees its relatives' contracts; their MRR is its only feature."""

    reads: tuple[str, ...] = ("accounts",)
    family: tuple[str, ...] = ("contracts", "users")

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        assert list(bucket.frames) == ["accounts"]
        assert list(bucket.family) == ["contracts"]
        return pd.DataFrame({"mrr": bucket.family["contracts"]["mrr"].sum()}, index=keys)


@pytest.mark.parametrize(("links", "groups"), [
    ([], [0, 1, 2]), ([(0, 2)], [0, 1, 0]), ([(0, 1), (1, 2), (2, 0)], [0, 0, 0]), ([(1, 1)], [0, 1, 2]),
])  # fmt: skip
def test_things_are_linked_at_any_remove(links, groups):
    left, right = np.array(links, dtype=int).reshape(-1, 2).T
    assert linked(left, right, 3).tolist() == groups


@pytest.mark.parametrize(("accounts", "members"), [("a", "abpq"), ("q", "abpq"), ("bc", "abpq"), ("cd", ""), ("", "")])
def test_members_are_all_who_were_ever_linked(accounts, members):
    """Both parents that an account had at different times belong to it; one's own parent is no link."""
    found = families(book(accounts=ACCOUNTS, contracts=CONTRACTS))
    assert found.members(accounts).tolist() == list(members)


def test_without_parents_nobody_has_relatives():
    found = families(book(contracts=CONTRACTS))
    assert found.members("abc").tolist() == []


def test_a_bucket_holds_the_rows_of_relatives_for_the_builders_that_ask():
    tables = book(accounts=ACCOUNTS, contracts=CONTRACTS)
    asked = keys(*[(name, "2026-02-01") for name in "abcdq"])
    X = LocalEngine(1, 5).build([Kin()], tables, asked)
    assert X["mrr"].tolist() == [7, 7, 0, 0, 7]
    assert of_family(Kin()) == ("contracts", "users")
