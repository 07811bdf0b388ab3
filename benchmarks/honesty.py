"""Do the models know what they do not know? Many small worlds whose true probabilities are known.

Calibration against the truth from 20 to 2,000 events, beside plain logistic regression and LightGBM at its defaults;
how often the 90 % intervals of a backtest hold what the same models reach on a new book; how much of the attainable
AUC is reached; whether the report card stays silent where labels are noise; whether leak alarms name a planted column
and no other; what the intercept update saves when the base rate doubles. Every figure is judged on 10,000 new
accounts and under the true probabilities, so that luck of their outcomes plays no part.

The bounds, and why. Calibration: not worse than the better of the two rivals by more than 0.002, what a table of
tenths would round away. Intervals: 90 % plus or minus 3. Ranking: at 2,000 events 97 % of the AUC above 0.5 that the
true probability reaches; at 20 events not below the better of plain logistic and expert weights, a mean over the
worlds whose 95 % interval may reach zero. There "ours" is what the product publishes: the health score with the
classifier's margin as one more measure, since a classifier alone knows no expert; what it reaches alone is held
against plain logistic. Noise: silent in 95 of 100. Leaks: named in 95 of 100, false alarms in at most 5. Base rate
doubled: half of the calibration error.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from goals import Goal, judge
from honesty_alarms import alarmed, silent
from honesty_worlds import (
    PURGE,
    World,
    calibration_error,
    doubled,
    expected_auc,
    expected_loss,
    world,
)
from rivals import DefaultLightGBM

from cs_ml.health import HealthScore, Measure, Scorecard
from cs_ml.models import PropensityClassifier
from cs_ml.models.backtest import backtest
from cs_ml.models.baselines import PlainLogistic
from cs_ml.models.metric_table import metric_table
from cs_ml.timeline import TimeSplit, as_of_dates

ACCOUNTS = {20: 65, 50: 170, 200: 680, 2_000: 6_800}  # by the events that come of it
NEW, NEW_OF_TWELVE = 10_000, 20_000  # accounts on one date, and on all dates of a backtest
ORIGINS = 3
MET = {"roc_auc": expected_auc, "log_loss": expected_loss}
TESTED = {100: "about 10 events", 300: "about 30 events", 1_000: "about 100 events"}
EXPERTS = {
    "good": {"x00": 4, "x01": -3, "x02": 2, "x03": 1, "x04": 2, "x07": 1},
    "wrong": {"x00": 0.5, "x01": -0.5, "x07": 3, "x08": 3, "x09": -4},
}


class Size(NamedTuple):
    """How many worlds of each kind."""

    fits: dict[int, int]
    intervals: int
    silent: int
    leaks: int
    drifts: int


SIZES = {
    False: Size({20: 50, 50: 60, 200: 40, 2_000: 6}, 500, 100, 100, 10),
    True: Size({20: 8, 50: 4, 200: 1, 2_000: 1}, 12, 8, 8, 1),
}


def expert_score(X: pd.DataFrame, weights: dict[str, float]) -> np.ndarray:
    """Return the weighted points by which an expert would rank, bad accounts high."""
    return np.asarray(sum(weight * X[name].clip(-3, 3).to_numpy() for name, weight in weights.items()))


def card_of(weights: dict[str, float]) -> Scorecard:
    """Return the expert's scorecard: points fall or rise over three standard deviations on either side."""
    measures = tuple(
        Measure(
            name=name,
            feature=name,
            dimension="adoption",
            knots=((-3, 100), (3, 0)) if weight > 0 else ((-3, 0), (3, 100)),
            weight=abs(weight),
        )
        for name, weight in weights.items()
    )
    return Scorecard(name="expert", measures=measures, coverage_floor=0.0)


def with_expert(made: World, model: PropensityClassifier, new: World, weights: dict[str, float]) -> np.ndarray:
    """Return the probability of leaving by a health score of expert, data and the classifier's margin."""
    margin = model.out_of_time_["margin"].reindex(made.X.index)
    health = HealthScore(card_of(weights), purge_days=PURGE).fit(made.X, made.y, out_of_time_margin=margin)
    used = model.margin(new.X) if health.learned_.typical.margin_centre is not None else None
    return 1.0 - health.score(new.X, margin=used)["p_stay"].to_numpy(dtype=float)


def judged(seed: int, events: int, new: World) -> dict[str, float]:
    """Fit one world, and return calibration errors and AUC of all on the new book."""
    made = world(seed, ACCOUNTS[events])
    model = PropensityClassifier(purge_days=PURGE).fit(made.X, made.y)
    fitted = {"ours": model} | {
        name: rival.fit(made.X, made.y) for name, rival in (("logistic", PlainLogistic()), ("gbm", DefaultLightGBM()))
    }
    p = {name: one.predict_proba(new.X)[:, 1] for name, one in fitted.items()}
    found = {f"{name} off": calibration_error(new.p, values) for name, values in p.items()}
    if events == min(ACCOUNTS):
        for kind, weights in EXPERTS.items():
            p[f"{kind} expert"] = expert_score(new.X, weights)
            p[f"{kind} both"] = with_expert(made, model, new, weights)
            found[f"{kind} both off"] = calibration_error(new.p, p[f"{kind} both"])
    return {"events": made.events} | found | {f"{name} auc": expected_auc(new.p, values) for name, values in p.items()}


def fits(size: Size, seed: int) -> list[Goal]:
    """Print and judge calibration and ranking by the number of events."""
    new = world(seed + 999_999, NEW, dates=1)
    best = expected_auc(new.p, new.p)
    goals = []
    print(f"the true probability reaches an AUC of {best:.3f}, {new.p.mean():.1%} positive")
    for events, worlds in size.fits.items():
        found = pd.DataFrame([judged(seed + number, events, new) for number in range(worlds)])
        print(f"\n{events} events meant, {found['events'].mean():,.0f} on average, {worlds} worlds")
        print(_table(found, best).to_string())
        off = found["ours off"].mean() - min(found["logistic off"].mean(), found["gbm off"].mean())
        goals.append(Goal(f"{events} events, calibration error above the better rival's", off, 0.002))
        if events == max(ACCOUNTS):
            share = (found["ours auc"].mean() - 0.5) / (best - 0.5)
            goals.append(Goal(f"{events} events, share of the AUC there is to gain", share, 0.97, at_most=False))
        if events == min(ACCOUNTS):
            goals += few(found)
    return goals


def few(found: pd.DataFrame) -> list[Goal]:
    """Return the goals of ranking where events are few: how far up the interval of the difference reaches."""
    wanted = {"alone": ("ours", ("logistic",))}
    wanted |= {f"with a {kind} expert": (f"{kind} both", ("logistic", f"{kind} expert")) for kind in EXPERTS}
    goals = []
    for name, (ours, rivals) in wanted.items():
        better = max(rivals, key=lambda rival: found[f"{rival} auc"].mean())
        gap = found[f"{ours} auc"] - found[f"{better} auc"]
        middle, error = gap.mean(), 1.96 * gap.std() / np.sqrt(len(gap))
        print(f"  {name}: AUC minus {better}'s {middle:+.4f} ({middle - error:+.4f} to {middle + error:+.4f})")
        goals.append(Goal(f"20 events, {name}: AUC minus the better's, upper end", middle + error, 0, at_most=False))
    return goals


def _table(found: pd.DataFrame, best: float) -> pd.DataFrame:
    names = [column.removesuffix(" auc") for column in found if column.endswith(" auc")]
    rows = {}
    for name in names:
        area, off = found[f"{name} auc"], found.get(f"{name} off")
        rows[name] = {
            "AUC": f"{area.mean():.4f}",
            "share of best": f"{(area.mean() - 0.5) / (best - 0.5):.3f}",
            "calibration error": "" if off is None else f"{off.mean():.4f} (worst {off.max():.4f})",
        }
    return pd.DataFrame(rows).T


def intervals(worlds: int, seed: int) -> list[Goal]:
    """Print and judge how often the intervals of a backtest hold what its models reach on a new book."""
    print()
    goals, whole = [], world(seed + 555_555, NEW_OF_TWELVE)
    dates = as_of_dates(whole.X)
    new = {date: whole.part(dates == date) for date in dates.unique()[-ORIGINS:]}
    for accounts, name in TESTED.items():
        found = pd.DataFrame([_held(seed + number, accounts, new) for number in range(worlds)])
        held = found.drop(columns="events").mean()
        error = 1.96 * np.sqrt(0.9 * 0.1 / worlds)
        text = ", ".join(f"{metric} {share:.1%}" for metric, share in held.items())
        print(f"90 % intervals, {name} tested ({found['events'].mean():.0f}): {text} (+- {error:.1%})")
        goals += [Goal(f"90 % intervals of {m}, {name}: distance from 0.9", abs(held[m] - 0.9), 0.03) for m in MET]
    return goals


def _held(seed: int, accounts: int, new: dict[pd.Timestamp, World]) -> dict[str, float]:
    """Tell for one world whether the intervals hold; the same models predict a new book on the same dates."""
    made, split = world(seed, accounts), TimeSplit(purge_days=PURGE, n_origins=ORIGINS)
    told = backtest(PlainLogistic(), made.X, made.y, split=split, baselines={}, n_boot=2).predictions
    codes = told.index.get_level_values("account_id")
    table = metric_table(told["label"], told["model"], codes, level=0.9).set_index("metric")
    p, true = [], []
    for past, test in split.split(made.y):
        fitted = PlainLogistic().fit(made.X.iloc[past], made.y.iloc[past])
        here = new[as_of_dates(made.X)[test[0]]]
        p.append(fitted.predict_proba(here.X)[:, 1])
        true.append(here.p)
    reached = {name: measure(np.concatenate(true), np.concatenate(p)) for name, measure in MET.items()}
    inside = {
        name: float(table.loc[name, "low"] <= value <= table.loc[name, "high"]) for name, value in reached.items()
    }
    return {"events": float(table["events"].iloc[0]), **inside}


def drifted(worlds: int, seed: int) -> Goal:
    """Print and judge the intercept update after the base rate has doubled since training."""
    found = pd.DataFrame([_update(seed + number) for number in range(worlds)]).mean()
    print(f"\nbase rate doubled: calibration error {found['before']:.4f}, after the update {found['after']:.4f}")
    before, after, true = (found[f"loss {name}"] for name in ("before", "after", "true"))
    print(f"  log loss {before:.4f}, after {after:.4f}, of the truth {true:.4f}")
    return Goal("calibration error after the intercept update over before", found["after"] / found["before"], 0.5)


def _update(seed: int) -> dict[str, float]:
    made = world(seed, ACCOUNTS[200])
    model = PropensityClassifier(purge_days=PURGE).fit(made.X, made.y)
    mature = doubled(world(seed + 100_000, ACCOUNTS[200], dates=1), seed + 1)
    later = doubled(world(seed + 200_000, NEW, dates=1), seed + 2)
    old = model.calibration_
    raw_mature, raw_later = ((model.margin(part.X) - old.a) / old.b for part in (mature, later))
    new = old.update_intercept(raw_mature, mature.y.to_numpy())
    p = {name: 1 / (1 + np.exp(-one.apply(raw_later))) for name, one in (("before", old), ("after", new))}
    losses = {f"loss {name}": expected_loss(later.p, values) for name, values in (p | {"true": later.p}).items()}
    return {name: calibration_error(later.p, values) for name, values in p.items()} | losses


def claims(size: Size, seed: int) -> list[Goal]:
    """Print and judge what the report card and the alarms say."""
    cards, alarms = silent(seed + 10_000, size.silent), alarmed(seed + 20_000, size.leaks)
    quiet = cards["verdict"] != "usable signal"
    print(f"\nnoise: {quiet.sum()} of {len(cards)} worlds without a claim, {cards['events'].mean():.0f} events tested")
    print(f"  {cards['verdict'].value_counts().to_dict()}")
    print(alarms.groupby("kind")["named"].agg(["sum", "count"]).to_string())
    false = alarms["false"] != ""
    print(f"false alarms in {false.sum()} of {len(alarms)} worlds {alarms['false'][false].value_counts().to_dict()}")
    return [
        Goal("pure noise: share of report cards that claim nothing", quiet.mean(), 0.95, at_most=False),
        Goal("planted leaks: share named", alarms["named"].mean(), 0.95, at_most=False),
        Goal("no leak: share of worlds with a false alarm", false.mean(), 0.05),
    ]


def main() -> int:
    """Print all figures and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer worlds")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    size, seed = SIZES[options.quick], options.seed
    goals: list[Goal] = []
    parts: list[Any] = [
        partial(fits, size, seed),
        partial(intervals, size.intervals, seed),
        lambda: [drifted(size.drifts, seed)],
        partial(claims, size, seed),
    ]
    for part in parts:
        start = time.process_time()
        goals += part()
        print(f"({time.process_time() - start:.0f} processor seconds)", flush=True)
    print()
    return judge(goals)


if __name__ == "__main__":
    sys.exit(main())
