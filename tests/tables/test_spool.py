"""Temporary copies of customers' tables go with their process, killed or not, and never before it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

from cs_ml.tables.sources import spool

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
COPY = """
import sys
from cs_ml.tables.sources.spool import spooled
path = spooled("accounts.parquet")
path.write_text("customers")
print(path, flush=True)
sys.stdin.readline()
"""


@contextmanager
def living(place: Path, code: str = COPY):
    """Give a process that has made a copy in a temporary folder, and the path of the copy."""
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_what_a_killed_process_left_goes_at_the_next_start_and_what_a_living_one_uses_stays(tmp_path):
    with living(tmp_path) as (_, used), living(tmp_path) as (killed, left):
        killed.kill()
        killed.wait()
        assert left.read_text() == "customers"
        with living(tmp_path) as (_, new):
            assert not left.parent.exists()
            assert used.read_text() == new.read_text() == "customers"
    assert used.exists(), "both were killed"


def test_a_process_that_ends_takes_its_copies_along(tmp_path):
    with living(tmp_path) as (process, path):
        process.communicate("end\n")
    assert process.returncode == 0
    assert not list(tmp_path.iterdir()), path


def test_a_copy_stays_while_a_fork_of_a_killed_process_uses_it(tmp_path):
    forked = COPY + "import os\nif os.fork(): os.kill(os.getpid(), 9)\nsys.stdin.read()"
    with living(tmp_path, forked) as (process, path):
        process.stdin.write("fork\n")
        process.stdin.flush()
        assert process.wait() == -9
        spool._sweep(tmp_path)
        assert path.exists()


@pytest.mark.parametrize("kind", ["of another user", "not of this package", "a link"])
def test_folders_of_others_stay(tmp_path, monkeypatch, kind):
    folder = tmp_path / "cs_ml_other"
    real = tmp_path / "real" if kind == "a link" else folder
    real.mkdir()
    (real / "file").touch()
    if kind != "not of this package":
        (real / spool.HELD).touch()
    if kind == "a link":
        folder.symlink_to(real)
    if kind == "of another user":
        monkeypatch.setattr(spool, "_user", lambda: os.getuid() + 1)
    spool._sweep(tmp_path)
    assert (folder / "file").exists()
    monkeypatch.undo()
    if kind == "of another user":
        spool._sweep(tmp_path)
        assert not folder.exists()
