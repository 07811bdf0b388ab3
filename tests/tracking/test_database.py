"""The database of a tracking store appears whole or not at all, and once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cs_ml.errors import StorageError
from cs_ml.tracking import Tracker, database


def test_a_run_that_dies_while_making_it_leaves_none_and_the_next_makes_it(tmp_path, empty_store, monkeypatch):
    def die(aside: Path) -> None:
        aside.write_bytes(empty_store.read_bytes()[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "_make", die)
    with pytest.raises(KeyboardInterrupt):
        Tracker(folder=tmp_path).versions()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    monkeypatch.setattr(database, "_make", lambda aside: aside.write_bytes(empty_store.read_bytes()))
    assert Tracker(folder=tmp_path).versions().empty


def test_two_runs_at_once_make_one(tmp_path):
    code = f"from cs_ml.tracking import Tracker\nwith Tracker(folder={str(tmp_path)!r}).run('a run'): pass"
    runs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert (tmp_path / "mlflow.db").is_file()


@pytest.mark.parametrize("uri", ["http://mlflow.example", "sqlite:///:memory:", "sqlite://", "sqlite:///a.db?mode=ro"])
def test_other_stores_are_left_alone(uri, monkeypatch):
    monkeypatch.setattr(database, "_make", lambda aside: pytest.fail(f"made {aside}"))
    database.made_whole(uri)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="taken"):
        database.made_whole(f"sqlite:///{tmp_path / 'taken' / 'mlflow.db'}")
