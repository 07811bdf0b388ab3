"""Scoring one date: probabilities, health, and the reasons of each account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.errors import NotEnoughData
from cs_ml.explain import by_theme, contributions, drivers
from cs_ml.explain.contributions import Contributions
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.health import HealthScore
from cs_ml.pipeline.fitted import CLASSES, Fitted, load_bundle, restore
from cs_ml.pipeline.left_out import left_out_of, told_drivers, told_scores, told_themes
from cs_ml.pipeline.level import describe_levels, with_levels
from cs_ml.pipeline.opinions import opinions_of
from cs_ml.pipeline.parents import parents_of
from cs_ml.pipeline.past import with_past
from cs_ml.pipeline.priority import describe_priority, priority_of, with_stake
from cs_ml.pipeline.snapshot import Newest, Progress, Snapshot, silent, take_snapshot
from cs_ml.store import lock, make_folder, write_partition

__all__ = [
    "CLASSES",
    "Fitted",
    "Reasons",
    "Scored",
    "describe",
    "load_bundle",
    "reasons_of",
    "restore",
    "score",
    "score_features",
    "score_snapshot",
    "scores_of",
    "write_scores",
]

WAIT_SECONDS = 600
ROUNDING = 1e-12
SHOWN = 5


@dataclass(frozen=True)
class Scored:
    """Scores and reasons of one date.

    Parameters
    ----------
    scores
        One row an account: p_<target>, health and what belongs to it, mrr, versions.
    drivers
        The largest reasons of each account and target.
    themes
        Points by theme, by target.
    snapshot
        Features that were scored.
    fitted
        What scored them.
    drift
        How far each feature has moved since the training rows, see :meth:`cs_ml.models.FeatureProfile.compare`.
    priority
        The accounts to work on first, see :func:`cs_ml.pipeline.priority.priority_of`.
    starts
        By target, from where the points of each account are counted: log-odds, or health points.
    """

    scores: pd.DataFrame
    drivers: pd.DataFrame
    themes: dict[str, pd.DataFrame]
    snapshot: Snapshot
    fitted: Fitted
    drift: pd.DataFrame
    priority: pd.DataFrame | None = None
    starts: dict[str, pd.Series] = field(default_factory=dict)


class Reasons(NamedTuple):
    """Why each row is scored as it is.

    Parameters
    ----------
    drivers
        The largest reasons of each row and target.
    themes
        Points by theme, by target.
    starts
        By target, from where the points are counted: with all points of a row they add up to its log-odds or health.
    """

    drivers: pd.DataFrame
    themes: dict[str, pd.DataFrame]
    starts: dict[str, pd.Series]


def score_features(bundle: Bundle, X: pd.DataFrame) -> pd.DataFrame:
    """Score a feature frame with a bundle; what a registered model answers.

    Parameters
    ----------
    bundle
        Trained bundle.
    X
        Feature frame; rows need not be indexed by account and date.
    """
    return scores_of(restore(bundle), X)


def scores_of(fitted: Fitted, X: pd.DataFrame, mrr: pd.Series | None = None) -> pd.DataFrame:
    """Return probabilities and health of each row."""
    margins = {target: model.margin(X) for target, model in fitted.models.items()}
    scores = pd.DataFrame(
        {f"p_{target}": model.predict_proba(X)[:, 1] for target, model in fitted.models.items()}, index=X.index
    )
    scores = scores.assign(**{f"shift_{target}": level.shift for target, level in fitted.levels.items()})
    if fitted.health is not None:
        margin = margins.get(fitted.health_target)
        scores = scores.join(fitted.health.score(X, margin=_used(fitted.health, margin)))
    if mrr is not None:
        scores["mrr"] = mrr
    if fitted.survival is not None:
        scores = scores.join(fitted.survival.score(X, scores, mrr))
    return scores.assign(model_version=fitted.version)


def score(config: Config, as_of: Any = None, *, bundle: Bundle | None = None, progress: Progress = silent) -> Scored:
    """Score every account of one date.

    Parameters
    ----------
    config
        Checked config.
    as_of
        Date to score; the newest of the config's grid where missing.
    bundle
        Trained bundle; that of the output folder where missing.
    progress
        Called with a line of text at each step.

    Raises
    ------
    BundleError
        If nothing was trained yet.
    NotEnoughData
        If no account was a customer on the date.
    """
    bundle = bundle or load_bundle(config)
    fitted, decided = restore(bundle), bundle.metadata.get("usage")
    usage = None if decided is None else UsageChoice.from_state(decided)
    date: pd.Timestamp | Newest = "newest" if as_of is None else pd.Timestamp(as_of).normalize()
    snapshot = take_snapshot(config, as_of=date, trained=fitted.catalog.index, usage=usage, progress=progress)
    if snapshot.X.empty:
        raise NotEnoughData(f"expected rows on {date}, found none; choose a date of the snapshots")
    day = pd.Timestamp(snapshot.X.index.get_level_values("as_of")[0])
    fitted = with_levels(config, fitted, snapshot.tables, day)
    return score_snapshot(config, fitted, snapshot, progress=progress)


def score_snapshot(config: Config, fitted: Fitted, snapshot: Snapshot, *, progress: Progress = silent) -> Scored:
    """Score the features of one date."""
    progress("scoring")
    left_out = left_out_of(config, snapshot.tables, snapshot.spine, fitted.models)
    scores = told_scores(scores_of(fitted, snapshot.X, snapshot.mrr), left_out)
    scores = with_past(config, fitted.health, scores)
    scores = with_stake(config, scores, snapshot.X)
    first = priority_of(config, scores, snapshot.spine)
    progress("explaining")
    found = explain_scores(config, fitted, snapshot)
    drivers, themes = told_drivers(found.drivers, left_out), told_themes(found.themes, left_out)
    moved = fitted.profile.compare(snapshot.X)
    return Scored(scores, drivers, themes, snapshot, fitted, moved, first, found.starts)


def explain_scores(config: Config, fitted: Fitted, snapshot: Snapshot) -> Reasons:
    """Return the drivers and the points by theme of every account and target of a config."""
    about = {target: config.labels[target].kind if target in config.labels else "table" for target in fitted.models}
    return reasons_of(fitted, snapshot.X, about, config.report.top_drivers)


def reasons_of(fitted: Fitted, X: pd.DataFrame, about: Mapping[str, str], top: int) -> Reasons:
    """Return the drivers and the points by theme of each row and target, and from where the points are counted.

    Parameters
    ----------
    fitted
        Estimators.
    X
        Features.
    about
        Kind of each target, for the sentences.
    top
        Drivers of each row and target.
    """
    found = {target: contributions(model, X) for target, model in fitted.models.items()}
    if fitted.health is not None:
        found["health"] = _health_terms(fitted, fitted.health, X)
    kinds = {**about, "health": "health"}
    largest = partial(drivers, catalog=fitted.catalog, typical=fitted.typical, top=top)
    reasons = [
        largest(terms, X, target=target, about=kinds[target], stability=fitted.stability.get(target))
        for target, (terms, _) in found.items()
    ]
    themes = {target: by_theme(terms, fitted.catalog) for target, (terms, _) in found.items()}
    return Reasons(pd.concat(reasons, ignore_index=True), themes, {target: bias for target, (_, bias) in found.items()})


def _health_terms(fitted: Fitted, health: HealthScore, X: pd.DataFrame) -> Contributions:
    """Return the points of the health score by feature; measures of one feature are added up, and its segment's too."""
    margin = fitted.models[fitted.health_target].margin(X) if fitted.health_target in fitted.models else None
    parts, base = health.contributions(X, margin=_used(health, margin))
    parts = parts.where((parts.abs() > ROUNDING) | parts.isna(), 0.0)  # what only rounding left is no reason
    features = {"segment": health.segment_} if health.segment_ in X else {}
    features |= health.measures_
    terms = parts.rename(columns=features).T.groupby(level=0, sort=False).sum(min_count=1).T
    return Contributions(terms, pd.Series(base, index=X.index, name="bias"))


def write_scores(scored: Scored, config: Config) -> Path:
    """Write scores and drivers of one date in one step; of two runs at once the second waits."""
    date = scored.scores.index.get_level_values("as_of")[0]
    folder = config.output.folder
    make_folder(folder)
    about = {"model_version": scored.fitted.version, "config_hash": config.hash}
    with lock(folder, wait_seconds=WAIT_SECONDS):
        write_partition(folder / "drivers", date, scored.drivers.astype({"value": str, "typical": str}), about)
        write_partition(folder / "drift", date, scored.drift, about)
        if scored.priority is not None:
            write_partition(folder / "priority", date, scored.priority, about)
        if (opinions := opinions_of(scored.snapshot.tables, scored.scores)) is not None:
            write_partition(folder / "opinions", date, opinions.reset_index(), about)
        parents = parents_of(scored.snapshot.tables, scored.scores, scored.fitted.health)
        for name, frame in zip(("parents", "children"), parents or (), strict=False):
            write_partition(folder / name, date, frame.reset_index(), about)
        return write_partition(folder / "scores", date, scored.scores.reset_index(), about)


def _used(health: HealthScore, margin: Any) -> Any:
    """Return the margin only where the score was fitted with one."""
    return margin if health.learned_.typical.margin_centre is not None else None


def describe(scored: Scored, currency: str | None = None) -> list[str]:
    """Return in lines of text what was scored; money in a currency."""
    scores = scored.scores
    date = scores.index.get_level_values("as_of")[0].date()
    lines = [f"{len(scores):,} accounts on {date}"]
    lines += [_expected(target, scores[f"p_{target}"]) for target in scored.fitted.models]
    if "band" in scores:
        bands = scores["band"].value_counts().to_dict()
        unscored = int(scores["health"].isna().sum())
        lines.append(
            "health: "
            + ", ".join(f"{bands.get(band, 0):,} {band}" for band in ("red", "yellow", "green"))
            + (f", {unscored:,} not scored" if unscored else "")
        )
    lines += describe_levels(scored.fitted)
    return [*lines, *describe_priority(scored.priority, currency), *_moved(scored.drift)]


def _expected(target: str, p: pd.Series) -> str:
    """Say how many outcomes are expected, and of how many accounts nothing is told."""
    untold = int(p.isna().sum())
    if untold == len(p):
        return f"{target}: nothing to expect; it cannot happen to any of the {untold:,} accounts"
    beside = f"; not told of {untold:,} accounts to which it cannot happen" if untold else ""
    return f"{target}: {p.sum():,.1f} expected, {p.mean():.1%} on average{beside}"


def _moved(drift: pd.DataFrame) -> list[str]:
    """Warn of features that no longer look as they did in training."""
    strong = drift[drift["level"] == "strong"]
    if strong.empty:
        return []
    named = ", ".join(f"{row.column} ({row.psi:.2f})" for row in strong.head(SHOWN).itertuples())
    more = f" and {len(strong) - SHOWN} more" if len(strong) > SHOWN else ""
    told = f"warning: {len(strong)} of {len(drift)} features have moved far from the training rows "
    shown = f"(stability index, largest first): {named}{more}; train again if a source or its meaning has changed"
    return [told + shown]
