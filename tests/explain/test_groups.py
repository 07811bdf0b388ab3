import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.explain import by_measure, by_theme, described

CATALOG = pd.DataFrame(
    {"theme": ["usage", "usage", "sentiment"], "role": ["lever", None, "signal"], "unit": "count"},
    index=["usage_events_count_7d", "usage_events_count_30d", "nps_score_latest"],
)


def test_themes_add_up_by_hand():
    terms = pd.DataFrame([[1.0, 2.0, 4.0, 8.0]], columns=[*CATALOG.index, "margin"])
    assert by_theme(terms, CATALOG).to_dict("records") == [{"other": 8.0, "sentiment": 4.0, "usage": 3.0}]
    assert by_measure(terms).to_dict("records") == [{"margin": 8.0, "nps_score": 4.0, "usage_events": 3.0}]


@given(st.lists(st.lists(st.floats(-100, 100), min_size=4, max_size=4), min_size=0, max_size=5))
def test_groups_keep_every_sum(rows):
    terms = pd.DataFrame(np.array(rows, dtype=float).reshape(-1, 4), columns=[*CATALOG.index, "margin"])
    for grouped in (by_theme(terms, CATALOG), by_measure(terms)):
        np.testing.assert_allclose(grouped.to_numpy().sum(axis=1), terms.to_numpy().sum(axis=1), atol=1e-12)


def test_gaps_of_the_catalog_are_filled_not_dropped():
    rows = described(["usage_events_count_30d", "margin"], CATALOG)
    assert rows["role"].tolist() == ["context", "context"]
    assert rows["label_ja"].tolist() == ["usage_events_count_30d", "margin"]
    assert rows["theme"].tolist() == ["usage", "other"]
    assert rows.notna().all(axis=None)


def test_terms_of_a_score_itself_have_labels():
    rows = described(["model", "clipped"], CATALOG)
    assert rows["label_en"].tolist() == ["What the model expects beyond the measures", "Cut at the end of the scale"]
    assert rows["label_ja"].str.contains("モデル|尺度").all()
    assert rows["theme"].tolist() == ["model", "other"]
