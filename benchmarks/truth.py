"""How near the models come to a truth that is known: simulated books, learned on the past, judged on later dates.

Beside every figure stand the best that is possible (the true probability itself) and what is simple (base rate, plain
logistic regression, LightGBM at its defaults). Intervals draw whole accounts.

The bounds, and why. Probabilities: within 1.5 percentage points of the truth on average over tenths of the book (3 in
the quick run, which has a quarter of the events): what is left would not change who is called first. Ranking: two
thirds of the AUC there is to gain for churn, half for upsell, whose second strongest cause (interest) no feature of
this release sees. Log loss, taken over the true probabilities so that luck of the outcomes plays no part: no worse than
the simple rivals by more than 0.001 nats. Causes: three quarters (half in the quick run) of the strong visible ones
above columns alike that carry nothing, with the planted sign. Strong is what spreads log-odds by 0.3 and more over the
book, coefficient times standard deviation: a flag that few accounts carry rests on too few events to promise. Health:
p_stay within the same bounds as churn, and no fifth of the book by health that stays less than the fifth below it by
more than half a percentage point. In a world of coin tosses: no signal is claimed.
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
from measures import Held, calibration, expected_loss_difference, share_of_best, with_interval
from recovery import recovered
from rivals import DefaultLightGBM
from worlds import Book, Split

from cs_ml.health import HealthScore
from cs_ml.models import PropensityClassifier
from cs_ml.models.backtest import backtest
from cs_ml.models.baselines import BaseRateRule, PlainLogistic
from cs_ml.models.metrics import roc_auc
from cs_ml.models.report_card import report_card
from cs_ml.simulate import WorldConfig
from cs_ml.timeline import TimeSplit

FIRST, TEST_FROM = "2024-07-01", "2026-01-01"
STRONG = 0.3


class Size(NamedTuple):
    """How large a run is, and how near it must come."""

    accounts: int
    noise_accounts: int
    near: float
    drivers: float


SIZES = {False: Size(3_000, 1_000, 0.015, 0.75), True: Size(800, 300, 0.03, 0.5)}
SHARE_OF_BEST = {"churn": 2 / 3, "upsell": 1 / 2}


def model_of(book: Book, target: str) -> PropensityClassifier:
    """Return the model as the pipeline would make it."""
    return PropensityClassifier(purge_days=book.snapshot.purge_days[target], text=book.snapshot.text)


def judged(split: Split, model: PropensityClassifier, target: str, size: Size) -> list[Goal]:
    """Print how near one target's model comes to the truth, and return its goals."""
    rivals = {
        "base_rate": BaseRateRule(), "plain_logistic": PlainLogistic(), "lightgbm_defaults": DefaultLightGBM(),
    }  # fmt: skip
    past_y = split.past_y["label"]
    ours = {"model": model.predict_proba(split.recent)[:, 1]}
    p = ours | {name: rival.fit(split.past, past_y).predict_proba(split.recent)[:, 1] for name, rival in rivals.items()}
    held = Held(split.recent_y.to_numpy(dtype=float), split.p_true, split.accounts)
    print(
        f"\n{target}: learned from {len(split.past):,} rows, {model.n_events_:,} events; predicted {len(held.y):,} "
        f"rows, {split.accounts.nunique():,} accounts, {held.y.mean():.2%} positive, {held.p_true.mean():.2%} true"
    )
    print(f"  weights { ({name: round(w, 2) for name, w in model.learner_weights_.items()}) }")
    rows = {name: scored(held, values) for name, values in {"truth": split.p_true, **p}.items()}
    print(pd.DataFrame(rows).T.to_string())
    near = calibration(held, p["model"])
    print(*near.lines(), sep="\n")
    losses = {name: expected_loss_difference(held, p["model"], p[name]) for name in rivals}
    print(*(f"  log loss over the truth, model minus {name}: {gap}" for name, gap in losses.items()), sep="\n")
    goals = [
        Goal(f"{target}, share of the AUC there is to gain", share_of_best(held, p["model"]).value,
             SHARE_OF_BEST[target], at_most=False),
        Goal(f"{target}, calibration error against the truth", near.error.value, size.near),
        Goal(f"{target}, calibration in the large against the truth", abs(near.large.value), size.near),
    ]  # fmt: skip
    return goals + [
        Goal(f"{target}, log loss over the truth minus {name}", losses[name].value, 0.001)
        for name in ("plain_logistic", "lightgbm_defaults")
    ]


def scored(held: Held, p: np.ndarray) -> dict[str, str]:
    """Return one line of the table of models."""
    best = bool(np.array_equal(p, held.p_true))
    return {
        "AUC": str(with_interval(held, lambda w: roc_auc(held.y, p, w))),
        "share of best": "1" if best else str(share_of_best(held, p)),
        "calibration error": "0" if best else str(calibration(held, p).error),
        "log loss over the truth": str(with_interval(held, lambda w: held.expected_loss(p, w), places=4)),
    }


def healthy(book: Book, split: Split, churn: PropensityClassifier, size: Size) -> list[Goal]:
    """Print how health stands to the true probability of staying, and return its goals."""
    margin = churn.out_of_time_["margin"].reindex(split.past.index)
    health = HealthScore(purge_days=book.snapshot.purge_days["churn"]).fit(
        split.past, split.past_y, out_of_time_margin=margin
    )
    used = churn.margin(split.recent) if health.learned_.typical.margin_centre is not None else None
    scores = health.score(split.recent, margin=used)
    known = scores["p_stay"].notna().to_numpy()
    stays = 1 - split.p_true[known]
    held = Held(1 - split.recent_y.to_numpy(dtype=float)[known], stays, split.accounts[known])
    near = calibration(held, scores["p_stay"].to_numpy(dtype=float)[known])
    points = scores["health"].to_numpy(dtype=float)[known]
    fifth = pd.qcut(pd.Series(points).rank(method="first"), 5, labels=False)
    by_fifth = pd.Series(stays).groupby(fifth).mean()
    print(f"\nhealth: {health.meaning_}\n  {health.verdict_}\n  {(~known).sum():,} rows not scored")
    print(f"  true probability of staying by fifth of health: {', '.join(f'{value:.3f}' for value in by_fifth)}")
    print(f"  rank correlation with the truth {pd.Series(stays).corr(pd.Series(points), 'spearman'):.2f}")
    print(*near.lines(), sep="\n")
    return [
        Goal("health, calibration error of p_stay against the truth", near.error.value, size.near),
        Goal("health, largest fall of true staying from a fifth to the next", -float(by_fifth.diff().min()), 0.005),
    ]


def tossed(folder: Path, size: Size) -> Goal:
    """Count the targets for which a signal is claimed where outcomes are coin tosses."""
    book = Book.make(folder, WorldConfig(n_accounts=size.noise_accounts, seed=3, noise_only=True), FIRST)
    claims = 0
    for target in ("churn", "upsell"):
        known = ~book.snapshot.spine["notice_given"].to_numpy(dtype=bool)
        split = TimeSplit(purge_days=book.snapshot.purge_days[target], n_origins=6)
        X, y = book.snapshot.X[known], book.snapshot.labels[target][known]
        card = report_card(backtest(model_of(book, target), X, y, split=split))
        print(f"  coin tosses, {target}: {card.notes[0]}")
        claims += card.verdict != "no usable signal"
    return Goal("targets with a signal claimed in a world of coin tosses", claims, 0)


def main() -> int:
    """Print all figures and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="800 accounts instead of 3,000")
    parser.add_argument("--accounts", type=int, help="another size")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    size = SIZES[options.quick]
    size = size._replace(accounts=options.accounts or size.accounts)
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory() as place:
        book = Book.make(Path(place, "book"), WorldConfig(n_accounts=size.accounts, seed=options.seed), FIRST)
        models: dict[str, Any] = {}
        for target in ("churn", "upsell"):
            split = book.split(target, TEST_FROM)
            models[target] = model_of(book, target).fit(split.past, split.past_y)
            goals += judged(split, models[target], target, size)
            goals += recovered(book, split, models[target], target, strong=STRONG, bound=size.drivers)
        goals += healthy(book, book.split("churn", TEST_FROM), models["churn"], size)
        print()
        goals.append(tossed(Path(place, "noise"), size))
    print()
    return judge(goals)


if __name__ == "__main__":
    sys.exit(main())
