"""Writing a training run down: parameters, metrics, tables, plots, and the bundle under its alias."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cs_ml.config import Config
from cs_ml.health.checks import verdict_on
from cs_ml.pipeline.train import Trained
from cs_ml.tracking import CHECKS_TAG, Tracker

__all__ = ["record", "tracker_of"]

ALIAS = "challenger"
KEPT, STATED = ("health", "survival"), ("_states", "_rate_drift")  # tables of the bundle that a run keeps, too


def tracker_of(config: Config) -> Tracker:
    """Return the tracker of the config: its own URI, or a SQLite file in the output folder."""
    folder = config.output.folder / "tracking"
    return Tracker(
        config.tracking.uri, config.tracking.experiment, folder, scorer="cs_ml.pipeline.score:score_features"
    )


def record(trained: Trained, config: Config) -> str:
    """Record a training run and register its bundle as challenger; return where.

    Parameters
    ----------
    trained
        What was learned.
    config
        Checked config.
    """
    tracker, bundle = tracker_of(config), trained.bundle
    verdict = None if trained.health is None else verdict_on(trained.health.checks_)
    with tracker.run(f"train {config.book.name}") as run:
        run.params(_params(config, trained))
        for target, evaluation in trained.evaluations.items():
            run.metrics({f"{target}_{name}": value for name, value in evaluation.headline().items()})
            for name, frame in evaluation.tables().items():
                run.table(f"{target}_{name}", frame)
            run.figure(f"{target}_reliability", evaluation.reliability_plot())
        for name, frame in bundle.tables.items():
            if name.startswith(KEPT) or name.endswith(STATED):
                run.table(name, frame)
        run.table("catalog", bundle.table("catalog").reset_index())
        version = run.register(
            config.output.folder / "bundle",
            config.tracking.registered_name,
            ALIAS,
            inputs=_kinds(bundle.table("catalog")),
            tags={} if verdict is None else {CHECKS_TAG: verdict},
        )
    place = config.tracking.uri or config.output.folder / "tracking"
    told = "" if verdict is None else f"; ship checks of health: {verdict}"
    return f"{place}: {config.tracking.registered_name} version {version}, alias {ALIAS}{told}"


def _params(config: Config, trained: Trained) -> dict[str, Any]:
    facts = trained.bundle.metadata
    chosen = {
        name: facts[name]
        for name in ("config_hash", "data_hash", "accounts", "rows", "first_as_of", "last_as_of", "seed")
    }
    models = {
        f"{target}_{name}": value
        for target, model in trained.models.items()
        for name, value in (
            ("events", model.n_events_),
            ("weights", str(model.learner_weights_)),
            ("calibration", str(model.calibration_.to_state())),
        )
    }
    horizons = {f"{name}_horizon_days": label.horizon_days for name, label in config.labels.items()}
    return chosen | models | horizons | {"bundle": trained.bundle.version}


def _kinds(catalog: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in catalog["kind"].items()}
