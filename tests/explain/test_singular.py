"""What was written for many reads right for one."""

import re
from dataclasses import asdict

import pytest

from cs_ml.explain import sentences
from cs_ml.explain.singular import singular
from cs_ml.features import default_builders
from cs_ml.tables.catalog import SCHEMAS

TICKETS = {"unit": "count", "label_en": "Open tickets", "sentence_en": "{value} tickets are open, where {typical} is"}


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("days old", "day old"),
        ("renewals fall due within 90 days", "renewal falls due within 90 days"),
        (
            "users were active on average where usage was reported",
            "user was active on average where usage was reported",
        ),
        ("people joined in the last 90 days", "person joined in the last 90 days"),
        ("contract lines run, where they are known", "contract line runs, where they are known"),
        ("talks about smaller contracts are open", "talk about smaller contracts is open"),
        ("CSAT surveys were left unanswered", "CSAT survey was left unanswered"),
        ("companies and branches", "company and branches"),
        ("classes, boxes", "class, boxes"),
    ],
)
def test_the_thing_and_its_verb_agree(many, one):
    assert singular(many) == one


@pytest.mark.parametrize(
    "text", ["", "of the last 30 days", "on a scale from -1 to 1", ", where 3 is", "business", "90 days"]
)
def test_where_nothing_is_counted_nothing_changes(text):
    assert singular(text) == text


@pytest.mark.parametrize(
    ("value", "said"), [(1.0, "1 ticket is open"), (0.0, "0 tickets are"), (1.4, "1.4 tickets are")]
)
def test_only_one_is_singular(value, said):
    assert sentences(TICKETS, [value], [1.0], [1.0], target="churn")[0].startswith(f"{said}")


def test_a_multiple_a_level_and_japanese_stay_as_they_are():
    gap = {
        "unit": "times",
        "label_en": "Gap",
        "sentence_en": "{value} times the usual gap",
        "sentence_ja": "{value} days",
    }
    assert sentences(gap, [1.0], [1.0], [1.0], target="churn")[0].startswith("1 times the usual gap;")
    level = {"unit": "category", "label_en": "Level", "sentence_en": "level {value} days"}
    assert sentences(level, ["1"], ["2"], [1.0], target="churn")[0].startswith("Level 1 days;")
    japanese = {**gap, "unit": "days", "label_ja": "間隔"}
    assert sentences(japanese, [1.0], [1.0], [1.0], target="churn", lang="ja")[0].startswith("1 days")


def test_no_sentence_of_the_package_speaks_of_one_as_of_many():
    wrong = []
    for builder in default_builders():
        known = frozenset(column.name for column in SCHEMAS[builder.reads[0]].columns)
        for feature in builder.features(known):
            if feature.kind == "number" and feature.unit != "times":
                (text,) = sentences(asdict(feature), [1.0], [3.0], [1.0], target="health")
                wrong += re.findall(r"(?<![-\d])1 [a-z]+s\b.*", text.split(", where")[0])
    assert wrong == []
