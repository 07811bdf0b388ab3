"""Which learners compete, by how much there is to learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.models.roster import candidates
from cs_ml.models.target import Target


def target_of(events: int) -> Target:
    index = pd.MultiIndex.from_product(
        [[f"a{i:03d}" for i in range(4 * events)], [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"]
    )
    label = pd.DataFrame({"label": np.arange(len(index)) % 4 == 0}, index=index, dtype=float)
    return Target.read(index, label)


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (4, ["base_rate"]),
        (29, ["logistic"]),
        (30, ["logistic", "additive", "tree"]),
        (60, ["logistic", "additive", "tree", "free_tree"]),
    ],
)
def test_more_events_let_more_learners_in(events, names):
    found = candidates("auto", target_of(events), ["x"], monotone=None, seed=0, n_jobs=1, notes=[])
    assert [learner.name for learner in found] == names


def test_leaves_of_free_trees_need_less():
    *_, tree, free = candidates("auto", target_of(100), ["x"], monotone=None, seed=0, n_jobs=1, notes=[])
    assert all(free.options[name] < tree.options[name] for name in ("leaf_weight", "l2"))
