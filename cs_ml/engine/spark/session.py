"""The session: where Spark runs, and what it says when it cannot."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cs_ml.errors import Fault, MissingExtra, StorageError, TableError

__all__ = ["FORMATS", "files_here", "session_of", "told"]

JARS = {"delta": "io.delta:delta-spark_4.1_2.13", "iceberg": "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13"}
TRACE = "Traceback (most recent call last):"
RAISED = re.compile(r"^[\w.]+: .+$", re.MULTILINE)  # frames are indented
JAVA = re.compile(r"^(?:Caused by)?: (?:[\w$]+\.)+[\w$]+: (\S.*)$", re.MULTILINE)
HINTS = {
    "(NANOS": "write its instants in microseconds; spark.sql.legacy.parquet.nanosAsLong makes numbers of them",
    "FAILED_READ_FILE": "write the file again",
}
FORMATS = ("parquet", "delta", "iceberg", "orc", "table")
DEFAULTS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.driver.maxResultSize": "0",  # small tables and scores pass the driver, and they may be gigabytes
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.ui.showConsoleProgress": "false",
}


def session_of(master: str | None = None, options: Mapping[str, str] | None = None) -> Any:
    """Return the session that runs already, or start one.

    Parameters
    ----------
    master
        Such as ``local[4]``, ``yarn`` or ``spark://host:7077``; where missing, that of ``spark-submit``, or all cores
        of this machine.
    options
        Further properties of Spark, which win over ours.

    Returns
    -------
    pyspark.sql.SparkSession

    Raises
    ------
    MissingExtra
        If pyspark is not installed.
    StorageError
        If Spark does not start: no Java, or no such master.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  an optional part
    except ImportError as error:
        raise MissingExtra("spark", "to run on Spark") from error
    if (running := SparkSession.getActiveSession()) is not None:
        return running
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("cs_ml")
    if master is not None or "PYSPARK_GATEWAY_PORT" not in os.environ:
        builder = builder.master(master or "local[*]")
    for name, value in {**DEFAULTS, **(options or {})}.items():
        builder = builder.config(name, str(value))
    try:
        with _quiet():
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")  # Spark warns, at length, of every table that is absent
            return session
    except Exception as error:
        where, hint = master or "this machine", "check Java (17 or 21) and the master"
        raise StorageError(f"Spark: expected a session on {where}, found {_reason(error)}; {hint}") from error


def files_here(session: Any) -> bool:
    """Tell whether a plain path means files of this machine to Spark, not those of a cluster's own file system."""
    from pyspark.errors import PySparkException  # noqa: PLC0415  an optional part

    try:
        settings = session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001  there is no public way
    except PySparkException:  # Spark Connect: its server may be anywhere
        return False
    return str(settings.get("fs.defaultFS", "file:///")).startswith("file:")


@contextmanager
def told(where: str, format_: str = "") -> Iterator[None]:
    """Turn what Spark says while it reads a table into one clear error.

    Parameters
    ----------
    where
        Table or folder, for the message.
    format_
        Its format, of which a jar may be missing.

    Raises
    ------
    TableError
        If the table is not there or cannot be read, or the jar of its format is missing.
    CsMlError
        The one that one of our functions raised on an executor, by its message.
    """
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415  same
    from pyspark.errors import PySparkException  # noqa: PLC0415  an optional part

    try:
        with _quiet():
            yield
    except (PySparkException, Py4JJavaError) as error:
        if ours := _ours(error):
            raise TableError(ours) from error
        if format_ in JARS and ("DATA_SOURCE_NOT_FOUND" in str(error) or "ClassNotFound" in str(error)):
            hint = f"start Spark with its jar, such as --packages {JARS[format_]}:VERSION, or hand over such a session"
            fault = Fault(where, f"a session that reads {format_}", "one without its jar", hint=hint)
        else:
            known = next((text for words, text in HINTS.items() if words in str(error)), None)
            fault = Fault(where, "a table that Spark can read", _reason(error), hint=known)
        raise TableError(fault) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Do not repeat that pyspark tests itself with older pandas: only Arrow passes between us."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def _ours(error: BaseException) -> str:
    """Return the first message of an error of this package that an executor raised."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line.partition(": ")[2] for line in lines if line.startswith("cs_ml.errors.")), "")


def _reason(error: BaseException) -> str:
    r"""Return the line that says most: the last one raised in Python, else the innermost cause in Java, else the first.

    Examples
    --------
    >>> _reason(Exception("calling o8.load.\n: a.b.IOError: no read\n\tat a.b\nCaused by: a.Bad: x is no Parquet file"))
    'x is no Parquet file'
    """
    text = str(error)
    _, trace, raised = text.rpartition(TRACE)
    python = RAISED.findall(raised) if trace else []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = (python or JAVA.findall(text)[::-1] or lines or [type(error).__name__])[0]
    return found.removeprefix("_duckdb.").strip()[:300]
