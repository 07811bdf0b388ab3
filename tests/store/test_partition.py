"""The results of a date are whole, or said to be damaged."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from cs_ml.errors import InputError, StorageError
from cs_ml.store import (
    partition_dates,
    partition_path,
    read_json,
    read_manifest,
    read_partition,
    write_parquet,
    write_partition,
    write_text,
)


def scores(p_churn, as_of="2026-10-01"):
    accounts = [f"a{number}" for number in range(len(p_churn))]
    index = pd.MultiIndex.from_product([accounts, pd.to_datetime([as_of])], names=["account_id", "as_of"])
    return pd.DataFrame({"p_churn": p_churn}, index)


def test_one_frame_comes_back(tmp_path):
    write_partition(tmp_path, "2026-10-01", scores([0.1, 0.2]))
    pd.testing.assert_frame_equal(read_partition(tmp_path, "2026-10-01"), scores([0.1, 0.2]))


def test_chunks_come_back_in_order(tmp_path):
    whole = scores([0.1, 0.2, 0.3])
    folder = write_partition(tmp_path, "2026-10-01", (whole.iloc[i : i + 1] for i in range(3)), {"model_version": "7"})
    pd.testing.assert_frame_equal(read_partition(tmp_path, "2026-10-01"), whole)
    manifest = read_manifest(folder)
    assert manifest["rows"] == 3
    assert [file["rows"] for file in manifest["files"]] == [1, 1, 1]
    assert manifest["metadata"] == {"model_version": "7"}


def test_second_run_replaces_the_first_whole(tmp_path):
    write_partition(tmp_path, "2026-10-01", [scores([0.1]), scores([0.2])])
    write_partition(tmp_path, "2026-10-01", scores([0.3]))
    assert read_partition(tmp_path, "2026-10-01")["p_churn"].tolist() == [0.3]
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["_manifest.json", "part-00000.parquet"]


def test_run_that_fails_midway_leaves_the_first(tmp_path):
    write_partition(tmp_path, "2026-10-01", scores([0.1]))

    def chunks():
        yield scores([0.5])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_partition(tmp_path, "2026-10-01", chunks())
    assert read_partition(tmp_path, "2026-10-01")["p_churn"].tolist() == [0.1]
    assert len(list(tmp_path.iterdir())) == 1


def test_dates_are_listed_in_order(tmp_path):
    for as_of in ("2026-11-01", "2026-10-01"):
        write_partition(tmp_path, as_of, scores([0.1], as_of))
    (tmp_path / "as_of=2026-12-01").mkdir()
    assert partition_dates(tmp_path).strftime("%m").tolist() == ["10", "11"]
    assert len(partition_dates(tmp_path / "nothing")) == 0


def test_other_tools_can_read_a_date(tmp_path):
    folder = write_partition(tmp_path, "2026-10-01", scores([0.1, 0.2]))
    assert len(pd.read_parquet(folder)) == 2
    (tmp_path / ".as_of=2026-10-01.1-a.aside").mkdir()
    write_parquet(scores([0.9]), tmp_path / ".as_of=2026-10-01.1-a.aside" / "part-00000.parquet")
    found = (
        duckdb.connect().execute("select p_churn from read_parquet(?)", [f"{tmp_path}/as_of=*/*.parquet"]).fetchall()
    )
    assert found == [(0.1,), (0.2,)]


@pytest.mark.parametrize("damage", ["alter", "add", "remove"])
def test_damage_is_named(tmp_path, damage):
    folder = write_partition(tmp_path, "2026-10-01", scores([0.1]))
    part = folder / "part-00000.parquet"
    if damage == "alter":
        part.write_bytes(part.read_bytes() + b"x")
    elif damage == "add":
        (folder / "part-00001.parquet").write_bytes(b"x")
    else:
        part.unlink()
    with pytest.raises(StorageError, match=r"does not match its manifest \(part-0000"):
        read_partition(tmp_path, "2026-10-01")


def test_manifest_cannot_point_elsewhere(tmp_path):
    folder = write_partition(tmp_path, "2026-10-01", scores([0.1]))
    text = (folder / "_manifest.json").read_text()
    write_text(folder / "_manifest.json", text.replace("part-00000", "../secret"))
    with pytest.raises(StorageError, match="secret"):
        read_partition(tmp_path, "2026-10-01")


def test_date_never_written_is_said(tmp_path):
    with pytest.raises(StorageError, match=r"cannot read .*as_of=2026-10-01"):
        read_partition(tmp_path, "2026-10-01")


def test_as_of_is_the_start_of_a_day():
    with pytest.raises(InputError, match="expected the start of a day, found 2026-10-01 03:00"):
        partition_path("scores", "2026-10-01 03:00")


def test_same_scores_give_the_same_files(tmp_path):
    contents = []
    for name in "ab":
        folder = write_partition(tmp_path / name, "2026-10-01", scores([0.1]))
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
        assert read_json(folder / "_manifest.json")["as_of"] == "2026-10-01"
    assert contents[0] == contents[1]
