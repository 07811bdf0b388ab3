"""What the health score promises, held against books whose truth is known.

Synthetic worlds of four measures, with a good and with a wrong expert and about 20, 60 and 300 churns each: is what is
learned as good as the better of equal and expert weights, do 90 % intervals hold the true weights, is the score
monotone in every measure, do its parts add up? And one simulated book with all source tables, cut into books of
different accounts: does p_stay lie inside the intervals of its reliability table, and do bands flap less with
hysteresis than without?

The bounds, and why. Log loss: 0.004 above the better of the two, what choosing on tens of churns costs. Coverage: 90
plus or minus 4. Calibration: a bin is off where the mean p_stay lies outside the 95 % interval of who stayed; one in
ten may be. Judged for each world on a new one of its size, for each of the books cut out of the simulated one on its
own later dates, and for all of these together, where intervals are narrow and the errors of six fits lie in one bin.
Flapping (a band changes and comes back within two months): at most half of that without.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from goals import Goal, judge
from worlds import Book as Simulated

from cs_ml.health import HealthScore, Measure, Scorecard, reliability_table, steady_bands
from cs_ml.health.book import Book
from cs_ml.health.history import flapping
from cs_ml.health.inputs import segment_of
from cs_ml.health.posterior import log_losses
from cs_ml.health.typical import Typical
from cs_ml.health.weights import Recipe
from cs_ml.simulate import WorldConfig

NAMES = ("days", "seats", "nps", "noise")
TRUE = np.array([4.0, 2.0, 1.0, 0.0])  # log-odds per 100 points
EXPERTS = {"good": (4, 2, 1, 0.5), "wrong": (0.2, 0.2, 1, 4)}
FIRST, TEST_FROM = "2024-07-01", "2025-10-01"


class Size(NamedTuple):
    """How many worlds of how many accounts, and how large the simulated book is."""

    worlds: dict[int, int]
    accounts: int
    cut: int


SIZES = {False: Size({45: 50, 125: 50, 630: 50}, 3_000, 500), True: Size({45: 16, 125: 12, 630: 3}, 900, 300)}
CHURNS = {45: "20", 125: "60", 630: "300"}


def card_of(weights: tuple[float, ...]) -> Scorecard:
    """Return a scorecard of four measures, read as they are."""
    measures = tuple(
        Measure(name=name, feature=name, dimension="adoption", knots=((0, 0), (100, 100)), weight=weight)
        for name, weight in zip(NAMES, weights, strict=True)
    )
    return Scorecard(name="benchmark", measures=measures, coverage_floor=0.0)


def world(seed: int, n_accounts: int, n_dates: int = 16, base: float = -3.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return accounts with drifting points and a monthly hazard, and whether they leave within 90 days."""
    rng = np.random.default_rng(seed)
    shape = (n_accounts, n_dates + 3, len(TRUE))
    points = rng.uniform(10, 90, (n_accounts, 1, len(TRUE))) + np.cumsum(rng.normal(0, 4, shape), axis=1)
    points = np.clip(points, 0, 100)
    leaves = rng.uniform(size=shape[:2]) < 1 / (1 + np.exp(-(base - (points - 50) @ TRUE / 100)))
    end = np.where(leaves.any(axis=1), leaves.argmax(axis=1), n_dates + 99)
    dates = pd.date_range("2024-01-01", periods=n_dates, freq="MS")
    account, at = np.nonzero(np.arange(n_dates) <= end[:, None])
    left = end[account] <= at + 2
    index = pd.MultiIndex.from_arrays([[f"a{a:05}" for a in account], dates[at]], names=["account_id", "as_of"])
    gone = dates[0] + pd.to_timedelta(np.where(left, 30 * end[account] + 15, 0), unit="D")
    y = pd.DataFrame({"label": left.astype(float), "effective_at": gone.where(left)}, index=index)
    return pd.DataFrame(points[account, at], index=index, columns=list(NAMES)), y


def book_of(X: pd.DataFrame, y: pd.DataFrame) -> Book:
    """Return labelled rows without a model."""
    return Book.make(X, y, segment_of(X, None), None)


def judged(card: Scorecard, seed: int, n_accounts: int, future: Book, truth: np.ndarray) -> dict[str, Any]:
    """Fit one world, and judge weights, losses, monotony and sums on a large unseen book."""
    X, y = world(seed, n_accounts)
    health, book = HealthScore(card).fit(X, y), book_of(X, y)
    learned = health.learned_
    z = future.columns(learned.typical)
    table = health.weights_
    fits = {"equal": Recipe(np.full(4, 0.25), float("inf")), "expert": Recipe(card.prior, float("inf"))}
    losses = {name: z @ recipe.fit(book, learned.typical) for name, recipe in fits.items()}
    losses["learned"] = learned.affine(z @ learned.mode)
    part = future.X.iloc[:500]
    scores, (parts, base) = health.score(part), health.contributions(part)
    off, bins = bins_off(health, world(seed + 555_555, n_accounts, n_dates=6))
    better = [health.score(part.assign(**{name: part[name] + 5}))["health"] - scores["health"] for name in NAMES]
    return {
        "churns": book.n_events,
        "off": off,
        "bins": bins,
        "inside": float(((table["low"] <= truth) & (truth <= table["high"])).mean()),
        "sum": float((base + parts.sum(axis=1) - scores["health"]).abs().max()),
        "fall": -min(float(change.min()) for change in better),
        **{name: float(log_losses(eta, future.stayed).mean()) for name, eta in losses.items()},
    }


def bins_off(health: HealthScore, new: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[int, int]:
    """Return the bins of a new world that promise what is not true, and all bins."""
    scores = health.score(new[0])
    table = reliability(scores.assign(stayed=1 - new[1]["label"]))
    return int(misses(table).sum()), len(table)


def synthetic(size: Size, seed: int) -> list[Goal]:
    """Print and judge the synthetic worlds."""
    future = book_of(*world(seed + 999_999, 3_000, n_dates=6))
    large = book_of(*world(seed + 777_777, 8_000))
    goals, inside = [], []
    for kind, weights in EXPERTS.items():
        card = card_of(weights)
        truth = Recipe(card.prior, 0.0).fit(large, Typical.learn(card, large.X, large.segment, None))[1:]
        for n_accounts, worlds in size.worlds.items():
            found = pd.DataFrame([judged(card, seed + n, n_accounts, future, truth) for n in range(worlds)])
            mean, name = found.mean(), f"{kind} expert, {CHURNS[n_accounts]} churns"
            print(
                f"{name}: {worlds} worlds, {mean['churns']:.0f} churns each; 90 % intervals hold {mean['inside']:.1%}"
            )
            print(f"  log loss {', '.join(f'{which} {mean[which]:.4f}' for which in ('equal', 'expert', 'learned'))}")
            gap = mean["learned"] - min(mean["equal"], mean["expert"])
            goals.append(Goal(f"{name}, log loss of learned above the better", gap, 0.004))
            inside.append(found[["inside", "sum", "fall", "off", "bins"]])
            print(f"  {found['off'].sum()} of {found['bins'].sum()} ten-point bins off")
    every = pd.concat(inside)
    return [
        *goals,
        Goal("weights inside their 90 % intervals, distance from 0.9", abs(every["inside"].mean() - 0.9), 0.04),
        Goal("share of ten-point bins off, each world on a new one", every["off"].sum() / every["bins"].sum(), 0.1),
        Goal("largest error of a sum of parts", every["sum"].max(), 1e-9),
        Goal("largest fall of health when a measure gets better", every["fall"].max(), 1e-9),
    ]


def simulated(folder: Path, size: Size, seed: int) -> list[Goal]:
    """Print and judge books of different accounts out of one simulated book with all source tables."""
    made = Simulated.make(folder, WorldConfig(n_accounts=size.accounts, seed=seed), FIRST)
    split, purge = made.split("churn", TEST_FROM), made.snapshot.purge_days["churn"]
    names = np.unique(made.snapshot.X.index.get_level_values("account_id"))
    groups = np.array_split(np.random.default_rng(seed).permutation(names), max(size.accounts // size.cut, 1))
    truth = pd.Series(1 - split.p_true, index=split.recent.index)
    tables, flaps = [], []
    for group in groups:
        past, recent = (frame.index.get_level_values("account_id").isin(group) for frame in (split.past, split.recent))
        health = HealthScore(purge_days=purge).fit(split.past[past], split.past_y[past])
        scores = health.score(split.recent[recent])
        flaps.append([flapping(scores), flapping(scores.assign(band=steady_bands(scores)))])
        tables.append(scores.assign(p_true=truth[recent], stayed=1 - split.recent_y[recent]).dropna(subset=["health"]))
    each = [misses(reliability(table)) for table in tables]
    off, bins = calibrated(pd.concat(tables))
    without, held = np.mean(flaps, axis=0)
    print(f"simulated: {len(groups)} books, {len(split.recent):,} rows scored")
    print(f"bands that change and come back within two months: {without:.1%} of accounts, {held:.1%} with hysteresis")
    return [
        Goal("share of ten-point bins off, each book by itself", float(np.concatenate(each).mean()), 0.1),
        Goal("share of ten-point bins off, all books together", off / bins, 0.1),
        Goal("flapping with hysteresis over flapping without", held / without if without else float("nan"), 0.5),
    ]


def reliability(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the bins of at least 20 accounts."""
    account = pd.factorize(scores.index.get_level_values("account_id"))[0].astype(np.int64)
    table = reliability_table(*(scores[name].to_numpy(dtype=float) for name in ("health", "p_stay", "stayed")), account)
    return table[table["accounts"] >= 20]


def misses(table: pd.DataFrame) -> pd.Series:
    """Tell which bins promise what is not true."""
    return (table["expected"] < table["low"]) | (table["expected"] > table["high"])


def calibrated(scores: pd.DataFrame) -> tuple[int, int]:
    """Print the reliability table beside the truth; return the bins that promise what is not true, and all bins."""
    table = reliability(scores)
    true = scores["p_true"].groupby(np.minimum(scores["health"] // 10, 9) * 10).mean()
    shown = ["health_from", "rows", "accounts", "share", "low", "high", "expected", "true"]
    table = table.assign(true=true.reindex(table["health_from"]).to_numpy())
    print(table[shown].round(3).to_string(index=False))
    return int(misses(table).sum()), len(table)


def main() -> int:
    """Print all figures and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer worlds and a smaller book")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    size = SIZES[options.quick]
    goals = synthetic(size, options.seed)
    print()
    with tempfile.TemporaryDirectory() as place:
        goals += simulated(Path(place, "book"), size, options.seed)
    print()
    return judge(goals)


if __name__ == "__main__":
    sys.exit(main())
