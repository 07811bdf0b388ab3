"""No more of a Parquet file is read than is needed: what is destroyed and not needed does no harm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cs_ml.engine.local import LocalEngine
from cs_ml.errors import TableError
from cs_ml.features import SnapshotBuilder, UsageBuilder
from cs_ml.tables import ColumnSpec, Filter, TableMapping, check, find_source, open_tables
from cs_ml.timeline import make_spine

ROWS = 4_000
AT = pd.Timestamp


def usage(first: str = "2026-01-01") -> pa.Table:
    """Return four accounts one after another, each with an event a minute."""
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "account_id": np.repeat(["a", "b", "c", "d"], ROWS // 4),
            "event_at": pd.date_range(first, periods=ROWS, freq="min").as_unit("us").to_numpy(),
            "quantity": rng.random(ROWS),
            "junk": rng.random(ROWS),
        }
    )


def written(folder, table=None, name="usage.parquet", groups=4):
    table = usage() if table is None else table
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / name, row_group_size=len(table) // groups, use_dictionary=False, compression="zstd")
    accounts = pa.table({"account_id": ["a", "b", "c", "d"]})
    pq.write_table(accounts, folder / "accounts.parquet")
    return folder / name


def destroy(path, column, groups=range(99)):
    """Overwrite the pages of a column in some row groups with nonsense."""
    content = bytearray(path.read_bytes())
    metadata = pq.read_metadata(path)
    for group in set(groups) & set(range(metadata.num_row_groups)):
        chunks = [metadata.row_group(group).column(at) for at in range(metadata.num_columns)]
        (chunk,) = [chunk for chunk in chunks if chunk.path_in_schema == column]
        start = chunk.data_page_offset
        content[start : start + chunk.total_compressed_size] = b"\x5a" * chunk.total_compressed_size
    path.write_bytes(bytes(content))


def read(tables, **options) -> pd.DataFrame:
    found = [batch.to_pandas() for batch in tables.batches("usage", ["account_id", "event_at"], **options)]
    return pd.concat(found) if found else pd.DataFrame()


def test_a_column_that_is_needed_is_missed_when_it_is_destroyed(tmp_path):
    destroy(written(tmp_path), "quantity")
    with pytest.raises(TableError, match=r"usage\.parquet: expected a table that can be read"):
        open_tables(tmp_path)


@pytest.mark.parametrize("mapping", [{}, {"usage": TableMapping(timezone="Asia/Tokyo")}], ids=["plain", "computed"])
def test_a_column_that_nobody_needs_is_never_read(tmp_path, mapping):
    destroy(written(tmp_path), "junk")
    tables = open_tables(tmp_path, mapping)
    assert len(tables.frame("usage")) == len(read(tables)) == ROWS
    spine = make_spine(tables, start="2026-01-02", end="2026-01-03", every="day")
    assert len(SnapshotBuilder((UsageBuilder((7,)),), LocalEngine(1, 2)).build(tables, spine))


@pytest.mark.parametrize("direct", [True, False], ids=["files", "duckdb"])
def test_only_row_groups_of_the_time_asked_for_are_read(tmp_path, direct):
    path = written(tmp_path)
    tables = open_tables(
        tmp_path, {} if direct else {"usage": TableMapping(where=(Filter("quantity", "at_least", 0),))}
    )
    assert bool(tables.loaded["usage"].files) == direct
    destroy(path, "event_at", groups=[2, 3])
    noon = AT("2026-01-01 12:00")
    assert read(tables, until=noon)["event_at"].min() == AT("2026-01-01")
    with pytest.raises(TableError):
        read(tables, until=AT("2026-01-03"))


@pytest.mark.parametrize("direct", [True, False], ids=["files", "duckdb"])
def test_only_row_groups_of_the_accounts_asked_for_are_read(tmp_path, direct):
    path = written(tmp_path)
    tables = open_tables(tmp_path)
    destroy(path, "event_at", groups=[0, 3])
    if direct:
        assert set(read(tables, accounts=("b", "c"))["account_id"]) == {"b", "c"}
    assert len(tables.frame("usage", ["b"])) == ROWS // 4
    with pytest.raises(TableError):
        tables.frame("usage", ["a"])


def test_the_engine_reads_nothing_that_happened_after_the_last_date(tmp_path):
    path = written(tmp_path)
    tables = open_tables(tmp_path)
    expected = SnapshotBuilder((UsageBuilder((7,)),), LocalEngine(1, 1))
    spine = make_spine(tables, start="2026-01-02", end="2026-01-02", every="day")
    whole = expected.build(tables, spine)
    destroy(path, "event_at", groups=[3])
    pd.testing.assert_frame_equal(expected.build(tables, spine), whole)


def test_text_with_blanks_around_it_is_read_alike_by_every_way(tmp_path):
    table = pa.table(
        {"account_id": [" a", "b "], "event_at": pd.to_datetime(["2026-01-05"] * 2).as_unit("us").to_numpy()}
    )
    written(tmp_path, table, groups=1)
    tables = open_tables(tmp_path)
    assert tables.frame("usage")["account_id"].tolist() == sorted(read(tables)["account_id"]) == ["a", "b"]


@pytest.mark.parametrize("folders", ["month={month}", "year=2026/month={month}", "{month}"])
def test_many_files_in_folders_are_one_table(tmp_path, folders):
    for month in ("2026-01", "2026-02"):
        written(tmp_path, usage(f"{month}-01"), f"usage/{folders.format(month=month)}/part-0.parquet")
    (tmp_path / "usage" / "_temporary").mkdir()
    (tmp_path / "usage" / "_temporary" / "half.parquet").write_bytes(b"half of a fi")
    tables = open_tables(tmp_path)
    assert tables.loaded["usage"].n_rows == len(read(tables)) == 2 * ROWS
    assert len(tables.loaded["usage"].files) == 2


def test_folders_that_the_config_rules_out_are_not_read(tmp_path):
    for month in ("2026-01", "2026-02"):
        path = written(tmp_path, usage(f"{month}-01"), f"usage/month={month}/part-0.parquet")
    destroy(path, "event_at")
    kept = {"usage": TableMapping(where=(Filter("month", "below", "2026-02"),))}
    assert len(open_tables(tmp_path, kept).frame("usage")) == ROWS
    with pytest.raises(TableError):
        open_tables(tmp_path)


def test_what_only_the_folders_say_is_a_column(tmp_path):
    for region in ("east", "west"):
        written(tmp_path, usage(), f"usage/where={region}/part-0.parquet")
    mapped = {"usage": TableMapping(columns={"feature": ColumnSpec("where")})}
    tables = open_tables(tmp_path, mapped)
    batches = [batch.to_pandas() for batch in tables.batches("usage", ["account_id", "feature"])]
    assert pd.concat(batches)["feature"].value_counts().to_dict() == {"east": ROWS, "west": ROWS}


def test_parts_with_other_columns_are_read_together(tmp_path):
    written(tmp_path, usage(), "usage/1.parquet")
    written(tmp_path, usage().drop_columns("quantity"), "usage/2.parquet")
    tables = open_tables(tmp_path)
    assert tables.loaded["usage"].files == ()
    assert tables.frame("usage")["quantity"].isna().sum() == ROWS


def test_a_rejected_row_is_shown_as_the_source_has_it(tmp_path):
    table = pa.concat_tables([usage().slice(0, 4), usage().slice(0, 1).set_column(0, "account_id", pa.array(["z"]))])
    written(tmp_path, table, groups=1)
    found = check(find_source(tmp_path), max_rejected_share=1)
    assert found.rejected("usage")["junk"].tolist() == [usage()["junk"][0].as_py()]
    assert found.tables.loaded["usage"].files == ()
