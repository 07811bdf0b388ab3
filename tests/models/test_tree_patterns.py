"""Tables of patterns against LightGBM's own contributions, and against Shapley values by their definition."""

from __future__ import annotations

from itertools import combinations
from math import comb

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.models.tree_cells import code, cut, decide
from cs_ml.models.tree_clusters import PATTERNS
from cs_ml.models.tree_leaves import Leaf, leaf_tables
from cs_ml.models.tree_patterns import Forest, PatternTables
from cs_ml.models.tree_text import NoTables, read_trees

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "min_data_in_leaf": 5}


def values(rng, n_rows=400):
    """Columns with ties, zeros, missing values, tiny numbers and categories."""
    plain = rng.normal(size=(n_rows, 3))
    counts = rng.poisson(1.0, size=(n_rows, 1)).astype(float)
    tiny = rng.choice([0.0, 1e-36, -1e-36, 1e-34, -2.0, 3.0], size=(n_rows, 1))
    levels = rng.integers(0, 9, size=(n_rows, 1)).astype(float)
    X = np.hstack([plain, counts, tiny, levels])
    X[rng.random(X.shape) < 0.15] = np.nan
    return X


def trained(X, seed=0, trees=12, categorical=(5,), **options):
    rng = np.random.default_rng(seed)
    known = np.nan_to_num(X)
    wave = known[:, 0] * known[:, 1] + (known[:, 3] > 1) - (known[:, 5] % 3 == 1) + (known[:, 4] < 0) * known[:, 2]
    y = (wave + rng.normal(size=len(X)) > 0.3).astype(float)
    data = lgb.Dataset(X, label=y, categorical_feature=list(categorical))
    return lgb.train({"objective": "binary", "seed": seed, **QUIET, **options}, data, trees)


def tables_of(*models, largest=1 << 28):
    columns = np.arange(models[0].num_feature())
    return PatternTables.build([Forest(model.model_to_string(), columns) for model in models], largest=largest)


def strange(X):
    """The rows, and what the model never saw: infinities, fractions and unknown levels, cells' ends and their like."""
    extra = np.repeat(X[:1], 9, axis=0)
    extra[:, 5] = [-5.0, -1.0, -0.5, 0.7, 2.999, 8.5, 30.0, 2.0**31, np.nan]
    extra[:, 0] = [np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-35, 1e300, -1e300, np.nan]
    return np.vstack([X, extra])


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    leaves=st.sampled_from([2, 3, 8, 31]),
    missing=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
    categorical=st.sampled_from([(), (5,), (3, 5)]),
    sets=st.sampled_from([{}, {"max_cat_to_onehot": 1, "cat_smooth": 1.0, "min_data_per_group": 5}]),
)
def test_tables_equal_the_contributions_of_lightgbm(seed, leaves, missing, categorical, sets):
    X = values(np.random.default_rng(seed))
    model = trained(X, seed, num_leaves=leaves, categorical=categorical, **missing, **sets)
    told = model.predict(strange(X), pred_contrib=True, num_threads=1)
    tables = tables_of(model)
    np.testing.assert_allclose(tables.contributions(strange(X)), told[:, :-1], rtol=0, atol=1e-11)
    assert tables.bias == pytest.approx(told[0, -1], abs=1e-12)


def test_models_are_added_up_with_their_factor_and_their_columns():
    X = values(np.random.default_rng(3))
    one, other = trained(X, 1), trained_on_two(X[:, [2, 0]])
    two = Forest(other.model_to_string(), np.array([2, 0]), -2.0)
    tables = PatternTables.build([Forest(one.model_to_string(), np.arange(6), 0.25), two])
    expected = 0.25 * one.predict(X, pred_contrib=True)
    expected[:, [2, 0, 6]] -= 2.0 * other.predict(X[:, [2, 0]], pred_contrib=True)
    np.testing.assert_allclose(tables.contributions(X), expected[:, :-1], rtol=0, atol=1e-12)
    assert tables.bias == pytest.approx(expected[0, -1])


def trained_on_two(X):
    y = (np.nan_to_num(X).sum(axis=1) > 0).astype(float)
    return lgb.train({"objective": "binary", **QUIET}, lgb.Dataset(X, label=y), 5)


def test_a_row_has_the_same_bits_alone_and_among_others():
    X = values(np.random.default_rng(5))
    tables = tables_of(trained(X))
    whole = tables.contributions(X)
    assert whole[7:8].tobytes() == tables.contributions(X[7:8]).tobytes()
    assert whole[::-1].tobytes() == tables.contributions(X[::-1]).tobytes()


def test_trees_without_a_split_are_a_constant():
    X = np.ones((50, 2))
    model = lgb.train({"objective": "regression", **QUIET}, lgb.Dataset(X, label=np.full(50, 3.0)), 4)
    tables = tables_of(model)
    assert tables.bias == pytest.approx(3.0)
    assert not tables.contributions(X).any()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"linear_tree": True}, "linear models"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
        ({"objective": "multiclass", "num_class": 3}, "more than two classes"),
    ],
)
def test_other_models_are_refused_with_a_reason(options, reason):
    X = values(np.random.default_rng(1))[:, :3]
    y = (np.nan_to_num(X[:, 0]) > 0).astype(float)
    model = lgb.train({"objective": "binary", **QUIET, **options}, lgb.Dataset(X, label=y), 3)
    with pytest.raises(NoTables, match=reason):
        tables_of(model)


def test_tables_too_large_are_refused_with_their_size():
    X = values(np.random.default_rng(1))
    with pytest.raises(NoTables, match="its trees are deep"):
        tables_of(trained(X), largest=100)


def test_tables_of_shallow_trees_are_small():
    X = values(np.random.default_rng(2), 2000)
    words = tables_of(trained(X, num_leaves=8, trees=60)).words
    sizes = [field.table.n_patterns for word in words for field in word.fields]
    assert max(sizes) <= PATTERNS
    assert len(sizes) < 60  # of different trees, some share a table


def by_definition(leaf):
    """Return the Shapley values of a leaf from all subsets, one row a pattern of answers."""
    share = list(leaf.share.values())
    n = len(share)
    rows = []
    for pattern in range(1 << n):
        held = [pattern >> i & 1 for i in range(n)]
        worth = {
            known: leaf.value * np.prod([held[i] if i in known else share[i] for i in range(n)])
            for size in range(n + 1)
            for known in map(frozenset, combinations(range(n), size))
        }
        rows.append(
            [
                sum((worth[s | {i}] - worth[s]) / (n * comb(n - 1, len(s))) for s in worth if i not in s)
                for i in range(n)
            ]
        )
    return np.array(rows)


@given(shares=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5), value=st.floats(-3, 3))
def test_leaf_tables_are_shapley_values_by_their_definition(shares, value):
    leaf = Leaf(value, dict.fromkeys(range(len(shares)), 1), dict(enumerate(shares)))
    (table,) = leaf_tables([leaf])
    np.testing.assert_allclose(table, by_definition(leaf), rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"zero_as_missing": True}, {"use_missing": False}])
def test_a_cell_decides_as_each_of_its_values(options):
    X = strange(values(np.random.default_rng(8)))
    trees, _ = read_trees(trained(X[:400], num_leaves=15, **options).model_to_string())
    for column in range(6):
        splits = [(tree, at) for tree in trees for at in np.flatnonzero(tree.feature == column).tolist()]
        ends = cut(splits)
        cells = np.append(ends, np.nan)
        for tree, at in splits:
            assert (decide(tree, at, cells)[code(X[:, column], ends)] == decide(tree, at, X[:, column])).all()
