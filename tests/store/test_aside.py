"""Either the old or the new: full disks, refusals, kills between any two steps."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cs_ml.errors import StorageError
from cs_ml.store import aside, replace_folder, write_text
from cs_ml.store.aside import disk, sweep, written_aside


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def folder_of(content: str):
    return lambda folder: (folder / "content.txt").write_text(content, encoding="utf-8")


def test_replaces_a_file_and_leaves_nothing_beside_it(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_replaces_a_folder_and_leaves_nothing_beside_it(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(aside, "_exchange", lambda *_: False)
    replace_folder(tmp_path / "bundle", lambda folder: (folder / "only_old.txt").write_text("old"))
    replace_folder(tmp_path / "bundle", folder_of("new"))
    assert names(tmp_path / "bundle") == ["content.txt"]
    assert names(tmp_path) == ["bundle"]


def test_failing_build_changes_nothing(tmp_path):
    replace_folder(tmp_path / "bundle", folder_of("old"))

    def build(folder):
        folder_of("half")(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace_folder(tmp_path / "bundle", build)
    assert (tmp_path / "bundle" / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


def test_failing_second_rename_puts_the_old_folder_back(tmp_path, monkeypatch):
    replace_folder(tmp_path / "bundle", folder_of("old"))
    monkeypatch.setattr(aside, "_exchange", lambda *_: False)
    rename = Path.rename

    def refuse(self, target):
        if Path(target).name == "bundle" and "old" not in self.name:
            raise OSError(errno.EACCES, "refused")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StorageError, match="no permission"):
        replace_folder(tmp_path / "bundle", folder_of("new"))
    assert (tmp_path / "bundle" / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_full_disk_is_said_and_leaves_the_old_file(tmp_path, monkeypatch, step):
    write_text(tmp_path / "a.txt", "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", full) if step == "fsync" else (Path, "replace", full)))
    with pytest.raises(StorageError, match=r"cannot write .*a\.txt: the disk is full"):
        write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_really_full_device_is_said():
    with pytest.raises(StorageError, match="the disk is full"), disk("x"), Path("/dev/full").open("w") as file:
        file.write("x")


def test_missing_folder_is_said(tmp_path):
    with pytest.raises(StorageError, match="folder does not exist"):
        write_text(tmp_path / "no" / "a.txt", "x")


def test_file_where_a_folder_is_expected_is_said(tmp_path):
    write_text(tmp_path / "a", "x")
    with pytest.raises(StorageError, match="a file where a folder is expected"):
        write_text(tmp_path / "a" / "b.txt", "x")


def test_folder_where_a_file_is_expected_is_said(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError, match="a folder stands where a file is expected"):
        write_text(tmp_path / "a", "x")
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_refused_permission_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="no permission"):
        write_text(tmp_path / "a.txt", "x")


def test_refused_permission_is_said_whoever_we_are(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StorageError, match="no permission"):
        write_text(tmp_path / "a.txt", "x")


def test_sweep_clears_what_a_kill_left(tmp_path):
    (tmp_path / "deep" / f".x.9-ab{aside.SUFFIX}").mkdir(parents=True)
    (tmp_path / f".a.txt.9-ab{aside.SUFFIX}").write_text("half")
    (tmp_path / "a.txt").write_text("whole")
    sweep(tmp_path)
    assert names(tmp_path) == ["a.txt", "deep"]
    assert names(tmp_path / "deep") == []


def test_sweep_puts_back_a_folder_caught_between_two_renames(tmp_path):
    old = tmp_path / f".as_of=2026-10-01.old{aside.SUFFIX}"
    old.mkdir()
    folder_of("old")(old)
    sweep(tmp_path)
    assert (tmp_path / "as_of=2026-10-01" / "content.txt").read_text() == "old"


def test_error_of_the_package_passes_through_unwrapped(tmp_path):
    with pytest.raises(StorageError, match=r"^mine$"), written_aside(tmp_path / "a"):
        raise StorageError("mine")


KILLED = """
    import os, sys
    from pathlib import Path
    from cs_ml.store import aside, lock, replace_folder
    folder, exchange, die_at = Path(sys.argv[1]), sys.argv[2] == "exchange", int(sys.argv[3])
    if not exchange:
        aside._exchange = lambda *_: False
    steps = 0
    def counted(function):
        def step(*args, **kwargs):
            global steps
            steps += 1
            if steps == die_at:
                os._exit(9)
            return function(*args, **kwargs)
        return step
    for name in ("rename", "replace", "mkdir", "unlink", "write_text"):
        setattr(Path, name, counted(getattr(Path, name)))
    aside._sync, aside._exchange, aside.remove = map(counted, (aside._sync, aside._exchange, aside.remove))
    with lock(folder):
        replace_folder(folder / "bundle", lambda new: [(new / n).write_text("new") for n in "ab"])
    os._exit(0)
"""


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_kill_at_any_step_leaves_the_old_or_the_new(tmp_path, way):
    seen, die_at, code = set(), 0, 9
    while code == 9:
        die_at += 1
        folder = tmp_path / f"{die_at}"
        folder.mkdir()
        replace_folder(folder / "bundle", lambda new: [(new / n).write_text("old") for n in "ab"])
        code = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(folder), way, str(die_at)], check=False
        ).returncode
        sweep(folder)  # what the next run does when it takes the lock
        assert set(names(folder)) <= {"bundle", ".lock"}
        seen.add("".join(path.read_text() for path in sorted((folder / "bundle").iterdir())))
    assert code == 0
    assert seen == {"oldold", "newnew"}
