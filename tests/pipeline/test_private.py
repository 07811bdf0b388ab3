"""Nothing that identifies a person leaves the tables: planted secrets are looked for in every file that is written."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from conftest import STORY, process

from cs_ml.config.targets import SnapshotsConfig
from cs_ml.pipeline.own import own_snapshot
from cs_ml.simulate import WorldConfig, simulate

SECRETS = ("taro.secret@example.co.jp", "090-5555-1234", "山田花子", "Smithers")
PLANTED = "担当の山田花子さん taro.secret@example.co.jp TEL 090-5555-1234, ask Mr. Smithers. "


@pytest.fixture(scope="module")
def out(tmp_path_factory, empty_store):
    """Run the commands that write on a book whose every comment, answer and note holds the secrets."""
    folder = tmp_path_factory.mktemp("secrets")
    simulate(WorldConfig(n_accounts=120, seed=7, usage_intensity=0.3), folder / "tables", folder / "truth")
    for table, column in (("voc", "text"), ("surveys", "text"), ("sentiment", "reason")):
        path = folder / "tables" / f"{table}.parquet"
        rows = pd.read_parquet(path)
        rows[column] = PLANTED + rows[column].astype(object)
        if table == "voc":
            rows.loc[:1, "sentiment"] = 7.0  # set aside in quarantine
        rows.to_parquet(path)
    (folder / "cs_ml.yaml").write_text(STORY, encoding="utf-8")
    (folder / "out" / "tracking").mkdir(parents=True)
    shutil.copy(empty_store, folder / "out" / "tracking" / "mlflow.db")
    for words in ("snapshot", "train", "score", "report --account A000000"):
        answer = process(folder, *words.split())
        assert answer.code == 0, answer.err
    return folder / "out"


def everything(path) -> str:
    if path.suffix == ".parquet":
        rows = pd.read_parquet(path)
        return "\n".join(map(str, [*rows, *rows.astype(object).to_numpy().ravel()]))
    content = path.read_bytes().decode("utf-8", "replace")
    return content + (
        content.encode("ascii", "replace").decode("unicode_escape", "replace") if "\\u" in content else ""
    )


def test_no_secret_is_in_any_file_that_is_written(out):
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    names = {path.name for path in files}
    assert {"snapshots.parquet", "voc.parquet", "mlflow.db", "portfolio.html", "churn.json"} <= names
    assert list((out / "report" / "accounts").iterdir())
    found = [(str(path.relative_to(out)), secret) for path in files for secret in SECRETS if secret in everything(path)]
    assert found == []


def test_the_words_beside_them_are_kept(out):
    texts = pd.read_parquet(out / "snapshots.parquet")["voc_comments_text_180d"].dropna()
    assert len(texts) > 100
    assert texts.str.contains("[NAME]さん [MAIL] TEL [PHONE], ask Mr. [NAME].", regex=False).all()
    aside = pd.read_parquet(out / "quarantine" / "voc.parquet")
    assert len(aside) == 2
    assert aside["text"].str.contains("[MAIL]", regex=False).all()


def test_texts_of_snapshots_of_ones_own_are_redacted():
    frame = pd.DataFrame({"account_id": ["a"], "as_of": ["2026-01-01"], "said": [PLANTED], "x": [1.0]})
    X = own_snapshot(SnapshotsConfig(file="x.csv", text=("said",)), frame).X
    assert not any(secret in X["said"].item() for secret in SECRETS)
