"""Scoring one date: probabilities, health, and the reasons of each account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.errors import BundleError, NotEnoughData
from cs_ml.explain import TypicalValues, by_theme, contributions, drivers
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.health import HealthScore
from cs_ml.models import FeatureProfile, PropensityClassifier
from cs_ml.pipeline.opinions import opinions_of
from cs_ml.pipeline.parents import parents_of
from cs_ml.pipeline.past import with_past
from cs_ml.pipeline.snapshot import Newest, Progress, Snapshot, silent, take_snapshot
from cs_ml.store import lock, make_folder, write_partition

__all__ = [
    "CLASSES",
    "Fitted",
    "Scored",
    "describe",
    "load_bundle",
    "reasons_of",
    "restore",
    "score",
    "score_features",
    "scores_of",
    "write_scores",
]

WAIT_SECONDS = 600
ROUNDING = 1e-12
SHOWN = 5
CLASSES: Mapping[str, type[Any]] = {
    "PropensityClassifier": PropensityClassifier,
    "HealthScore": HealthScore,
    "TypicalValues": TypicalValues,
    "FeatureProfile": FeatureProfile,
}


@dataclass(frozen=True)
class Fitted:
    """The estimators of a bundle, ready to score.

    Parameters
    ----------
    models
        Model of each target.
    health
        Health score, where there is one.
    health_target
        Target whose margin is a measure of the health score.
    typical
        Typical values of the features.
    catalog
        Description of the features.
    version
        Version of the bundle.
    stability
        Share of refits that keep the sign of each feature's contributions, by target.
    profile
        How the features of the training rows were distributed.
    """

    models: dict[str, PropensityClassifier]
    health: HealthScore | None
    health_target: str
    typical: TypicalValues
    catalog: pd.DataFrame
    version: str
    stability: Mapping[str, pd.Series] = field(default_factory=dict)
    profile: FeatureProfile = field(default_factory=FeatureProfile)


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
    """

    scores: pd.DataFrame
    drivers: pd.DataFrame
    themes: dict[str, pd.DataFrame]
    snapshot: Snapshot
    fitted: Fitted
    drift: pd.DataFrame


def load_bundle(config: Config) -> Bundle:
    """Return the bundle of the output folder.

    Raises
    ------
    BundleError
        If nothing was trained yet, or the bundle is damaged.
    """
    folder = config.output.folder / "bundle"
    if not folder.is_dir():
        raise BundleError(f"expected a trained bundle in {folder}, found none; run `cs-ml train` first")
    return Bundle.load(folder)


def restore(bundle: Bundle) -> Fitted:
    """Make the estimators of a bundle again."""
    parts = {name: bundle.restore(name, CLASSES) for name in bundle.parts}
    models = {name: part for name, part in parts.items() if isinstance(part, PropensityClassifier)}
    target = str(bundle.metadata.get("health_target", next(iter(models), "churn")))
    stability = {name: bundle.table(f"{name}_stability").set_index("feature")["share"] for name in models}
    typical, catalog, profile = parts["typical"], bundle.table("catalog"), parts["profile"]
    return Fitted(models, parts.get("health"), target, typical, catalog, bundle.version, stability, profile)


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
    if fitted.health is not None:
        margin = margins.get(fitted.health_target)
        scores = scores.join(fitted.health.score(X, margin=_used(fitted.health, margin)))
    if mrr is not None:
        scores["mrr"] = mrr
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
    progress("scoring")
    scores = with_past(config, fitted.health, scores_of(fitted, snapshot.X, snapshot.mrr))
    progress("explaining")
    reasons, themes = explain_scores(config, fitted, snapshot)
    return Scored(scores, reasons, themes, snapshot, fitted, fitted.profile.compare(snapshot.X))


def explain_scores(config: Config, fitted: Fitted, snapshot: Snapshot) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the drivers and the points by theme of every account and target of a config."""
    about = {target: config.labels[target].kind if target in config.labels else "table" for target in fitted.models}
    return reasons_of(fitted, snapshot.X, about, config.report.top_drivers)


def reasons_of(
    fitted: Fitted, X: pd.DataFrame, about: Mapping[str, str], top: int
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the drivers and the points by theme of each row and target.

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
    terms = {target: contributions(model, X).terms for target, model in fitted.models.items()}
    if fitted.health is not None:
        terms["health"] = _health_terms(fitted, fitted.health, X)
    kinds = {**about, "health": "health"}
    largest = partial(drivers, catalog=fitted.catalog, typical=fitted.typical, top=top)
    found = [
        largest(frame, X, target=target, about=kinds[target], stability=fitted.stability.get(target))
        for target, frame in terms.items()
    ]
    return pd.concat(found, ignore_index=True), {
        target: by_theme(frame, fitted.catalog) for target, frame in terms.items()
    }


def _health_terms(fitted: Fitted, health: HealthScore, X: pd.DataFrame) -> pd.DataFrame:
    """Return the points of the health score by feature; measures of one feature are added up, and its segment's too."""
    margin = fitted.models[fitted.health_target].margin(X) if fitted.health_target in fitted.models else None
    parts, _ = health.contributions(X, margin=_used(health, margin))
    parts = parts.where((parts.abs() > ROUNDING) | parts.isna(), 0.0)  # what only rounding left is no reason
    features = {"segment": health.segment_} if health.segment_ in X else {}
    features |= health.measures_
    return parts.rename(columns=features).T.groupby(level=0, sort=False).sum(min_count=1).T


def write_scores(scored: Scored, config: Config) -> Path:
    """Write scores and drivers of one date in one step; of two runs at once the second waits."""
    date = scored.scores.index.get_level_values("as_of")[0]
    folder = config.output.folder
    make_folder(folder)
    about = {"model_version": scored.fitted.version, "config_hash": config.hash}
    with lock(folder, wait_seconds=WAIT_SECONDS):
        write_partition(folder / "drivers", date, scored.drivers.astype({"value": str, "typical": str}), about)
        write_partition(folder / "drift", date, scored.drift, about)
        if (opinions := opinions_of(scored.snapshot.tables, scored.scores)) is not None:
            write_partition(folder / "opinions", date, opinions.reset_index(), about)
        parents = parents_of(scored.snapshot.tables, scored.scores, scored.fitted.health)
        for name, frame in zip(("parents", "children"), parents or (), strict=False):
            write_partition(folder / name, date, frame.reset_index(), about)
        return write_partition(folder / "scores", date, scored.scores.reset_index(), about)


def _used(health: HealthScore, margin: Any) -> Any:
    """Return the margin only where the score was fitted with one."""
    return margin if health.learned_.typical.margin_centre is not None else None


def describe(scored: Scored) -> list[str]:
    """Return in lines of text what was scored."""
    scores = scored.scores
    date = scores.index.get_level_values("as_of")[0].date()
    lines = [f"{len(scores):,} accounts on {date}"]
    lines += [
        f"{target}: {scores[f'p_{target}'].sum():,.1f} expected, {scores[f'p_{target}'].mean():.1%} on average"
        for target in scored.fitted.models
    ]
    if "band" in scores:
        bands = scores["band"].value_counts().to_dict()
        unscored = int(scores["health"].isna().sum())
        lines.append(
            "health: "
            + ", ".join(f"{bands.get(band, 0):,} {band}" for band in ("red", "yellow", "green"))
            + (f", {unscored:,} not scored" if unscored else "")
        )
    return lines + _moved(scored.drift)


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
