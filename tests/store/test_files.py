"""Text, JSON and Parquet come back as they went."""

from __future__ import annotations

import errno

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cs_ml.errors import FrameError, InputError, StorageError
from cs_ml.store import make_folder, read_json, read_parquet, write_json, write_parquet, write_text


@pytest.fixture
def scores():
    index = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2026-10-01"])], names=["account_id", "as_of"])
    return pd.DataFrame({"p_churn": [0.1, np.nan], "band": ["red", None], "plan": pd.Categorical(["x", None])}, index)


def test_parquet_comes_back_with_index_and_kinds(tmp_path, scores):
    pd.testing.assert_frame_equal(read_parquet(write_parquet(scores, tmp_path / "s.parquet")), scores)


def test_same_frame_gives_the_same_bytes(tmp_path, scores):
    one, two = (write_parquet(scores, tmp_path / name).read_bytes() for name in ("1", "2"))
    assert one == two


def test_mixed_column_is_named(tmp_path):
    frame = pd.DataFrame({"value": [1.0, "high"], "rank": [1, 2]})
    with pytest.raises(FrameError, match="column value: expected one kind of value, found float and str"):
        write_parquet(frame, tmp_path / "d.parquet")
    assert list(tmp_path.iterdir()) == []


def test_full_disk_while_writing_parquet_leaves_nothing(tmp_path, monkeypatch, scores):
    def half(table, path, **_):
        path.write_bytes(b"PAR1 half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half)
    with pytest.raises(StorageError, match="the disk is full"):
        write_parquet(scores, tmp_path / "s.parquet")
    assert list(tmp_path.iterdir()) == []


def test_reading_what_is_not_parquet_is_said(tmp_path):
    with pytest.raises(StorageError, match="not a Parquet file"):
        read_parquet(write_text(tmp_path / "s.parquet", "no"))


def test_json_comes_back(tmp_path):
    value = {"理由": ["a", 1, 0.1 + 0.2, True, None], "nan": None}
    path = write_json(tmp_path / "v.json", {**value, "nan": float("nan")})
    assert read_json(path) == value
    assert "理由" in path.read_text(encoding="utf-8")


def test_unwritable_json_leaves_nothing(tmp_path):
    with pytest.raises(InputError):
        write_json(tmp_path / "v.json", {"a": object()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "message"), [("{", "it is not JSON"), (None, "does not exist")])
def test_unreadable_json_is_said(tmp_path, content, message):
    if content:
        write_text(tmp_path / "v.json", content)
    with pytest.raises(StorageError, match=message):
        read_json(tmp_path / "v.json")


def test_text_is_utf8_and_keeps_its_line_ends(tmp_path):
    assert write_text(tmp_path / "t", "a\r\n解約\n").read_bytes() == b"a\r\n" + "解約\n".encode()


def test_make_folder_says_when_a_file_is_in_the_way(tmp_path):
    write_text(tmp_path / "a", "x")
    with pytest.raises(StorageError, match="cannot create"):
        make_folder(tmp_path / "a" / "b")
