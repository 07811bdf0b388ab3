import re

import numpy as np
import pytest

from cs_ml.health.checks import ship_checks
from cs_ml.kpis.catalog import KPIS
from cs_ml.models.groups import TENURES
from cs_ml.report import LANGUAGES
from cs_ml.report.said import Said
from cs_ml.report.words import Words

SENTENCES = [
    "no usable signal: AUC 0.46 (0.46 to 0.46) on 2 events",
    "no usable signal: AUC 0.46 (too few events for an interval) on 2 accounts with the event",
    "2 accounts with the event are few: intervals are wide, and rankings will change with the next quarter",
    "2 events are few: intervals are wide, and rankings will change with the next quarter",
    (
        "not better than days_to_renewal within noise: log loss difference -0.0159 (-0.0576 to +0.0058); "
        "prefer the simpler one"
    ),
    "no usable signal, and few events to show any within accounts_segment_current mid: AUC 0.46 (0.40 to 0.52)",
    "left out of every metric on the tested dates: 12 immature, 3 censored rows",
    "not point-in-time, used as they stand today: accounts.segment, accounts.industry",
    (
        "upsell was not learned: expected labelled rows of both classes, found one class, 0.0 (407 labelled rows, 117 "
        "without label); start the snapshots earlier, lengthen the horizon, or wait until outcomes mature"
    ),
    (
        "how long accounts stay was not foreseen: expected contracts, found none; without them nobody knows how long "
        "an account stayed"
    ),
    "rejected rows: usage 1,200, contracts 3",
]
ENGLISH = re.compile(r"[a-z]{3,} [a-z]{3,}")


@pytest.fixture
def said():
    return Said(Words("ja"), {"accounts_segment_current": "セグメント"})


def written():
    health, stayed = np.array([30.0, 55.0, 70.0, 75.0]), np.array([0.0, 0.0, 1.0, 1.0])
    yield from ship_checks(health, stayed, np.arange(4))["sentence"]
    yield from ship_checks(health, np.ones(4), np.arange(4))["sentence"]
    yield from ("needs " + ", ".join(kpi.needs) for kpi in KPIS.values() if kpi.needs)
    yield from TENURES
    yield from SENTENCES


@pytest.mark.parametrize("text", dict.fromkeys(written()))
def test_what_the_package_writes_is_said_in_japanese(said, text):
    told = said(text)
    assert not ENGLISH.search(told), told
    assert set(re.findall(r"\d[\d.,]*\d", text)) <= set(re.findall(r"\d[\d.,]*\d", told))


def test_holes_are_translated_by_what_they_hold(said):
    assert said(next(text for text in SENTENCES if " within " in text and "mid" in text)).startswith(
        "セグメント mid:使える手がかりがない"
    )
    assert "「更新日までの日数の規則」" in said(next(text for text in SENTENCES if "prefer" in text))
    assert said("needs surveys, usage.user_id") == "必要なデータ:アンケート回答、利用ログテーブルの列 user_id"
    assert said("rejected rows: usage 1,200") == "不採用の行:利用ログ 1,200"


def test_what_has_no_shape_and_what_is_on_an_english_page_stays_as_it_is(said):
    assert said("a note of the reader's own") == "a note of the reader's own"
    assert {Said(Words("en"), {"usage": "other"})(text) for text in [*SENTENCES, "usage"]} == {*SENTENCES, "usage"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_has_a_name_of_its_own(lang):
    words = Words(lang)
    assert words.table("sentiment") == {"en": "Sentiment", "ja": "CSMの印象"}[lang]
    assert words.table("voc") == {"en": "Comments", "ja": "顧客の声"}[lang]
    assert words.table("of_my_own") == "of_my_own"
