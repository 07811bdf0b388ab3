import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import InputError
from cs_ml.explain import ending, format_value, sentences
from cs_ml.explain.phrases import ENDINGS, LEVELS
from cs_ml.features import utilisation

USERS = {
    "unit": "users",
    "label_en": "active users",
    "label_ja": "アクティブユーザー数",
    "sentence_en": "{value} users were active, where {typical} is typical",
    "sentence_ja": "アクティブユーザーは{value}人で、標準は{typical}人です。",
}


@pytest.mark.parametrize(
    ("value", "unit", "en", "ja"),
    [
        (1234567.0, "money", "1,234,567", "1,234,567"),
        (0.384, "share", "38 %", "38%"),
        (0.0042, "share", "0.4 %", "0.4%"),
        (1.0, "share", "100 %", "100%"),
        (-0.478, "log_ratio", "-38 %", "-38%"),
        (0.0, "log_ratio", "0 %", "0%"),
        (np.log(2.5), "log_ratio", "+150 %", "+150%"),
        (-1e-9, "log_ratio", "0 %", "0%"),
        (12.0, "days", "12", "12"),
        (12.34, "days", "12.3", "12.3"),
        (0.456, "score", "0.46", "0.46"),
        (-0.001, "score", "0", "0"),
        (10000.0, "count", "10,000", "10,000"),
        (1.0, "flag", "yes", "はい"),
        (0.0, "flag", "no", "いいえ"),
        ("Pro", "category", "Pro", "Pro"),
        (None, "users", "not known", "不明"),
        (float("nan"), "share", "not known", "不明"),
        (0.31, "difference", "+0.31", "+0.31"),
        (-2.0, "difference", "-2", "-2"),
        ("", "text", "not known", "不明"),
    ],
)
def test_values_by_unit(value, unit, en, ja):
    assert (format_value(value, unit, "en"), format_value(value, unit, "ja")) == (en, ja)


def test_a_sentence_in_both_languages():
    given_ = {"values": [3.0], "typical": [12.0], "points": [0.4], "target": "churn"}
    assert sentences(USERS, lang="en", **given_) == [
        "3 users were active, where 12 is typical; this goes with a higher risk of leaving."
    ]
    assert sentences(USERS, lang="ja", **given_) == [
        "アクティブユーザーは3人で、標準は12人です。解約リスクが高い傾向と関連しています。"
    ]


def test_a_value_written_as_the_typical_one_is_called_typical():
    share = {
        "unit": "share",
        "label_en": "Silence",
        "label_ja": "無利用",
        "sentence_ja": "{value}が無利用(標準的な値: {typical})",
    }
    share["sentence_en"] = "{value} of the time passed in silence, where {typical} is typical"
    given_ = {"values": [0.997], "typical": [1.0], "points": [0.4], "target": "inactivity"}
    (said,), (said_ja,) = sentences(share, **given_), sentences(share, **given_, lang="ja")
    assert (
        said == "100 % of the time passed in silence, which is typical; this goes with a higher risk of falling silent."
    )
    assert said_ja.startswith("100%が無利用(標準的)。")


@pytest.mark.parametrize(("value", "typical"), [(None, 12.0), (3.0, None), (float("nan"), 12.0)])
def test_an_unknown_value_never_stands_in_a_template(value, typical):
    for lang, said in (("en", "Active users: "), ("ja", "アクティブユーザー数: ")):
        (text,) = sentences(USERS, [value], [typical], [1.0], target="health", lang=lang)
        assert text.startswith(said)
        assert "where" not in text


@pytest.mark.parametrize("target", ENDINGS)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_sign_decides_the_ending(target, lang):
    low, high = sentences(USERS, [1.0, 1.0], [2.0, 2.0], [-0.1, 0.1], target=target, lang=lang)
    assert ending(target, -0.1, lang) in low
    assert ending(target, 0.1, lang) in high
    assert low != high


def test_no_word_claims_a_cause_or_gives_advice():
    text = " ".join(ending(target, sign) for target in ENDINGS for sign in (-1, 1)) + " ".join(
        sentences(USERS, [1.0], [2.0], [1.0], target=target)[0] for target in ENDINGS
    )
    for word in ("because", "cause", "due to", "lead", "drive", "should", "improve", "reduce", "increase"):
        assert word not in text.lower()


def test_braces_in_a_value_are_only_text():
    plan = {"unit": "category", "label_en": "Plan", "sentence_en": "the plan is {value}, where {typical} is typical"}
    (text,) = sentences(plan, ["{typical.__class__}"], ["Pro"], [1.0], target="churn")
    assert text.startswith("The plan is {typical.__class__}, where Pro is typical")


def test_another_target_is_refused():
    with pytest.raises(InputError, match="one of"):
        ending("weather", 1.0)


@given(
    st.floats(allow_nan=True, allow_infinity=False), st.sampled_from(["count", "share", "money", "log_ratio", "flag"])
)
def test_every_number_can_be_written(value, unit):
    for lang in ("en", "ja"):
        assert format_value(value, unit, lang) not in ("", "-0", "nan")


def test_a_template_without_typical_needs_none():
    plan = {"unit": "category", "label_en": "Plan", "sentence_en": "the plan is {value}"}
    assert sentences(plan, ["Pro"], [None], [1.0], target="churn")[0].startswith("The plan is Pro; ")


def test_free_text_is_named_not_quoted():
    text = {"unit": "text", "label_en": "Words of comments", "sentence_en": "{value}"}
    (said,) = sentences(text, ["call me on 03-1234-5678"], [None], [1.0], target="churn")
    assert said == "Words of comments; this goes with a higher risk of leaving."


def test_every_level_of_ours_has_a_name_in_japanese_and_a_level_of_the_book_keeps_its_own():
    move = {"name": "usage_level_move_90d", "unit": "category", "label_ja": "方向", "sentence_ja": "推移: {value}"}
    (told,) = sentences(move, ["same"], ["up"], [0.1], target="churn", lang="ja")
    assert told == "推移: 横ばい。解約リスクが高い傾向と関連しています。"
    (plan,) = sentences({**move, "name": "contracts_plan_current"}, ["same"], ["up"], [0.1], target="churn", lang="ja")
    assert plan.startswith("推移: same。")
    (english,) = sentences(
        {**move, "sentence_en": "moved: {value}", "label_en": "Move"}, ["same"], ["up"], [0.1], target="churn"
    )
    assert english.startswith("Moved: same;")
    assert set(LEVELS["usage_level_"]["ja"]) == {*utilisation.LEVELS, *utilisation.MOVES}
