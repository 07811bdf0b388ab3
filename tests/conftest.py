"""What every test may use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("house")

ROOT = Path(__file__).parent.parent
STORY = """\
book: {name: Small book, data_end: 2026-10-01}
tables: {folder: tables}
snapshots: {start: 2025-07-01, end: 2026-10-01, windows: [30]}
model: {n_origins: 2}
report: {languages: [en, ja]}
output: {folder: out}
"""


class Answer(NamedTuple):
    """What a command left behind: exit code, results, messages."""

    code: int
    out: str
    err: str


class Story(NamedTuple):
    """A book on which every command has run once, in its own folder."""

    folder: Path
    answers: dict[str, Answer]


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the folder of the committed sample."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def third_party() -> Path:
    """Return the folder with third-party data beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the third-party data are not beside this checkout")
    return folder


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Return a function that runs ``cs-ml`` in this process, in an empty folder."""
    from cs_ml.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["cs-ml", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leave:
            code = int(leave.code or 0)
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """Return a tracking store made once, to be copied: MLflow's first migration takes seconds."""
    from cs_ml.tracking import Tracker

    folder = tmp_path_factory.mktemp("store")
    Tracker(folder=folder).versions()
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def story(tmp_path_factory, empty_store) -> Story:
    """Return a small simulated book with which every command has run once, each in a process of its own."""
    from cs_ml.store import lock

    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    noted = root / "story.json"
    with lock(root, wait_seconds=600):  # workers of one test run share it
        if not noted.exists():
            noted.write_text(json.dumps(told(root / "story", empty_store)), encoding="utf-8")
    answers = json.loads(noted.read_text(encoding="utf-8"))
    return Story(root / "story", {name: Answer(*answer) for name, answer in answers.items()})


def told(folder: Path, empty_store: Path) -> dict[str, Answer]:
    """Run every command once on a new book; return what each left."""
    from cs_ml.simulate import WorldConfig, simulate

    simulate(WorldConfig(n_accounts=120, seed=7, usage_intensity=0.3), folder / "tables", folder / "truth")
    (folder / "cs_ml.yaml").write_text(STORY, encoding="utf-8")
    (folder / "out" / "tracking").mkdir(parents=True)
    shutil.copy(empty_store, folder / "out" / "tracking" / "mlflow.db")
    commands = ["init other.yaml", "check", "snapshot", "train", "evaluate", "score", "explain A000000 --lang ja",
                "report", "audit --dates 2 --accounts 30"]  # fmt: skip
    return {words.split()[0]: process(folder, *words.split()) for words in commands}


def process(folder: Path, *words: str, **environment: str) -> Answer:
    """Run ``cs-ml`` in a process of its own, as a job without a terminal."""
    command = [sys.executable, "-c", "from cs_ml.cli import main; main()", *words]
    told = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=folder, env=told, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)
