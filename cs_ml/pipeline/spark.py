"""Snapshots and scores that Spark makes and writes: no row of features passes the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.engine.spark import SparkEngine
from cs_ml.engine.spark.rows import TYPES, ddl
from cs_ml.engine.spark.session import files_here, told
from cs_ml.errors import StorageError
from cs_ml.features.snapshot import SnapshotBuilder
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.pipeline.checking import write_labels
from cs_ml.pipeline.choice import choice_of
from cs_ml.pipeline.engines import spark_engine
from cs_ml.pipeline.labelers import labeler_of
from cs_ml.pipeline.left_out import left_out_of, told_drivers, told_scores
from cs_ml.pipeline.past import KEYS, earlier_of, with_past
from cs_ml.pipeline.priority import LISTED, priority_of
from cs_ml.pipeline.score import WAIT_SECONDS, load_bundle, reasons_of, restore, scores_of
from cs_ml.pipeline.snapshot import MRR, Newest, Progress, open_book, silent, snapshot_builder, spine_of
from cs_ml.store import lock, make_folder, replace_folder, write_partition

__all__ = ["explain_frame", "features_frame", "score_frame", "write_scores", "write_snapshot"]

ACCOUNTS_A_CHUNK = 100_000
ScoreRows = Callable[[pd.DataFrame], pd.DataFrame]
Batches = Iterator[pa.RecordBatch]


def features_frame(builder: SnapshotBuilder, engine: SparkEngine, tables: Any, spine: pd.DataFrame) -> Any:
    """Return the features of a spine as a Spark frame; see :meth:`cs_ml.engine.spark.SparkEngine.features`."""
    return engine.features(*builder.lay_out(tables, spine))


def score_frame(features: Any, bundle: Bundle) -> Any:
    """Return the scores of a Spark frame of features as a Spark frame, made by ``mapInArrow``.

    Parameters
    ----------
    features
        ``account_id``, ``as_of`` and features.
    bundle
        Trained bundle.

    Returns
    -------
    pyspark.sql.DataFrame
        ``account_id``, ``as_of`` and what :func:`cs_ml.pipeline.score.scores_of` returns; write it with
        ``.write.partitionBy("as_of")``.
    """
    words = _categories(bundle)

    def score(rows: pd.DataFrame) -> pd.DataFrame:
        X = _indexed(rows, words)
        return scores_of(restore(bundle), X, X.get(MRR)).reset_index()

    return _mapped(features, score)


def explain_frame(features: Any, bundle: Bundle, about: Mapping[str, str], top: int) -> Any:
    """Return the drivers of a Spark frame of features as a Spark frame; see :func:`cs_ml.pipeline.score.reasons_of`."""
    words = _categories(bundle)

    def explain(rows: pd.DataFrame) -> pd.DataFrame:
        found = reasons_of(restore(bundle), _indexed(rows, words), about, top).drivers
        return found.astype({"value": str, "typical": str})

    return _mapped(features, explain)


def write_snapshot(config: Config, *, progress: Progress = silent) -> list[Path]:
    """Build snapshots on Spark and write them by date; write labels and the catalog from the driver.

    Where Spark's files are those of this machine, earlier snapshots stay until all new ones are written.
    """
    progress("checking tables")
    tables, folder = open_book(config), config.output.folder
    spine, _ = spine_of(config, tables)
    progress("labelling")
    labelers = {name: labeler_of(label) for name, label in config.labels.items()}
    found = {name: labeler.label(tables, spine) for name, labeler in labelers.items()}
    purge = {name: labeler.purge_days for name, labeler in labelers.items()}
    progress("building snapshots")
    builder = snapshot_builder(config, choice_of(config, tables, spine, found, purge))
    make_folder(folder)
    with lock(folder, wait_seconds=WAIT_SECONDS):
        frame = features_frame(builder, spark_engine(config), tables, spine)
        _write_by_date(_noticed(frame, spine), folder / "snapshots")
        return [folder / "snapshots", *write_labels(folder, found, spine.index, builder.catalog(tables))]


def _noticed(frame: Any, spine: pd.DataFrame) -> Any:
    """Add ``notice_given`` to a Spark frame of features; only accounts that gave notice are sent."""
    from pyspark.sql import functions  # noqa: PLC0415  an optional part

    given = spine.index[spine["notice_given"].to_numpy(dtype=bool)].to_frame(index=False)
    schema = pa.schema([("account_id", pa.string()), ("as_of", pa.date32()), ("notice_given", pa.bool_())])
    rows = pa.Table.from_pandas(given.assign(as_of=given["as_of"].dt.date, notice_given=True), schema)
    sent = functions.broadcast(frame.sparkSession.createDataFrame(rows))
    marked = functions.coalesce("notice_given", functions.lit(False))
    return frame.join(sent, KEYS, "left").withColumn("notice_given", marked)


def _write_by_date(frame: Any, target: Path) -> None:
    """Write a Spark frame by date: aside and then in one step, where Spark writes files of this machine."""

    def write(place: Path) -> None:
        frame.write.mode("overwrite").partitionBy("as_of").parquet(str(place.absolute()))

    def build(aside: Path) -> None:
        write(aside)
        if not any(aside.glob("as_of=*")):
            raise StorageError(f"{target}: expected a folder that executors see, found that they wrote elsewhere")

    with told(target.name):
        if files_here(frame.sparkSession):
            replace_folder(target, build)
        else:
            write(target)


def write_scores(config: Config, as_of: Any = None, *, progress: Progress = silent) -> tuple[list[str], Path]:
    """Score every account of one date on Spark, and write scores and drivers as :func:`cs_ml.pipeline.score` does.

    Returns
    -------
    tuple of list of str and Path
        What was scored, in lines of text, and the folder of the scores.
    """
    bundle, folder = load_bundle(config), config.output.folder
    fitted = restore(bundle)
    date: pd.Timestamp | Newest = "newest" if as_of is None else pd.Timestamp(as_of).normalize()
    progress("checking tables")
    tables = open_book(config)
    spine, _ = spine_of(config, tables, date)
    decided = bundle.metadata.get("usage")
    usage = UsageChoice() if decided is None else UsageChoice.from_state(decided)
    builder = replace(snapshot_builder(config, usage), trained=frozenset(fitted.catalog.index))
    progress("building, scoring and explaining")
    about = {target: config.labels[target].kind if target in config.labels else "table" for target in fitted.models}
    chunks = -(-len(spine) // ACCOUNTS_A_CHUNK)
    with told("scores"):
        features = features_frame(builder, spark_engine(config), tables, spine).persist()
        kept = {
            "scores": score_frame(features, bundle).persist(),
            "drivers": explain_frame(features, bundle, about, config.report.top_drivers).persist(),
        }
        make_folder(folder)
        facts = {"model_version": fitted.version, "config_hash": config.hash}
        day = spine.index.get_level_values("as_of")[0]
        with lock(folder, wait_seconds=WAIT_SECONDS):
            left_out = left_out_of(config, tables, spine, fitted.models)
            reasons = (told_drivers(part, left_out) for part in _chunks(kept["drivers"], chunks))
            write_partition(folder / "drivers", day, reasons, facts)
            earlier = earlier_of(config, fitted.health, day)
            stakes: list[pd.DataFrame] = []
            parts = (told_scores(part.set_index(KEYS), left_out) for part in _chunks(kept["scores"], chunks))
            held = (_noted(with_past(config, fitted.health, part, earlier), stakes).reset_index() for part in parts)
            place = write_partition(folder / "scores", day, held, facts)
            if (first := priority_of(config, pd.concat(stakes), spine)) is not None:
                write_partition(folder / "priority", day, first, facts)
        for frame in (features, *kept.values()):
            frame.unpersist()
    return [f"{len(spine):,} accounts on {day.date()}, scored on Spark"], place


def _noted(scores: pd.DataFrame, stakes: list[pd.DataFrame]) -> pd.DataFrame:
    """Keep of each piece what decides whom to work on first."""
    names = [name for name in scores if name in LISTED or str(name).startswith("p_")]
    stakes.append(scores[names])
    return scores


def _categories(bundle: Bundle) -> tuple[str, ...]:
    catalog = restore(bundle).catalog
    return tuple(catalog.index[catalog["kind"] == "category"])


def _indexed(rows: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Return features as a snapshot has them."""
    as_of = pd.DatetimeIndex(rows["as_of"]).as_unit("us")
    index = pd.MultiIndex.from_arrays([rows["account_id"].astype(object), as_of], names=["account_id", "as_of"])
    X = rows.drop(columns=["account_id", "as_of"]).set_axis(index)
    words = {str(name): X[name].astype(object).where(X[name].notna(), None) for name in X if X[name].dtype != "float64"}
    X = X.assign(**words)
    levels: dict[Any, Any] = {
        name: pd.CategoricalDtype(sorted(X[name].dropna().unique())) for name in categories if name in X
    }
    return X.astype(levels)


def _mapped(features: Any, work: ScoreRows) -> Any:
    """Run a function of rows on the executors; one row tells which columns it makes."""
    sample = work(features.limit(1).toArrow().to_pandas())
    schema = pa.schema([(str(name), _type_of(name, sample[name])) for name in sample])

    def run(batches: Batches) -> Batches:
        for batch in batches:
            found = work(batch.to_pandas())
            yield pa.RecordBatch.from_arrays(
                [pa.array(_plain(found[field.name]), field.type, from_pandas=True) for field in schema], schema=schema
            )

    return features.mapInArrow(run, ddl(schema))


def _type_of(name: Any, column: pd.Series) -> pa.DataType:
    if name == "as_of":
        return pa.date32()
    found = pa.array(_plain(column), from_pandas=True).type
    return found if found in TYPES else pa.string()


def _plain(column: pd.Series) -> Any:
    return column.astype(object) if column.dtype.kind not in "fib" else column.to_numpy()


def _chunks(frame: Any, number: int) -> Iterator[pd.DataFrame]:
    """Yield the rows some accounts at a time, in the order of accounts."""
    from pyspark.sql import functions  # noqa: PLC0415  an optional part

    part = functions.pmod(functions.hash("account_id"), functions.lit(number))
    for at in range(number):
        found = frame.where(part == at).toArrow().to_pandas()
        as_of = pd.DatetimeIndex(found["as_of"]).as_unit("us")
        yield found.assign(as_of=as_of).sort_values("account_id", kind="stable", ignore_index=True)
