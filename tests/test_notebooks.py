"""Notebooks run from beginning to end, say what they promise, and are kept without outputs."""

from __future__ import annotations

import re
import shutil

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a notebook in a folder like its own, and gives its outputs."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    for name, value in {"OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1", "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    for place in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(place, str(tmp_path / place))
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")

    def outputs(name):
        notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
        assert not list((tmp_path / "notebooks").iterdir())
        found = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert not [output for output in found if output.get("name") == "stderr"], "no warnings"
        return found, "\n".join(output.get("text", "") for output in found)

    return outputs


@pytest.mark.slow
def test_the_quickstart_runs_from_its_own_folder(run):
    outputs, told = run("01_quickstart")
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert "10 points more are twice the odds" in told
    assert "標準" in told


@pytest.mark.slow
def test_own_features_go_the_whole_way(run):
    outputs, told = run("02_own_features")
    shown = "\n".join(output["data"]["text/plain"] for output in outputs if "data" in output)
    assert "your own features saw no future: True" in told
    assert "the same to the last bit" in told
    assert "trainings_ever" in shown
    assert "leak" in shown
    assert "研修" in told


@pytest.mark.slow
def test_a_scorecard_is_built_learned_compared_and_a_change_of_weights_explained(run):
    outputs, told = run("03_scorecard")
    shown = "\n".join(output["data"]["text/plain"] for output in outputs if "data" in output)
    assert "ログイン率" in shown
    assert "did you mean 'knots'?" in told
    assert "10 points more are twice the odds" in told
    assert "learned weights (log loss" in told
    (error,) = re.findall(r"largest error of the sum: (\S+)", told)
    assert float(error) < 1e-9
    assert "csm" in shown
