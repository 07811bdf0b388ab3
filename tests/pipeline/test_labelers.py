from __future__ import annotations

import pytest

from cs_ml.config import LabelConfig
from cs_ml.config.targets import KINDS
from cs_ml.pipeline.labelers import labeler_of


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "table"])
def test_the_config_and_the_labeler_agree_on_when_an_outcome_is_certain(kind):
    product = {"product": "core"} if kind == "cross_sell" else {}
    label = LabelConfig(kind=kind, horizon_days=60, gap_days=3, settling_days=2, **product)
    assert labeler_of(label).purge_days == label.purge_days


def test_what_the_config_says_reaches_the_labeler():
    assert labeler_of(LabelConfig(kind="churn", which="voluntary")).which == "voluntary"
    assert labeler_of(LabelConfig(kind="downsell", min_decrease=0.2)).min_decrease == 0.2
    assert labeler_of(LabelConfig(kind="cross_sell", product="core")).product == "core"
