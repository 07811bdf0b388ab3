"""Usage of many accounts is reduced some of them at a time, and nothing of that shows."""

from __future__ import annotations

import pandas as pd
import pytest

import cs_ml.engine.local as engine
from cs_ml.engine.local import LocalEngine
from cs_ml.features import SnapshotBuilder, default_builders
from cs_ml.tables import open_tables
from cs_ml.timeline import make_spine


def test_buckets_are_grouped_up_to_so_many_accounts(monkeypatch):
    monkeypatch.setattr(engine, "SHARD_ACCOUNTS", 10)
    edges = [(0, 4), (4, 8), (8, 12), (12, 30), (30, 31)]
    assert list(engine._shards(edges)) == [[(0, 4), (4, 8)], [(8, 12)], [(12, 30)], [(30, 31)]]


@pytest.mark.parametrize("most", [40, 7])
def test_reduced_in_pieces_is_reduced_at_once(sample, monkeypatch, most):
    tables = open_tables(sample)
    spine = make_spine(tables, start="2026-05-01", end="2026-06-01").iloc[:150]
    builders = [builder for builder in default_builders(windows=(30,)) if "usage" in builder.reads]
    snapshots = SnapshotBuilder(tuple(builders), LocalEngine(2, 9))
    whole = snapshots.build(tables, spine)
    asked = []
    reduce = engine.reduce_usage
    monkeypatch.setattr(engine, "SHARD_ACCOUNTS", most)
    monkeypatch.setattr(engine, "reduce_usage", lambda *a, **k: asked.append(len(a[1])) or reduce(*a, **k))
    pd.testing.assert_frame_equal(snapshots.build(tables, spine), whole, check_exact=True)
    assert len(asked) > 1
    assert sum(asked) == spine.index.get_level_values("account_id").nunique()
