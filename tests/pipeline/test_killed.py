"""Killed at any instant, a run leaves whole files behind, and run again it leaves the bytes of one never disturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")]
KILLS = 20
CONFIG = """
book: {name: Small book, data_end: 2026-07-01}
tables: {folder: tables}
snapshots: {start: 2025-05-01, end: 2026-06-01, windows: [30]}
labels: {churn: {horizon_days: 30, grace_days: 0}}
model: {n_origins: 1, learners: [logistic]}
engine: {cache: cache}
output: {folder: out}
"""
RUN = """
import sys
from datetime import UTC, datetime
import cs_ml.bundle
class Frozen(datetime):
    @classmethod
    def now(cls, zone=None): return datetime(2026, 7, 1, tzinfo=zone)
cs_ml.bundle.datetime = Frozen  # the one thing that two runs must not share
from cs_ml.config import load_config
from cs_ml.pipeline import checking, pages, score, train
print("begins", flush=True)
config = load_config("cs_ml.yaml")
checking.write_snapshot(config)
train.save(train.train(config), config)
bundle = score.load_bundle(config)
scored = score.score(config, bundle=bundle)
score.write_scores(scored, config)
pages.write_pages(config, scored, bundle, [scored.scores.index[0][0]])
print("done", flush=True)
"""


class Run:
    """A process that does everything on the book of a folder; its time counts from when it has imported everything."""

    def __init__(self, folder: Path) -> None:
        told = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN], cwd=folder, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "begins\n", self.process.stderr.read()
        self.began = time.monotonic()

    def finish(self) -> float:
        out, err = self.process.communicate()
        assert out == "done\n", err
        return time.monotonic() - self.began

    def kill(self, after: float) -> bool:
        """Kill without warning; tell whether it was still at work."""
        time.sleep(max(0.0, self.began + after - time.monotonic()))
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        return self.process.returncode == -signal.SIGKILL


def visible(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file that a reader would look at."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    steps = {path: path.relative_to(folder).parts for path in paths}
    return {
        "/".join(steps[path]): path.read_bytes()
        for path in paths
        if not any(step.startswith(".") for step in steps[path])
    }


def whole(name: str, content: bytes) -> bool:
    """Tell whether a file can be read from beginning to end."""
    if name.endswith(".json"):
        return json.loads(content) is not None
    if name.endswith(".html"):
        return content.rstrip().endswith(b"</html>")
    if name.endswith(".parquet"):
        import io

        return pq.read_table(io.BytesIO(content)).num_columns > 0
    return True


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return a folder with the results of a run that nobody disturbed, and how long it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    tables(folder)
    seconds = Run(folder).finish()
    return folder, seconds


def tables(folder: Path) -> None:
    """Write a book in which those who fall silent leave."""
    (folder / "cs_ml.yaml").write_text(CONFIG, encoding="utf-8")
    ids = [f"a{number:02d}" for number in range(40)]
    months = pd.date_range("2025-01-01", "2026-06-01", freq="MS")
    left = {name: months[5 + at % 11] for at, name in enumerate(ids) if at % 3 == 0}
    lines = [
        {
            "contract_line_id": name,
            "account_id": name,
            "start_at": "2025-01-01",
            "mrr": 100,
            "cancelled_at": left.get(name),
        }
        for name in ids
    ]
    events = [
        {"account_id": name, "event_at": month + pd.Timedelta(days=day), "user_id": f"u{day % 3}"}
        for name in ids
        for month in months[months < left.get(name, pd.Timestamp("2027-01-01"))]
        for day in range(1 if left.get(name, month) - month < pd.Timedelta(days=62) and name in left else 6)
    ]
    (folder / "tables").mkdir()
    for name, rows in (("accounts", [{"account_id": name} for name in ids]), ("contracts", lines)):
        pd.DataFrame(rows).to_csv(folder / "tables" / f"{name}.csv", index=False)
    pd.DataFrame(events).to_parquet(folder / "tables" / "usage.parquet", index=False)


def test_everything_is_written_and_two_runs_agree_to_the_byte(undisturbed, tmp_path):
    folder, _ = undisturbed
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    before = visible(tmp_path / "out")
    assert {Path(name).suffix for name in before} >= {".parquet", ".json", ".html"}
    assert {Path(name).parts[0] for name in before} >= {"snapshots.parquet", "bundle", "scores", "drivers"}
    Run(tmp_path).finish()
    assert visible(tmp_path / "out") == before


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_and_run_again(undisturbed, tmp_path, number):
    """Half of the runs begin with nothing, half with results of another book in their way; half with usage kept."""
    folder, seconds = undisturbed
    expected = visible(folder / "out")
    new = ["out"] if number % 4 < 2 else ["out", "cache"]
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*new))
    older = {name: content for name, content in expected.items() if number % 2}
    for name, content in older.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(content)
    Run(tmp_path).kill(after=random.Random(number).uniform(0, 1.05) * seconds)  # noqa: S311  any instants will do
    for name, content in visible(tmp_path / "out").items():
        assert whole(name, content), name
        assert content == expected.get(name, content), name
        assert name in expected, name
    Run(tmp_path).finish()
    assert visible(tmp_path / "out") == expected
    assert visible(tmp_path / "cache").keys() == visible(folder / "cache").keys() != set()
    assert not list((tmp_path / "out").rglob("*.aside")), "what the killed run left is swept"


def test_a_half_written_file_would_be_found(undisturbed):
    """The test can fail: half of any file that matters is not whole."""
    contents = visible(undisturbed[0] / "out")
    for ending in (".parquet", ".json", ".html"):
        name, content = next((name, content) for name, content in contents.items() if name.endswith(ending))
        try:
            found = whole(name, content[: len(content) // 2])
        except Exception:  # noqa: BLE001  whatever the reader says
            found = False
        assert not found, name
