"""How long all KPIs of a book take: 36 months, 5,000 accounts, every definition, the whole and by segment, in one pass.

A simulated book. Before anything is timed, numerators and denominators are held equal to SQL in DuckDB that was written
from the definitions and shares no line with the package (``tests/kpi_sql.py``), for the whole and by segment. Every run
is a process of its own with two threads, the tables open, nothing cached; the median of the rounds counts. Beside it:
the SQL, which counts half of the definitions and no exclusions, intervals or rows behind.

The bound, and why. 5 seconds on two cores: a table that is made anew every morning, or while someone waits. It is held
against the larger of processor seconds divided by two cores and the seconds spent outside DuckDB's threads, so that
others on the machine do not decide; the wall clock is printed beside. Memory: 2 GiB, so that a small machine is enough.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import pandas as pd
from goals import Goal, judge

from cs_ml.kpis import KPIS, kpi_table
from cs_ml.simulate import WorldConfig, simulate
from cs_ml.tables import Tables, open_tables
from cs_ml.timeline.periods import Periods, make_periods

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from kpi_sql import assert_same, sql_kpis

THREADS = 2
END = date(2026, 10, 1)


def book(folder: Path) -> tuple[Tables, Periods]:
    """Open the tables, and return them with the months."""
    periods = json.loads((folder / "months.json").read_text())
    return open_tables(folder / "tables", data_end=END, threads=THREADS), make_periods(*periods)


def made(folder: Path, accounts: int, months: int) -> None:
    """Simulate a book whose logs end with September 2026."""
    start = (pd.Timestamp(END) - pd.DateOffset(months=months)).date()
    simulate(WorldConfig(n_accounts=accounts, start=start, end=END), folder / "tables", folder / "truth")
    (folder / "months.json").write_text(json.dumps([str(start), str(END)]))


def assert_equal(folder: Path) -> int:
    """Hold the table against SQL, for the whole and by segment; return how many figures were compared."""
    tables, periods = book(folder)
    table, dates = kpi_table(tables, periods, by=("segment",)), periods.dates()
    return sum(assert_same(table, sql_kpis(tables, dates, by=by), dates, by) for by in (None, "segment"))


def one(method: str, folder: Path) -> None:
    """Count once and print what it took, as JSON."""
    tables, periods = book(folder)
    wall, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    if method == "ours":
        rows = len(kpi_table(tables, periods, by=("segment",)).frame)
    else:
        rows = sum(len(sql_kpis(tables, periods.dates(), by=by)) for by in (None, "segment"))
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "main": time.thread_time() - own}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({**spent, "peak": peak, "figures": rows}))


def run(method: str, folder: Path) -> dict[str, float]:
    """Count in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
    command = [sys.executable, __file__, "--one", method, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report(folder: Path, accounts: int, months: int, rounds: int) -> int:
    """Time both ways in turn, print the table and the goals."""
    done = {"ours": [], "duckdb": []}  # type: dict[str, list[dict[str, float]]]
    for _ in range(rounds):
        for method, spent in done.items():
            spent.append(run(method, folder))
    middle = pd.DataFrame({method: pd.DataFrame(spent).median() for method, spent in done.items()}).T
    tables, _ = book(folder)
    sizes = ", ".join(f"{name} {table.n_rows:,}" for name, table in tables.loaded.items())
    print(f"{accounts:,} accounts, {months} months, {len(KPIS)} definitions, {rounds} rounds, {THREADS} threads, "
          f"load {os.getloadavg()[0]:.1f}\n{sizes}")  # fmt: skip
    print(middle.round(2).to_string())
    ours = middle.loc["ours"]
    busy = max(ours["cpu"] / THREADS, ours["main"])
    goals = [Goal("all KPIs by segment, busy seconds on two cores", busy, 5),
             Goal("peak memory, GiB", ours["peak"], 2)]  # fmt: skip
    return judge(goals)


def main() -> int:
    """Simulate, compare, time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 accounts and 12 months")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=("ours", "duckdb"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder)
        return 0
    accounts, months = (1_000, 12) if options.quick else (5_000, 36)
    with tempfile.TemporaryDirectory() as place:
        made(Path(place), accounts, months)
        print(f"{assert_equal(Path(place)):,} figures equal to SQL")
        return report(Path(place), accounts, months, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
