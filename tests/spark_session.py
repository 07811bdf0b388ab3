"""A Spark session for tests: skipped where Spark cannot run, but never in CI."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OPTIONS = {"spark.sql.shuffle.partitions": "4", "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1"}


def runnable() -> None:
    """Make sure that pyspark and Java are there: install Java in CI, skip elsewhere."""
    missing = [] if importlib.util.find_spec("pyspark") else ["pyspark"]
    missing += [] if shutil.which("java") else ["Java"]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{' and '.join(missing)} not installed here")
    assert "pyspark" not in missing, "CI must test Spark, but the extra is not installed"
    if missing:
        words = [*(["sudo"] if os.geteuid() else []), "apt-get", "install", "-y", "-q", "openjdk-17-jre-headless"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert shutil.which("java"), f"CI must test Spark, but {' '.join(words)} said: {done.stderr[-500:]}"


def started(folder: Path) -> Any:
    """Return a session of two tasks at a time with a catalog in a folder; executors import what tests import."""
    from cs_ml.engine.spark import session_of

    runnable()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    os.environ["PYSPARK_PYTHON"] = sys.executable
    places = {"spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.local.dir": str(folder / "local")}
    return session_of("local[2]", {**OPTIONS, **places})
