"""How fast usage becomes features: against one GROUP BY of DuckDB and against a loop over the dates in pandas.

Made data (seeded): accounts of unequal size, users with sessions, 50 features, two years, rows in order of time. Every
method runs in a fresh process, in turn, and the median counts; values are compared before anything is timed. Machines
differ and are shared: read the ratios. Those of processor seconds are judged, because the wall clock of two threads
depends on the neighbours; the table shows both. ``--quick`` is smaller. Exit status 0 only when all goals hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import median

import fresh
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from goals import Goal, judge

from cs_ml.engine.usage_read import parquet_batches
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_windows import usage_windows
from cs_ml.features.usage import UsageBuilder
from cs_ml.timeline.clock import Clock

DAYS, START = 731, int(np.datetime64("2024-11-01", "D").astype(int))
MONTHLY, WEEKLY = START + 200 + 30 * np.arange(18), START + 185 + 7 * np.arange(78)
WINDOWS = (7, 30, 90, 180)
COLUMNS = ("account_id", "user_id", "feature", "event_at", "quantity")
SEATS = 25.0
THREADS = 2


def made(folder: Path, rows: int, accounts: int, kinds: Collection[str] = ("integers", "dictionary", "plain")) -> None:
    """Write the same rows as text in dictionaries, as plain text and as integers, in order of time."""
    rng = np.random.default_rng(7)
    sizes = rng.lognormal(size=accounts)
    n_users = 1 + rng.multinomial(round(accounts * 20.5), sizes / sizes.sum())
    owner = np.repeat(np.arange(accounts, dtype=np.int32), n_users)
    activity = rng.lognormal(size=len(owner))
    n_sessions = int(rows / 3.3)
    who = rng.choice(len(owner), n_sessions, p=activity / activity.sum()).astype(np.int32)
    when = rng.integers(0, DAYS, n_sessions)
    session = rng.integers(0, n_sessions, rows)
    at = (START + when[session]) * np.int64(86_400_000_000) + (rng.beta(3, 3, rows) * 86.4e9).astype(np.int64)
    order = np.argsort(at, kind="stable")
    user, at = who[session[order]], at[order]
    weights = (1 + np.arange(50)) ** -0.5
    feature = rng.choice(50, rows, p=weights / weights.sum()).astype(np.int32)
    columns = {"account_id": owner[user], "user_id": user, "feature": feature}
    rest = {"event_at": at.view("datetime64[us]"), "quantity": rng.integers(1, 10_000, rows) / 100}
    names = {
        "account_id": [f"A{number:06d}" for number in range(accounts)],
        "user_id": [f"user-{number:07d}" for number in rng.permutation(len(owner))],
        "feature": [f"feature_{number}" for number in range(50)],
    }
    size = 1 << 20 if rows >= 1 << 22 else 1 << 17
    pq.write_table(pa.table(columns | rest), folder / "integers.parquet", row_group_size=size)
    if len(kinds) == 1:
        return
    text = {
        name: pa.DictionaryArray.from_arrays(codes, names[name]).dictionary_decode() for name, codes in columns.items()
    }
    for kind in ("dictionary", "plain"):
        path = folder / f"{kind}.parquet"
        pq.write_table(pa.table(text | rest), path, row_group_size=size, use_dictionary=kind == "dictionary")


def account_ids(path: Path, accounts: int) -> list[str]:
    numbers = range(accounts)
    return sorted(map(str, numbers)) if path.stem == "integers" else [f"A{number:06d}" for number in numbers]


def state_of(path: Path, accounts: int, threads: int = THREADS) -> UsageState:
    return reduce_usage(parquet_batches([path], COLUMNS), account_ids(path, accounts), Clock(), threads=threads)


def rows_for(accounts: int, dates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(accounts), len(dates)), np.tile(dates, accounts)


def ours(path: Path, accounts: int) -> dict[str, np.ndarray]:
    """From the file to the columns: 24 of the reference, and the change of users besides."""
    codes, as_of = rows_for(accounts, MONTHLY)
    state = state_of(path, accounts)
    return UsageBuilder().compute(state, codes, as_of, np.full(len(codes), SEATS), threads=THREADS)


def duckdb_group_by(path: Path, _: int) -> dict[str, float]:
    """One aggregation by account, user and day, kept as a table: far less than the features need."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute(
        f"""CREATE TEMP TABLE user_days AS SELECT account_id, user_id, CAST(event_at AS DATE) AS day, count(*) AS n,
        sum(quantity) AS q FROM read_parquet('{path}') GROUP BY ALL"""
    )
    (found,) = connection.execute("SELECT count(*), sum(n), sum(q) FROM user_days").fetchall()
    return dict(zip(("user_days", "rows", "quantity"), map(float, found), strict=True))


def pandas_loop(path: Path, accounts: int) -> dict[str, np.ndarray]:
    """For each date: cut out each window, group, count."""
    frame = pd.read_parquet(path, columns=list(COLUMNS))
    frame["day"] = frame["event_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    for name in ("account_id", "user_id", "feature"):
        frame[name] = frame[name].astype("category")
    everyone = pd.Index(account_ids(path, accounts))
    per_date = [_one_date(frame, everyone, int(as_of)) for as_of in MONTHLY]
    return {name: np.stack([found[name] for found in per_date], axis=1).ravel() for name in per_date[0]}


def _one_date(frame: pd.DataFrame, everyone: pd.Index, as_of: int) -> dict[str, np.ndarray]:
    past = frame[frame["day"] < as_of]
    days = past.groupby("account_id", observed=True)["day"].agg(["min", "max"]).reindex(everyone)
    found = {"usage_events_recency": (as_of - days["max"]).to_numpy(float)}
    for window in WINDOWS:
        groups = past[past["day"] >= as_of - window].groupby("account_id", observed=True)
        values = {
            "events_count": groups.size(), "quantity_sum": groups["quantity"].sum(),
            "users_distinct": groups["user_id"].nunique(), "days_distinct": groups["day"].nunique(),
            "features_distinct": groups["feature"].nunique(),
        }  # fmt: skip
        found |= {
            f"usage_{name}_{window}d": value.reindex(everyone).fillna(0).to_numpy(float)
            for name, value in values.items()
        }
    return found | _trend(past, everyone, as_of, observed=(as_of - days["min"]).to_numpy(float) >= 180) | {
        "usage_seats_utilisation_30d": found["usage_users_distinct_30d"] / SEATS
    }  # fmt: skip


def _trend(past: pd.DataFrame, everyone: pd.Index, as_of: int, *, observed: np.ndarray) -> dict[str, np.ndarray]:
    recent = past[past["day"] >= as_of - 180]
    period = ((as_of - 1 - recent["day"]) // 30).rename("period")
    table = recent.groupby(["account_id", period], observed=True).size()
    table = table.unstack(fill_value=0)  # noqa: PD010  counts of pairs laid out as a table; nothing is aggregated
    counts = table.reindex(index=everyone, columns=range(6), fill_value=0).to_numpy(float)
    slope = np.polyfit(-np.arange(6), np.log1p(counts).T, 1)[0]
    change = np.log1p(counts[:, 0]) - np.log1p(counts[:, 1:].mean(axis=1))
    values = {"usage_events_slope_180d": slope, "usage_events_change_30d": change}
    return {name: np.where(observed, value, np.nan) for name, value in values.items()}


def windows_only(path: Path, accounts: int) -> dict[str, float]:
    """Seconds of processor for other dates and windows from one state, each the median of five."""
    state = state_of(path, accounts)
    asked = {
        "18 dates x 4 windows": (MONTHLY, WINDOWS),
        "78 dates x 4 windows": (WEEKLY, WINDOWS),
        "18 dates x 12 windows": (MONTHLY, tuple(range(15, 181, 15))),
    }
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(5):
        for name, (dates, windows) in asked.items():
            codes, as_of = rows_for(accounts, dates)
            start = time.process_time()
            usage_windows(state, codes, as_of, windows)
            spent[name].append(time.process_time() - start)
    return {name: median(values) for name, values in spent.items()}


METHODS: dict[str, Callable[[Path, int], dict]] = {
    "ours": ours, "duckdb": duckdb_group_by, "pandas": pandas_loop, "windows": windows_only,
}  # fmt: skip


def run(method: str, path: Path, accounts: int) -> dict[str, float]:
    """Run a method in a process of its own."""
    return fresh.run(__file__, "--run", method, "--file", str(path), "--accounts", str(accounts))


def run_here(method: str, path: Path, accounts: int) -> None:
    with fresh.spending() as spent:
        found = METHODS[method](path, accounts)
    print(json.dumps(spent | {name: value for name, value in found.items() if isinstance(value, float)}))


def assert_equal(folder: Path, accounts: int) -> None:
    """Hold all three files equal to the loop in pandas, value by value."""
    wanted = pandas_loop(folder / "dictionary.parquet", accounts)
    assert len(wanted) == 24
    by_number = np.argsort(np.array(account_ids(folder / "integers.parquet", accounts)).astype(int))
    for kind in ("dictionary", "plain", "integers"):
        found = ours(folder / f"{kind}.parquet", accounts)
        for name, values in wanted.items():
            mine = found[name].reshape(accounts, -1)
            mine = mine[by_number] if kind == "integers" else mine
            np.testing.assert_allclose(mine.ravel(), values, rtol=1e-9, atol=1e-9, err_msg=f"{kind} {name}")
    print(f"equal: 24 columns x {accounts * len(MONTHLY):,} rows, three files, to the loop in pandas")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller size, within a minute")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--accounts", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_here(options.run, options.file, options.accounts)
        return 0
    rows, accounts = (1_000_000, 2_000) if options.quick else (10_000_000, 20_000)
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        made(Path(small), rows // 10, accounts // 10)
        assert_equal(Path(small), accounts // 10)
        made(Path(large), rows, accounts)
        return report(Path(large), accounts, rows, options.rounds)


def report(folder: Path, accounts: int, rows: int, rounds: int) -> int:
    """Time all methods in turn, print the table and the goals."""
    files = {kind: folder / f"{kind}.parquet" for kind in ("dictionary", "plain", "integers")}
    todo = [(method, kind) for kind in files for method in ("ours", "duckdb")] + [("pandas", "dictionary")]
    done: dict[tuple[str, str], list[dict[str, float]]] = {task: [] for task in todo}
    asked = []
    for _ in range(rounds):
        for method, kind in todo:
            done[method, kind].append(run(method, files[kind], accounts))
        asked.append(run("windows", files["dictionary"], accounts))
    middle = pd.DataFrame({task: pd.DataFrame(spent).median() for task, spent in done.items()}).T
    print(f"{rows:,} rows, {accounts:,} accounts, {rounds} rounds, {THREADS} threads, load {os.getloadavg()[0]:.1f}")
    print(middle[["wall", "cpu", "peak"]].round(2).to_string())
    again = pd.DataFrame(asked).median()
    print("other dates and windows from the state, processor seconds of one thread")
    print(again.filter(like=" x ").round(2).to_string())
    return judge(goals(middle, again))


def goals(middle: pd.DataFrame, again: pd.Series) -> list[Goal]:
    """Hold medians of processor seconds and memory against their bounds."""
    spent, base = middle["cpu"], again["18 dates x 4 windows"]
    one_group_by = [
        Goal(f"file to columns / one GROUP BY, {kind} text", spent["ours", kind] / spent["duckdb", kind], 2)
        for kind in ("dictionary", "plain")
    ]
    faster = spent["pandas", "dictionary"] / spent["ours", "dictionary"]
    return [
        *one_group_by,
        Goal("times faster than a loop in pandas", faster, 6, at_most=False),
        Goal("78 weekly dates / 18 monthly", again["78 dates x 4 windows"] / base, 2.5),
        Goal("12 windows / 4", again["18 dates x 12 windows"] / base, 2),
        Goal("peak memory, GiB", middle.loc["ours", "peak"].max() / 1024, 1.5),
    ]


if __name__ == "__main__":
    sys.exit(main())
