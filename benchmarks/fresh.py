"""Work timed in processes of their own: wall, processor seconds and peak memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONG = 60.0  # seconds of processor; longer work is not repeated, its noise averages out within


@contextmanager
def spending() -> Iterator[dict[str, float]]:
    """Fill a dict with the wall and processor seconds of the block, and the peak memory of the process in MiB."""
    found: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak_mib()}


def peak_mib() -> float:
    """Return the peak resident memory of this process; what its parent held before it was started does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def run(script: str, *arguments: str) -> dict[str, float]:
    """Run a script in a new process with one thread a numeric library; its last line is JSON."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
