import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import InputError
from cs_ml.report.words import LANGUAGES, Words, dictionary

ROOM = Path(dictionary.__wrapped__.__code__.co_filename).parent
NAMES = re.compile(r"{(\w+)}")


def test_both_languages_have_the_same_words():
    en, ja = dictionary("en"), dictionary("ja")
    assert en.keys() == ja.keys() == {"texts", "labels", "levels"}
    for section in en:
        assert en[section].keys() == ja[section].keys()
        assert all(en[section].values())
        assert all(ja[section].values())
        for key, text in en[section].items():
            assert set(NAMES.findall(text)) == set(NAMES.findall(ja[section][key])), key


def test_every_sentence_of_the_page_is_in_japanese():
    spaced = {key for key, text in dictionary("ja")["texts"].items() if re.fullmatch(r"[\x00-\x7f]{12,}", text)}
    assert spaced == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_a_template_or_module_asks_for_exists(lang):
    words = Words(lang)
    asked = set()
    for file in [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py")]:
        asked |= set(
            re.findall(r"\b(?:t|words|self\.words)\(\s*['\"](\w+)['\"]\s*[,)]", file.read_text(encoding="utf-8"))
        )
    assert len(asked) > 60
    missing = {key for key in asked if key not in words.words["texts"] and key not in words.words["labels"]}
    assert missing == set()


def test_every_text_is_used():
    source = "".join(file.read_text(encoding="utf-8") for file in [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py")])
    composed = re.compile(r"^(band|role|drivers|points|state|goal|triangle)_|_(note|at)$")
    unused = {
        key
        for key in dictionary("en")["texts"]
        if not composed.search(key) and f'"{key}"' not in source and f"'{key}'" not in source
    }
    assert unused == set()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (pd.NaT, "–"),
        (True, "yes"),
        (np.False_, "no"),
        (3.0, "3"),
        (0.12345, "0.123"),
        (1234567.0, "1,234,567"),
        (pd.Timestamp("2026-10-01 05:00"), "2026-10-01"),
        (["a", 1], "a, 1"),
        ("nps", "NPS"),
        ("<b>", "<b>"),
    ],
)
def test_any_value_can_be_written(value, text):
    assert Words("en").value(value) == text


def test_percent_follows_the_language():
    assert [Words(lang).percent(0.5) for lang in LANGUAGES] == ["50 %", "50%"]
    assert [Words("en").percent(share) for share in (0, 0.0004, 0.0996, 1)] == ["0 %", "0.0 %", "10 %", "100 %"]


def test_money_rounds_half_up():
    assert [Words("en").money(amount) for amount in (0.5, 1.5, 2.5, -2.5, 1e6)] == ["1", "2", "3", "-3", "1,000,000"]


def test_another_language_is_refused():
    with pytest.raises(InputError, match="one of"):
        Words("fr")


@pytest.mark.parametrize(
    ("key", "values", "one", "many"),
    [
        ("horizon", ("days", 1, 90), "the next 1 day", "the next 90 days"),
        ("seats_count", ("count", "1", "1,200"), "1 seat", "1,200 seats"),
        ("capacity_note", ("count", 1, 20), "capacity 1 account a month", "capacity 20 accounts a month"),
    ],
)
def test_english_tells_one_from_many(key, values, one, many):
    name, *numbers = values
    assert [Words("en")(key, **{name: number}) for number in numbers] == [one, many]
    assert all(str(number) in Words("ja")(key, **{name: number}) for number in numbers)
