"""Builders of one's own, found by the names that a config gives."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import cloudpickle
import pytest

from cs_ml.errors import ConfigError
from cs_ml.features import load_builders

TEXT = """
from __future__ import annotations
from dataclasses import dataclass
import pandas as pd
import cs_ml as cs

def doubled(values):
    return 2 * values

@cs.feature(table="surveys", time="answered_at", theme="sentiment", unit="count", en="Answers", ja="回答数")
def surveys_answers_twice(surveys):
    return doubled(surveys.count())

@dataclass(frozen=True)
class Lines:
    reads: tuple[str, ...] = ("contracts",)

    def features(self, columns):
        return [cs.Feature("own_lines", "contract", "count", "L", "L", "{value}", "{value}", sources="contracts")]

    def build(self, bucket, keys):
        return pd.DataFrame({"own_lines": 1.0}, index=keys)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_file_gives_everything_it_declares(file):
    first, second = load_builders([str(file)])
    assert first.about.name == "surveys_answers_twice"
    assert [feature.name for feature in second.features([])] == ["own_lines"]


def test_a_file_gives_one_thing_by_name(file):
    assert load_builders([f"{file}:Lines"])[0].reads == ("contracts",)


def test_what_a_file_declares_travels_whole_with_the_functions_it_calls(file):
    (builder,) = load_builders([f"{file}:surveys_answers_twice"])
    shipped = cloudpickle.dumps(builder)
    file.unlink()
    assert cloudpickle.loads(shipped)(type("Rows", (), {"count": lambda _: 3})()) == 6


def test_a_module_and_an_entry_point(monkeypatch, file):
    assert load_builders(["cs_ml.features:ContractsBuilder"])[0].reads == ("contracts",)
    points = EntryPoints([EntryPoint("lines", "cs_ml.features:SurveysBuilder", "cs_ml.builders")])
    monkeypatch.setattr("cs_ml.features.own_load.entry_points", lambda group: points.select(group=group))
    assert load_builders(["lines"])[0].reads == ("surveys",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.py", "features.builders: .*nowhere.py: expected a Python file, found no such file; paths are"),
        ("no_such_module_at_all:x", "expected a module that is installed, found .*: No module named 'no_such_mod"),
        ("cs_ml.features:nothing", "expected nothing in the module, found no such name; its features: none"),
        ("cs_ml.features:audit", "expected a feature or a builder, found function without reads, features, build; put"),
        ("nobody", "expected an entry point of cs_ml.builders, found none installed; or write module:builder"),
        ("{file}:other", "expected other in the module, found no such name; its features: surveys_answers_twice"),
        ("{broken}", "expected code that runs when .*, found ZeroDivisionError: division by zero at broken.py:2"),
        ("{leaves}", "expected code that runs when it is loaded, found SystemExit: 3 at leaves.py:1"),
        ("{empty}", "expected a feature or a class of builders in the file, found none"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_told(file, tmp_path, name, message):
    (tmp_path / "broken.py").write_text("\n1 / 0")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    (tmp_path / "empty.py").write_text("x = 1")
    places = {"file": file, "broken": tmp_path / "broken.py", "empty": tmp_path / "empty.py"}
    places["leaves"] = tmp_path / "leaves.py"
    with pytest.raises(ConfigError, match=message):
        load_builders([name.format(**places)])


def test_all_that_cannot_be_loaded_is_told_at_once():
    with pytest.raises(ConfigError, match="2 faults"):
        load_builders(["nobody", "nowhere.py", "cs_ml.features:ContractsBuilder"])
