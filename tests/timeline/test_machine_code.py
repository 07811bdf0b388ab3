"""Machine code kept on disk: loaded without numba, made again where damaged, and nothing but right types goes in."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from cs_ml.timeline import loops, machine_code

pytest.importorskip("numba")
MODULE = "cs_ml.timeline.spans_loops"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    clear()
    yield tmp_path
    clear()


def clear() -> None:
    machine_code.place.cache_clear()
    machine_code.kept.cache_clear()


def counted(made) -> list[list[int]]:
    """One member, seen on days 3 and 8, asked on day 9 for windows of 2 and 30 days."""
    table, change, found = (
        np.array([0] * 10 + [1] * 50, np.int32),
        np.zeros((2, 2), np.int64),
        np.zeros((2, 1), np.int64),
    )
    one = np.zeros(1, np.int64)
    days = np.array([3, 8])
    machine_code.load(made).distinct(
        table, 0, 0, np.array([0, 1]), one, one + 2, days, days, np.array([2, 30]), change, found
    )
    return found.tolist()


def test_what_is_kept_is_what_was_made(folder):
    assert machine_code.kept(MODULE) == {}
    made = machine_code.make(MODULE)
    machine_code.kept.cache_clear()
    kept = machine_code.kept(MODULE)
    assert kept["distinct"].code == made["distinct"].code
    assert counted(kept) == counted(made) == [[1], [1]]


def test_damaged_code_is_not_believed(folder):
    machine_code.make(MODULE)
    (path,) = folder.glob("*.code")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    machine_code.kept.cache_clear()
    assert machine_code.kept(MODULE) == {}


def test_kept_code_runs_without_numba(folder):
    machine_code.make(MODULE)
    code = (
        "import sys; from cs_ml.timeline.loops import loops;"
        f"print(loops('{MODULE}', 1 << 18) is not None, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "True False"


def test_where_numba_cannot_compile_numpy_does_the_work(folder, monkeypatch):
    monkeypatch.setattr(loops, "_LOADED", {})
    monkeypatch.setattr(machine_code, "OPTIONS", {"no_such_option": True})
    with pytest.warns(UserWarning, match="loops are not compiled"):
        assert loops.loops(MODULE, 1 << 30) is None
    assert loops.loops(MODULE, 1 << 30) is None


def test_other_types_are_refused(folder):
    made = machine_code.load(machine_code.make(MODULE))
    with pytest.raises(TypeError, match="expected int32 in 1d, found int64"):
        made.distinct(*[np.zeros(1, np.int64)] * 11)
