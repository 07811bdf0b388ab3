"""Where a config runs: on this machine, or on Spark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cs_ml.config import Config
from cs_ml.engine.local import LocalEngine
from cs_ml.errors import InputError
from cs_ml.tables import Check

if TYPE_CHECKING:
    from cs_ml.engine.spark import SparkEngine

__all__ = ["check_on_spark", "engine_of", "moved", "on_spark", "score_step", "snapshot_step", "spark_engine"]


def on_spark(config: Config) -> bool:
    """Tell whether features are built on Spark: where the config says so, or where Spark reads the tables."""
    return config.snapshots.file is None and (config.engine.kind == "spark" or config.tables.spark is not None)


def moved(config: Config, engine: str | None, master: str | None) -> Config:
    """Return a config that runs where the command says.

    Parameters
    ----------
    config
        Checked config.
    engine
        ``local`` or ``spark``; that of the config where missing, Spark where there is a master.
    master
        Master of Spark; that of the config where missing.

    Raises
    ------
    InputError
        If there is no such engine, or one machine is to read what only Spark can.
    """
    if engine not in (None, "local", "spark"):
        raise InputError(f"--engine: expected local or spark, found {engine!r}")
    if engine == "local" and config.tables.spark is not None:
        raise InputError("--engine: expected spark, since tables.spark names tables that Spark reads, found local")
    kind = engine or ("spark" if master else config.engine.kind)
    chosen = config.engine.model_copy(update={"kind": kind, "master": master or config.engine.master})
    return config.model_copy(update={"engine": chosen})


def engine_of(config: Config) -> LocalEngine | SparkEngine:
    """Return the engine that a config asks for."""
    if on_spark(config):
        return spark_engine(config)
    logins = frozenset(config.snapshots.login_events)
    return LocalEngine(config.engine.workers, config.engine.buckets, logins, config.engine.cache)


def spark_engine(config: Config) -> SparkEngine:
    """Return the Spark engine of a config; no session is started yet."""
    from cs_ml.engine.spark import SparkEngine  # noqa: PLC0415  only where it is asked for

    logins, engine = frozenset(config.snapshots.login_events), config.engine
    return SparkEngine(None, engine.master, engine.options or {}, engine.buckets, logins)


def snapshot_step(config: Config) -> Callable[..., list[Path]]:
    """Return what builds and writes the snapshots of a config where it runs."""
    if on_spark(config):
        from cs_ml.pipeline.spark import write_snapshot  # noqa: PLC0415  only where it is asked for
    else:
        from cs_ml.pipeline.checking import write_snapshot  # noqa: PLC0415  it needs this module
    return write_snapshot


def score_step(config: Config) -> Callable[..., tuple[list[str], Path]]:
    """Return what scores one date and writes the scores where the config runs."""
    if on_spark(config):
        from cs_ml.pipeline.spark import write_scores  # noqa: PLC0415  only where it is asked for

        return write_scores
    return _score_here


def _score_here(config: Config, as_of: Any = None, *, progress: Any) -> tuple[list[str], Path]:
    from cs_ml.pipeline import score as steps  # noqa: PLC0415  it needs this module

    scored = steps.score(config, as_of, progress=progress)
    place = steps.write_scores(scored, config)
    return steps.describe(scored, config.book.currency), place


def check_on_spark(config: Config, **options: Any) -> Check:
    """Check the source tables that Spark reads."""
    from cs_ml.engine.spark import check_spark_tables  # noqa: PLC0415  only where it is asked for

    session, place = spark_engine(config).session, str(config.tables.spark)
    return check_spark_tables(session, place, config.tables.mappings(), **options)
