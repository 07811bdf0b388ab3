"""A learner of somebody else's, brought by an entry point, in the blend and in the bundle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from cs_ml.errors import BundleError, InputError
from cs_ml.models import PropensityClassifier
from cs_ml.models import further as module
from cs_ml.models.further import FurtherLearner


class Ridge(FurtherLearner):
    """Scikit-learn's ridge classifier; its scores are taken for log-odds."""

    name = "ridge"
    choices = ({"alpha": 100.0}, {"alpha": 1.0})

    def fit(self, view, y, weights=None):
        model = RidgeClassifier(alpha=self.setting.get("alpha", 1.0)).fit(view.matrix, y, sample_weight=weights)
        self.slopes, self.start = model.coef_[0], float(model.intercept_[0])
        return self

    def margin(self, view):
        return (view.matrix * self.slopes).sum(axis=1) + self.start

    def contributions(self, view):
        return view.matrix * self.slopes, self.start

    def to_state(self):
        return {"slopes": self.slopes.tolist(), "start": self.start}

    @classmethod
    def from_state(cls, state):
        learner = cls()
        learner.slopes, learner.start = np.array(state["slopes"]), state["start"]
        return learner


class Opaque(Ridge):
    def to_state(self):
        return {"model": self, "start": np.inf}


class Forgetful(Ridge):
    def to_state(self):
        return {**super().to_state(), "start": 0.0}

    def contributions(self, view):
        return view.matrix * self.slopes, self.start + 0.5


class Points(dict):
    @property
    def names(self):
        return set(self)


@pytest.fixture
def install(monkeypatch):
    def put(**classes):
        points = Points({name: SimpleNamespace(load=lambda made=made: made) for name, made in classes.items()})
        monkeypatch.setattr(module, "entry_points", lambda group: points if group == "cs_ml.learners" else Points())

    return put


def test_it_joins_the_blend_and_travels_as_text(install, book):
    install(mine=Ridge)
    X, y = book
    model = PropensityClassifier(learners=("logistic", "mine"), n_origins=3).fit(X, y)
    assert model.learner_weights_["mine"] > 0.05
    assert model.report_["settings"]["mine"]["tried"] == [{"alpha": 100.0}, {"alpha": 1.0}]
    parts, bias = model.contributions(X)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, model.margin(X), atol=1e-9)
    again = PropensityClassifier.from_state(json.loads(json.dumps(model.to_state())))
    assert again.margin(X).tobytes() == model.margin(X).tobytes()


def test_it_competes_beside_what_the_number_of_events_allows(install, book):
    install(mine=Ridge)
    model = PropensityClassifier(learners=("auto", "mine"), n_origins=3).fit(*book)
    assert {"logistic", "additive", "tree", "mine"} <= set(model.report_["settings"])


def test_what_cannot_be_stored_is_refused_before_it_is_used(install, book):
    install(opaque=Opaque)
    with pytest.raises(InputError, match="2 faults") as error:
        PropensityClassifier(learners=("opaque",), n_origins=3).fit(*book)
    assert [fault.where for fault in error.value.faults] == [
        "state of the learner opaque.model",
        "state of the learner opaque.start",
    ]


def test_what_comes_back_changed_or_does_not_add_up_is_refused(install, book):
    install(forgetful=Forgetful)
    with pytest.raises(InputError) as error:
        PropensityClassifier(learners=("forgetful",), n_origins=3).fit(*book)
    assert [fault.expected.split()[0] for fault in error.value.faults] == ["margins", "contributions"]


def test_what_is_no_learner_is_refused(install, book):
    install(empty=lambda **_: object())
    with pytest.raises(InputError, match="what every learner can do, found no settings, with_setting, path"):
        PropensityClassifier(learners=("empty",)).fit(*book)


def test_an_unknown_name_lists_the_known_ones(install, book):
    install(mine=Ridge)
    with pytest.raises(InputError, match=r"names among auto, base_rate, .*, mine, found 'catbost'"):
        PropensityClassifier(learners=("catbost",)).fit(*book)


def test_a_bundle_asks_for_the_package_that_is_gone(install, book):
    install(mine=Ridge)
    state = PropensityClassifier(learners=("mine",), n_origins=3).fit(*book).to_state()
    install()
    with pytest.raises(BundleError, match=r"holds a learner 'mine'.*found none"):
        PropensityClassifier.from_state(state)


def test_the_documented_learner_works(install, book):
    pytest.importorskip("catboost")
    page = (Path(__file__).parents[2] / "docs" / "learners.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    space = {}
    exec(code, space)  # noqa: S102  our own page
    install(catboost=space["CatBoostTrees"])
    X, y = book
    model = PropensityClassifier(learners=("catboost",), n_origins=3).fit(X, y)
    again = PropensityClassifier.from_state(json.loads(json.dumps(model.to_state())))
    assert again.margin(X).tobytes() == model.margin(X).tobytes()
