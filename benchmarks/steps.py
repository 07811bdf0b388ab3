"""The steps of the pipeline, each as the package does it and as anybody would do it; each is run in a new process.

A step reads what an earlier one kept in ``kept/`` beside the tables, and returns what it spent. Tables and usage are
read with two threads, and so DuckDB has two; learning, scoring and explaining take one on either side, the default of
the package: on a shared machine a second thread of LightGBM spends more on waiting than it gains.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fresh import spending
from rivals import DefaultLightGBM
from usage_kernel import SEATS, _one_date
from worlds import config_of

from cs_ml.bundle import Bundle
from cs_ml.engine.local import LocalEngine
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.explain import TypicalValues
from cs_ml.features.contracts import ContractsBuilder
from cs_ml.features.snapshot import SnapshotBuilder
from cs_ml.features.usage import UsageBuilder
from cs_ml.health import HealthScore
from cs_ml.models import PropensityClassifier
from cs_ml.models.metric_table import paired_differences
from cs_ml.pipeline.score import CLASSES, Fitted, reasons_of, scores_of
from cs_ml.pipeline.snapshot import open_book, take_snapshot
from cs_ml.timeline import Clock, as_of_dates, make_spine

START, TEST_FROM, NEWEST = "2025-05-01", "2026-03-01", "2026-10-01"
WORKERS = 2
COLUMNS = ["account_id", "user_id", "feature", "event_at", "known_at", "quantity"]
TEXT = "_text_180d"
Spent = dict[str, float]


def check(folder: Path) -> Spent:
    """Read and check every table."""
    with spending() as spent:
        open_book(config_of(folder, START))
    return spent


def usage(folder: Path) -> Spent:
    """Measure usage on every date: the 24 columns of the loop, from the same columns, with its number of seats."""
    return _usage(folder, COLUMNS)


def usage_at_once(folder: Path) -> Spent:
    """Do so as if every row had been known when it happened, as one grouping of the file takes it."""
    return _usage(folder, [name for name in COLUMNS if name != "known_at"])


def _usage(folder: Path, columns: list[str]) -> Spent:
    tables = open_book(config_of(folder, START))
    spine = make_spine(tables, start=START, end=NEWEST)
    ids, as_of = spine.index.get_level_values("account_id"), as_of_dates(spine)
    with spending() as spent:
        code, accounts = pd.factorize(ids, sort=True)
        clock, batches = Clock(tables.zone), tables.batches("usage", columns)
        state = reduce_usage(batches, accounts.tolist(), clock, threads=WORKERS)
        X = UsageBuilder().compute(state, code, clock.date(as_of), np.full(len(code), SEATS), threads=WORKERS)
    return spent | {"columns": len(X), "rows": len(code)}


def usage_pandas(folder: Path) -> Spent:
    """Measure usage on every date in a loop: cut out each window, group, count."""
    with spending() as spent:
        usage_by_loop(folder)
    return spent


def usage_duckdb(folder: Path) -> Spent:
    """Group usage by account, user and day once: less than any feature needs."""
    import duckdb

    with spending() as spent:
        connection = duckdb.connect(config={"threads": WORKERS})
        groups = f"""SELECT account_id, user_id, CAST(event_at AS DATE) AS day, count(*) AS n, sum(quantity) AS q
            FROM read_parquet('{folder / "usage.parquet"}') GROUP BY ALL"""
        connection.sql(f"SELECT count(*), sum(n), sum(q) FROM ({groups})").fetchall()
    return spent


def snapshot(folder: Path) -> Spent:
    """Check tables, build all features and labels of 18 dates."""
    with spending() as spent:
        taken = take_snapshot(config_of(folder, START))
    kept = _kept(folder)
    taken.X.to_parquet(kept / "X.parquet")
    taken.catalog.to_parquet(kept / "catalog.parquet")
    y = taken.labels["churn"].assign(notice_given=taken.spine["notice_given"], purge=taken.purge_days["churn"])
    y.to_parquet(kept / "y.parquet")
    return spent | {"rows": len(taken.X), "columns": len(taken.X.columns)}


def fit(folder: Path) -> Spent:
    """Learn churn: settings, weights and calibration chosen through time."""
    X, y, past, recent = _rows(folder)
    with spending() as spent:
        model = PropensityClassifier(
            purge_days=int(y["purge"].iloc[0]), text=tuple(name for name in X if name.endswith(TEXT))
        )
        model.fit(X[past], y[past])
    health = HealthScore(purge_days=model.purge_days)
    health.fit(X[past], y[past], out_of_time_margin=model.out_of_time_["margin"].reindex(X.index[past]))
    parts = {"churn": model, "health": health, "typical": TypicalValues().fit(X[past])}
    Bundle.of(parts).save(_kept(folder) / "bundle")
    np.save(_kept(folder) / "fit.npy", model.predict_proba(X[recent])[:, 1])
    return spent | {"rows": int(past.sum()), "trees": _trees(model)}


def fit_lightgbm(folder: Path) -> Spent:
    """Learn churn with LightGBM at its defaults: nothing chosen, nothing calibrated."""
    X, y, past, recent = _rows(folder)
    with spending() as spent:
        model = DefaultLightGBM().fit(X[past], y[past])
    model.model_.booster_.save_model(_kept(folder) / "lightgbm.txt")
    np.save(_kept(folder) / "fit_lightgbm.npy", model.predict_proba(X[recent])[:, 1])
    return spent


def score(folder: Path) -> Spent:
    """Score the newest date and explain every account: probability, health, drivers, sentences."""
    fitted, X = _fitted(folder), _newest(folder)
    with spending() as spent:
        scores_of(fitted, X)
        reasons_of(fitted, X, {"churn": "churn"}, 5)
    return spent | {"rows": len(X)}


def score_lightgbm(folder: Path) -> Spent:
    """Predict the newest date and ask LightGBM for its contributions, which nobody has put into words."""
    booster, X = _booster(folder), _newest(folder)
    columns = X[booster.feature_name()]
    with spending() as spent:
        booster.predict(columns, num_threads=1)
        booster.predict(columns, pred_contrib=True, num_threads=1)
    return spent


def explain(folder: Path) -> Spent:
    """Ask the default model what each feature adds, on one thread."""
    model, X = _fitted(folder).models["churn"], _many(_newest(folder))
    model.ensemble_  # noqa: B018  loaded before the clock starts
    with spending() as spent:
        model.contributions(X)
    return spent | {"rows": len(X)}


def explain_lightgbm(folder: Path) -> Spent:
    """Ask LightGBM's default shape, 100 trees of 31 leaves, for the same rows on one thread."""
    booster, X = _booster(folder), _many(_newest(folder))
    columns = X[booster.feature_name()]
    with spending() as spent:
        booster.predict(columns, pred_contrib=True, num_threads=1)
    return spent | {"trees": booster.num_trees()}


def log_loss(folder: Path) -> Spent:
    """Compare the two fits on later dates: log loss of ours minus that of LightGBM, drawing whole accounts."""
    _, y, _, recent = _rows(folder)
    ours, theirs = (np.load(_kept(folder) / f"{name}.npy") for name in ("fit", "fit_lightgbm"))
    accounts = y.index[recent].get_level_values("account_id")
    table = paired_differences(y["label"][recent], ours, theirs, accounts, n_boot=300).set_index("metric")
    return {name: float(table.loc["log_loss", name]) for name in ("value", "low", "high")}


def equal(folder: Path) -> Spent:
    """Hold the usage features equal to the loop, value by value."""
    tables = open_book(config_of(folder, START))
    spine = make_spine(tables, start=START, end=NEWEST)
    X = SnapshotBuilder((UsageBuilder(), ContractsBuilder()), LocalEngine(WORKERS)).build(tables, spine)
    wanted = usage_by_loop(folder).reindex(X.index)
    never = wanted["usage_events_recency"].isna().to_numpy()
    for name in wanted.columns.drop("usage_seats_utilisation_30d"):
        found, loop = X[name].to_numpy(), wanted[name].to_numpy()
        if name not in {"usage_events_recency", "usage_events_slope_180d", "usage_events_change_30d"}:
            loop = np.where(never, 0.0, loop)
        np.testing.assert_allclose(found, loop, rtol=1e-9, atol=1e-9, err_msg=name)
    share = wanted["usage_users_distinct_30d"].fillna(0) / X["contracts_seats_current"]
    np.testing.assert_allclose(X["usage_seats_utilisation_30d"], share, rtol=1e-9, atol=1e-9)
    return {"columns": len(wanted.columns), "rows": len(X)}


def usage_by_loop(folder: Path) -> pd.DataFrame:
    """Return the 24 usage features of every account and date, by account and date."""
    frame = pd.read_parquet(folder / "usage.parquet", columns=COLUMNS)
    frame["day"] = _days(frame["event_at"])
    frame["known"] = np.maximum(_days(frame["known_at"].fillna(frame["event_at"])), frame["day"])
    for name in ("account_id", "user_id", "feature"):
        frame[name] = frame[name].astype("category")
    everyone = pd.Index(frame["account_id"].cat.categories, name="account_id")
    found = {}
    for date in pd.date_range(START, NEWEST, freq="MS"):
        day = int(date.to_datetime64().astype("datetime64[D]").astype(np.int64))
        found[date] = pd.DataFrame(_one_date(frame[frame["known"] < day], everyone, day), index=everyone)
    return pd.concat(found, names=["as_of"]).swaplevel().sort_index()


def _days(moments: pd.Series) -> np.ndarray:
    return moments.to_numpy().astype("datetime64[D]").astype(np.int64)


def _kept(folder: Path) -> Path:
    kept = folder.with_name("kept")
    kept.mkdir(exist_ok=True)
    return kept


def _rows(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    X, y = pd.read_parquet(_kept(folder) / "X.parquet"), pd.read_parquet(_kept(folder) / "y.parquet")
    known = (~y["notice_given"] & y["label"].notna()).to_numpy()
    dates, test_from = as_of_dates(X), pd.Timestamp(TEST_FROM)
    past = known & (dates + pd.Timedelta(days=int(y["purge"].iloc[0])) <= test_from)
    return X, y, past, known & (dates >= test_from)


def _newest(folder: Path) -> pd.DataFrame:
    X = pd.read_parquet(_kept(folder) / "X.parquet")
    return X[as_of_dates(X) == pd.Timestamp(NEWEST)]


def _many(X: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([X] * max(5_000 // len(X), 1)) if len(X) < 5_000 else X


def _fitted(folder: Path) -> Fitted:
    bundle = Bundle.load(_kept(folder) / "bundle")
    parts: dict[str, Any] = {name: bundle.restore(name, CLASSES) for name in bundle.parts}
    catalog = pd.read_parquet(_kept(folder) / "catalog.parquet")
    return Fitted({"churn": parts["churn"]}, parts["health"], "churn", parts["typical"], catalog, bundle.version)


def _booster(folder: Path) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=_kept(folder) / "lightgbm.txt")


def _trees(model: PropensityClassifier) -> int:
    return sum(len(text.split("\nTree=")) - 1 for text in _texts(model.to_state()))


def _texts(state: Any) -> list[str]:
    if isinstance(state, dict):
        return [text for value in state.values() for text in _texts(value)]
    if isinstance(state, list):
        return [text for value in state for text in _texts(value)]
    return [state] if isinstance(state, str) and "\nTree=" in state else []


STEPS: dict[str, Callable[[Path], Spent]] = {
    step.__name__: step
    for step in (
        equal, check, usage, usage_at_once, usage_pandas, usage_duckdb, snapshot, fit, fit_lightgbm,
        score, score_lightgbm, explain, explain_lightgbm, log_loss,
    )
}  # fmt: skip


def main() -> None:
    """Run one step and print what it spent as JSON."""
    name, folder = sys.argv[1:]
    print(json.dumps({key: float(value) for key, value in STEPS[name](Path(folder)).items()}))


if __name__ == "__main__":
    main()
