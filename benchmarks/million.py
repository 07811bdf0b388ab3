"""A million accounts, one date: how much memory the build of its snapshot takes.

``python benchmarks/million.py [--quick]`` writes a book of tables with light usage, a piece of the accounts at a time,
then checks it and builds every feature of one date in a process of its own, streamed to Parquet as it comes. The most
memory that process held at any time counts, everything in it included: DuckDB, pandas, numpy, the files it mapped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fresh import peak_mib, run, spending
from goals import Goal, judge

AS_OF, FIRST, DAYS = "2026-10-01", np.datetime64("2025-04-01", "us"), 548
PIECE = 50_000
SEGMENTS, REGIONS = pa.array(["small", "mid", "large"]), pa.array(["North", "South", "East", "West"])
FEATURES, EVENTS = pa.array([f"feature {number:02d}" for number in range(20)]), pa.array(["login", "view", "edit"])
KINDS, SEVERITIES = pa.array(["nps", "csat"]), pa.array(["low", "high"])
PER_ACCOUNT = {"users": 2.0, "usage": 20.0, "surveys": 0.8, "tickets": 0.8, "invoices": 3.0, "contracts": 1.2}


def instants(rng: np.random.Generator, n: int, first: int = 0, days: int = DAYS) -> np.ndarray:
    """Draw moments of the span of the data."""
    return FIRST + rng.integers(first * 86_400, days * 86_400, n).astype("timedelta64[s]")


def some(rng: np.random.Generator, words: pa.Array, n: int) -> pa.DictionaryArray:
    """Draw words."""
    return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(words), n), pa.int32()), words)


def piece(rng: np.random.Generator, first: int, accounts: int) -> dict[str, pa.Table]:
    """Return the rows of some accounts, by table."""
    ids = pa.array([f"A{number:07d}" for number in range(first, first + accounts)])
    begun = FIRST - rng.integers(0, 900 * 86_400, accounts).astype("timedelta64[s]")
    tables = {
        "accounts": {
            "account_id": ids, "created_at": begun,
            "segment": some(rng, SEGMENTS, accounts), "region": some(rng, REGIONS, accounts),
        }
    }  # fmt: skip
    for name, mean in PER_ACCOUNT.items():
        owner = np.sort(rng.integers(0, accounts, int(mean * accounts)))
        if name == "contracts":
            owner = np.concatenate([np.arange(accounts), owner[accounts:]])
        columns = {"account_id": ids.take(pa.array(owner))}
        tables[name] = columns | rows_of(name, rng, len(owner), first * 10, begun[owner])
    return {name: pa.table(columns) for name, columns in tables.items()}


def rows_of(name: str, rng: np.random.Generator, n: int, number: int, begun: np.ndarray) -> dict[str, object]:
    """Return what a table holds beside the account."""
    numbered = pa.array([f"{name}{at}" for at in range(number, number + n)]) if name != "usage" else None
    at = instants(rng, n)
    later = at + rng.integers(3_600, 30 * 86_400, n).astype("timedelta64[s]")
    told = np.where(later < np.datetime64(AS_OF, "us"), later, np.datetime64("NaT"))
    if name == "usage":
        users = pa.array([f"u{who}" for who in range(2)]).take(pa.array(rng.integers(0, 2, n)))
        return {
            "event_at": at, "user_id": users, "feature": some(rng, FEATURES, n), "event": some(rng, EVENTS, n),
            "quantity": rng.integers(1, 9, n).astype(float),
        }  # fmt: skip
    if name == "contracts":
        return {
            "contract_line_id": numbered, "start_at": begun, "mrr": rng.gamma(2, 200, n).round(2),
            "seats": rng.integers(1, 50, n).astype(float), "auto_renew": rng.random(n) < 0.7,
            "end_at": np.where(rng.random(n) < 0.9, begun + np.timedelta64(1800, "D"), np.datetime64("NaT", "us")),
        }  # fmt: skip
    if name == "users":
        return {"user_id": numbered, "role": some(rng, pa.array(["user", "admin", "champion"]), n), "active_from": at}
    if name == "surveys":
        return {
            "response_id": numbered, "kind": some(rng, KINDS, n), "sent_at": at, "answered_at": told,
            "score": rng.integers(0, 5, n).astype(float),
        }  # fmt: skip
    if name == "tickets":
        return {
            "ticket_id": numbered, "opened_at": at, "resolved_at": told, "severity": some(rng, SEVERITIES, n),
        }  # fmt: skip
    return {"invoice_id": numbered, "due_at": at, "paid_at": told, "amount": rng.gamma(2, 200, n).round(2)}


def write_book(folder: Path, accounts: int) -> int:
    """Write all tables, a piece at a time; return how many rows they have."""
    rng, rows, writers = np.random.default_rng(0), 0, {}
    for first in range(0, accounts, PIECE):
        for name, table in piece(rng, first, min(PIECE, accounts - first)).items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writers[name].write_table(table)
            rows += table.num_rows
    for writer in writers.values():
        writer.close()
    return rows


def build(folder: Path) -> dict[str, float]:
    """Check the tables and build every feature of the date, written as it comes."""
    from cs_ml.engine.local import LocalEngine
    from cs_ml.features.snapshot import SnapshotBuilder
    from cs_ml.store import partition_path, read_manifest, write_partition
    from cs_ml.tables import open_tables
    from cs_ml.timeline import make_spine

    with spending() as spent:
        tables = open_tables(folder, data_end=AS_OF, memory_limit="1GB", threads=2)
        checked = peak_mib()
        spine = make_spine(tables, start=AS_OF, end=AS_OF, every=[AS_OF])
        looked = peak_mib()
        builder = SnapshotBuilder.default(engine=LocalEngine(2))
        write_partition(folder / "snapshots", AS_OF, (X.reset_index() for X in builder.stream(tables, spine)))
    rows = read_manifest(partition_path(folder / "snapshots", AS_OF))["rows"]
    features = len(builder.catalog(tables))
    return spent | {"rows": rows, "features": features, "checked": checked, "spine": looked}


def main() -> int:
    """Write the book, build in a process of its own, print a table and the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50,000 accounts")
    parser.add_argument("--folder", type=Path, help="where to write the book; a temporary folder by default")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build is not None:
        print(json.dumps(build(chosen.build)))
        return 0
    accounts = 50_000 if chosen.quick else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="cs_ml_million_", dir=chosen.folder))
    try:
        rows = write_book(folder, accounts)
        size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / 2**20
        print(f"{accounts:,} accounts, {rows:,} rows in {len(PER_ACCOUNT) + 1} tables, {size:,.0f} MiB of Parquet")
        spent = run(__file__, "--build", str(folder))
    finally:
        shutil.rmtree(folder)
    print(f"snapshot of {AS_OF}: {spent['rows']:,.0f} rows, {spent['features']:.0f} features")
    print(f"{'':24}{'seconds':>9}{'processor':>11}{'peak MiB':>10}")
    print(f"{'tables checked':24}{'':>20}{spent['checked']:>10,.0f}")
    print(f"{'and accounts found':24}{'':>20}{spent['spine']:>10,.0f}")
    print(f"{'and features written':24}{spent['wall']:>9,.0f}{spent['cpu']:>11,.0f}{spent['peak']:>10,.0f}")
    whole = Goal("every account in the snapshot, share", spent["rows"] / accounts, 1.0, at_most=False)
    return judge([Goal("peak memory of one date, GiB", spent["peak"] / 1024, 4.0), whole])


if __name__ == "__main__":
    sys.exit(main())
