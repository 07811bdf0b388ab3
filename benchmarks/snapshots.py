"""What 24 columns of usage for 18 dates cost beside every other way we know, from one to fifty million rows.

Made data as in ``usage_kernel.py``: 20,000 accounts of unequal size, two years, rows in order of time. Every way runs
in a fresh process, in turn, and the median counts; its columns are held equal to ours, value by value, before anything
is timed. Judged are ratios of processor seconds, because the machine is shared. featuretools is judged by its own
primitives, and the quickest way found to ask it stands beside. featuretools, timeseriesflattener and Polars get
environments of their own in a temporary folder, or those that ``--environments`` names; a way that cannot be installed
is left out, its goal printed as not measured. ``--quick`` is smaller: what is promised for a size is
not judged then. Exit status 0 only when all goals that were measured hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

import fresh
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import usage_kernel as kernel
from goals import MARK, Goal, judge

from cs_ml.engine.usage_read import parquet_batches
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_store import UsageStore, usage_key
from cs_ml.features.usage import UsageBuilder
from cs_ml.timeline.clock import Clock

RIVALS = Path(__file__).with_name("snapshots_rivals.py")
DAYS = 5  # times that one more day is asked of each build
NEEDS = {
    "polars loop": ["polars", "pyarrow"],
    "featuretools": ["featuretools>=1.31", "pandas<3", "pyarrow", "setuptools<81"],
    "timeseriesflattener": ["timeseriesflattener", "attrs", "pandas", "pyarrow"],
}
NUMBERS = "featuretools, day numbers"  # asked in the quickest way found, not by its own primitive for recency
GROUPS = {
    "duckdb scan": "SELECT sum(account_id), sum(user_id), sum(feature), max(event_at), sum(quantity) FROM {file}",
    "duckdb group account day": "SELECT count(*) FROM (SELECT account_id, CAST(event_at AS DATE) AS d, count(*), "
    "sum(quantity) FROM {file} GROUP BY ALL)",
}


def columns_of(state: UsageState, accounts: int) -> dict[str, np.ndarray]:
    """Return the 24 columns, and the change of users besides; accounts in the order of their numbers."""
    codes, as_of = kernel.rows_for(accounts, kernel.MONTHLY)
    builder = UsageBuilder()
    return builder.compute(state, codes, as_of, np.full(len(codes), kernel.SEATS), threads=kernel.THREADS)


def ours(path: Path, accounts: int) -> dict[str, np.ndarray]:
    return columns_of(kernel.state_of(path, accounts), accounts)


def plain_pandas(path: Path, accounts: int) -> dict[str, np.ndarray]:
    """Loop over dates as ``usage_kernel.py``, over accounts in the order of their numbers."""
    kernel.account_ids = lambda _, count: list(range(count))
    return kernel.pandas_loop(path, accounts)


def query(sql: str) -> Callable[[Path, int], dict]:
    def run(path: Path, _: int) -> dict:
        import duckdb

        connection = duckdb.connect(config={"threads": kernel.THREADS})
        connection.execute(sql.format(file=f"read_parquet('{path}')")).fetchall()
        return {}

    return run


def store_of(path: Path, accounts: int) -> tuple[UsageStore, list[Path], list[str], Callable]:
    ids = kernel.account_ids(path, accounts)

    def reduce(files: list[Path]) -> UsageState:
        return reduce_usage(parquet_batches(files, kernel.COLUMNS), ids, Clock(), threads=kernel.THREADS)

    store = UsageStore(path.parent / "cache", usage_key("UTC", columns=kernel.COLUMNS))
    return store, sorted(path.parent.glob("integers*.parquet")), ids, reduce


def kept(path: Path, accounts: int) -> dict:
    """Extend what is kept by the files that are new."""
    store, files, ids, reduce = store_of(path, accounts)
    store.extend(files, ids, reduce)
    return {}


def asked(path: Path, accounts: int) -> dict[str, np.ndarray]:
    """Answer the dates from what is kept, after checking its bytes."""
    store, files, ids, reduce = store_of(path, accounts)
    return columns_of(store.state(files, ids, reduce), accounts)


def another_day(path: Path) -> None:
    """Write one more day beside a file: rows of the last day, a day later."""
    whole = pq.ParquetFile(path)
    table = whole.read_row_group(whole.num_row_groups - 1)
    day = pc.cast(pc.floor_temporal(table["event_at"], unit="day"), pa.int64())
    last = table.filter(pc.equal(day, pc.subtract(pc.max(day), pa.scalar(86_400_000_000, pa.int64()))))
    later = pc.add(last["event_at"], pa.scalar(2 * 86_400_000_000, pa.duration("us")))
    pq.write_table(last.set_column(3, "event_at", later), path.with_name("integers-one-more-day.parquet"))


WAYS: dict[str, Callable[[Path, int], dict]] = {
    "ours": ours, "plain pandas": plain_pandas, "duckdb group account user day": kernel.duckdb_group_by,
    "kept": kept, "asked": asked, "windows": kernel.windows_only, **{name: query(sql) for name, sql in GROUPS.items()},
}  # fmt: skip


def run(way: str, path: Path, accounts: int, pythons: dict[str, Path], columns: Path | None = None) -> dict[str, float]:
    """Run a way in a process of its own, ours or that of its environment."""
    wanted = ["--columns", str(columns)] if columns else []
    if way in WAYS:
        return fresh.run(__file__, "--run", way, "--file", str(path), "--accounts", str(accounts), *wanted)
    command = [str(pythons[way.partition(",")[0]]), "-W", "ignore", str(RIVALS), way, str(path), str(accounts), *wanted]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_here(way: str, path: Path, accounts: int, columns: Path | None) -> None:
    with fresh.spending() as spent:
        found = WAYS[way](path, accounts)
    if columns:
        np.savez(columns, **found)
    print(json.dumps(spent | {name: value for name, value in found.items() if isinstance(value, float)}))


def environments(folder: Path, given: Path | None) -> dict[str, Path]:
    """Return a Python for every rival that can be installed, and say which cannot."""
    pythons = {"duckdb sql": Path(sys.executable)}
    for way, needs in NEEDS.items():
        place = (given or folder) / way.replace(" ", "_")
        python = place / "bin" / "python"
        if not python.exists():
            venv.create(place, with_pip=True)
            done = subprocess.run([str(python), "-m", "pip", "install", "-q", *needs], check=False, capture_output=True)
            if done.returncode:
                reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
                print(f"{way}: cannot be installed here ({' '.join(reason)})")
                continue
        pythons[way] = python
    return pythons


def assert_equal(folder: Path, accounts: int, ways: list[str], pythons: dict[str, Path]) -> None:
    """Hold the columns of every way equal to ours, value by value."""
    path, mine = folder / "integers.parquet", {}
    by_number = np.argsort(np.array(kernel.account_ids(path, accounts)).astype(int))
    for way in ["ours", *ways]:
        target = folder / "columns.npz"
        run(way, path, accounts, pythons, target)
        with np.load(target) as found:
            if way == "ours":
                mine = {name: found[name].reshape(accounts, -1)[by_number].ravel() for name in found}
            else:
                check(way, dict(found), mine)


def check(way: str, found: dict[str, np.ndarray], mine: dict[str, np.ndarray]) -> None:
    for name, values in found.items():
        np.testing.assert_allclose(values, mine[name], rtol=1e-9, atol=1e-6, err_msg=f"{way} {name}")
    print(f"equal to ours: {way}, {len(found)} columns x {len(mine['usage_events_recency']):,} rows", flush=True)


def measured(path: Path, accounts: int, ways: list[str], pythons: dict[str, Path], rounds: int) -> pd.DataFrame:
    """Time ways in turn; long ones once, since their noise averages out within."""
    spent: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, done in spent.items():
            if not done or done[0]["cpu"] < fresh.LONG:
                done.append(run(way, path, accounts, pythons))
    table = pd.DataFrame({way: pd.DataFrame(done).median() for way, done in spent.items()}).T
    rows = pq.read_metadata(path).num_rows
    table["cpu / ours"] = table["cpu"] / table.loc["ours", "cpu"] if "ours" in table.index else np.nan
    print(f"\n{rows:,} rows, {path.stem}, {accounts:,} accounts, {rounds} rounds, load {os.getloadavg()[0]:.1f}")
    print(table[["wall", "cpu", "peak", "cpu / ours"]].round(2).to_string(), flush=True)
    return table


def kept_over(path: Path, accounts: int, rounds: int) -> dict[str, float]:
    """Time a full build into a cache, a query, one more day, and the query after it; each in a process of its own.

    One more day takes so little that it is asked several times of the same cache.
    """
    spent: dict[str, list[float]] = {"build": [], "query": [], "day": [], "query with it": []}
    for _ in range(rounds):
        cache, built = path.parent / "cache", path.parent / "built"
        shutil.rmtree(cache, ignore_errors=True)
        path.with_name("integers-one-more-day.parquet").unlink(missing_ok=True)
        spent["build"].append(run("kept", path, accounts, {})["cpu"])
        spent["query"].append(run("asked", path, accounts, {})["cpu"])
        another_day(path)
        cache.rename(built)
        for _ in range(DAYS):
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(built, cache)
            spent["day"].append(run("kept", path, accounts, {})["cpu"])
        shutil.rmtree(built)
        spent["query with it"].append(run("asked", path, accounts, {})["cpu"])
    middle = {name: float(np.median(values)) for name, values in spent.items()}
    print("\nkept on disk, processor seconds: " + ", ".join(f"{name} {value:.3f}" for name, value in middle.items()))
    return middle


def goals_of(folder: Path, sizes: list[int], accounts: int, rounds: int, pythons: dict[str, Path]) -> list[Goal | str]:
    """Make the data of each size, time everything, and hold it against the bounds."""
    goals: list[Goal | str] = []
    group, largest = "duckdb group account user day", max(sizes)
    for rows in sizes:
        place = folder / str(rows)
        place.mkdir()
        texts = rows == sizes[min(1, len(sizes) - 1)]
        kernel.made(place, rows, accounts, ("integers", "dictionary", "plain") if texts else ("integers",))
        path, million = place / "integers.parquet", f"{rows / 1e6:g} M"
        ways = ["ours", *GROUPS, group, "duckdb sql"]
        ways += ["plain pandas", *NEEDS, NUMBERS] if rows == sizes[0] else ["polars loop"] if texts else []
        ways = [way for way in ways if way in WAYS or way.partition(",")[0] in pythons]
        table = measured(path, accounts, ways, pythons, rounds)
        spent = table["cpu"]
        if rows == sizes[0]:
            goals.append(faster(f"{million}: times faster than featuretools", spent, "featuretools", 100))
            if NUMBERS in table.index:
                times = table.loc[NUMBERS] / table.loc["ours"]
                print(f"{NUMBERS}: {times['cpu']:.0f} times by processor, {times['wall']:.0f} by the wall clock")
        if texts:
            goals.append(faster(f"{million}: times faster than a Polars loop", spent, "polars loop", 8))
            for kind in ("dictionary", "plain"):
                held = measured(place / f"{kind}.parquet", accounts, ["ours", group], pythons, rounds)["cpu"]
                goals.append(
                    Goal(f"{million}: {kind} text / GROUP BY account, user, day", held["ours"] / held[group], 2)
                )
            again = pd.DataFrame([run("windows", path, accounts, {}) for _ in range(rounds)]).median()
            base = again["18 dates x 4 windows"]
            goals.append(Goal("78 weekly dates / 18 monthly", again["78 dates x 4 windows"] / base, 2.5))
            goals.append(Goal("12 windows / 4", again["18 dates x 12 windows"] / base, 2))
        if rows == largest:
            goals.append(Goal(f"{million}: columns / GROUP BY account, user, day", spent["ours"] / spent[group], 0.9))
            goals.append(Goal(f"{million}: peak memory, GiB", table.loc["ours", "peak"] / 1024, 1.5))
            held_on = kept_over(path, accounts, rounds)
            goals.append(Goal(f"{million}: one more day / full build", held_on["day"] / held_on["build"], 0.01))
            goals.append(Goal(f"{million}: dates from the state / scan", held_on["query"] / spent["duckdb scan"], 1))
            print(f"stretch: columns / scan {spent['ours'] / spent['duckdb scan']:.2f} (<= 2)")
    return goals


def faster(name: str, spent: pd.Series, way: str, bound: float) -> Goal | str:
    if way not in spent.index:
        return f"{MARK}{name}: not measured ({way} was left out, or cannot be installed here)"
    return Goal(name, spent[way] / spent["ours"], bound, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes and no featuretools, about a minute")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", help="other sizes, ascending")
    parser.add_argument("--without", nargs="*", default=[], choices=[*NEEDS, "plain pandas"], help="ways to leave out")
    parser.add_argument("--environments", type=Path, help="folder of environments that were made before")
    parser.add_argument("--run", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--columns", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_here(options.run, options.file, options.accounts, options.columns)
        return 0
    sizes = options.rows or ([300_000, 2_000_000] if options.quick else [1_000_000, 10_000_000, 50_000_000])
    accounts = 2_000 if options.quick else options.accounts
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pythons = {"duckdb sql": Path(sys.executable)} if options.quick else environments(folder, options.environments)
        pythons = {way: python for way, python in pythons.items() if way not in options.without}
        small = folder / "small"
        small.mkdir()
        kernel.made(small, 50_000, 500, ("integers",))
        every = ["plain pandas", *pythons, *([NUMBERS] if "featuretools" in pythons else [])]
        assert_equal(small, 500, every, pythons)
        found = goals_of(folder, sizes, accounts, 1 if options.quick else options.rounds, pythons)
    if options.quick:
        found = [goal if isinstance(goal, str) else only_large(goal) for goal in found]
    print()
    print(*(goal for goal in found if isinstance(goal, str)), sep="\n")
    return judge(goal for goal in found if isinstance(goal, Goal))


def only_large(goal: Goal) -> Goal | str:
    """Leave a goal that is promised for one size unjudged at another."""
    if " M: " not in goal.name:
        return goal
    return f"{MARK}{goal.name}: not measured (promised for the full size; here {goal.value:.3g})"


if __name__ == "__main__":
    sys.exit(main())
