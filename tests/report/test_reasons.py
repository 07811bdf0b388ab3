"""The words that stand beside an account."""

from __future__ import annotations

import pandas as pd

from cs_ml.report.reasons import top_reasons


def test_a_mere_context_is_no_top_reason_while_there_is_another():
    rows = [
        ("a", 1, "context", 0.9, "near the end"),
        ("a", 2, "lever", 0.1, "fewer users"),
        ("b", 1, "context", 0.9, "near the end"),
    ]
    frame = pd.DataFrame(rows, columns=["account_id", "rank", "role", "points", "sentence_en"])
    frame = frame.assign(target="churn", feature="x", stable=True)
    assert top_reasons(frame, "en", towards="risk") == {"a": "fewer users", "b": "near the end"}
