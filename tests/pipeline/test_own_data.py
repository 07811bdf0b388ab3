"""A feature table or labels that the user brings, without any source tables."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from cs_ml.bundle import Bundle
from cs_ml.config import load_config
from cs_ml.features.feature import THEMES, UNITS
from cs_ml.pipeline.score import score
from cs_ml.store import read_partition

EXAMPLE = (ROOT / "configs" / "examples" / "own_snapshots.yaml").read_text(encoding="utf-8")
CONFIG = EXAMPLE.replace("../../out/own_snapshots", "out") + "model: {n_origins: 2}\n"
DATES = pd.date_range("2025-01-01", periods=12, freq="MS")


def frame() -> pd.DataFrame:
    """Accounts that log in little leave more; nobody knows yet what becomes of the last three dates."""
    rng = np.random.default_rng(5)
    ids, dates = [f"K{number:03d}" for number in range(120)], DATES
    table = pd.MultiIndex.from_product([ids, dates], names=["customer", "month_start"]).to_frame(index=False)
    n = len(table)
    table["logins"] = rng.poisson(np.repeat(rng.uniform(1, 25, len(ids)), len(dates)))
    table["tickets"] = rng.poisson(1.0, n).astype(float)
    table["plan"] = np.where(rng.random(n) < 0.5, "basic", "pro")
    table["last_comment"] = np.where(table["logins"] < 8, "使いにくい", "とても便利")
    table["revenue"] = 100.0
    left = (rng.random(n) < 1 / (1 + np.exp(table["logins"] / 4))).astype(float)
    table["left_within_90_days"] = np.where(table["month_start"] > "2025-09-01", np.nan, left)
    return table.sample(frac=1, random_state=0)


def files(folder, empty_store, table, config=CONFIG):
    table.to_parquet(folder / "own_snapshots.parquet")
    shutil.copy(ROOT / "configs" / "examples" / "own_scorecard.yaml", folder)
    (folder / "cs_ml.yaml").write_text(config, encoding="utf-8")
    (folder / "out" / "tracking").mkdir(parents=True, exist_ok=True)
    shutil.copy(empty_store, folder / "out" / "tracking" / "mlflow.db")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, empty_store):
    """Return a folder in which a model was trained on own snapshots."""
    from cs_ml.pipeline import record, train

    folder = tmp_path_factory.mktemp("own")
    files(folder, empty_store, frame())
    config = load_config(folder / "cs_ml.yaml")
    made = train.train(config)
    train.save(made, config)
    record.record(made, config)
    return folder


@pytest.fixture
def own(trained, tmp_path, command):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return command


def test_the_model_finds_what_is_there(trained):
    bundle = Bundle.load(trained / "out" / "bundle")
    metrics = bundle.table("churn_metrics").set_index(["model", "metric"])["value"]
    assert metrics["model", "roc_auc"] > 0.65
    weights = bundle.table("health_weights")
    assert "logins" in weights.to_csv()
    assert "point-in-time correctness is not checked" in " ".join(bundle.metadata["notes"])


@pytest.mark.parametrize("words", ["evaluate", "score", "explain K001 --lang ja", "report", "snapshot"])
def test_commands_work_without_source_tables(own, words):
    answer = own(*words.split())
    assert (answer.code, answer.err) == (0, "")
    assert answer.out


def test_scores_and_reasons_are_of_the_newest_date(own, tmp_path):
    own("score")
    scores = read_partition(tmp_path / "out" / "scores", "2025-12-01")
    assert len(scores) == 120
    assert scores[["p_churn", "health"]].notna().all(axis=None)
    assert scores["mrr"].eq(100).all()
    drivers = read_partition(tmp_path / "out" / "drivers", "2025-12-01")
    assert set(drivers["feature"]) >= {"logins"}


def test_an_older_date_can_be_scored_and_one_that_is_not_there_not(own):
    assert own("score", "--as-of", "2025-03-01").out.startswith("120 accounts on 2025-03-01")
    answer = own("score", "--as-of", "2025-03-02")
    assert answer.code == 2
    assert "expected rows on 2025-03-02" in answer.err


def test_reasons_add_up(trained):
    scored = score(load_config(trained / "cs_ml.yaml"))
    model, X = scored.fitted.models["churn"], scored.snapshot.X
    base = model.contributions(X)[1]
    np.testing.assert_allclose(base + scored.themes["churn"].sum(axis=1), model.margin(X), rtol=0, atol=1e-9)


def test_check_says_what_the_file_holds_and_that_there_are_no_tables(own):
    answer = own("check")
    assert answer.code == 0
    assert "there are no source tables to check" in answer.out
    assert "1,440 rows, 120 accounts, 12 dates from 2025-01-01 to 2025-12-01" in answer.out
    assert "features: 2 number, 1 category, 1 text" in answer.out
    assert re.search(r"churn: [\d,]+ 0, [\d,]+ 1, 360 immature", answer.out)


def test_audit_says_that_there_are_no_tables(own):
    answer = own("audit")
    assert answer.code == 2
    assert "audit: expected source tables" in answer.err


def doubled(table):
    return pd.concat([table, table.iloc[:1]])


WRONG = {
    "a column is missing": (
        lambda t: t.drop(columns="logins"),
        r"snapshots.logins: expected a column of the file, found columns .*customer",
    ),
    "a row is there twice": (doubled, r"expected one row an account and date, found 1 repeated, such as \('K"),
    "dates are no dates": (
        lambda t: t.assign(month_start="31/01/2025"),
        r"snapshots.month_start: expected a day such as 2026-01-31, found '31/01/2025' \(1,440 rows\)",
    ),
    "labels are words": (
        lambda t: t.assign(left_within_90_days="yes"),
        r"label: expected 1, 0 or missing, found yes \(1,440 rows\); recode",
    ),
    "labels are counts": (lambda t: t.assign(left_within_90_days=2), r"label: expected 1, 0 or missing, found 2"),
    "revenue is text": (lambda t: t.assign(revenue="a lot"), r"snapshots.revenue: expected numbers, found 'a lot'"),
    "an account is missing": (
        lambda t: t.assign(customer=None),
        r"snapshots.customer: expected an account id, found nothing",
    ),
    "there is no row": (lambda t: t.iloc[:0], r"snapshots.file: expected at least one row, found none"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_file_is_refused_and_earlier_results_stay(own, tmp_path, fault):
    change, message = WRONG[fault]
    before = (tmp_path / "out" / "bundle" / "manifest.json").read_bytes()
    change(frame()).to_parquet(tmp_path / "own_snapshots.parquet")
    answer = own("train")
    assert answer.code == 2
    assert re.search(message, answer.err), answer.err
    assert "Traceback" not in answer.err
    assert (tmp_path / "out" / "bundle" / "manifest.json").read_bytes() == before


def test_the_label_cannot_be_a_feature(own, tmp_path):
    text = CONFIG.replace("[logins,", "[left_within_90_days, logins,")
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    assert "expected a feature, found the column of snapshots.label" in own("train").err


def test_a_damaged_file_is_named(own, tmp_path):
    (tmp_path / "own_snapshots.parquet").write_bytes(b"PAR1 but not really PAR1")
    answer = own("train")
    assert answer.code == 2
    assert "own_snapshots.parquet: expected a Parquet or CSV file that can be read" in answer.err


def test_csv_ids_keep_their_zeros_and_labels_come_from_a_table(command, tmp_path, empty_store):
    table = frame().assign(customer=lambda t: t["customer"].str.replace("K", "0"))
    labels = table.rename(columns={"customer": "account_id", "month_start": "as_of", "left_within_90_days": "label"})
    files(tmp_path, empty_store, table.drop(columns="left_within_90_days"))
    table.to_csv(tmp_path / "own.csv", index=False)
    labels[["account_id", "as_of", "label"]].to_csv(tmp_path / "labels.csv", index=False)
    text = CONFIG.replace("own_snapshots.parquet", "own.csv").replace("  label: left", "  # left")
    text = text.replace("{horizon_days: 90, grace_days: 0}", "{kind: table, table: labels.csv, horizon_days: 90}")
    (tmp_path / "cs_ml.yaml").write_text(
        text.replace("n_origins: 2", "n_origins: 1, learners: [logistic]"), encoding="utf-8"
    )
    assert command("train").code == 0
    assert command("explain", "0001").out.startswith("0001  2025-12-01")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            "account_id,as_of,label\nX1,2025-01-01,1\n",
            r"labels: expected accounts and days of the snapshots, found such as X1",
        ),
        ("account_id,as_of,label\nK001,soon,1\n", r"labels.as_of: expected a day such as"),
        ("account_id,as_of,label\nK001,2025-01-01,3\n", r"label: expected 1, 0 or missing, found 3"),
        (
            "account_id,as_of,label\nK001,2025-01-01,1\nK001,2025-01-01,0\n",
            r"labels: expected one row an account and date",
        ),
        ("customer,as_of,label\nK001,2025-01-01,1\n", r"labels.account_id: expected a column, found columns customer"),
    ],
)
def test_a_wrong_table_of_labels_is_refused(own, tmp_path, labels, message):
    (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
    text = CONFIG.replace("  # expansion:", "  expansion:").replace("expansions.csv", "labels.csv")
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    answer = own("train")
    assert answer.code == 2
    assert re.search(message, answer.err), answer.err


def test_without_any_outcome_there_is_nothing_to_learn(own, tmp_path):
    text = CONFIG.replace("  label: left_within_90_days", "  # no label")
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    answer = own("train")
    assert answer.code == 2
    assert "snapshots.label: expected outcomes to learn from, found none" in answer.err


def test_the_examples_of_the_page_run():
    text = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    own, builder, _, bring, label = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    room: dict[str, object] = {"__name__": "a_page"}
    exec(own, room)  # noqa: S102
    assert room["X"].loc["a", "trainings_hours_sum_90d"].tolist() == [5, 5]
    assert room["X"].loc["a", "trainings_passed_share"].tolist() == [1.0, 0.5]
    assert room["audit"].clean
    exec(builder, room)  # noqa: S102
    assert room["Z"].loc["a", "own_trainings_hours_mean"].tolist() == [2.5, 2.5]
    assert room["Z"].loc["b", "own_trainings_count_90d"].tolist() == [0, 0]
    exec(bring, room)  # noqa: S102  the page's own text
    assert room["scores"]["p_churn"].between(0, 1).all()
    assert set(room["reasons"]["feature"]) <= {"logins", "tickets"}
    exec(label, room)  # noqa: S102
    assert room["y"].loc["a", "label"].dropna().tolist() == [1.0, 1.0, 1.0]


def test_the_page_lists_every_word_that_is_allowed():
    text = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    for row, words in (("theme", THEMES), ("unit", UNITS)):
        (line,) = re.findall(rf"^\| `{row}` \| (.*) \|$", text, flags=re.MULTILINE)
        assert set(re.findall(r"[a-z_]+", re.sub(r"\(.*?\)", "", line))) - {"and"} == set(words)


def test_the_mappings_of_the_page_are_good_configs(tmp_path):
    text = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)):
        (tmp_path / f"{number}.yaml").write_text(block, encoding="utf-8")
        assert load_config(tmp_path / f"{number}.yaml").tables.is_given
