"""Own tables and own builders in a config."""

from __future__ import annotations

import pytest

from cs_ml.config import Config, init_text, load_config
from cs_ml.errors import ConfigError

TEXT = """
tables:
  folder: data
  map: {trainings: {source: schulungen, columns: {held_at: am}}}
  own:
    trainings:
      time: held_at
      key: [training_id]
      columns: {training_id: id, hours: {kind: number, minimum: 0}, passed: {kind: flag, reveals: [at]}, at: instant}
features: {builders: [mine.py, "sub/mine.py:x", "package.module:y", entry]}
"""


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        (tmp_path / "book.yaml").write_text(text, encoding="utf-8")
        return load_config(tmp_path / "book.yaml")

    return write_and_load


def test_a_table_of_ones_own_is_declared(load):
    (schema,) = load(TEXT).tables.schemas()
    assert schema.own
    assert schema.appears == ("held_at",)
    assert schema.column("hours").minimum == 0
    assert schema.column("passed").reveals == ("at",)
    assert schema.column("at").reveals == ("at",)


def test_files_are_relative_to_the_config(load, tmp_path):
    found = load(TEXT).features
    assert found.builders == (f"{tmp_path}/mine.py", f"{tmp_path}/sub/mine.py:x", "package.module:y", "entry")
    assert found.files() == (tmp_path / "mine.py", tmp_path / "sub" / "mine.py")


def test_what_a_file_of_builders_holds_decides_the_hash_and_its_place_does_not(load, tmp_path):
    (tmp_path / "sub").mkdir()
    hashes = set()
    for text in ("a", "b", "a"):
        (tmp_path / "mine.py").write_text(text)
        hashes.add(load(TEXT).hash)
    assert len(hashes) == 2
    assert str(tmp_path) not in str(load(TEXT).content())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: {folder: d, own: {usage: {time: at}}}", r"book.yaml:1:27: tables.own.usage: .*the catalog has not"),
        ("tables: {folder: d, own: {t: {time: at, columns: {n: float}}}}", r"tables.own.t.columns.n.*one of"),
        ("tables: {folder: d, own: {t: {}}}", r"tables.own.t.*expected"),
        (
            "tables: {folder: d, own: {t: {time: at}}, map: {t: {columns: {nn: x}}}}",
            r"tables.map.t.columns.nn: expected one of account_id, at, known_at, got .nn.",
        ),
        ("tables: {folder: d, map: {zzzz: {}}}", r"declare it under tables.own if it is one of your own"),
        (
            "tables: {folder: d}\nfeatures: {builders: ['']}",
            r"features.builders.*expected a text such as my_features.py",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_nothing_of_ones_own_is_the_default():
    config = Config(tables={"folder": "data"})
    assert config.tables.schemas() == ()
    assert config.features.builders == ()


def test_the_example_of_the_starter_is_right(load):
    lines = init_text().splitlines()
    start = lines.index("  # own:")
    shown = [line.replace("# ", "", 1) for line in lines[start : start + 4]]
    (schema,) = load("\n".join([*lines[:start], *shown, *lines[start + 4 :]])).tables.schemas()
    assert schema.column("passed").reveals == ("graded_at",)
