"""How long accounts stay, learned and judged on a small simulated book."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cs_ml.bundle import Bundle
from cs_ml.config import load_config
from cs_ml.pipeline.fitted import restore
from cs_ml.pipeline.snapshot import take_snapshot
from cs_ml.pipeline.survival_learning import judge_survival, learn_survival
from cs_ml.pipeline.told_survival import describe_survival


@pytest.fixture(scope="module")
def config(story):
    return load_config(story.folder / "cs_ml.yaml")


@pytest.fixture(scope="module")
def snapshot(config):
    return take_snapshot(config)


def test_what_was_learned_lies_in_the_bundle(story):
    bundle = Bundle.load(story.folder / "out" / "bundle")
    survival = restore(bundle).survival
    assert survival.target == "churn"
    assert len(survival.model.refits_) == 6
    assert {"survival_judged", "survival_curve", "churn_states", "churn_rate_drift"} <= set(bundle.tables)
    told = "\n".join(describe_survival(bundle))
    assert "beside Kaplan-Meier" in told
    assert "90 days, roc_auc, hazard" in told


def test_at_an_origin_nothing_later_is_known(config, snapshot, monkeypatch):
    """Outcomes after an origin can be rewritten without moving what was foreseen at it."""
    from cs_ml.labels import StayLabeler

    asked = []
    label = StayLabeler.label

    def noted(self, tables, spine, until=None):
        asked.append((spine.index.get_level_values("as_of").max(), until))
        return label(self, tables, spine, until=until)

    monkeypatch.setattr(StayLabeler, "label", noted)
    judge_survival(config, snapshot)
    learned = [(newest, until) for newest, until in asked if until is not None]
    assert learned
    assert all(newest < until for newest, until in learned)


def test_metrics_stand_beside_the_rate_of_the_past(config, snapshot):
    judged = judge_survival(config, snapshot)["survival_judged"].set_index(["days", "metric", "model"])
    for day in judged.index.get_level_values("days").unique():
        loss = judged.loc[(day, "log_loss")]
        assert loss.loc["difference", "value"] == pytest.approx(
            loss.loc["hazard", "value"] - loss.loc["kaplan_meier", "value"]
        )
        assert (loss["low"] <= loss["value"]).all()
        assert (loss["value"] <= loss["high"]).all()
    assert (judged["events"] < judged["rows"]).all()


def test_foreseen_on_average_beside_what_happened(config, snapshot):
    curve = judge_survival(config, snapshot)["survival_curve"]
    known = curve[curve["happened"].notna()]
    assert curve["days"].tolist() == [30, 90, 180, 365]
    assert (np.diff(curve["foreseen"]) < 0).all()
    assert known["happened"].between(known["low"], known["high"]).all()


def test_what_cannot_be_learned_is_told_and_absent(config, snapshot):
    notes: list[str] = []
    everybody_gone = replace(snapshot, spine=snapshot.spine.assign(notice_given=True))
    assert learn_survival(config, everybody_gone, notes) == ({}, {})
    assert notes[0].startswith("how long accounts stay was not foreseen")


def test_it_can_be_switched_off(config, snapshot):
    off = config.model_copy(update={"survival": config.survival.model_copy(update={"enabled": False})})
    notes: list[str] = []
    assert learn_survival(off, snapshot, notes) == ({}, {})
    assert notes == []


def test_progress_tells_of_it_only_where_it_is_tried(config, snapshot):
    told: list[str] = []
    off = config.model_copy(update={"survival": config.survival.model_copy(update={"enabled": False})})
    learn_survival(off, snapshot, [], progress=told.append)
    learn_survival(config, replace(snapshot, tables=None), [], progress=told.append)
    assert told == []
    learn_survival(config, replace(snapshot, spine=snapshot.spine.assign(notice_given=True)), [], progress=told.append)
    assert told == ["survival: learning how long accounts stay"]
