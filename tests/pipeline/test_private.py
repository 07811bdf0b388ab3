"""Nothing that identifies a person leaves the tables: planted secrets are looked for in every file that is written."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from conftest import STORY, process

from cs_ml.config.targets import SnapshotsConfig
from cs_ml.features.feature import Feature
from cs_ml.features.own_values import checked_column
from cs_ml.pipeline.own import own_snapshot
from cs_ml.pipeline.private import without_persons
from cs_ml.simulate import WorldConfig, simulate
from cs_ml.tables import Column, ColumnSpec, TableMapping, own_table

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


def test_every_column_of_a_row_set_aside_is_redacted():
    columns = {"hours": Column("hours", "number"), "course": "category", "ticket": "id"}
    schema = own_table("trainings", time="held_at", columns=columns)
    mapping = TableMapping(columns={"held_at": ColumnSpec("date")})
    row = dict.fromkeys(("account_id", "date", "hours", "course", "ticket", "memo"), "a@example.com, 090-5555-1234")
    plain = {
        "account_id": "4111111111111111",
        "date": "2026-01-05 09:00:00",
        "hours": "0.1234567890123",
        "ticket": "A-1",
    }
    rows = pd.DataFrame([row | {"memo": None}, row | plain]).assign(broken_rules="hours: type")
    shown = without_persons(rows, schema, mapping)
    assert set(shown.iloc[0].drop(["broken_rules", "memo"])) == {"[MAIL], [PHONE]"}
    assert {name: shown.iloc[1][name] for name in plain} == plain


def test_categories_hold_no_address_and_ordinary_ones_stay():
    levels = ["090-5555-1234", "a@example.com", "gold", None, "4901234567890", "お得意様"]
    hidden = ["[PHONE]", "[MAIL]", "gold", None, "4901234567890", "お得意様"]
    about = Feature("a", "usage", "category", "A", "あ", "{value}", "{value}", kind="category")
    assert checked_column(about, levels, len(levels)).tolist() == hidden
    frame = pd.DataFrame({"account_id": [*"abcdef"], "as_of": "2026-01-01", "level": levels})
    X = own_snapshot(SnapshotsConfig(file="x.csv", categories=("level",)), frame).X
    assert X["level"].astype(object).where(X["level"].notna(), None).tolist() == hidden
