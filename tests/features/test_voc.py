"""Features of the voice of the customer, worked out by hand on small tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys

from cs_ml.features.voc import VocBuilder

VOC = """
    voc_id account_id said_at             sentiment speaker_role   language text
    1      a          2025-06-02T09:00:00 -0.5      user           en       slow
    2      a          2025-12-10T09:00:00 0.8       decision_maker ja       とても満足です
    3      a          2026-03-05T09:00:00 -0.2      user           -        検索が遅い
    4      a          2026-05-20T09:00:00 -         champion       -        renew?
    5      a          2026-05-20T10:00:00 0.4       -              EN       fine"""
USERS = """
    user_id account_id role           active_from
    u1      a          decision_maker 2026-01-01
    u2      a          user           2026-01-01
    u3      a          champion       2026-03-10
    u4      a          -              -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    z          2020-01-01"""


def built(
    text: str, *pairs: tuple[str, str], decide: tuple[str, ...] = (), zone: str = "UTC", **more: str
) -> pd.DataFrame:
    tables = book(voc=text, contracts=CONTRACTS, zone=zone, **more)
    builder = VocBuilder(decide) if decide else VocBuilder()
    return builder.build(bucket_of(tables), keys(*pairs)).rename(columns=lambda name: name.removeprefix("voc_"))


def of(text: str, as_of: str, **options) -> dict[str, object]:
    return built(text, ("a", as_of), **options).iloc[0].to_dict()


def test_every_feature_of_five_comments():
    """On 2 June 2026 the first comment is 365 days old and the second 174."""
    assert of(VOC, "2026-06-02") == {
        "comments_count_90d": 3, "comments_count_365d": 5, "comments_recency": 13,
        "sentiment_mean_180d": (0.8 - 0.2 + 0.4) / 3, "sentiment_latest": 0.4, "negative_share_180d": 1 / 3,
        "user_sentiment_mean_180d": (-0.2 + 0.4) / 2, "decision_maker_sentiment_mean_180d": 0.8,
        "decision_maker_recency": 13, "japanese_share_365d": 2 / 5,
        "comments_text_180d": "+0.80\tとても満足です\n-0.20\t検索が遅い\nrenew?\n+0.40\tfine",
        "user_text_180d": "-0.20\t検索が遅い\n+0.40\tfine",
        "decision_maker_text_180d": "+0.80\tとても満足です\nrenew?",
    }  # fmt: skip


def test_a_window_ends_the_day_before():
    found = built(VOC, ("a", "2026-05-20"), ("a", "2026-05-21"), ("a", "2026-06-03"), ("a", "2026-06-09"))
    assert found["comments_count_365d"].tolist() == [3, 5, 4, 4]
    assert found["comments_recency"].tolist() == [76, 1, 14, 20]
    assert found["comments_text_180d"].str.count("\n").tolist() == [1, 3, 3, 2]


def test_sentiment_of_comments_without_one_is_missing():
    text = """
        voc_id account_id said_at    sentiment text
        1      a          2026-01-01 -         x
        2      a          2026-01-02 0         y
        3      a          2026-01-03 -         z"""
    found = built(text, ("a", "2026-01-02"), ("a", "2026-01-04"))
    np.testing.assert_array_equal(found["sentiment_latest"], [np.nan, 0])
    np.testing.assert_array_equal(found["sentiment_mean_180d"], [np.nan, 0])
    np.testing.assert_array_equal(found["negative_share_180d"], [np.nan, 0])


def test_a_comment_known_late_is_not_used_early():
    text = """
        voc_id account_id said_at    known_at   sentiment text
        1      a          2026-01-01 2026-01-01 0.5       early
        2      a          2026-01-02 2026-02-01 -1        late"""
    found = built(text, ("a", "2026-02-01"), ("a", "2026-02-02"))
    assert found["comments_text_180d"].tolist() == ["+0.50\tearly", "+0.50\tearly\n-1.00\tlate"]
    assert found["sentiment_latest"].tolist() == [0.5, -1]
    assert found["comments_recency"].tolist() == [31, 31]


def test_words_are_redacted_before_they_are_joined_and_the_newest_are_kept():
    text = f"""
        voc_id account_id said_at    text
        1      a          2026-01-01 {"あ" * 1990}
        2      a          2026-01-02 {"い" * 1980}
        3      a          2026-01-03 連絡はtaro@example.co.jpか03-1234-5678まで"""
    found = of(text, "2026-02-01")["comments_text_180d"]
    assert len(found) == 2000
    assert found == "い" * 1980 + "\n連絡は[MAIL]か[PHONE]まで"


def test_decision_makers_are_told_by_the_role_of_the_user():
    """Roles stand for what was said once they were known: u3 spoke before becoming champion."""
    text = """
        voc_id account_id said_at    user_id sentiment text
        1      a          2026-01-10 u1      0.5       x
        2      a          2026-02-10 u2      -0.5      x
        3      a          2026-03-09 u3      -1        x
        4      a          2026-03-11 u4      0.1       x
        5      a          2026-03-12 -       0.1       x"""
    found = of(text, "2026-04-01", users=USERS)
    assert found["decision_maker_recency"] == 81
    assert found["decision_maker_sentiment_mean_180d"] == 0.5
    assert found["user_sentiment_mean_180d"] == pytest.approx((-0.5 - 1 + 0.1 + 0.1) / 4)


def test_the_role_of_the_speaker_goes_before_that_of_the_user():
    text = """
        voc_id account_id said_at    user_id speaker_role sentiment text
        1      a          2026-01-10 u1      user         0.5       x
        2      a          2026-02-10 u1      -            -0.5      x
        3      a          2026-02-20 u2      champion     1         x"""
    found = of(text, "2026-04-01", users=USERS)
    assert found["user_sentiment_mean_180d"] == 0.5
    assert found["decision_maker_sentiment_mean_180d"] == 0.25
    assert of(text, "2026-04-01", users=USERS, decide=("user",))["decision_maker_sentiment_mean_180d"] == 0.5


@pytest.mark.parametrize("users", [{}, {"users": "user_id account_id\nu1 a"}])
def test_nobody_is_taken_for_a_user_where_no_table_tells_roles(users):
    text = """
        voc_id account_id said_at    user_id sentiment text
        1      a          2026-01-10 u1      0.5       x"""
    found = of(text, "2026-04-01", **users)
    names = ["user_sentiment_mean_180d", "decision_maker_sentiment_mean_180d", "decision_maker_recency"]
    assert all(math.isnan(found[name]) for name in names)
    assert found["sentiment_mean_180d"] == 0.5


@pytest.mark.parametrize(("language", "text", "share"), [
    ("-", "遅い", 1), ("-", "カタカナ", 1),
    ("-", "ﾊﾝｶｸ", 1), ("-", "slow", 0), ("-", "，。", 0), ("ja", "slow", 1), ("JA-jp", "x", 1),
    ("jpn", "x", 1), ("Japanese", "x", 1), ("日本語", "x", 1), ("en", "遅い", 0), ("zh", "很好", 0),
])  # fmt: skip
def test_japanese_is_told_by_the_declared_language_and_otherwise_by_the_letters(language, text, share):
    table = f"""
        voc_id account_id said_at    language text
        1      a          2026-01-10 {language} {text}"""
    assert of(table, "2026-04-01")["japanese_share_365d"] == share


def test_an_account_that_said_nothing():
    for accounts in (["z"], ["a", "z"]):
        tables = book(voc=VOC, users=USERS, contracts=CONTRACTS)
        X = VocBuilder().build(bucket_of(tables, accounts), keys(("z", "2026-06-01")))
        assert X[["voc_comments_count_90d", "voc_comments_count_365d"]].to_numpy().tolist() == [[0, 0]]
        assert X.drop(columns=X.filter(like="count")).isna().all(axis=None)


def test_a_bucket_in_which_users_said_something_but_are_not_listed():
    text = """
        voc_id account_id said_at    user_id sentiment text
        1      z          2026-01-10 u1      0.5       x"""
    tables = book(voc=text, users=USERS, contracts=CONTRACTS)
    X = VocBuilder().build(bucket_of(tables, ["z"]), keys(("z", "2026-06-01")))
    assert X["voc_user_sentiment_mean_180d"].tolist() == [0.5]
    assert X["voc_decision_maker_recency"].isna().all()


def test_the_zone_decides_on_the_day_of_a_comment():
    text = """
        voc_id account_id said_at             text
        1      a          2026-01-31T15:00:00 x"""
    assert of(text, "2026-02-01", zone="UTC")["comments_recency"] == 1
    assert of(text, "2026-02-01", zone="Asia/Tokyo")["comments_count_90d"] == 0
    assert of(text, "2026-02-02", zone="Asia/Tokyo")["comments_recency"] == 1


@pytest.mark.parametrize(("columns", "without"), [
    (["sentiment", "speaker_role"], []),
    (["sentiment", "user_id"], []),
    (["sentiment"], ["user_sentiment_mean_180d", "decision_maker_sentiment_mean_180d", "decision_maker_recency",
                     "user_text_180d", "decision_maker_text_180d"]),
    (["speaker_role"], ["sentiment_mean_180d", "sentiment_latest", "negative_share_180d", "user_sentiment_mean_180d",
                        "decision_maker_sentiment_mean_180d"]),
])  # fmt: skip
def test_columns_that_are_absent_make_no_features(columns, without):
    text = "voc_id account_id said_at text " + " ".join(columns) + "\n1 a 2026-01-10 x " + "-1 " * len(columns)
    X = built(text, ("a", "2026-06-01"))
    assert list(X) == [name for name in of(VOC, "2026-06-01") if name not in without]
    assert [f"voc_{name}" for name in X] == [
        feature.name for feature in VocBuilder().features(["said_at", "text", *columns])
    ]


def test_words_written_into_a_survey_are_a_comment_once_they_were_answered():
    text = """
        voc_id account_id said_at    sentiment text
        1      a          2026-01-10 0.5       x"""
    surveys = """
        response_id account_id kind sent_at    answered_at score text
        1           a          nps  2026-01-05 2026-02-10  2     遅い
        2           a          csat 2026-01-05 2026-01-08  4     fine
        3           a          nps  2026-01-05 2026-01-08  9     -
        4           a          nps  2026-01-05 -           -     -"""
    found = built(text, ("a", "2026-02-10"), ("a", "2026-02-11"), surveys=surveys)
    assert found["comments_text_180d"].tolist() == ["+0.50\tfine\n+0.50\tx", "+0.50\tfine\n+0.50\tx\n-0.60\t遅い"]
    assert found["comments_count_90d"].tolist() == [2, 3]
    assert found["sentiment_mean_180d"].tolist() == [0.5, 0.5]


def test_where_people_wrote_into_surveys_only_their_words_are_the_comments():
    surveys = """
        response_id account_id kind sent_at    answered_at score user_id text
        1           a          nps  2026-01-05 2026-02-10  2     u1      遅い
        2           a          csat 2026-01-05 2026-01-08  4     u2      fine"""
    tables = book(surveys=surveys, users=USERS, contracts=CONTRACTS)
    builder = VocBuilder().suited(tables)
    X = builder.build(bucket_of(tables), keys(("a", "2026-02-10"), ("a", "2026-02-11"), ("z", "2026-02-11")))
    assert X["voc_comments_text_180d"].tolist()[:2] == ["+0.50\tfine", "+0.50\tfine\n-0.60\t遅い"]
    assert X["voc_comments_count_90d"].tolist() == [1, 2, 0]
    assert math.isnan(X["voc_decision_maker_recency"].iloc[0])
    assert X["voc_decision_maker_recency"].iloc[1] == 1
    assert "voc_sentiment_mean_180d" not in X


def test_surveys_without_words_make_no_features_of_comments():
    tables = book(surveys="response_id account_id kind answered_at score\n1 a nps 2026-01-05 2", contracts=CONTRACTS)
    assert VocBuilder().suited(tables).reads[0] == "voc"
    assert VocBuilder().features(tables.columns("surveys")) == []
