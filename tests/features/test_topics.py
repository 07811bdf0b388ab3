"""What comments are about, worked out by hand; and the file of words."""

from __future__ import annotations

import numpy as np
import pytest
from builders import book, bucket_of, keys

from cs_ml.errors import ConfigError
from cs_ml.features.topic_words import default_topics, load_topics
from cs_ml.features.topics import TopicsBuilder

VOC = """
    voc_id account_id said_at    speaker_role   sentiment topic text
    1      a          2025-06-01 user           -         -     高い、値上げで困っています
    2      a          2026-01-01 user           0.9       -     Pricey,but.worth.it
    3      a          2026-03-01 decision_maker -         -     他社と比較検討を始めました
    4      a          2026-03-05 user           -0.3      価格  契約の件
    5      a          2026-03-06 user           -         -     こんにちは"""
SURVEYS = """
    response_id account_id kind sent_at    answered_at score text
    1           a          nps  2026-01-05 2026-03-10  2     料金"""


def built(*pairs, voc=VOC, **more):
    tables = book(voc=voc, contracts="account_id start_at\na 2020-01-01", **more)
    return TopicsBuilder().build(bucket_of(tables), keys(*pairs))


def test_topics_of_five_comments():
    """On 20 March 2026 the window holds four comments: one names price by a word, one by the given topic."""
    row = built(("a", "2026-03-20")).iloc[0]
    assert row["voc_price_count_180d"] == 2
    assert row["voc_price_share_180d"] == 2 / 4
    assert row["voc_price_user_share_180d"] == 2 / 3
    assert row["voc_price_decision_maker_share_180d"] == 0
    assert row["voc_price_complaint_recency"] == 15
    assert row["voc_competitor_decision_maker_share_180d"] == 1
    assert row["voc_value_share_180d"] == 1 / 4
    assert np.isnan(row["voc_competitor_complaint_recency"])


def test_before_anybody_complained_of_a_topic_its_age_is_missing_and_later_it_grows():
    found = built(("a", "2025-06-01"), ("a", "2025-06-02"), ("a", "2026-02-01"))
    np.testing.assert_array_equal(found["voc_price_complaint_recency"], [np.nan, 1, 245])
    np.testing.assert_array_equal(found["voc_price_count_180d"], [0, 1, 1])
    np.testing.assert_array_equal(found["voc_bugs_share_180d"], [np.nan, 0, 0])


def test_a_poor_score_makes_the_words_of_a_survey_a_complaint():
    found = built(("a", "2026-03-10"), ("a", "2026-03-11"), surveys=SURVEYS)
    assert found["voc_price_count_180d"].tolist() == [2, 3]
    assert found["voc_price_complaint_recency"].tolist() == [5, 1]


def test_where_no_table_tells_roles_the_features_of_roles_are_absent():
    made = TopicsBuilder().features(["text", "said_at"])
    assert len(made) == 7 * 3
    assert not [feature for feature in made if "user" in feature.name or "decision" in feature.name]


@pytest.mark.parametrize(("text", "topic"), [
    ("Two bugs again", "bugs"), ("ﾊﾞｸﾞが多い", "bugs"), ("ＲＯＩを出せません", "value"), ("他社製品", "competitor"),
    ("nobody logs in", "adoption"), ("サポートの返信", "support"), ("画面が見づらい", "usability"), ("COSTS", "price"),
])  # fmt: skip
def test_words_of_both_languages_and_widths(text, topic):
    assert default_topics().about([text])[topic].tolist() == [True]


def test_a_latin_word_is_a_whole_word_with_its_endings_and_goes_on_after_an_asterisk():
    about = default_topics().about(["debugging a parachute", "feedback", "discover", "billiards"])
    assert not any(mask.any() for mask in about.values())
    assert default_topics().about(["crashes", "crashed", "crashing", "crash-free", "crashy"])["bugs"].tolist() == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert default_topics().about(["usability", "unusable"])["usability"].tolist() == [True, False]


def test_a_file_of_ones_own_words(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("topics:\n  api:\n    label: {en: our API}\n    words: [API, webhook]\n", encoding="utf-8")
    topics = load_topics(path)
    assert [(topic.name, topic.label_en, topic.label_ja, topic.words) for topic in topics.topics] == [
        ("api", "our API", "api", ("api", "webhook"))
    ]
    assert topics.complaints == default_topics().complaints
    names = [feature.name for feature in TopicsBuilder(topics).features(["text"])]
    assert names == ["voc_api_count_180d", "voc_api_share_180d", "voc_api_complaint_recency"]


def test_all_faults_of_a_file_at_once_with_their_lines(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("topics:\n  Big Price:\n    words: [1]\n  ok:\n    wrds: [x]\ntopic: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_topics(path)
    assert [str(fault).split(" ")[0] for fault in caught.value.faults] == [
        "own.yaml:6:1:", "own.yaml:2:3:", "own.yaml:3:5:", "own.yaml:4:3:",
    ]  # fmt: skip


def test_words_of_surveys_have_topics_where_there_is_no_other_table_of_comments():
    tables = book(surveys=SURVEYS, contracts="account_id start_at\na 2020-01-01")
    builder = TopicsBuilder().suited(tables)
    found = builder.build(bucket_of(tables), keys(("a", "2026-03-10"), ("a", "2026-03-11")))
    assert found["voc_price_count_180d"].tolist() == [0, 1]
    assert list(found) == [feature.name for feature in builder.features(tables.columns("surveys"))]
