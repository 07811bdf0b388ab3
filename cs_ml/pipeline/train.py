"""Learning from the past: a propensity model for each target, and the health score on the same footing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.bundle import Bundle, HasState
from cs_ml.config import Config
from cs_ml.errors import ConfigError, Fault, NotEnoughData
from cs_ml.explain import TypicalValues
from cs_ml.health import HealthScore
from cs_ml.models import FeatureProfile, PropensityClassifier
from cs_ml.pipeline.evaluate import Evaluation, evaluate_target
from cs_ml.pipeline.expected import expected_signs
from cs_ml.pipeline.health import fit_health
from cs_ml.pipeline.label_report import label_tables
from cs_ml.pipeline.refits import sign_stability
from cs_ml.pipeline.rows import training_rows
from cs_ml.pipeline.snapshot import Progress, Snapshot, silent, take_snapshot
from cs_ml.pipeline.survival_learning import learn_survival
from cs_ml.pipeline.told_health import health_tables
from cs_ml.pipeline.tuning import tuned_options
from cs_ml.store import hash_frame, lock, make_folder

__all__ = ["Trained", "describe", "new_model", "save", "train"]

WAIT_SECONDS = 600


@dataclass(frozen=True)
class Trained:
    """What one training run made.

    Parameters
    ----------
    bundle
        Everything that scoring needs.
    evaluations
        How good each target's model is out of time.
    models
        Fitted model of each target.
    health
        Fitted health score, where there is one.
    snapshot
        What was learned from.
    notes
        What the reader must know.
    """

    bundle: Bundle
    evaluations: dict[str, Evaluation]
    models: dict[str, PropensityClassifier]
    health: HealthScore | None
    snapshot: Snapshot
    notes: tuple[str, ...] = field(default_factory=tuple)


def train(config: Config, *, progress: Progress = silent) -> Trained:
    """Learn models and health score from every row the config allows.

    Parameters
    ----------
    config
        Checked config.
    progress
        Called with a line of text at each step.

    Raises
    ------
    NotEnoughData
        If no target can be learned, and no health score either.
    """
    snapshot = take_snapshot(config, progress=progress)
    if not snapshot.labels:
        hint = "name the column of the outcome, or give a table of labels (kind: table)"
        raise ConfigError(Fault("snapshots.label", "outcomes to learn from", "none", hint=hint))
    parts: dict[str, HasState] = {}
    evaluations: dict[str, Evaluation] = {}
    stability: dict[str, pd.DataFrame] = {}
    models: dict[str, PropensityClassifier] = {}
    notes = list(snapshot.notes)
    for target in snapshot.labels:
        try:
            progress(f"{target}: learning")
            models[target] = _fit(config, snapshot, target, tuned_options(config, snapshot, target, notes))
        except NotEnoughData as error:
            notes.append(f"{target} was not learned: {error}")
            continue
        parts[target] = models[target]
        progress(f"{target}: would its reasons stand?")
        stability[f"{target}_stability"] = _stability(config, snapshot, target, models[target])
        try:
            progress(f"{target}: testing on later dates")
            evaluations[target] = evaluate_target(config, snapshot, target, models[target])
        except NotEnoughData as error:
            notes.append(f"{target} was learned, but not tested on later dates: {error}")
    progress("health: learning weights")
    health = fit_health(config, snapshot, models, notes)
    if not models and health is None:
        reasons = [note for note in notes if "was not learned" in note or "was not scored" in note]
        raise NotEnoughData("\n".join(["nothing can be learned", *reasons]))
    if health is not None:
        parts["health"] = health
    survival, judged = learn_survival(config, snapshot, notes, progress=progress)
    parts |= survival
    parts |= {"typical": TypicalValues().fit(snapshot.X), "profile": FeatureProfile().fit(snapshot.X)}
    bundle = Bundle.of(
        parts,
        tables=_tables(snapshot, evaluations, health) | stability | judged | label_tables(snapshot),
        metadata=_facts(config, snapshot, models, evaluations, health, notes),
    )
    return Trained(bundle, evaluations, models, health, snapshot, tuple(notes))


def save(trained: Trained, config: Config) -> Path:
    """Write the bundle into the output folder, replacing an older one in one step."""
    folder = make_folder(config.output.folder)
    with lock(folder, wait_seconds=WAIT_SECONDS):
        return trained.bundle.save(folder / "bundle")


def _fit(config: Config, snapshot: Snapshot, target: str, tree_options: dict[str, Any] | None) -> PropensityClassifier:
    X, y = training_rows(config, snapshot, target)
    return new_model(config, snapshot, target, tree_options).fit(X, y)


def _stability(config: Config, snapshot: Snapshot, target: str, model: PropensityClassifier) -> pd.DataFrame:
    X, y = training_rows(config, snapshot, target)
    share = sign_stability(model, X, y, random_state=config.model.random_state)
    return share.rename("share").rename_axis("feature").reset_index()


def new_model(
    config: Config, snapshot: Snapshot, target: str, tree_options: dict[str, Any] | None = None
) -> PropensityClassifier:
    """Return the unfitted model of a target, its trees with the options that tuning found, if any."""
    own, further = config.model.learners, config.model.further_learners
    return PropensityClassifier(
        learners=(*((own,) if isinstance(own, str) else own), *further) if further else own,
        monotone=expected_signs(config, snapshot, target),
        monotone_rule="no_loss",
        tree_options=tree_options,
        purge_days=snapshot.purge_days[target],
        n_origins=config.model.n_origins,
        text=snapshot.text,
        text_encoder=config.model.text_encoder,
        random_state=config.model.random_state,
        n_jobs=config.model.n_jobs or 1,
    )


def _tables(
    snapshot: Snapshot, evaluations: dict[str, Evaluation], health: HealthScore | None
) -> dict[str, pd.DataFrame]:
    tables = {"catalog": snapshot.catalog}
    for target, evaluation in evaluations.items():
        tables |= {f"{target}_{name}": frame for name, frame in evaluation.tables().items() if len(frame.columns)}
    if health is not None:
        tables |= health_tables(snapshot, health)
    return tables


def _learned_until(config: Config, snapshot: Snapshot, target: str) -> str:
    """Return the last date whose outcome the model of a target learned from."""
    known = training_rows(config, snapshot, target)[1]["label"].dropna()
    return str(known.index.get_level_values("as_of").max().date())


def _facts(
    config: Config,
    snapshot: Snapshot,
    models: dict[str, PropensityClassifier],
    evaluations: dict[str, Evaluation],
    health: HealthScore | None,
    notes: list[str],
) -> dict[str, Any]:
    dates = snapshot.X.index.get_level_values("as_of")
    return {
        "config_hash": config.hash,
        "data_hash": hash_frame(snapshot.X),
        "book": config.book.name,
        "rows": len(snapshot.X),
        "accounts": int(snapshot.X.index.get_level_values("account_id").nunique()),
        "first_as_of": str(dates.min().date()),
        "last_as_of": str(dates.max().date()),
        "purge_days": snapshot.purge_days,
        "learned_until": {target: _learned_until(config, snapshot, target) for target in models},
        "usage": None if snapshot.usage is None else snapshot.usage.to_state(),
        "health_target": config.health.target,
        "verdicts": {target: evaluation.verdict for target, evaluation in evaluations.items()},
        "counts": {target: evaluation.counts for target, evaluation in evaluations.items()},
        "health": None
        if health is None
        else {"meaning": health.meaning_, "verdict": health.verdict_, "notes": list(health.notes_)},
        "notes": notes,
        "seed": config.model.random_state,
        "numpy": np.__version__,
    }


def describe(trained: Trained) -> list[str]:
    """Return in lines of text what was learned, and the verdict on each target."""
    lines = []
    for target, model in trained.models.items():
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in model.learner_weights_.items() if weight > 0)
        lines.append(f"{target}: {model.n_events_} events; {weights}; {model.calibration_.method} calibration")
        lines += (
            [f"  {note}" for note in trained.evaluations[target].card.notes] if target in trained.evaluations else []
        )
    if trained.health is not None:
        lines += [f"health: {trained.health.meaning_}", f"  {trained.health.verdict_}"]
    return [*lines, *(f"note: {note}" for note in trained.notes)]
