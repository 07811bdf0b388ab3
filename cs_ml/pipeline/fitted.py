"""The estimators of a bundle: which classes may be made again, and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.errors import BundleError
from cs_ml.explain import TypicalValues
from cs_ml.health import HealthScore
from cs_ml.models import FeatureProfile, PropensityClassifier
from cs_ml.pipeline.survival import Survival

__all__ = ["CLASSES", "Fitted", "Level", "load_bundle", "restore"]

CLASSES: Mapping[str, type[Any]] = {
    "PropensityClassifier": PropensityClassifier,
    "HealthScore": HealthScore,
    "TypicalValues": TypicalValues,
    "FeatureProfile": FeatureProfile,
    "Survival": Survival,
}


@dataclass(frozen=True)
class Level:
    """How far the level of a model was moved to outcomes that became known since it learned.

    Parameters
    ----------
    shift
        In log-odds.
    rows, accounts
        Rows scored since whose outcome is known, and their accounts.
    observed, foreseen
        Rows with the event, and how many were foreseen.
    """

    shift: float
    rows: int
    accounts: int
    observed: int
    foreseen: float


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
    survival
        How long accounts may stay, where it was learned.
    learned_until
        Last date whose outcome each model learned from.
    levels
        How far the level of each model was moved since; see :func:`cs_ml.pipeline.level.with_levels`.
    """

    models: dict[str, PropensityClassifier]
    health: HealthScore | None
    health_target: str
    typical: TypicalValues
    catalog: pd.DataFrame
    version: str
    stability: Mapping[str, pd.Series] = field(default_factory=dict)
    profile: FeatureProfile = field(default_factory=FeatureProfile)
    survival: Survival | None = None
    learned_until: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)


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
    survival = parts.get("survival")
    until = bundle.metadata.get("learned_until", {})
    health = parts.get("health")
    return Fitted(models, health, target, typical, catalog, bundle.version, stability, profile, survival, until)
