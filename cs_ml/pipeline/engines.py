"""Where a config runs: on this machine, or on Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cs_ml.config import Config
from cs_ml.engine.local import LocalEngine
from cs_ml.tables import Check

if TYPE_CHECKING:
    from cs_ml.engine.spark import SparkEngine

__all__ = ["check_on_spark", "engine_of", "on_spark", "spark_engine"]


def on_spark(config: Config) -> bool:
    """Tell whether features are built on Spark: where the config says so, or where Spark reads the tables."""
    return config.snapshots.file is None and (config.engine.kind == "spark" or config.tables.spark is not None)


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


def check_on_spark(config: Config, **options: Any) -> Check:
    """Check the source tables that Spark reads."""
    from cs_ml.engine.spark import check_spark_tables  # noqa: PLC0415  only where it is asked for

    session, place = spark_engine(config).session, str(config.tables.spark)
    return check_spark_tables(session, place, config.tables.mappings(), **options)
