"""The Spark engine on a real session: the bits of the local engine, wherever the rows lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spark_session import started

from cs_ml.engine.local import LocalEngine
from cs_ml.engine.plan import edges_of
from cs_ml.engine.spark import Place, SparkEngine, SparkSource, open_spark_tables, rows, session_of
from cs_ml.engine.spark.session import files_here, told
from cs_ml.engine.spark.tables import SparkUsage
from cs_ml.errors import MissingExtra, TableError
from cs_ml.features.snapshot import SnapshotBuilder
from cs_ml.features.usage_choice import choose_usage
from cs_ml.labels import GrowthLabeler
from cs_ml.labels.activity import _usage_days
from cs_ml.tables import SCHEMAS, ColumnSpec, Filter, TableMapping, Tables, open_tables
from cs_ml.tables.prepare import prepare
from cs_ml.tables.sources.raw import Raw
from cs_ml.timeline import Clock, make_spine

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning")
spark_only = [pytest.mark.spark, pytest.mark.slow]
ACCOUNTS = [f"a{number:02d}" for number in range(12)]
MAPPED = {
    "usage": TableMapping(
        timezone="Asia/Tokyo",
        columns={"account_id": ColumnSpec(column="customer"), "quantity": ColumnSpec(column="minutes", scale=0.1)},
        where=(Filter.of({"column": "minutes", "above": -1}),),
    )
}
OPENED = {"zone": "Asia/Tokyo", "max_rejected_share": 0.2}


@pytest.fixture(scope="module")
def spark(tmp_path_factory) -> Iterator:
    session = started(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Return a folder of Parquet: names to be mapped, late and rejected rows, an account with a third of all rows."""
    folder, rng, n = tmp_path_factory.mktemp("lake"), np.random.default_rng(4), 4000
    at = np.datetime64("2026-01-01", "us") + rng.integers(0, 150 * 86400, n).astype("timedelta64[s]")
    late = np.where(rng.random(n) < 0.3, rng.integers(0, 20 * 86400, n), 0).astype("timedelta64[s]")
    chosen = np.where(rng.random(n) < 0.3, 3, rng.integers(0, 14, n))  # 12 and 13 are no accounts
    columns = {
        "customer": [f"a{number:02d}" for number in chosen],
        "event_at": at, "known_at": np.where(rng.random(n) < 0.5, at + late, np.datetime64("NaT")),
        "user_id": np.where(rng.random(n) < 0.1, None, [f"u{number}" for number in rng.integers(0, 9, n)]),
        "feature": np.where(rng.random(n) < 0.1, None, [f"f{number}" for number in rng.integers(0, 5, n)]),
        "event": rng.choice(["login", "click", None], n), "minutes": rng.normal(3, 3, n),
    }  # fmt: skip
    (folder / "usage").mkdir()
    table = pa.table(columns)
    for number, start in enumerate(range(0, n, 1500)):
        pq.write_table(table.slice(start, 1500), folder / "usage" / f"{number}.parquet")
    contracts = {"contract_line_id": ACCOUNTS, "account_id": ACCOUNTS, "mrr": rng.integers(1, 99, 12) / 7,
                 "seats": rng.integers(1, 30, 12), "start_at": pd.to_datetime(["2025-11-01"] * 12)}  # fmt: skip
    pd.DataFrame(contracts).to_parquet(folder / "contracts.parquet")
    pd.DataFrame({"account_id": ACCOUNTS, "segment": ["small", None, "large"] * 4}).to_parquet(
        folder / "accounts.parquet"
    )
    return folder


def lay(spark, lake, place: str, database: str = "book") -> None:
    """Put the folder's tables where another format finds them: a folder a table, or a catalog."""
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
    for name in ("accounts", "contracts", "usage"):
        path = lake / name if (lake / name).is_dir() else lake / f"{name}.parquet"
        frame = spark.read.parquet(str(path))
        (frame.write.mode("overwrite").saveAsTable(f"{database}.{name}") if place == "table" else
         frame.write.mode("overwrite").parquet(f"{place}/{name}"))  # fmt: skip


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    numbers = left.select_dtypes("float64")
    assert numbers.to_numpy().tobytes() == right[list(numbers)].to_numpy().tobytes()


def both(spark, tables: Tables, on_spark: Tables, start: str, **options) -> pd.DataFrame:
    """Build the same on both engines, hold them equal, and return it."""
    spine = make_spine(tables, start=start)
    found = SnapshotBuilder.default(engine=SparkEngine(spark, **options)).build(on_spark, spine)
    same(found, SnapshotBuilder.default(engine=LocalEngine(1, 1)).build(tables, spine))
    return found


class TestSpark:
    """Everything that needs a session."""

    pytestmark = spark_only

    def test_all_builders_give_the_bits_of_the_local_engine_on_the_sample(self, spark, sample):
        tables = open_tables(sample, zone="Asia/Tokyo")
        X = both(spark, tables, tables, "2026-08-01", buckets=5)
        assert X["usage_events_count_30d"].gt(0).any()
        assert X.shape[1] > 50

    @pytest.mark.parametrize("kind", ["parquet", "table"])
    def test_tables_that_spark_reads_are_mapped_and_judged_as_here(self, spark, lake, tmp_path, kind):
        lay(spark, lake, "table" if kind == "table" else str(tmp_path))
        place = "table:book" if kind == "table" else f"parquet:{tmp_path}"
        local, there = open_tables(lake, MAPPED, **OPENED), open_spark_tables(spark, place, MAPPED, **OPENED)
        assert there.data_end == local.data_end
        for name in local.names:
            counts = [(t.loaded[name].n_rows, t.loaded[name].n_rejected, t.loaded[name].n_left_out)
                      for t in (local, there)]  # fmt: skip
            assert counts[0] == counts[1]
        assert local.loaded["usage"].n_rejected > 0
        assert choose_usage(there, until="2026-04-01", top=3) == choose_usage(local, until="2026-04-01", top=3)
        days = [_usage_days(tables) for tables in (there, local)]
        pd.testing.assert_frame_equal(*days, check_dtype=False)
        asked = make_spine(local, start="2026-02-01", end="2026-04-01")
        told = [GrowthLabeler(1).eligible(tables, asked) for tables in (there, local)]
        assert told[0].tolist() == told[1].tolist()
        assert set(told[1]) == {False, True}
        X = both(spark, local, there, "2026-04-01", buckets=3)
        assert X.loc["a03", "usage_quantity_sum_90d"].gt(0).all()

    def test_an_account_with_a_third_of_all_rows_travels_counted(self, spark, lake):
        tables = open_tables(lake, MAPPED, **OPENED)
        engine, columns = SparkEngine(spark), ["account_id", "event_at", "feature"]
        accounts = np.array(ACCOUNTS, dtype=object)
        edges = edges_of(12, 12)
        rows = engine.counted(tables, columns, accounts, edges, {"login_events": frozenset()})
        rows = rows.toArrow().to_pandas()
        usage = tables.frame("usage", accounts)
        local = usage["event_at"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo").dt.floor("D")
        wanted = usage.groupby(["account_id", local, usage["feature"].fillna("-")], observed=True).size()
        assert rows["rows"].sum() == len(usage)
        assert len(rows) == len(wanted) < len(usage)
        assert rows.groupby("account_id")["bucket"].agg("unique").str[0].tolist() == list(range(12))

    def test_features_are_written_by_date_without_passing_the_driver(self, spark, lake, tmp_path):
        tables = open_tables(lake, MAPPED, **OPENED)
        spine = make_spine(tables, start="2026-04-01")
        builder = SnapshotBuilder.default(engine=SparkEngine(spark, buckets=4))
        frame = builder.engine.features(*builder.lay_out(tables, spine))
        frame.write.partitionBy("as_of").parquet(str(tmp_path / "features"))
        wanted = builder.build(tables, spine)
        for date in spine.index.get_level_values("as_of").unique():
            day = pd.read_parquet(tmp_path / "features" / f"as_of={date.date()}").set_index("account_id").sort_index()
            here = wanted.xs(date, level="as_of")
            numbers = here.select_dtypes("float64")
            assert day[list(numbers)].to_numpy().tobytes() == numbers.to_numpy().tobytes()
            assert day["accounts_segment_current"].fillna("-").tolist() == (
                here["accounts_segment_current"].astype(object).fillna("-").tolist()
            )

    @pytest.mark.parametrize("kind", ["delta", "iceberg"])
    def test_a_format_without_its_jar_is_told(self, spark, tmp_path, kind):
        (tmp_path / "accounts").mkdir()
        with pytest.raises(TableError, match=f"expected a session that reads {kind}, found one without its jar; start"):
            open_spark_tables(spark, f"{kind}:{tmp_path}")

    def test_a_table_that_the_config_names_must_be_there(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        with pytest.raises(TableError, match="invoices_2026: expected the table that the config names, found no such"):
            open_spark_tables(spark, f"parquet:{tmp_path}", {"invoices": TableMapping(source="invoices_2026")})

    def test_too_many_rejected_rows_are_told_by_rule(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        with pytest.raises(TableError) as told:
            open_spark_tables(spark, f"parquet:{tmp_path}", MAPPED, zone="Asia/Tokyo")
        assert [fault.where for fault in told.value.faults] == ["usage.account_id"]

    def test_usage_does_not_come_to_the_driver_unasked(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        tables = open_spark_tables(spark, f"parquet:{tmp_path}", MAPPED, **OPENED)
        with pytest.raises(TableError, match="usage stays in Spark"):
            tables.frame("usage")

    def test_what_an_executor_refuses_is_told(self, spark):
        contracts = pd.DataFrame(
            {"contract_line_id": ["c"], "account_id": ["a"], "start_at": ["2026-01-01"], "mrr": [1]}
        )
        usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05"], "quantity": [1e15]})
        tables = open_tables({"accounts": contracts[["account_id"]], "contracts": contracts, "usage": usage})
        spine = make_spine(tables, start="2026-02-01", end="2026-02-01", every=["2026-02-01"])
        with pytest.raises(TableError, match=r"usage.quantity: expected numbers up to 4.6e\+12"):
            SnapshotBuilder.default(engine=SparkEngine(spark)).build(tables, spine)

    def test_damage_is_told_with_its_place_and_reason(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        (part,) = (tmp_path / "contracts").glob("*.parquet")
        part.write_bytes(part.read_bytes()[:-40])
        (tmp_path / "contracts" / f".{part.name}.crc").unlink()
        with pytest.raises(TableError, match=r"contracts: .*part-.* is not a Parquet file.*; write the file again"):
            open_spark_tables(spark, f"parquet:{tmp_path}", MAPPED, **OPENED)

    def test_nanoseconds_are_told_with_a_way_out(self, spark, tmp_path):
        pq.write_table(pa.table({"account_id": ["a"], "at": pa.array([1], pa.timestamp("ns"))}), tmp_path / "a.parquet")
        with (
            pytest.raises(TableError, match=r"a: .*NANOS.*; write its instants in microseconds"),
            told(str(tmp_path / "a"), "parquet"),
        ):
            spark.read.parquet(str(tmp_path / "a.parquet"))

    def test_a_condition_on_a_column_that_is_not_there_is_told(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        wrong = {"usage": replace(MAPPED["usage"], where=(Filter.of({"column": "minute", "above": 0}),))}
        with pytest.raises(TableError, match=r"usage: minute: expected a column for `where` of usage.* mean minutes"):
            open_spark_tables(spark, f"parquet:{tmp_path}", wrong, **OPENED)

    def test_a_condition_that_leaves_no_row_is_told(self, spark, lake, tmp_path):
        lay(spark, lake, str(tmp_path))
        none = {"usage": replace(MAPPED["usage"], where=(Filter.of({"column": "minutes", "above": 1e6}),))}
        with pytest.raises(TableError, match="found none after `where` left out 4,000 rows"):
            open_spark_tables(spark, f"parquet:{tmp_path}", none, **OPENED)

    @pytest.mark.parametrize("place", ["parquet:/nowhere/book", "table:nowhere"])
    def test_a_place_without_tables_is_named(self, spark, place):
        with pytest.raises(TableError, match=f"accounts: expected .*, found no table at all in {place};"):
            open_spark_tables(spark, place)

    def test_what_python_raises_on_an_executor_is_told(self, spark):
        def fails(_):
            raise KeyError("minutes")

        with (
            pytest.raises(TableError, match="usage: expected a table that Spark can read, found KeyError: 'minutes'"),
            told("usage"),
        ):
            spark.range(1).mapInArrow(fails, "id bigint").collect()

    def test_a_plain_path_means_this_machine_unless_a_cluster_says_otherwise(self, spark):
        settings = spark.sparkContext._jsc.hadoopConfiguration()
        assert files_here(spark)
        settings.set("fs.defaultFS", "hdfs://name:8020")
        assert not files_here(spark)
        settings.set("fs.defaultFS", "file:///")

    def test_a_session_that_runs_is_used(self, spark):
        assert session_of("local[7]") is spark
        assert SparkEngine().session is spark


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingExtra, match=r'pip install "cs_ml\[spark\]"'):
        SparkEngine().session  # noqa: B018  looking is enough


@pytest.mark.parametrize("text", ["s3a://lake/book", "avro:/x", "parquet:", "table"])
def test_a_place_names_its_format(text):
    with pytest.raises(TableError, match="expected FORMAT:PLACE with a format among parquet, delta, iceberg"):
        Place.of(text)


def test_a_table_may_have_a_place_of_its_own():
    assert Place.of("parquet:/lake/book/").of_table("usage") == "/lake/book/usage"
    assert Place.of("parquet:/lake").of_table("s3a://other/usage") == "s3a://other/usage"
    assert Place.of("iceberg:main.book").of_table("usage") == "main.book.usage"
    assert Place.of("table:book").of_table("crm.accounts") == "crm.accounts"


def test_many_batches_are_judged_and_counted_one_after_the_other(monkeypatch):
    monkeypatch.setattr(rows, "ROWS", 2)
    at = pa.array(pd.to_datetime(["2026-01-05 10:00"] * 5), pa.timestamp("us"))
    raw = pa.record_batch({"account_id": ["a", "x", "b", "a", "a"], "event_at": at})
    types = {"account_id": "VARCHAR", "event_at": "TIMESTAMP"}
    found = Raw(f'"{rows.RAW}"', types, "usage")
    known = f'"{rows.ACCOUNTS}"'
    prepared = prepare(SCHEMAS["usage"], found, TableMapping(), accounts=known, data_end="2026-02-01")
    judge = rows.Judge(prepared, ["a", "b"], "2026-02-01")
    (counts,) = rows.judged(judge)(raw.slice(start, 1) for start in range(5))
    assert [row[:3] for row in counts["counts"].to_pylist()] == [[2, 2, 1], [2, 2, 0], [1, 1, 0]]
    assert rows.newest_day(counts["counts"][0][-1].as_py()) == pd.Timestamp("2026-01-06")
    accounts, columns = np.array(["a", "b"], dtype=object), ["account_id", "event_at"]
    counter = rows.counter(accounts, np.array([1]), columns, Clock(), {}, judge)
    sent = pa.Table.from_batches(counter(raw.slice(start, 1) for start in range(5)))
    assert sent.select(["account_id", "rows", "bucket"]).to_pylist() == [
        {"account_id": name, "rows": 1, "bucket": bucket} for name, bucket in [("a", 0), ("b", 1), ("a", 0), ("a", 0)]
    ]


def test_usage_is_left_to_spark():
    assert SparkSource(None, Place.of("parquet:/lake")).read("usage", TableMapping(), None) is None
    assert SparkUsage(None).judge is None
