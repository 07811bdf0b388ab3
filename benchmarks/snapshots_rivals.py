"""The 24 columns of usage the ways others would; ``snapshots.py`` runs it with the Python that has the library.

Every way reads one Parquet file of whole-number keys and writes its columns, in the order of accounts and dates, as an
``.npz``; the last line says what it cost. It knows nothing of cs_ml.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

START, DAYS = int(np.datetime64("2024-11-01", "D").astype(int)), 731
DATES = START + 200 + 30 * np.arange(18)
WINDOWS, SEATS, MONTHS = (7, 30, 90, 180), 25.0, 6
STEPS = (MONTHS - 1) / 2 - np.arange(MONTHS)
COLUMNS = ["account_id", "user_id", "feature", "event_at", "quantity"]
KINDS = ("events_count", "quantity_sum", "users_distinct", "days_distinct", "features_distinct")
Columns = dict[str, np.ndarray]


def with_shares(found: Columns, first: np.ndarray, last: np.ndarray, months: np.ndarray) -> Columns:
    """Add recency, slope, change and utilisation; ``months`` are events of the last six periods, newest first."""
    as_of = np.tile(DATES, len(first) // len(DATES))
    seen = as_of - first >= 30 * MONTHS
    slope = (STEPS[:, None] * np.log1p(months)).sum(axis=0) / (STEPS @ STEPS)
    change = np.log1p(months[0]) - np.log1p(months[1:].mean(axis=0))
    return found | {
        "usage_events_recency": as_of - last,
        "usage_events_slope_180d": np.where(seen, slope, np.nan),
        "usage_events_change_30d": np.where(seen, change, np.nan),
        "usage_seats_utilisation_30d": found["usage_users_distinct_30d"] / SEATS,
    }


def duckdb_sql(path: Path, accounts: int) -> Columns:
    """Roll-ups, running sums at the boundaries of windows, spans of members between two sightings."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    ends = sorted({*DATES, *(date - window for date in DATES for window in (*WINDOWS, *range(30, 181, 30)))})
    run = connection.execute
    run("CREATE TEMP TABLE dates AS SELECT unnest(?) AS t, unnest(?) AS j", [DATES.tolist(), list(range(18))])
    run(
        "CREATE TEMP TABLE ends AS SELECT unnest(?) AS b, unnest(?) AS i",
        [list(map(int, ends)), list(range(len(ends)))],
    )
    # k: how many dates, i: how many ends lie at or before the day
    run(f"""CREATE TEMP TABLE days AS SELECT d, (SELECT count(*) FROM dates WHERE t <= d) AS k,
        (SELECT count(*) FROM ends WHERE b <= d) AS i FROM range({START}, {START + DAYS}) AS r(d)""")
    run(f"""CREATE TEMP TABLE events AS SELECT account_id AS a, user_id AS u, feature AS f, quantity AS q,
        CAST(epoch(event_at) AS BIGINT) // 86400 AS d FROM read_parquet('{path}')""")
    run("CREATE TEMP TABLE ad AS SELECT a, d, count(*) AS c, sum(q) AS s FROM events GROUP BY a, d")
    run(f"""CREATE TEMP TABLE p AS
        SELECT a, i, sum(coalesce(c, 0)) OVER w AS c, sum(coalesce(s, 0)) OVER w AS s, sum(coalesce(n, 0)) OVER w AS n
        FROM (SELECT a, i FROM range({accounts}) AS r(a), ends) LEFT JOIN (
            SELECT a, i, sum(c) AS c, sum(s) AS s, count(*) AS n FROM ad JOIN days USING (d) GROUP BY a, i
        ) USING (a, i) WINDOW w AS (PARTITION BY a ORDER BY i ROWS UNBOUNDED PRECEDING)""")
    sums = run("SELECT c, s, n FROM p ORDER BY a, i").fetchnumpy()
    where = {int(end): place for place, end in enumerate(ends)}

    def until(name: str, back: int) -> np.ndarray:
        table = np.ma.filled(np.ma.asarray(sums[name], float), 0).reshape(accounts, len(ends))
        return table[:, [where[int(date) - back] for date in DATES]].ravel()

    found = {}
    for window in WINDOWS:
        for kind, name in (("events_count", "c"), ("quantity_sum", "s"), ("days_distinct", "n")):
            found[f"usage_{kind}_{window}d"] = until(name, 0) - until(name, window)
    for kind, member in (("users_distinct", "u"), ("features_distinct", "f")):
        counted = ", ".join(f"count(*) FILTER (WHERE t - ld <= {window})" for window in WINDOWS)
        rows = run(f"""SELECT {counted} FROM (SELECT a, t FROM range({accounts}) AS r(a), dates) LEFT JOIN (
                SELECT a, ld, t FROM (SELECT a, {member}, k, ld, coalesce(lead(k) OVER (PARTITION BY a, {member}
                    ORDER BY k), 18) AS nk FROM (SELECT a, {member}, k, max(d) AS ld FROM events JOIN days USING (d)
                    GROUP BY a, {member}, k)) JOIN dates ON j >= k AND j < nk
            ) USING (a, t) GROUP BY a, t ORDER BY a, t""").fetchnumpy()
        found |= {f"usage_{kind}_{window}d": np.asarray(column, float)
                  for window, column in zip(WINDOWS, rows.values(), strict=True)}  # fmt: skip
    rows = run(f"""SELECT min(first) OVER w AS first, max(last) OVER w AS last FROM (
            SELECT a, k, first, last FROM (SELECT a, k FROM range({accounts}) AS r(a), range(18) AS s(k)) LEFT JOIN (
                SELECT a, k, min(d) AS first, max(d) AS last FROM ad JOIN days USING (d) GROUP BY a, k) USING (a, k)
        ) WINDOW w AS (PARTITION BY a ORDER BY k ROWS UNBOUNDED PRECEDING) ORDER BY a, k""").fetchnumpy()
    first, last = (np.ma.filled(np.ma.asarray(rows[name], float), np.nan) for name in ("first", "last"))
    months = np.stack([until("c", 30 * month) - until("c", 30 * (month + 1)) for month in range(MONTHS)])
    return with_shares(found, first, last, months)


def polars_loop(path: Path, accounts: int) -> Columns:
    """For each date: cut out each window, group, count."""
    import polars as pl

    frame = pl.read_parquet(path, columns=COLUMNS).with_columns(
        day=(pl.col("event_at").dt.epoch("s") // 86400).cast(pl.Int32)
    )
    everyone = pl.DataFrame({"account_id": np.arange(accounts, dtype=np.int32)})
    per_date: list[Columns] = []
    for as_of in DATES.tolist():
        past, found = frame.filter(pl.col("day") < as_of), {}
        edges = past.group_by("account_id").agg(first=pl.col("day").min(), last=pl.col("day").max())
        for window in WINDOWS:
            one = past.filter(pl.col("day") >= as_of - window).group_by("account_id").agg(
                events_count=pl.len(), quantity_sum=pl.col("quantity").sum(),
                users_distinct=pl.col("user_id").n_unique(),
                days_distinct=pl.col("day").n_unique(), features_distinct=pl.col("feature").n_unique(),
            )  # fmt: skip
            joined = everyone.join(one, on="account_id", how="left", maintain_order="left").fill_null(0)
            found |= {f"usage_{kind}_{window}d": joined[kind].to_numpy().astype(float) for kind in KINDS}
        months = past.filter(pl.col("day") >= as_of - 180).group_by(
            "account_id", month=(as_of - 1 - pl.col("day")) // 30
        ).len()  # fmt: skip
        table = np.zeros((MONTHS, accounts))
        table[months["month"].to_numpy(), months["account_id"].to_numpy()] = months["len"].to_numpy()
        joined = everyone.join(edges, on="account_id", how="left", maintain_order="left")
        ends = {name: joined[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("first", "last")}
        per_date.append(found | ends | {f"month_{month}": row for month, row in enumerate(table)})
    whole = {name: np.stack([found[name] for found in per_date], axis=1).ravel() for name in per_date[0]}
    first, last = whole.pop("first"), whole.pop("last")
    return with_shares(whole, first, last, np.stack([whole.pop(f"month_{month}") for month in range(MONTHS)]))


def featuretools_dfs(path: Path, accounts: int) -> Columns:
    """Calculate each window, and the time since the last event by the primitive made for it."""
    import featuretools as ft

    found, asked = featuretools_counts(path, accounts)
    days = asked(agg_primitives=[ft.primitives.TimeSinceLast(unit="days")]).iloc[:, 0]
    return found | {"usage_events_recency": np.ceil(days.to_numpy(float))}


def featuretools_numbers(path: Path, accounts: int) -> Columns:
    """Ask for the largest of day numbers made beforehand instead: the quickest way found to get recency."""
    found, asked = featuretools_counts(path, accounts)
    newest = asked(agg_primitives=["max"])["MAX(events.number)"].to_numpy(float)
    return found | {"usage_events_recency": np.tile(DATES, accounts) - newest}


def featuretools_counts(path: Path, accounts: int) -> tuple[Columns, Callable]:
    """Return the columns of windows, and what asks for more; with recency 21 of 24, less seats, slope and change."""
    import featuretools as ft
    import pandas as pd

    frame = pd.read_parquet(path, columns=COLUMNS)
    frame["day"] = (frame["event_at"].astype("datetime64[s]").astype("int64") // 86400).astype("category")
    frame["number"] = frame["day"].astype("int64")
    frame["row"] = np.arange(len(frame))
    for name in ("user_id", "feature"):
        frame[name] = frame[name].astype("category")  # which it counts quickest
    entities = ft.EntitySet("book")
    entities.add_dataframe(dataframe_name="events", dataframe=frame, index="row", time_index="event_at")
    everyone = pd.DataFrame({"account_id": np.arange(accounts, dtype=frame["account_id"].dtype)})
    entities.add_dataframe(dataframe_name="accounts", dataframe=everyone, index="account_id")
    entities.add_relationship("accounts", "account_id", "events", "account_id")
    times = pd.DataFrame(
        {"account_id": np.tile(np.arange(accounts), 18), "time": np.repeat(DATES, accounts).astype("datetime64[D]")}
    )
    times["time"] = times["time"].astype("datetime64[ns]")

    def asked(**options: object) -> pd.DataFrame:
        table, _ = ft.dfs(entityset=entities, target_dataframe_name="accounts", cutoff_time=times, trans_primitives=[],
                          include_cutoff_time=False, max_depth=1, cutoff_time_in_index=True, n_jobs=1,
                          **options)  # fmt: skip
        return table.sort_index(level=["account_id", "time"])

    names = {"COUNT(events)": "events_count", "SUM(events.quantity)": "quantity_sum",
             "NUM_UNIQUE(events.user_id)": "users_distinct",
             "NUM_UNIQUE(events.day)": "days_distinct", "NUM_UNIQUE(events.feature)": "features_distinct"}  # fmt: skip
    found: Columns = {}
    for window in WINDOWS:
        table = asked(agg_primitives=["count", "sum", "num_unique"], training_window=f"{window} days")
        found |= {f"usage_{kind}_{window}d": table[name].fillna(0).to_numpy(float) for name, kind in names.items()}
    return found, asked


def timeseriesflattener_windows(path: Path, accounts: int) -> Columns:
    """Count and sum in each window; its distinct counts count a missing value too, so they are not asked for."""
    import datetime as dt

    import polars as pl
    from timeseriesflattener import (
        CountAggregator,
        Flattener,
        PredictionTimeFrame,
        PredictorSpec,
        SumAggregator,
        ValueFrame,
    )

    frame = pl.read_parquet(path, columns=COLUMNS).select(
        pl.col("account_id").alias("id"), pl.col("event_at").alias("time"), pl.col("quantity").alias("quantity")
    )
    when = pl.Series(np.repeat(DATES, accounts).astype("datetime64[D]")).cast(pl.Datetime("us")) - dt.timedelta(
        microseconds=1
    )
    asked = pl.DataFrame({"id": np.tile(np.arange(accounts, dtype=np.int32), 18), "time": when})
    spec = PredictorSpec(
        value_frame=ValueFrame(init_df=frame, entity_id_col_name="id", value_timestamp_col_name="time"),
        lookbehind_distances=[dt.timedelta(days=window, microseconds=-1) for window in WINDOWS],
        aggregators=[CountAggregator(), SumAggregator()], fallback=0, column_prefix="p",
    )  # fmt: skip
    times = PredictionTimeFrame(init_df=asked, entity_id_col_name="id", timestamp_col_name="time")
    table = Flattener(predictiontime_frame=times).aggregate_timeseries(specs=[spec]).df
    table = table.collect() if isinstance(table, pl.LazyFrame) else table
    table = table.sort("id", "time")
    found: Columns = {}
    for window in WINDOWS:
        for ending, kind in (("count", "events_count"), ("sum", "quantity_sum")):
            (name,) = (name for name in table.columns if f"_{window}_days_{ending}" in name)
            found[f"usage_{kind}_{window}d"] = table[name].to_numpy().astype(float)
    return found


WAYS: dict[str, Callable[[Path, int], Columns]] = {
    "duckdb sql": duckdb_sql, "polars loop": polars_loop, "featuretools": featuretools_dfs,
    "featuretools, day numbers": featuretools_numbers, "timeseriesflattener": timeseriesflattener_windows,
}  # fmt: skip


def peak_mib() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("file", type=Path)
    parser.add_argument("accounts", type=int)
    parser.add_argument("--columns", type=Path, help="where the columns are written")
    options = parser.parse_args()
    wall, cpu = time.perf_counter(), time.process_time()
    found = WAYS[options.way](options.file, options.accounts)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak_mib()}
    if options.columns:
        np.savez(options.columns, **found)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
