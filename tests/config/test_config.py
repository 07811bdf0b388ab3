"""The config as values: defaults, paths, hashes, what it hands to the library."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from cs_ml.config import Config, default_config, init_text, load_config, schema
from cs_ml.errors import ConfigError, StorageError
from cs_ml.tables import ColumnSpec, Filter, TableMapping


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, name="book.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_config(tmp_path / name)

    return write_and_load


def test_a_folder_of_tables_is_enough(load, tmp_path):
    config = load("tables:\n  folder: data\n")
    assert config.tables.location() == str(tmp_path / "data")
    assert config.output.folder == tmp_path / "out"
    assert config.snapshots.windows == (7, 30, 90, 180)
    assert list(config.labels) == ["churn", "upsell"]
    assert config.labels["churn"].purge_days == 120
    assert config.labels["upsell"].purge_days == 120
    assert config.languages == ("en",)


def test_default_config_is_that_of_a_short_file(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert default_config("data", "results") == load("tables: {folder: data}\noutput: {folder: results}\n")


def test_relative_paths_belong_to_the_file_not_to_the_working_folder(load, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    text = (
        "tables: {folder: ../data}\nhealth: {scorecard: card.yaml}\nlabels: {churn: {kind: table, table: own/y.csv}}\n"
    )
    config = load(text)
    assert config.tables.folder == tmp_path.parent / "data"
    assert config.health.scorecard == tmp_path / "card.yaml"
    assert config.labels["churn"].table == tmp_path / "own" / "y.csv"


def test_absolute_and_home_paths_stay(load, monkeypatch):
    monkeypatch.setenv("HOME", "/home/x")
    config = load("tables: {duckdb: /data/b.duckdb}\noutput: {folder: ~/out}\n")
    assert config.tables.location() == str(Path("/data/b.duckdb"))
    assert config.output.folder == Path("/home/x/out")


def test_empty_section_means_its_defaults(load):
    assert load("tables: {folder: d}\nbook:\nlabels:\n  churn:\n").labels["churn"].horizon_days == 90


def test_country_code_no_stays_a_word(load):
    config = load("tables:\n  folder: d\n  map:\n    accounts:\n      where: [{column: country, not_in: [no, SE]}]\n")
    assert config.tables.map["accounts"].where[0].not_in == ("no", "SE")


def test_frozen(load):
    config = load("tables: {folder: d}\n")
    with pytest.raises(ValidationError, match="frozen"):
        config.book.name = "other"


MAPPED = """
tables:
  folder: d
  map:
    usage:
      source: events
      format: csv
      encoding: cp932
      delimiter: ";"
      timezone: Asia/Tokyo
      known_lag_days: 1.5
      columns:
        account_id: customer
        event_at: {column: date, format: "%Y/%m/%d"}
        quantity: {product: [minutes, users], scale: 2}
        event: {constant: 0}
        feature: {column: code, levels: {1: export, x: import}}
      where:
        - {column: kind, in: [a, 1]}
        - {column: minutes, above: 0}
    contracts:
      columns:
        end_at: {add_months: [start, 12]}
        start_at: {coalesce: [begun, signed]}
        mrr: {column: price, unit: per_year}
        cancelled_at: {column: gone, when_before: end_at}
"""


def test_tables_become_mappings_of_the_library(load):
    mappings = load(MAPPED).tables.mappings()
    assert mappings["usage"] == TableMapping(
        source="events",
        format="csv",
        encoding="cp932",
        delimiter=";",
        timezone="Asia/Tokyo",
        known_lag_days=1.5,
        columns={
            "account_id": ColumnSpec(column="customer"),
            "event_at": ColumnSpec(column="date", format="%Y/%m/%d"),
            "quantity": ColumnSpec(product=("minutes", "users"), scale=2),
            "event": ColumnSpec(constant=0),
            "feature": ColumnSpec(column="code", levels={1: "export", "x": "import"}),
        },
        where=(Filter("kind", "in", ("a", 1)), Filter("minutes", "above", 0)),
    )
    contracts = mappings["contracts"].columns
    assert contracts["end_at"] == ColumnSpec(add_months=("start", 12))
    assert contracts["start_at"] == ColumnSpec(coalesce=("begun", "signed"))
    assert contracts["mrr"].factor == 1 / 12
    assert contracts["cancelled_at"].when_before == "end_at"


def test_mapping_kwargs_are_plain(load):
    kwargs = load(MAPPED).tables.map["usage"].to_mapping_kwargs()
    assert kwargs["columns"]["account_id"] == {"column": "customer"}
    assert kwargs["where"][0] == {"column": "kind", "in": ("a", 1)}


def test_postgres_url_comes_from_the_environment(load, monkeypatch):
    tables = load("tables: {postgres: CS_URL}\n").tables
    monkeypatch.delenv("CS_URL", raising=False)
    with pytest.raises(
        ConfigError, match=r"environment variable CS_URL: expected a URL postgresql://.*, found nothing"
    ):
        tables.location()
    monkeypatch.setenv("CS_URL", "postgresql://u:secret@h/db")
    assert tables.location() == "postgresql://u:secret@h/db"


def test_wrong_url_in_the_environment_is_not_shown(load, monkeypatch):
    monkeypatch.setenv("CS_URL", "mysql://u:secret@h/db")
    with pytest.raises(ConfigError, match="found something else") as error:
        load("tables: {postgres: CS_URL}\n").tables.location()
    assert "secret" not in str(error.value)


def test_own_snapshots_need_no_tables(load, tmp_path):
    config = load("snapshots: {file: snap.parquet, label: churned, text: [note], mrr: revenue}\n")
    assert config.snapshots.file == tmp_path / "snap.parquet"
    with pytest.raises(ConfigError, match="expected one of folder, duckdb, postgres, spark, url, found none"):
        config.tables.location()


def test_dates_before_renewal(load):
    snapshots = load("tables: {folder: d}\nsnapshots: {start: 2026-01-01, every: {renewal: [90, 30]}}\n").snapshots
    assert snapshots.spine_kwargs() == {
        "start": date(2026, 1, 1),
        "end": None,
        "every": "month",
        "before_renewal": (90, 30),
    }


@pytest.mark.parametrize(
    "change",
    [
        "book: {timezone: Asia/Tokyo}",
        "snapshots: {windows: [7]}",
        "labels: {churn: {horizon_days: 30}}",
        "model: {random_state: 1}",
        "health: {pdo: 20}",
        "survival: {refits: 2}",
        "priority: {capacity: 5}",
        "priority: {contact_cost: 10, success_rate: 0.2}",
    ],
)
def test_hash_changes_with_what_changes_results(load, change):
    assert load(f"tables: {{folder: d}}\n{change}\n").hash != load("tables: {folder: d}\n").hash


@pytest.mark.parametrize(
    "change",
    [
        "tables: {duckdb: /elsewhere/b.duckdb}",
        "tables: {postgres: 'postgresql://u:secret@h/db'}",
        "tables: {folder: d}\noutput: {folder: /tmp}",
        "tables: {folder: d}\nengine: {workers: 3, memory_limit: 9GB}\nmodel: {n_jobs: 3}",
        "tables: {folder: d}\nbook: {name: book}\nlabels: {churn: {}, upsell: {}}",
    ],
)
def test_hash_does_not_change_with_place_or_machine(load, change):
    config = load(f"{change}\n")
    assert config.hash == load("tables: {folder: d}\n").hash
    assert "secret" not in json.dumps(config.content())


def test_hash_follows_the_content_of_a_scorecard(load, tmp_path):
    text = "tables: {folder: d}\nhealth: {scorecard: card.yaml}\n"
    (tmp_path / "card.yaml").write_text("name: a")
    before = load(text).hash
    (tmp_path / "card.yaml").write_text("name: b")
    assert load(text).hash != before


@pytest.mark.parametrize("language", ["en", "ja"])
def test_starter_loads_and_says_nothing_but_the_defaults(load, language):
    assert load(init_text(language)) == load("tables: {folder: data}\n")


def test_starter_example_of_a_mapping_is_right(load):
    lines = init_text().splitlines()
    start = lines.index("  # map:")
    end = lines.index("", start)
    shown = [line.replace("# ", "", 1) for line in lines[start:end]]
    config = load("\n".join([*lines[:start], *shown, *lines[end:]]))
    assert config.tables.map["usage"].to_mapping().columns["quantity"].product == ("minutes", "users")


def test_every_key_of_the_starter_is_explained_in_both_languages():
    english, japanese = init_text("en").splitlines(), init_text("ja").splitlines()
    assert len(english) == len(japanese)
    assert all(line.isascii() for line in english)
    comments = [ja for en, ja in zip(english, japanese, strict=True) if en != ja]
    assert len(comments) > 60
    assert all(not line.isascii() for line in comments)


def test_default_file_is_the_starter():
    path = Path(__file__).parents[2] / "configs" / "default.yaml"
    assert path.read_text(encoding="utf-8") == init_text("en")


def test_schema_knows_every_key_and_forbids_others():
    made = schema()
    assert set(made["properties"]) == set(Config.model_fields)
    sections = made["$defs"].values()
    assert made["$defs"]["ColumnConfig"]["type"] == ["object", "string"]
    assert "required" not in made["$defs"]["LabelConfig"]
    assert all(part["additionalProperties"] is False for part in sections)
    assert all(field["description"] for part in sections for field in part["properties"].values())
    assert "in" in made["$defs"]["FilterConfig"]["properties"]


def test_missing_file_is_said(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        load_config(tmp_path / "no.yaml")
