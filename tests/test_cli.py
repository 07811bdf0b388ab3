"""The command itself: exit codes, messages, and what it says to whom."""

from __future__ import annotations

import errno
import importlib
import re
import subprocess
import sys

import pytest

from cs_ml.cli import app, main
from cs_ml.errors import InputError
from cs_ml.pipeline.foreseen import foreseen


def test_help_names_every_command_and_the_exit_codes(command):
    answer = command("--help")
    assert (answer.code, answer.err) == (0, "")
    for found in app.registered_commands:
        assert found.callback.__name__ in answer.out
    assert "130 interrupted" in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "expected a command, found none"),
        ("scroe", "No such command 'scroe'. Did you mean 'score'?"),
        ("score --asof 2026-10-01", "No such option: --asof"),
        ("explain", "Missing argument 'account'"),
        ("check", "expected --config FILE, --tables FOLDER or a file cs_ml.yaml here, found none; `cs-ml init` writes"),
        ("check -c one.yaml -t two", "expected --config or --tables, found both"),
        ("check -c none.yaml", "cannot read none.yaml: the file or its folder does not exist"),
        ("check -t nowhere", "nowhere: expected a folder with source tables, found no such folder"),
        ("init --lang fr", "--lang: expected en or ja, found 'fr'"),
        (
            "init no/folder/cs_ml.yaml",
            "cannot write no/folder/cs_ml.schema.json: the file or its folder",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_message(command, words, message):
    answer = command(*words.split())
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_init_replaces_a_file_only_when_told(command, tmp_path):
    assert command("init").out.splitlines() == ["wrote cs_ml.yaml", "wrote cs_ml.schema.json"]
    (tmp_path / "cs_ml.yaml").write_text("mine", encoding="utf-8")
    answer = command("init", "--lang", "ja")
    assert answer.code == 2
    assert "expected no file cs_ml.yaml, found one" in answer.err
    assert (tmp_path / "cs_ml.yaml").read_text(encoding="utf-8") == "mine"
    assert command("init", "--lang", "ja", "--force").code == 0
    assert "解約" in (tmp_path / "cs_ml.yaml").read_text(encoding="utf-8")


def raising(monkeypatch, error):
    def step(*_, **__):
        raise error

    monkeypatch.setattr("cs_ml.pipeline.start.write_config", step)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("expected this, found that"), 2, "error: expected this, found that\n"),
        (KeyboardInterrupt(), 130, "error: interrupted; nothing was left half written\n"),
        (OSError(errno.ENOSPC, "No space left on device", "out/x"), 2, "the disk is full \\(out/x\\); free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 2, "cannot use out: no permission"),
        (MemoryError(), 2, "the memory does not suffice"),
        (KeyError("p_churn"), 70, "a defect of ours: KeyError: 'p_churn'\nset CS_ML_DEBUG=1"),
    ],
)
def test_exit_codes(command, monkeypatch, error, code, message):
    raising(monkeypatch, error)
    answer = command("init")
    assert answer.code == code
    assert re.search(message, answer.err), answer.err
    assert answer.out == ""


def test_a_defect_shows_where_it_is_when_asked(command, monkeypatch):
    raising(monkeypatch, KeyError("p_churn"))
    monkeypatch.setenv("CS_ML_DEBUG", "1")
    with pytest.raises(KeyError):
        command("init")


@pytest.mark.parametrize(("clean", "code"), [(True, 0), (False, 1)])
def test_a_leak_is_exit_code_one(command, monkeypatch, tmp_path, clean, code):
    monkeypatch.setattr("cs_ml.pipeline.auditing.run_audit", lambda *_, **__: (["findings"], clean))
    answer = command("audit", "-t", tmp_path)
    assert answer == (code, "findings\n", "")


def test_what_a_library_wraps_is_still_foreseen():
    error = RuntimeError("the engine stopped")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert foreseen(error).startswith("the disk is full")


def test_main_is_the_entry_point():
    from importlib.metadata import entry_points

    (found,) = [point for point in entry_points(group="console_scripts") if point.name == "cs-ml"]
    assert found.load() is main


def test_the_package_is_the_command_too():
    done = subprocess.run(
        [sys.executable, "-m", "cs_ml", "measures", "nps"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "NPS" in done.stdout) == (0, True)
    assert importlib.import_module("cs_ml.__main__").main is main, "and importing it, as workers do, runs nothing"
