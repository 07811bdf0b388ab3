"""Notebooks run from beginning to end, say what they promise, and are kept without outputs."""

from __future__ import annotations

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


@pytest.mark.slow
def test_the_quickstart_runs_from_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    for name, value in {"OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1", "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    for place in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(place, str(tmp_path / place))
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")
    notebook = nbformat.read(FOLDER / "01_quickstart.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = "\n".join(output.get("text", "") for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"], "no warnings"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert "10 points more are twice the odds" in told
    assert "標準" in told
    assert not list((tmp_path / "notebooks").iterdir())
