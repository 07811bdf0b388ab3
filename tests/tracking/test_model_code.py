"""What a logged model asks to be installed."""

from __future__ import annotations

import json

from cs_ml.tracking.model_code import _named_by


def test_weights_that_a_bundle_names_are_asked_for_and_nothing_else(tmp_path):
    (tmp_path / "parts").mkdir()
    encoder = {"name": "sentence", "package": "some-encoder", "version": "0.2.1", "sha256": {"weights.npz": "ab"}}
    for name, state in (("churn", {"texts": [{"encoder": encoder}]}), ("upsell", {"encoder": {"name": "ngrams"}})):
        (tmp_path / "parts" / f"{name}.json").write_text(json.dumps({"state": state}), encoding="utf-8")
    assert _named_by(tmp_path) == ["some-encoder==0.2.1"]
