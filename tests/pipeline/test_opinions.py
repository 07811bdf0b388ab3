"""What people say of an account stands beside its score, and does not touch it."""

import pandas as pd
from builders import book

from cs_ml.pipeline.opinions import opinions_of

BOOK = {
    "contracts": """
        account_id start_at   mrr
        a          2025-01-01 100
        b          2025-01-01 100""",
    "accounts": """
        account_id
        a
        b""",
    "sentiment": """
        account_id set_at     csm  level  reason expires_at
        a          2026-01-10 Sato green warm    2026-03-01
        b          2026-01-20 Mori red   quiet   -""",
}


def scores(date):
    index = pd.MultiIndex.from_product([["a", "b"], [pd.Timestamp(date)]], names=["account_id", "as_of"])
    return pd.DataFrame({"health": [70.0, 45.0], "band": ["green", "yellow"], "p_stay": [0.9, 0.8]}, index=index)


def test_the_view_that_holds_is_beside_the_score_with_author_and_reason():
    found = opinions_of(book(**BOOK), scores("2026-02-01"))
    assert found["health"].tolist() == [70.0, 45.0]
    assert found["csm_view"].astype(str).tolist() == ["green", "red"]
    assert found["csm_view_author"].astype(str).tolist() == ["Sato", "Mori"]
    assert found["csm_view_reason"].astype(str).tolist() == ["warm", "quiet"]


def test_a_view_that_has_expired_is_gone():
    assert opinions_of(book(**BOOK), scores("2026-04-01"))["csm_view"].isna().tolist() == [True, False]


def test_without_any_table_of_opinions_there_are_none():
    assert opinions_of(book(accounts=BOOK["accounts"], contracts=BOOK["contracts"]), scores("2026-02-01")) is None
    assert opinions_of(None, scores("2026-02-01")) is None
