"""One book from its tables to its pages, each command in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, process

from cs_ml.bundle import Bundle
from cs_ml.config import load_config
from cs_ml.pipeline.record import tracker_of
from cs_ml.pipeline.score import describe, restore, score, scores_of
from cs_ml.store import read_partition

AS_OF = "2026-10-01"
COMMANDS = ["init", "check", "snapshot", "train", "evaluate", "score", "explain", "report", "audit"]


@pytest.fixture(scope="module")
def config(story):
    return load_config(story.folder / "cs_ml.yaml")


@pytest.fixture(scope="module")
def bundle(story):
    return Bundle.load(story.folder / "out" / "bundle")


@pytest.fixture(scope="module")
def scored(config, bundle):
    return score(config, bundle=bundle)


@pytest.fixture(scope="module")
def scores(story):
    return read_partition(story.folder / "out" / "scores", AS_OF).set_index(["account_id", "as_of"])


def written(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_job_ends_well_and_says_nothing_but_results(story, name):
    answer = story.answers[name]
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.strip()


def test_each_command_leaves_what_the_readme_says(story):
    out = story.folder / "out"
    for name in ("snapshots.parquet", "labels.parquet", "features.parquet", "audit.parquet", "report/portfolio.html",
                 "report/portfolio.ja.html", "report/model_churn.html", "bundle/manifest.json", "tracking/mlflow.db",
                 *(f"{name}/as_of={AS_OF}/part-00000.parquet" for name in ("scores", "drivers", "drift"))):  # fmt: skip
        assert (out / name).stat().st_size > 0, name
    assert not [path for path in out.rglob(".*") if path.name != ".lock"], "nothing half written stays"
    assert load_config(story.folder / "other.yaml").labels.keys() == {"churn", "upsell"}


def test_snapshots_and_labels_are_of_the_same_rows(story):
    X, y = (pd.read_parquet(story.folder / "out" / f"{name}.parquet") for name in ("snapshots", "labels"))
    keys = ["account_id", "as_of"]
    pd.testing.assert_frame_equal(X[keys], y[keys])
    assert set(y["churn_label"].dropna()) == {0.0, 1.0}
    features = pd.read_parquet(story.folder / "out" / "features.parquet").set_index("name").index
    assert set(features) == set(X.columns) - {*keys, "notice_given"}


def test_scores_are_probabilities_and_health_within_its_bounds(scores):
    assert len(scores) > 50
    assert scores.index.is_unique
    assert scores[["p_churn", "p_upsell"]].ge(0).all(axis=None)
    assert scores[["p_churn", "p_upsell"]].le(1).all(axis=None)
    known = scores[scores["health"].notna()]
    assert known["health"].between(0, 100).all()
    assert (known["health_low"] <= known["health"]).all()
    assert (known["health"] <= known["health_high"]).all()
    assert set(known["band"]) <= {"red", "yellow", "green"}


def test_scoring_again_writes_the_same_bytes(story):
    folders = [story.folder / "out" / name / f"as_of={AS_OF}" for name in ("scores", "drivers")]
    before = [written(folder) for folder in folders]
    answer = process(story.folder, "score", OMP_NUM_THREADS="2")
    assert answer == story.answers["score"]
    assert [written(folder) for folder in folders] == before


def test_the_bundle_scores_bit_for_bit_as_the_command_did(scored, scores, bundle):
    again = scores_of(restore(bundle), scored.snapshot.X, scored.snapshot.mrr)
    for name in ("p_churn", "p_upsell", "health"):
        np.testing.assert_array_equal(again[name].to_numpy(), scores[name].to_numpy())
    assert set(scores["model_version"]) == {bundle.version}


def test_reasons_add_up_to_the_scores(scored):
    X, fitted = scored.snapshot.X, scored.fitted
    for target, model in fitted.models.items():
        terms, base = model.contributions(X)
        themes = scored.themes[target].sum(axis=1)
        np.testing.assert_allclose(base + themes, model.margin(X), rtol=0, atol=1e-9)
        np.testing.assert_allclose(base + terms.sum(axis=1), model.margin(X), rtol=0, atol=1e-9)
        probability = 1 / (1 + np.exp(-(base + themes)))
        np.testing.assert_allclose(probability, scored.scores[f"p_{target}"], rtol=0, atol=1e-9)


def test_points_of_measures_add_up_to_health(scored):
    health, known = scored.scores["health"], scored.scores["health"].notna()
    themes = scored.themes["health"][known].sum(axis=1)
    base = (health[known] - themes).to_numpy()
    np.testing.assert_allclose(base, base[0], rtol=0, atol=1e-9)


def test_drivers_are_the_largest_reasons_in_order(story, scored):
    kept = read_partition(story.folder / "out" / "drivers", AS_OF)
    assert set(kept["target"]) == {"churn", "upsell", "health"}
    assert kept["rank"].between(1, 5).all()
    assert kept["points"].abs().gt(1e-12).all(), "what only rounding left is no reason"
    assert set(kept["account_id"]) <= set(scored.scores.index.get_level_values("account_id"))
    assert kept["sentence_ja"].str.len().gt(0).all()


def test_the_registered_model_scores_alike_without_pickle(story, config, scored, scores, monkeypatch):
    tracker = tracker_of(config)
    versions = tracker.versions(config.tracking.registered_name)
    assert versions["aliases"].tolist() == ["challenger"]
    assert Bundle.load(tracker.load("cs_ml", "challenger")).version == scored.fitted.version
    X = scored.snapshot.X.reset_index()
    X.to_parquet(story.folder / "rows.parquet")
    code = f"""
import pickle, mlflow, numpy as np, pandas as pd
def refuse(*_, **__): raise AssertionError("pickle was used")
pickle.load = pickle.loads = pickle.Unpickler = refuse
mlflow.set_tracking_uri({tracker.uri!r})
model = mlflow.pyfunc.load_model("models:/cs_ml@challenger")
model.predict(pd.read_parquet("rows.parquet"))[["p_churn", "p_upsell", "health"]].to_parquet("served.parquet")
"""
    environment = {
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": "",
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run([sys.executable, "-c", code], check=True, cwd=story.folder, env=environment, capture_output=True)
    served = pd.read_parquet(story.folder / "served.parquet")
    np.testing.assert_array_equal(served.to_numpy(), scores[served.columns].to_numpy())


def test_a_source_that_fell_silent_is_named_before_anyone_believes_the_scores(scored):
    told = [line for line in describe(scored) if "warning" in line]
    silent = scored.snapshot.X.assign(usage_events_count_30d=0.0)
    moved = replace(scored, drift=scored.fitted.profile.compare(silent))
    assert "usage_events_count_30d" not in "".join(told)
    assert "usage_events_count_30d" in "".join(line for line in describe(moved) if "warning" in line)


def test_pages_tell_of_the_accounts(story, scores):
    pages = story.folder / "out" / "report"
    portfolio = (pages / "portfolio.html").read_text(encoding="utf-8")
    assert all(account in portfolio for account in scores.index.get_level_values("account_id"))
    worst = (scores["p_churn"] * scores["mrr"]).idxmax()[0]
    assert worst in (pages / "accounts" / "001.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in (pages / "portfolio.ja.html").read_text(encoding="utf-8")


def test_reasons_in_japanese(story):
    out = story.answers["explain"].out
    assert out.startswith(f"A000000  {AS_OF}\n")
    assert "標準" in out


def test_reasons_in_japanese_on_a_terminal_without_it(story):
    answer = process(story.folder, "explain", "A000000", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert (answer.code, answer.err) == (0, "")
    assert "\\u6a19\\u6e96" in answer.out


def test_one_page_for_one_account(story, command, tmp_path, scores):
    account = scores.index[3][0]
    answer = command("report", "-c", story.folder / "cs_ml.yaml", "-o", copied(story, tmp_path), "--account", account)
    assert (answer.code, answer.err) == (0, "")
    assert account in (tmp_path / "out" / "report" / "accounts" / "001.html").read_text(encoding="utf-8")
    assert len(list((tmp_path / "out" / "report" / "accounts").iterdir())) == 2


def copied(story, folder):
    shutil.copytree(story.folder / "out" / "bundle", folder / "out" / "bundle")
    return folder / "out"
