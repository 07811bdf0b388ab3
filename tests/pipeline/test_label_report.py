from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import keys

from cs_ml.bundle import Bundle
from cs_ml.models import wilson
from cs_ml.pipeline.label_report import describe_labels, label_states, label_tables, rate_drift
from cs_ml.pipeline.snapshot import Snapshot

DATES = [f"2026-{month:02d}-01" for month in range(1, 9)]


def labels(states: dict[str, str]) -> pd.DataFrame:
    """Return one row a letter: 1, 0, i (immature), c (censored); each letter of a date is an account."""
    rows = [(f"a{n}", date, letter) for date, letters in states.items() for n, letter in enumerate(letters)]
    names = {"1": "1", "0": "0", "i": "immature", "c": "censored"}
    found = pd.DataFrame(index=keys(*[(account, date) for account, date, _ in rows]))
    found["state"] = [names[letter] for _, _, letter in rows]
    found["label"] = found["state"].map({"1": 1.0, "0": 0.0}).astype(float)
    return found


def test_states_and_rates_by_hand():
    found = label_states(labels({DATES[0]: "1000c", DATES[1]: "iii"}))
    assert found[["events", "without", "immature", "censored"]].to_numpy().tolist() == [[1, 3, 0, 1], [0, 0, 3, 0]]
    assert found["base_rate"].tolist()[0] == 0.25
    assert (found["low"][0], found["high"][0]) == wilson(0.25, 4)
    assert found[["base_rate", "low", "high"]].iloc[1].isna().all()


def test_a_base_rate_that_doubled_is_told_and_one_that_did_not_is_not():
    rng = np.random.default_rng(0)
    early = {date: "".join(rng.choice(["0", "1"], 200, p=[0.9, 0.1])) for date in DATES[:6]}
    late = {date: "".join(rng.choice(["0", "1"], 200, p=[0.7, 0.3])) for date in DATES[6:]}
    moved, still = rate_drift(labels(early | late)).iloc[0], rate_drift(labels(early)).iloc[0]
    assert moved["since"] == pd.Timestamp(DATES[6])
    assert (moved["drifted"], still["drifted"]) == (True, False)
    assert moved["low"] < 0.2 < moved["high"]


@pytest.mark.parametrize("states", [{DATES[0]: "10"}, {DATES[0]: "10", DATES[1]: "ii"}, {DATES[0]: "ii"}])
def test_drift_needs_two_known_dates(states):
    assert rate_drift(labels(states)) is None


def test_who_had_given_notice_does_not_count_and_the_newest_dates_are_told():
    found = labels(
        dict.fromkeys([str(day.date()) for day in pd.date_range("2025-01-01", periods=14, freq="MS")], "10i")
    )
    spine = pd.DataFrame({"notice_given": found["state"] == "immature"}, index=found.index)
    tables = label_tables(Snapshot(spine, pd.DataFrame(index=found.index), pd.DataFrame(), {"churn": found}))
    told = describe_labels(Bundle({}, tables))
    assert tables["churn_states"]["immature"].sum() == 0
    assert told[1] == "churn, labels by date: 14 with the event, 14 without, 0 immature, 0 censored; base rate 50.0%"
    assert told[2].startswith("  2 dates until 2025-02-01: 2 with the event")
    assert told[3].startswith("  2025-03-01: 1 of 2, 0 immature, 0 censored; base rate 50.0% (9.5% to 90.5%)")
    assert told[-1].endswith("no move that would show")


def test_labels_without_rows_say_nothing():
    assert label_states(labels({DATES[0]: "1"}).iloc[:0]).empty
    assert describe_labels(Bundle({})) == []
