"""Where it runs when one machine is too small: the same builders, bucket by bucket, on Spark."""

from cs_ml.engine.spark.engine import SparkEngine
from cs_ml.engine.spark.session import session_of
from cs_ml.engine.spark.source import Place, SparkSource
from cs_ml.engine.spark.tables import SparkTables, check_spark_tables, open_spark_tables

__all__ = [
    "Place",
    "SparkEngine",
    "SparkSource",
    "SparkTables",
    "check_spark_tables",
    "open_spark_tables",
    "session_of",
]
