"""One run at a time, and a message that names the other."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from cs_ml.errors import StorageError
from cs_ml.store import lock
from cs_ml.store.aside import SUFFIX

HOLD = """
import sys, time
from cs_ml.store import lock
with lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_second_run_is_told_who_holds_the_folder(tmp_path, other_run):
    with pytest.raises(StorageError, match=rf"in use by process {other_run.pid} on .* since 20"), lock(tmp_path):
        pass


def test_a_killed_run_lets_go(tmp_path, other_run):
    other_run.kill()
    other_run.wait()
    with lock(tmp_path, wait_seconds=5):
        pass


def test_second_run_waits_its_turn(tmp_path):
    order = []

    def second():
        with lock(tmp_path, wait_seconds=30):
            order.append("second")

    with lock(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.1)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), lock(tmp_path):
        raise ZeroDivisionError
    with lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()
    assert (tmp_path / ".lock").read_text() == ""


def test_entry_clears_what_a_killed_run_left(tmp_path):
    (tmp_path / f".scores.json.1-a{SUFFIX}").write_text("half")
    with lock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_missing_folder_is_said(tmp_path):
    with pytest.raises(StorageError, match=r"cannot lock .*folder does not exist"), lock(tmp_path / "no"):
        pass
