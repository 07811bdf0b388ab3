"""Nothing is told of what cannot happen: no probability, no reason, no place in a list."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.config import LabelConfig, load_config
from cs_ml.pipeline.explain import explain_account
from cs_ml.pipeline.left_out import left_out_of, told_drivers, told_scores, told_themes
from cs_ml.pipeline.pages import write_pages
from cs_ml.pipeline.score import describe, score
from cs_ml.report.words import Words

DAY = pd.Timestamp("2026-02-01")
ROWS = pd.MultiIndex.from_product([["a", "b"], [DAY]], names=["account_id", "as_of"])
OUT = {"upsell": ROWS[:1]}


def test_a_probability_of_what_cannot_happen_is_missing():
    scores = pd.DataFrame({"p_churn": [0.1, 0.2], "p_upsell": [0.3, 0.4]}, index=ROWS)
    found = told_scores(scores, {**OUT, "other": ROWS})
    assert found["p_churn"].tolist() == [0.1, 0.2]
    assert found["p_upsell"].isna().tolist() == [True, False]


def test_so_are_its_reasons():
    drivers = pd.DataFrame({"account_id": ["a", "a", "b"], "as_of": DAY, "target": ["churn", "upsell", "upsell"]})
    assert told_drivers(drivers, OUT)[["account_id", "target"]].to_numpy().tolist() == [["a", "churn"], ["b", "upsell"]]
    themes = {name: pd.DataFrame({"usage": [1.0, 2.0]}, index=ROWS) for name in ("churn", "upsell")}
    found = told_themes(themes, OUT)
    assert found["churn"]["usage"].tolist() == [1.0, 2.0]
    assert found["upsell"]["usage"].isna().tolist() == [True, False]


@pytest.fixture(scope="module")
def renewals(story):
    """Return a config whose second target asks after renewals, of which most accounts have none soon."""
    config = load_config(story.folder / "cs_ml.yaml")
    asked = LabelConfig(kind="non_renewal", horizon_days=90)
    return config.model_copy(update={"labels": {**config.labels, "upsell": asked}})


@pytest.fixture(scope="module")
def scored(renewals, story):
    return score(renewals, bundle=Bundle.load(story.folder / "out" / "bundle"))


def test_only_accounts_with_a_term_to_renew_are_told_of_renewal(scored, story):
    end = pd.read_parquet(story.folder / "tables" / "contracts.parquet").groupby("account_id")["end_at"].max()
    told = scored.scores["p_upsell"].notna().droplevel("as_of")
    ahead = end.reindex(told.index) >= scored.scores.index.get_level_values("as_of")[0] + pd.Timedelta(days=91)
    assert 0 < told.sum() < len(told)
    assert ahead.any()
    assert not told[ahead].any()
    assert scored.scores["p_churn"].notna().all()
    with_reasons = scored.drivers.loc[scored.drivers["target"] == "upsell", "account_id"]
    assert set(with_reasons) == set(told.index[told])


def test_it_is_said_of_how_many_accounts_nothing_is_told(scored):
    untold = int(scored.scores["p_upsell"].isna().sum())
    assert f"on average; not told of {untold} accounts to which it cannot happen" in "\n".join(describe(scored))
    account = scored.scores.index[scored.scores["p_upsell"].isna()][0][0]
    lines = explain_account(scored, account)
    assert "upsell not told: it cannot happen to this account" in lines
    assert not [line for line in lines if line.startswith("upsell (")]
    assert "拡大の確率 なし(この顧客には起こりえません)" in explain_account(scored, account, lang="ja")


def test_pages_show_nothing_of_it(scored, renewals, story, tmp_path):
    untold = scored.scores["p_upsell"].isna().droplevel("as_of")
    moved = renewals.model_copy(update={"output": renewals.output.model_copy(update={"folder": tmp_path})})
    write_pages(moved, scored, Bundle.load(story.folder / "out" / "bundle"), [untold.idxmax(), untold.idxmin()])
    heading, pages = Words("en")("drivers_upsell"), tmp_path / "report" / "accounts"
    shown = [heading in (pages / name).read_text(encoding="utf-8") for name in ("001.html", "002.html")]
    assert shown == [False, True]


def test_the_target_of_the_health_score_is_told_of_everybody(renewals, scored):
    as_health = renewals.model_copy(update={"health": renewals.health.model_copy(update={"target": "upsell"})})
    tables, spine = scored.snapshot.tables, scored.snapshot.spine
    assert set(left_out_of(renewals, tables, spine, ["churn", "upsell"])) == {"upsell"}
    assert left_out_of(as_health, tables, spine, ["churn", "upsell"]) == {}
    assert left_out_of(renewals, None, spine, ["upsell"]) == {}, "without tables nobody knows"
