from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from cs_ml.features import Feature, catalog_frame, default_builders
from cs_ml.features.feature import THEMES, UNITS
from cs_ml.tables import SCHEMAS

ONE = Feature(
    "nps_score_latest",
    "sentiment",
    "score",
    "NPS",
    "直近NPS",
    "NPS is {value}",
    "NPSは{value}",
    direction=1,
    sources="surveys",
)
TWO = Feature(
    "contracts_plan_current", "contract", "category", "Plan", "プラン", "{value}", "{value}", "category", 0, "context"
)


def test_a_catalog_has_one_row_a_feature_in_their_order():
    catalog = catalog_frame([TWO, ONE])
    assert catalog.index.tolist() == ["contracts_plan_current", "nps_score_latest"]
    assert catalog.index.name == "name"
    assert catalog.columns.tolist() == [
        "theme", "unit", "kind", "direction", "role", "sources", "label_en", "label_ja", "sentence_en", "sentence_ja",
    ]  # fmt: skip
    assert catalog.loc["nps_score_latest", ["kind", "direction", "role", "sources"]].tolist() == [
        "number",
        1,
        "signal",
        "surveys",
    ]
    assert catalog["label_ja"].tolist() == ["プラン", "直近NPS"]


def test_an_empty_catalog_has_its_columns():
    assert catalog_frame([]).shape == (0, 10)


def test_a_feature_does_not_change():
    with pytest.raises(FrozenInstanceError):
        ONE.unit = "count"


def test_themes_and_units_of_the_package_are_words_that_a_feature_may_use():
    made = [item for builder in default_builders() for item in builder.features(SCHEMAS[builder.reads[0]].names)]
    assert {item.theme for item in made} <= set(THEMES)
    assert {item.unit for item in made} <= set(UNITS)
