"""Whatever is wrong with the input: exit code 2, one message that helps, and nothing half written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager

import pandas as pd
import pytest
from conftest import process

from cs_ml.bundle import Bundle
from cs_ml.pipeline.train import save

CONFIG = "tables: {folder: tables}\nsnapshots: {windows: [30]}\nmodel: {n_origins: 1, learners: [logistic]}\n"


def first(rows, n, **values):
    for row in rows[:n]:
        row.update(values)


def without(rows, column):
    for row in rows:
        row.pop(column)


def offset(rows):
    for row in rows:
        row["event_at"] += "+09:00"


FAULTS = {
    "missing column": (
        lambda t: without(t.contracts, "mrr"),
        r"contracts.mrr: expected a column in .*contracts.csv, found columns account_id, .*; map it in the config",
    ),
    "wrong type": (
        lambda t: first(t.contracts, 3, mrr="abc"),
        r"contracts.mrr: expected a number, found 'abc' \(type\) \(3 rows\); correct the rows",
    ),
    "duplicate key": (
        lambda t: t.contracts.append({**t.contracts[0], "mrr": 7}),
        r"contracts.contract_line_id: expected a key that is there once, found 'c0'",
    ),
    "unparseable date": (
        lambda t: first(t.usage, 20, event_at="31/31/2025"),
        r"usage.event_at: expected a date or time such as .*, found '31/31/2025' \(type\) \(20 rows\)",
    ),
    "rows of the future": (
        lambda t: first(t.usage, 20, event_at="2126-01-01"),
        r"usage.event_at: expected before \d{4}-.*, found '2126-01-01.*\(20 rows\); .*declare book.data_end",
    ),
    "mixed time zones": (
        lambda t: offset(t.usage[:30]),
        r"usage.event_at: expected one way of writing time zones, found 30 rows with an offset and \d+ without",
    ),
    "unknown accounts": (
        lambda t: first(t.usage, 30, account_id="zz"),
        r"usage.account_id: expected an account of the accounts table, found 'zz' .*\(30 rows\)",
    ),
    "negative money": (
        lambda t: first(t.contracts, 2, mrr=-5),
        r"contracts.mrr: expected at least 0, found '-5.0'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["check", "train"])
def test_bad_rows(tiny, command, tmp_path, fault, name):
    change, message = FAULTS[fault]
    change(tiny)
    tiny.write()
    answer = command(name, "-t", "tables")
    assert answer.code == 2
    assert re.search(message, answer.err), answer.err
    assert "Traceback" not in answer.err
    left = {path.relative_to(tmp_path / "out").parts[0] for path in (tmp_path / "out").rglob("*")}
    assert left <= {"quarantine"}, "rejected rows to look at, and nothing else"


def test_rejected_rows_come_back_as_they_were_with_the_rule_they_break(tiny, command, tmp_path):
    first(tiny.usage, 20, event_at="31/31/2025")
    tiny.write()
    assert command("check", "-t", "tables").code == 2
    kept = pd.read_parquet(tmp_path / "out" / "quarantine" / "usage.parquet")
    assert kept["event_at"].tolist() == ["31/31/2025"] * 20
    assert set(kept["broken_rules"]) == {"event_at: type"}
    tiny.usage = tiny.usage[20:]
    tiny.write()
    assert command("check", "-t", "tables").code == 0
    assert not (tmp_path / "out" / "quarantine" / "usage.parquet").exists()


def test_all_faults_are_said_at_once(tiny, command):
    without(tiny.accounts, "account_id")
    first(tiny.contracts, 2, mrr="abc")
    offset(tiny.usage[:30])
    tiny.write()
    answer = command("check", "-t", "tables")
    assert "accounts.account_id: expected a column" in answer.err
    assert "usage.event_at: expected one way" in answer.err


def test_an_empty_table_and_an_empty_file(tiny, command):
    (tiny.folder / "usage.csv").write_text("account_id,event_at\n", encoding="utf-8")
    assert "usage: expected at least one row in " in command("check", "-t", "tables").err
    (tiny.folder / "usage.csv").write_bytes(b"")
    assert "usage.csv: expected a header and rows, found an empty file" in command("check", "-t", "tables").err


def test_shift_jis_is_named_and_read_when_declared(tiny, command, tmp_path):
    tiny.write("cp932")
    answer = command("check", "-t", "tables")
    assert answer.code == 2
    assert re.search(r"accounts.csv: expected UTF-8 text, found other bytes in line 2; .*`encoding: cp932`", answer.err)
    (tmp_path / "cs_ml.yaml").write_text(
        "tables: {folder: tables, map: {accounts: {encoding: cp932}}}", encoding="utf-8"
    )
    assert command("check").code == 0


def test_an_unknown_key_is_named_with_its_place_and_the_nearest_one(tiny, command, tmp_path):
    (tmp_path / "cs_ml.yaml").write_text(
        "tables: {folder: tables}\nsnapshots:\n  strat: 2025-01-01\n", encoding="utf-8"
    )
    answer = command("train")
    assert answer.code == 2
    assert "cs_ml.yaml:3:3: snapshots.strat: expected a known key" in answer.err
    assert "did you mean start?" in answer.err


@pytest.mark.parametrize("broken", ["not parquet at all", "head", "middle", "tail"])
def test_a_damaged_parquet_file_is_named(tiny, command, broken):
    path = tiny.folder / "usage.parquet"
    pd.DataFrame(tiny.usage * 50).to_parquet(path)
    (tiny.folder / "usage.csv").unlink()
    whole = path.read_bytes()
    start = {"head": 4, "middle": len(whole) // 3, "tail": len(whole) - 60}.get(broken, 0)
    path.write_bytes(whole[:start] + bytes(300) + whole[start + 300 :] if start else b"PAR1 nothing of the kind PAR1")
    answer = command("snapshot", "-t", "tables")
    assert answer.code == 2
    assert re.search(r"usage.parquet: expected a table that can be read, found .*; write the file again", answer.err), (
        answer.err
    )


@pytest.mark.parametrize("name", ["evaluate", "score", "report", "explain a00"])
def test_before_training_there_is_nothing_to_score_with(tiny, command, name):
    answer = command(*name.split(), "-t", "tables")
    assert answer.code == 2
    assert re.search(r"expected a trained bundle in .*, found none; run `cs-ml train` first", answer.err)


def test_a_variable_that_is_not_set(command, tmp_path, monkeypatch):
    monkeypatch.delenv("CS_ML_NO_SUCH_URL", raising=False)
    (tmp_path / "cs_ml.yaml").write_text("tables: {postgres: CS_ML_NO_SUCH_URL}", encoding="utf-8")
    assert "variable CS_ML_NO_SUCH_URL: expected a URL postgresql://..., found nothing" in command("check").err


def test_a_database_that_does_not_answer_is_said_once_and_without_the_password(command, tmp_path):
    pytest.importorskip("psycopg")
    text = "tables: {postgres: 'postgresql://someone:secret@127.0.0.1:1/book'}"
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    answer = command("check")
    assert answer.code == 2
    assert answer.err.count("expected a database that answers") == 1
    assert "secret" not in answer.err


def test_dates_that_the_data_do_not_reach(tiny, command, tmp_path):
    text = "tables: {folder: tables}\nsnapshots: {start: 2126-01-01, end: 2126-06-01}\n"
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    answer = command("snapshot")
    assert answer.code == 2
    assert re.search(r"as_of: expected dates up to 2026-\d\d-\d\d, where the data end, found 2126-06-01; ", answer.err)
    assert not (tmp_path / "out" / "snapshots.parquet").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("score --as-of tomorrow", "--as-of: expected a date such as 2026-10-01, found 'tomorrow'"),
        ("score --as-of 2126-10-01", "as_of: expected dates up to 2026-10-01, where the data end, found 2126-10-01"),
        ("score --as-of 1999-01-01", "expected customers between 1999-01-01 and 1999-01-01, found none"),
        ("explain nobody", "account nobody: expected a customer on 2026-10-01, found none; customers are such as A"),
        ("explain A000000 --lang fr", "--lang: expected en or ja, found 'fr'"),
        ("report --account nobody", "account nobody: expected a customer on 2026-10-01, found none"),
    ],
)
def test_what_was_not_scored(story, command, words, message, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copytree(story.folder / "out" / "bundle", tmp_path / "out" / "bundle")
    answer = command(*words.split(), "-c", story.folder / "cs_ml.yaml", "-o", tmp_path / "out")
    assert answer.code == 2
    assert message in answer.err
    assert answer.out == ""
    assert not (tmp_path / "out" / "report" / "accounts").exists() or not words.startswith("report")


def test_a_damaged_bundle_is_not_scored_with(story, command, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copytree(story.folder / "out" / "bundle", tmp_path / "out" / "bundle")
    part = tmp_path / "out" / "bundle" / "parts" / "churn.json"
    part.write_text(part.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    answer = command("score", "-c", story.folder / "cs_ml.yaml", "-o", tmp_path / "out")
    assert answer.code == 2
    assert "parts/churn.json" in answer.err
    assert not (tmp_path / "out" / "scores").exists()


@pytest.mark.parametrize("name", ["check", "snapshot", "train"])
def test_a_file_where_the_output_folder_should_be(tiny, command, tmp_path, name):
    first(tiny.usage, 1, account_id="zz")
    tiny.write()
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    answer = command(name, "-t", "tables")
    assert answer.code == 2
    assert re.search(r"cannot create .*quarantine: a part of the path is a file", answer.err)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


@contextmanager
def mounted(folder, options):
    """Mount a disk in memory; only root can, on Linux."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root on Linux")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_an_output_folder_that_cannot_be_written(tiny, command, tmp_path):
    with mounted(tmp_path / "out", "ro"):
        answer = command("snapshot", "-t", "tables")
    assert answer.code == 2
    assert re.search(r"^error: cannot write .*out/snapshots.parquet: the file system is read-only; choose", answer.err)


def test_an_output_folder_without_the_right_to_write(tiny, command, tmp_path):
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (tmp_path / "out").mkdir(mode=0o555)
    assert "snapshots.parquet: no permission; check who owns the folder" in command("snapshot", "-t", "tables").err


def fill(disk, leave):
    """Leave so many bytes free."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "filler").write_bytes(bytes(max(free - leave, 0)))


def test_a_full_disk_under_the_results(story, command, tmp_path):
    with mounted(tmp_path / "disk", "size=4m") as disk:
        shutil.copytree(story.folder / "out" / "bundle", disk / "out" / "bundle")
        fill(disk, 20_000)
        answer = command("snapshot", "-c", story.folder / "cs_ml.yaml", "-o", disk / "out")
        assert {path.name for path in (disk / "out").iterdir()} == {"bundle"}
    assert answer.code == 2, answer
    assert re.search(r"^error: cannot write .*snapshots.parquet: the disk is full; free some space", answer.err)


def test_a_full_disk_under_the_tracking_store(make_tiny, command, tmp_path, empty_store, monkeypatch):
    make_tiny(accounts=30)
    (tmp_path / "cs_ml.yaml").write_text(CONFIG + "labels: {churn: {}}\n", encoding="utf-8")

    def save_and_fill(trained, config):
        place = save(trained, config)
        fill(tmp_path / "out", 8_000)
        return place

    monkeypatch.setattr("cs_ml.pipeline.train.save", save_and_fill)
    with mounted(tmp_path / "out", "size=8m") as out:
        (out / "tracking").mkdir()
        shutil.copy(empty_store, out / "tracking" / "mlflow.db")
        answer = command("train")
        assert Bundle.load(out / "bundle").parts.keys() == {"health", "profile", "typical"}
    assert answer.code == 2, answer
    assert re.search(r"^error: .*(disk is full|No space left)", answer.err), answer.err
    assert answer.err.count("\n") == 1


def test_a_full_disk_for_temporary_files(tiny, tmp_path):
    many = pd.concat([pd.DataFrame(tiny.usage)] * 200, ignore_index=True).assign(feature=lambda t: t.index.astype(str))
    many.to_csv(tiny.folder / "usage.csv", index=False, encoding="utf-16")
    text = "tables: {folder: tables, map: {usage: {encoding: utf-16}}}\n"
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    with mounted(tmp_path / "disk", "size=1m") as disk:
        answer = process(tmp_path, "check", TMPDIR=str(disk))
    assert answer.code == 2, answer
    assert re.search(r"disk .*is full", answer.err), answer.err
    assert answer.err.count("\n") == 1


def test_a_full_disk_where_sorting_spills(tiny, tmp_path):
    tickets = pd.DataFrame({"ticket_id": [f"ticket-{number:020d}" for number in range(200_000)]})
    tickets.assign(account_id="a00", opened_at="2025-02-01").to_parquet(tiny.folder / "tickets.parquet")
    text = "tables: {folder: tables}\nengine: {memory_limit: 15MB, workers: 1}\n"
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    with mounted(tmp_path / "disk", "size=1m") as disk:
        answer = process(tmp_path, "check", TMPDIR=str(disk))
        assert list(disk.iterdir()) == []
    assert answer.code == 2, answer
    assert re.search(r"(the disk for temporary files is full|expected enough memory)", answer.err), answer.err
    assert answer.err.count("\n") == 1
