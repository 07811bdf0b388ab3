from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.models import FeatureProfile

RNG = np.random.default_rng(0)
PLANS = pd.CategoricalDtype(["basic", "pro", "new"])
OLD = pd.DataFrame({
    "events": RNG.poisson(20, 400).astype(float),
    "plan": pd.Categorical(RNG.choice(["basic", "pro"], 400), dtype=PLANS),
    "said": [f"comment {row}" for row in range(400)],
})  # fmt: skip


def level_of(frame: pd.DataFrame) -> dict[str, str]:
    return FeatureProfile().fit(OLD).compare(frame).set_index("column")["level"].to_dict()


def test_rows_of_the_same_book_are_stable():
    assert level_of(OLD.sample(300, random_state=1)) == {"events": "stable", "plan": "stable"}


@pytest.mark.parametrize(
    ("change", "moved"),
    [({"events": 0.0}, "events"), ({"events": np.nan}, "events"), ({"plan": pd.Categorical(["new"] * 400)}, "plan")],
)
def test_zeros_gaps_and_new_levels_are_seen(change, moved):
    assert level_of(OLD.assign(**change))[moved] == "strong"


def test_free_text_is_left_out_and_never_written_down():
    assert "comment" not in json.dumps(FeatureProfile().fit(OLD).to_state())


def test_it_travels_as_plain_values():
    profile = FeatureProfile(bins=4).fit(OLD)
    again = FeatureProfile.from_state(json.loads(json.dumps(profile.to_state())))
    other = OLD.assign(events=OLD["events"] + 3)
    pd.testing.assert_frame_equal(again.compare(other), profile.compare(other), check_exact=True)


def test_a_missing_column_is_named():
    with pytest.raises(FrameError, match="events"):
        FeatureProfile().fit(OLD).compare(OLD.drop(columns="events"))


def test_what_moves_every_month_is_no_alarm():
    dates = pd.date_range("2025-01-01", periods=10, freq="MS")
    index = pd.MultiIndex.from_product([range(60), dates], names=["account_id", "as_of"])
    month = np.tile(np.arange(10.0), 60)
    X = pd.DataFrame({"age": month + RNG.normal(size=600), "events": RNG.normal(size=600)}, index=index)
    profile = FeatureProfile().fit(X)
    newer = pd.DataFrame({"age": 9.5 + RNG.normal(size=60), "events": 3 + RNG.normal(size=60)})
    assert profile.compare(newer).set_index("column")["level"].to_dict() == {"age": "stable", "events": "strong"}
