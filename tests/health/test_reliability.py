import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.health import reliability_table


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.integers(0, 9)), min_size=1, max_size=80))
def test_counts_equal_brute_force(rows):
    health, stayed, account = (np.array(column, float) for column in zip(*rows, strict=True))
    table = reliability_table(health, health / 100, stayed, account.astype(int))
    expected = {}
    for at, stays, who in rows:
        start = 90 if at == 100 else 10 * int(at // 10)
        n, k, accounts = expected.get(start, (0, 0, frozenset()))
        expected[start] = (n + 1, k + stays, accounts | {who})
    got = {row.health_from: (row.rows, row.stayed, row.accounts) for row in table.itertuples()}
    assert got == {start: (n, k, len(accounts)) for start, (n, k, accounts) in expected.items()}
    assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()


def test_the_sentence_says_it_in_words():
    stayed = np.repeat([1.0, 0.0], [41, 11])
    table = reliability_table(np.full(52, 60.0), np.full(52, 0.8), stayed, np.arange(52))
    assert table["sentence"].tolist() == ["scored 60-70: 41 of 52 stayed, 79 % (66-88)"]


def test_repeated_rows_widen_the_interval_and_do_not_narrow_it():
    stayed, who = np.repeat([1.0, 0.0], [41, 11]), np.arange(52)
    once = reliability_table(np.full(52, 60.0), np.full(52, 0.8), stayed, who)
    often = reliability_table(np.full(520, 60.0), np.full(520, 0.8), np.repeat(stayed, 10), np.repeat(who, 10))
    assert often.loc[0, ["low", "high"]].tolist() == pytest.approx(once.loc[0, ["low", "high"]].tolist(), abs=0.005)


def test_null_scores_and_empty_books_are_left_out():
    table = reliability_table(np.array([np.nan, 5.0]), np.array([np.nan, 0.5]), np.ones(2), np.arange(2))
    assert table["rows"].tolist() == [1]
    assert len(reliability_table(*[np.array([])] * 3, np.array([], int))) == 0


def test_the_edges_of_the_bins_belong_to_the_bin_above_and_100_to_the_last():
    health = np.array([0.0, 9.999, 10.0, 99.999, 100.0])
    table = reliability_table(health, health / 100, np.ones(5), np.arange(5))
    assert table[["health_from", "health_to", "rows"]].to_numpy().tolist() == [[0, 10, 2], [10, 20, 1], [90, 100, 2]]
