from __future__ import annotations

import numpy as np
import pandas as pd
from builders import keys

from cs_ml.models.halves import account_ranks, even_part, halves
from cs_ml.models.screen import foremost_columns, leaving_columns, surprise


def test_surprise_is_the_event_less_what_everybody_alike_would_have_risked():
    # at day 1 one of three leaves, at day 2 one of two: 1/3, then 1/3 + 1/2
    found = surprise(np.array([2.0, 1.0, 5.0]), np.array([True, True, False]))
    np.testing.assert_allclose(found, [1 - 5 / 6, 1 - 1 / 3, -5 / 6])


def test_a_column_of_few_accounts_counts_as_few():
    rng = np.random.default_rng(0)
    accounts = np.repeat(np.arange(40), 25)
    steady, moving = np.repeat(rng.normal(size=40), 25), rng.normal(size=1000)
    residual = 0.3 * steady + 0.3 * moving + rng.normal(size=1000)
    X = pd.DataFrame({"steady": steady, "moving": moving})
    assert foremost_columns(X, residual, accounts, 1) == ["moving"]


def test_what_goes_with_leaving_is_found_among_noise_in_any_order_of_rows():
    rng = np.random.default_rng(1)
    index = keys(*[(f"a{n:03d}", "2026-01-01") for n in range(300)])
    X = pd.DataFrame(rng.normal(size=(300, 30)), index=index, columns=[f"x{n}" for n in range(30)])
    stay = rng.exponential(200 * np.exp(-1.0 * X["x7"].to_numpy()))
    y = pd.DataFrame({"duration_days": np.minimum(stay, 400), "event": stay < 400}, index=index)
    y.iloc[0, 0] = np.nan  # had left already
    found = leaving_columns(X, y, 360, 3, max_rows=1000)
    turned = rng.permutation(300)
    assert "x7" in found
    assert len(found) == 3
    assert leaving_columns(X.iloc[turned], y.iloc[turned], 360, 3, max_rows=1000) == found


def test_nobody_to_learn_from_means_no_columns():
    X = pd.DataFrame({"x": [1.0]})
    assert leaving_columns(X, pd.DataFrame({"duration_days": [np.nan], "event": [False]}), 360, 3, max_rows=9) == []


def test_halves_are_of_accounts_and_do_not_hang_on_the_order_of_rows():
    index = keys(*[(f"a{n % 10}", f"2026-0{1 + n // 10}-01") for n in range(30)])
    (half,) = halves(index, 1, 0)
    assert len(set(index[half].get_level_values(0))) == 5
    (turned,) = halves(index[::-1], 1, 0)
    assert (turned[::-1] == half).all()


def test_an_even_part_has_all_dates_and_accounts():
    index = keys(*[(f"a{n % 6}", f"2026-0{1 + n // 6}-01") for n in range(18)])
    part = index[even_part(index) % 3 == 0]
    assert len(part) == 6
    assert part.get_level_values("as_of").nunique() == 3
    assert len(set(account_ranks(part))) == 6
