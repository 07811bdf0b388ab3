"""Whether Spark moves and holds what docs/scale.md counts on: a simulation of the plan at two small sizes.

Made data (seeded): ten thousand events an account as in the plan, users with sessions, 50 features, two years; and the
larger size once more with 30 % of all rows in one account, from programs that repeat themselves. Every run is a fresh
process with a session of its own whose event log says what was shuffled; a builder in every bucket notes the memory of
its process. Features are held equal to the local engine's, bit for bit. The figures for 10^10 events are computed
from the same constants. ``--quick`` is smaller. Exit status 0 only when all goals hold.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fresh
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from goals import Goal, judge

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.local import LocalEngine
from cs_ml.features.usage import UsageBuilder
from cs_ml.tables import open_tables
from cs_ml.timeline.spine import spine_index

DAYS, START = 730, np.datetime64("2024-11-01", "us")
DATES = pd.date_range("2026-05-01", periods=6, freq="MS")
EVENTS_AN_ACCOUNT = 10_000  # of ten at least
HEAVY = 0.3  # share of all rows in the skewed account
PLAN = {
    "bytes a counted row and shuffle": 40,  # account, user, feature, day, known, login, count: text, compressed
    "counted rows an event": 1.0,  # nothing gained by counting where users do one thing a day
    "bytes of a process before its bucket": 540 << 20,  # Python, its libraries, compiled loops, 64 MB of rows that wait
    "bytes an event of a bucket": 90,  # counted rows as they are read, piles, state, windows
    "seconds of a core an event": 12e-6,
}
EVENTS_A_BUCKET = 5_000_000
HEAVY_ROWS = 1000 * 10 * DAYS  # counted rows of the large account: users, features of each on a day, days
CORE_HOUR = 0.05  # US dollars, an assumption


@dataclass(frozen=True)
class Probe:
    """A builder that notes what its process holds once usage is reduced."""

    reads: tuple[str, ...] = ("usage",)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return the peak of this process, and the size of the bucket's usage before and after its reduction."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        state = bucket.usage
        found = {"peak": peak, "events": 0 if state is None else state.n_rows, "state": state.nbytes if state else 0}
        return pd.DataFrame({name: float(value) for name, value in found.items()}, index=keys)


def made(folder: Path, rows: int, *, skewed: bool) -> None:
    """Write accounts, contracts and usage as Parquet."""
    rng, n_accounts = np.random.default_rng(7), max(rows // EVENTS_AN_ACCOUNT, 10)
    names = [f"A{number:06d}" for number in range(n_accounts)]
    sessions = int(rows / 3.3)
    owner = rng.choice(n_accounts, sessions, p=_shares(rng, n_accounts, skewed=skewed))
    machine = skewed & (owner == 0)  # one account whose programs do the same few things all day
    user = owner * 1000 + np.where(machine, 0, (rng.beta(1, 3, sessions) * 20).astype(int))
    day = rng.integers(0, DAYS, sessions)
    session = np.sort(rng.integers(0, sessions, rows))
    at = START + (day[session] * 86_400 + rng.integers(0, 86_400, rows)).astype("timedelta64[s]")
    order = np.argsort(at, kind="stable")
    feature = (rng.beta(1, 3, rows) * 50).astype(int) % np.where(machine[session], 3, 50)
    columns = {
        "account_id": pa.array(names).take(pa.array(owner[session][order])),
        "event_at": at[order].astype("datetime64[us]"),
        "user_id": pa.array(np.char.add("user-", user[session][order].astype(str))),
        "feature": pa.array([f"feature_{number}" for number in range(50)]).take(pa.array(feature[order])),
        "event": pa.array(["login", "click", "open"]).take(pa.array(rng.integers(0, 3, rows))),
        "quantity": rng.integers(1, 10_000, rows) / 100,
    }
    pq.write_table(pa.table(columns), folder / "usage.parquet", row_group_size=1 << 18)
    pd.DataFrame({"account_id": names}).to_parquet(folder / "accounts.parquet")
    start = pd.Timestamp("2024-10-01")
    lines = {"contract_line_id": names, "account_id": names, "start_at": start, "mrr": 100.0, "seats": 25.0}
    pd.DataFrame(lines).to_parquet(folder / "contracts.parquet")


def _shares(rng: np.random.Generator, n: int, *, skewed: bool) -> np.ndarray:
    shares = rng.lognormal(size=n)
    shares /= shares.sum()
    if skewed:
        shares[1:] *= (1 - HEAVY) / shares[1:].sum()
        shares[0] = HEAVY
    return shares


def run_here(folder: Path, rows: int, *, skewed: bool) -> None:
    """Build features on Spark, hold them equal, and print what the run moved and held."""
    import warnings

    from cs_ml.engine.spark import SparkEngine, open_spark_tables, session_of

    warnings.simplefilter("ignore")
    made(folder, rows, skewed=skewed)
    log = folder / "log"
    log.mkdir()
    options = {
        "spark.eventLog.enabled": "true", "spark.eventLog.dir": log.as_uri(), "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false", "spark.local.dir": str(folder), "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
    }  # fmt: skip
    session = session_of("local[2]", options)
    tables = open_spark_tables(session, f"parquet:{folder}")
    accounts = tables.accounts()
    keys = spine_index(np.repeat(accounts, len(DATES)), np.tile(DATES.to_numpy(), len(accounts)))
    builders = [UsageBuilder(), Probe()]
    n_buckets = 4
    found = SparkEngine(session, buckets=n_buckets).build(builders, tables, keys)
    local = open_tables(folder)
    wanted = LocalEngine(1, n_buckets).build(builders[:1], local, keys)
    assert found[list(wanted)].to_numpy().tobytes() == wanted.to_numpy().tobytes(), "Spark and local differ"
    session.stop()
    heaviest = found.loc[found["events"].idxmax()]
    print(json.dumps(shuffled(log) | {
        "peak": float(found["peak"].max()), "events": float(rows), "bucket": float(heaviest["events"]),
        "state": float(heaviest["state"]),
    }))  # fmt: skip


def shuffled(log: Path) -> dict[str, float]:
    """Return what the event log says: bytes and rows that each shuffle wrote, seconds of tasks."""
    found = {"bytes": 0.0, "rows": 0.0, "seconds": 0.0, "spilled": 0.0}
    for path in log.iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["Event"] != "SparkListenerTaskEnd" or not event.get("Task Metrics"):
                continue
            metrics = event["Task Metrics"]
            found["bytes"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            found["rows"] += metrics["Shuffle Write Metrics"]["Shuffle Records Written"]
            found["seconds"] += metrics["Executor Run Time"] / 1000
            found["spilled"] += metrics["Disk Bytes Spilled"]
    return found


def planned(events: float, largest: float) -> dict[str, float]:
    """Return what the plan counts on for so many events, of which one bucket has at most so many."""
    rows = events * PLAN["counted rows an event"]
    return {
        "shuffled, GB": 2 * rows * PLAN["bytes a counted row and shuffle"] / 1e9,
        "process of the largest bucket, GB": (
            PLAN["bytes of a process before its bucket"] + largest * PLAN["bytes an event of a bucket"]
        ) / 1e9,
        "core hours": events * PLAN["seconds of a core an event"] / 3600,
        "US dollars": events * PLAN["seconds of a core an event"] / 3600 * CORE_HOUR,
        "buckets": events / EVENTS_A_BUCKET,
    }  # fmt: skip


def main() -> int:
    """Run both sizes and the skewed one, and hold them against the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the size")
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--skewed", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            run_here(Path(folder), asked.rows, skewed=asked.skewed)
        return 0
    sizes = (100_000, 400_000) if asked.quick else (500_000, 2_000_000)
    runs = {f"{size:,} events": fresh.run(__file__, "--rows", str(size)) for size in sizes}
    runs["one account with 30 %"] = fresh.run(__file__, "--rows", str(sizes[1]), "--skewed")
    table = pd.DataFrame(runs).T
    table["bytes an event"] = table["bytes"] / table["events"]
    table["bytes a row"] = table["bytes"] / table["rows"]
    table["rows an event"] = table["rows"] / table["events"] / 2
    allowed = [
        planned(row["events"], row["bucket"])["process of the largest bucket, GB"] for _, row in table.iterrows()
    ]
    table["peak, GB"], table["planned peak, GB"] = table["peak"] / 1e9, allowed
    table["state bytes an event"] = table["state"] / table["bucket"]
    table["task us an event"] = table["seconds"] / table["events"] * 1e6
    print(table[[name for name in table if name not in ("bytes", "rows", "peak", "state")]].T.round(3).to_string())
    plan = {"even": planned(1e10, EVENTS_A_BUCKET), "one account with 30 %": planned(7e9 + HEAVY_ROWS, HEAVY_ROWS)}
    print("\nplan for 10^10 events, 10^6 accounts", pd.DataFrame(plan).round(1).to_string(), sep="\n")
    small, large, skewed = (table.iloc[row] for row in range(3))
    per_row = PLAN["bytes a counted row and shuffle"]
    return judge([
        Goal("bytes shuffled a counted row, against the plan", large["bytes a row"] / per_row, 1),
        Goal("counted rows an event, against the plan", large["rows an event"] / PLAN["counted rows an event"], 1),
        Goal("bytes an event: larger against smaller size", large["bytes an event"] / small["bytes an event"], 1.1),
        Goal("peak of a process, against the plan", (table["peak, GB"] / table["planned peak, GB"]).max(), 1),
        Goal("bytes an event: skewed account, against even", skewed["bytes an event"] / large["bytes an event"], 0.8),
        Goal("peak of a process: skewed account, against even", skewed["peak"] / large["peak"], 2),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
