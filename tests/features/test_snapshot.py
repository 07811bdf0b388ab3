from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import book, keys

from cs_ml.engine.local import LocalEngine
from cs_ml.errors import NotEnoughData
from cs_ml.features import SnapshotBuilder, SurveysBuilder, VocBuilder
from cs_ml.report.words import dictionary
from cs_ml.tables import SCHEMAS, Tables
from cs_ml.timeline import make_spine

UNITS = {
    "count", "users", "days", "share", "score", "money", "log_ratio", "slope", "months", "seats", "category", "flag",
    "text", "per_week", "times", "sentiment", "difference", "rank", "hours",
}  # fmt: skip
THEMES = {
    "usage", "sentiment", "contract", "profile", "support", "onboarding", "marketing", "commerce", "billing",
    "relationship", "family",
}  # fmt: skip
SOURCES = "usage|nps|csat|voc|contracts|accounts|tickets|onboarding|marketing|deals|invoices|users|sentiment|family"
NAME = re.compile(rf"({SOURCES})_[a-z]+(_[a-z]+)*(_\d+d)?")
BOOK = {
    "accounts": """
        account_id segment region created_at channel
        a          small   -      2025-01-01 direct
        b          large   Kanto  2025-01-01 -
        c          Medium  Kanto  2025-01-01 partner""",
    "contracts": """
        account_id start_at   end_at     mrr seats plan auto_renew tier discount notice_days billing_months product
        a          2025-06-01 2026-06-01 100 5     pro  true       1    0.1      30          1              x
        b          2025-06-01 -          200 -     -    -          -    -        -           -              -
        c          2025-06-01 2026-06-01 300 7     base false      2    0        60          12             y""",
    "usage": """
        account_id event_at   user_id feature event quantity
        a          2025-12-20 u1      f1      login 2
        b          2025-07-20 u2      f2      view  -""",
    "surveys": """
        account_id response_id kind sent_at    answered_at score scale_max
        a          r1          nps  2025-12-01 2025-12-02  9     10
        c          r2          csat 2025-12-01 -           -     5""",
    "voc": """
        account_id voc_id said_at    text  user_id sentiment speaker_role language
        b          v1     2025-12-01 遅い  u2      -0.5      -            ja""",
    "users": """
        account_id user_id role
        b          u2      decision_maker""",
    "tickets": """
        account_id ticket_id opened_at  first_response_at resolved_at reopened_at contacts severity category
        a          t1        2025-12-01 2025-12-01        2025-12-02  2025-12-03  1        high     bug
        c          t2        2025-12-01 -                 -           -           -        -        -""",
    "onboarding": """
        account_id step  due_at     completed_at
        a          start 2025-06-10 2025-06-09
        a          live  2025-07-10 -""",
    "marketing": """
        account_id happened_at kind    user_id product
        a          2025-12-10  webinar u1      x
        b          2025-12-10  other   -       y""",
    "deals": """
        account_id deal_id kind    opened_at  product stage amount closed_at  won
        a          d1      upsell  2025-10-01 x       won   50     2025-11-01 true
        b          d2      renewal 2025-10-01 -       open  -      -          -""",
    "invoices": """
        account_id invoice_id due_at     amount paid_at
        a          i1         2025-09-01 100    2025-09-03
        b          i2         2025-09-01 200    -""",
}
SPINE = pd.DataFrame(index=keys(*[(account, "2026-01-01") for account in "abc"]))
COMBINATIONS = [
    {"accounts", *chosen}
    for size in range(1, 6)
    for chosen in itertools.combinations(["contracts", "usage", "surveys", "voc", "users"], size)
    if {"contracts", "usage"} & set(chosen)
] + [{"accounts", "contracts", name} for name in ("tickets", "onboarding", "marketing", "deals", "invoices")]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return book(**BOOK)


@pytest.fixture(scope="module")
def builder() -> SnapshotBuilder:
    return SnapshotBuilder.default(attributes=("channel",), engine=LocalEngine(workers=1))


def narrowed(tables: Tables, names: set[str] | None = None, without: str = "") -> Tables:
    """Keep some tables, or leave one column (``table.column``) out."""
    kept = {name: table for name, table in tables.loaded.items() if names is None or name in names}
    if without:
        table, column = without.split(".")
        columns = tuple(name for name in kept[table].columns if name != column)
        kept[table] = replace(kept[table], columns=columns)
    return Tables(tables.connection, kept, tables.data_end, tables.zone)


@pytest.mark.parametrize("present", COMBINATIONS, ids=lambda names: "+".join(sorted(names - {"accounts"})))
def test_the_catalog_describes_what_is_built_whichever_tables_there_are(tables, builder, present):
    some = narrowed(tables, present)
    X = builder.build(some, SPINE)
    assert list(builder.catalog(some).index) == list(X)
    sources = {name.split("_")[0] for name in X}
    expected = (present - {"surveys"}) | ({"nps", "csat"} if "surveys" in present else set())
    assert sources == expected


OPTIONAL = [
    f"{name}.{column.name}"
    for name in BOOK
    for column in SCHEMAS[name].columns
    if not column.required and column.name != "known_at" and column.name in BOOK[name].split()
]


@pytest.mark.parametrize("column", OPTIONAL)
def test_the_catalog_describes_what_is_built_whichever_columns_there_are(tables, builder, column):
    some = narrowed(tables, without=column)
    whole = set(builder.catalog(tables).index)
    X = builder.build(some, SPINE)
    assert list(builder.catalog(some).index) == list(X)
    assert set(X) <= whole


def test_every_column_has_the_dtype_of_its_kind(tables, builder):
    X, catalog = builder.build(tables, SPINE), builder.catalog(tables)
    dtypes = {"number": "float64", "flag": "float64", "category": "category", "text": "object"}
    assert X.dtypes.astype(str).to_dict() == catalog["kind"].map(dtypes).to_dict()
    assert X["voc_comments_text_180d"].tolist() == [None, "-0.50\t遅い", None]
    np.testing.assert_array_equal(X["contracts_auto_renew_current"], [1, np.nan, 0])


def test_levels_are_sorted_and_do_not_depend_on_the_order_of_rows(tables, builder):
    X = builder.build(tables, SPINE)
    assert X["accounts_segment_current"].cat.categories.tolist() == ["Medium", "large", "small"]
    assert X["accounts_region_current"].cat.categories.tolist() == ["Kanto"]
    assert X["accounts_region_current"].isna().tolist() == [True, False, False]
    assert not X["contracts_plan_current"].cat.ordered


def test_a_category_nobody_has_is_still_a_category(builder):
    X = builder.build(
        book(accounts="account_id region\na -", contracts=BOOK["contracts"].split("\n        b")[0]), SPINE[:1]
    )
    assert X["accounts_region_current"].cat.categories.empty


def test_rows_are_those_of_the_spine(tables, builder):
    spine = make_spine(tables, start="2025-12-01", end="2026-01-01")
    X = builder.build(tables, spine)
    assert X.index.equals(spine.index)
    assert X.index.names == ["account_id", "as_of"]


def test_streamed_buckets_hold_the_same_in_plain_columns(tables):
    builder = SnapshotBuilder.default(engine=LocalEngine(workers=2, buckets=3))
    parts = list(builder.stream(tables, SPINE))
    assert [len(part) for part in parts] == [1, 1, 1]
    assert len({tuple(part.dtypes) for part in parts}) == 1
    whole = builder.build(tables, SPINE)
    assert str(parts[0].dtypes["contracts_plan_current"]) == "object"
    pd.testing.assert_frame_equal(pd.concat(parts).astype(whole.dtypes), whole)


def test_every_feature_describes_itself(tables, builder):
    for feature in builder.catalog(tables).reset_index().itertuples():
        assert NAME.fullmatch(feature.name), feature.name
        for text in (feature.label_en, feature.label_ja, feature.sentence_en, feature.sentence_ja):
            assert text.strip() == text != "", feature.name
        assert feature.label_en.isascii(), feature.name
        assert feature.sentence_en.isascii(), feature.name
        assert feature.unit in UNITS, feature.name
        assert feature.theme in THEMES, feature.name
        assert feature.role in {"lever", "signal", "context"}, feature.name
        assert feature.direction in {-1, 0, 1}, feature.name
        assert set(feature.sources.split(",")) <= set(SCHEMAS), feature.name


def test_sentences_take_a_value_and_what_is_typical(tables, builder):
    catalog = builder.catalog(tables)
    for name, feature in catalog[catalog["kind"] != "text"].iterrows():
        for template in (feature["sentence_en"], feature["sentence_ja"]):
            written = template.format(value="[V]", typical="[T]")
            assert "[V]" in written, name
            assert "{" not in written, name
            assert feature["kind"] != "number" or "[T]" in written, name


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_reports_have_a_name_for_every_theme(tables, builder, lang):
    assert set(builder.catalog(tables)["theme"]) <= set(dictionary(lang)["levels"])


def test_labels_are_told_apart(tables, builder):
    catalog = builder.catalog(tables)
    assert catalog.index.is_unique
    for column in ("label_en", "label_ja", "sentence_en", "sentence_ja"):
        assert catalog[column].is_unique, catalog[column][catalog[column].duplicated()].tolist()


def test_without_any_table_that_bears_features(tables):
    with pytest.raises(NotEnoughData, match="expected a table with features, found only accounts, contracts"):
        SnapshotBuilder((VocBuilder(), SurveysBuilder())).build(narrowed(tables, {"accounts", "contracts"}), SPINE)


def test_an_empty_spine_is_refused(tables, builder):
    with pytest.raises(NotEnoughData, match="found none"):
        builder.build(tables, SPINE[:0])


def test_windows_of_usage_are_chosen(tables):
    names = [
        name for name in SnapshotBuilder.default(windows=(14,)).catalog(tables).index if "usage_events_count" in name
    ]
    assert names == ["usage_events_count_14d"]
