"""Snapshots and scores made on Spark are those of one machine, to the bit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pandas as pd
import pytest
from spark_session import started

from cs_ml.config import LabelConfig, load_config
from cs_ml.errors import InputError, StorageError, TableError
from cs_ml.pipeline.engines import engine_of, moved, on_spark
from cs_ml.pipeline.score import score
from cs_ml.store import partition_dates, read_partition

quiet = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def spark(tmp_path_factory) -> Iterator:
    session = started(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture
def config(story, tmp_path):
    """Return the config of the book on which every command has run, with its bundle and an output of its own."""
    shutil.copytree(story.folder / "out" / "bundle", tmp_path / "bundle")
    config = load_config(story.folder / "cs_ml.yaml")
    return config.model_copy(update={"output": config.output.model_copy(update={"folder": tmp_path})})


def equal(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Hold two frames equal, words by their text and numbers by their bits."""
    assert list(found) == list(wanted)
    for name in wanted:
        left, right = found[name], wanted[name]
        if right.dtype == "float64":
            assert left.to_numpy().tobytes() == right.to_numpy().tobytes(), name
        else:
            assert left.astype(object).fillna("-").tolist() == right.astype(object).fillna("-").tolist(), name


@quiet
@pytest.mark.spark
@pytest.mark.slow
def test_scores_and_reasons_are_those_of_one_machine(spark, config, story):
    from cs_ml.pipeline.spark import write_scores

    lines, place = write_scores(moved(config, "spark", None))
    (date,) = partition_dates(place.parent)
    assert lines == [f"{len(read_partition(place.parent, date))} accounts on {date.date()}, scored on Spark"]
    for kind, order in (("scores", ["account_id"]), ("drivers", ["account_id", "target", "rank"])):
        found, wanted = (read_partition(folder / kind, date) for folder in (config.output.folder, story.folder / "out"))
        equal(*(frame.sort_values(order, ignore_index=True) for frame in (found, wanted)))


@quiet
@pytest.mark.spark
@pytest.mark.slow
def test_what_cannot_happen_is_told_on_neither(spark, config):
    from cs_ml.pipeline.spark import write_scores

    labels = {**config.labels, "upsell": LabelConfig(kind="non_renewal", horizon_days=90)}
    asked = moved(config.model_copy(update={"labels": labels}), "spark", None)
    _, place = write_scores(asked)
    found, wanted = read_partition(place.parent, partition_dates(place.parent)[0]), score(asked).scores.reset_index()
    equal(
        *(frame.sort_values("account_id", ignore_index=True)[["account_id", "p_upsell"]] for frame in (found, wanted))
    )
    assert 0 < found["p_upsell"].isna().sum() < len(found)
    told = read_partition(config.output.folder / "drivers", partition_dates(place.parent)[0])
    with_reasons = told.loc[told["target"] == "upsell", "account_id"]
    assert set(with_reasons) == set(found.loc[found["p_upsell"].notna(), "account_id"])


@quiet
@pytest.mark.spark
@pytest.mark.slow
def test_snapshots_are_those_of_one_machine_by_date(spark, config, story):
    from cs_ml.pipeline.spark import write_snapshot

    left = config.output.folder / ".snapshots.1-0badc0de.aside"
    left.mkdir()
    written = write_snapshot(moved(config, None, "local[2]"))
    assert not left.exists(), "what a killed run left is swept"
    beside = ["labels.parquet", "features.parquet", "label_states.parquet"]
    assert [path.name for path in written] == ["snapshots", *beside]
    for name in beside:
        pd.testing.assert_frame_equal(*(pd.read_parquet(at / name) for at in (left.parent, story.folder / "out")))
    wanted = pd.read_parquet(story.folder / "out" / "snapshots.parquet")
    assert wanted["notice_given"].any()
    dates = sorted(path.name for path in written[0].glob("as_of=*"))
    assert dates == sorted(f"as_of={date.date()}" for date in wanted["as_of"].unique())
    for date in dates:
        here = wanted[wanted["as_of"] == date.removeprefix("as_of=")].drop(columns="as_of")
        equal(
            pd.read_parquet(written[0] / date).sort_values("account_id", ignore_index=True), here.reset_index(drop=True)
        )


@quiet
@pytest.mark.spark
@pytest.mark.slow
def test_snapshots_that_fail_leave_the_earlier_ones(spark, tmp_path):
    from cs_ml.pipeline.spark import _write_by_date

    target = tmp_path / "snapshots"
    _write_by_date(spark.sql("SELECT 'a' account_id, DATE '2026-01-01' as_of"), target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    with pytest.raises(TableError, match="no more"):
        _write_by_date(spark.sql("SELECT raise_error('no more') account_id, DATE '2026-01-01' as_of"), target)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [target]
    _write_by_date(spark.sql("SELECT 'a' account_id, DATE '2026-02-01' as_of"), target)
    assert [path.name for path in target.glob("as_of=*")] == ["as_of=2026-02-01"]


@quiet
@pytest.mark.spark
@pytest.mark.slow
def test_snapshots_that_executors_wrote_elsewhere_are_told(spark, tmp_path):
    from cs_ml.pipeline.spark import _write_by_date

    class Lost:
        """A frame whose rows never arrive here."""

        sparkSession = spark  # noqa: N815  as Spark names it
        write = property(lambda self: self)
        mode = partitionBy = parquet = lambda self, *_: self  # noqa: N815  same

    (tmp_path / "snapshots").mkdir()
    with pytest.raises(StorageError, match="expected a folder that executors see"):
        _write_by_date(Lost(), tmp_path / "snapshots")


def test_a_master_means_spark(config):
    assert not on_spark(config)
    assert engine_of(moved(config, None, "local[3]")).master == "local[3]"
    assert not on_spark(moved(moved(config, "spark", None), "local", None))


def test_an_unknown_engine_is_refused(config):
    with pytest.raises(InputError, match="expected local or spark, found 'dask'"):
        moved(config, "dask", None)


def test_tables_of_spark_are_not_read_here(config):
    there = config.model_copy(
        update={"tables": config.tables.model_copy(update={"folder": None, "spark": "table:book"})}
    )
    assert on_spark(there)
    with pytest.raises(InputError, match=r"expected spark, since tables\.spark names tables that Spark reads"):
        moved(there, "local", None)
