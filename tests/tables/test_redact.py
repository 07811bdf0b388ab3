from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.tables.redact import redact

WORDS = st.text(st.sampled_from("あ漢ァ、。「」!?\n "), max_size=8)
DIGIT = st.sampled_from("0123456789０１２３４５６７８９")
GAP = st.sampled_from(["", "-", " ", "‐", "－", "ー", "−"])


def digits(count: int) -> st.SearchStrategy[str]:
    return st.lists(DIGIT, min_size=count, max_size=count).map("".join)


@settings(deadline=None)
@given(WORDS, st.sampled_from("0０"), digits(2), digits(4), digits(3), GAP, st.booleans(), WORDS)
def test_a_phone_number_is_hidden_however_it_is_written_and_nothing_beside_it(
    before, zero, area, local, rest, gap, mobile, after
):
    phone = gap.join([zero + area, local, rest + "4" * mobile])
    assert redact(f"{before}{phone}{after}") == f"{before}[PHONE]{after}"


@settings(deadline=None)
@given(WORDS, digits(16), GAP, WORDS)
def test_a_card_number_is_hidden_and_nothing_beside_it(before, number, gap, after):
    card = gap.join(number[at : at + 4] for at in range(0, 16, 4))
    assert redact(f"{before}{card}{after}") == f"{before}[CARD]{after}"


@pytest.mark.parametrize(("text", "shown"), [
    ("taro@example.co.jp", "[MAIL]"),
    ("連絡先はtaro.yamada+cs@mail.example.co.jpです。", "連絡先は[MAIL]です。"),
    ("mail taro＠example.com, or a_b-c@x-y.org.", "mail [MAIL], or [MAIL]."),
    ("詳しくはhttps://example.com/a?x=1#yを見て", "詳しくは[URL]を見て"),
    ("(see www.example.com/a_b). HTTPS://EXAMPLE.COM", "(see [URL]). [URL]"),
    ("http://user:word@host.example/", "[URL]"),
    ("+81-3-1234-5678, +81 (0)90 1234 5678, ＋819012345678", "[PHONE], [PHONE], [PHONE]"),
    ("(03)1234-5678 03（1234）5678 0120-123-456", "[PHONE] [PHONE] [PHONE]"),
    ("TEL:03-1234-5678 tel.0312345678, No-03-1234-5678", "TEL:[PHONE] tel.[PHONE], No-[PHONE]"),
    ("(415) 555-2671 or 415-555-2671", "[PHONE] or [PHONE]"),
    ("3782 822463 10005, 3056-930902-5904, 4111111111111111", "[CARD], [CARD], [CARD]"),
    ("営業の山田さん、佐々木様、鈴木 様と 高橋氏", "営業の[NAME]さん、[NAME]様、[NAME] 様と [NAME]氏"),
    ("株式会社田中様 スミスさん 土屋さん", "株式[NAME]様 [NAME]さん [NAME]さん"),
    ("Ask Mr. Smith or Dr Mary-Ann O'Neil today", "Ask Mr. [NAME] or Dr [NAME] today"),
    ("1234-5678-9012、１２３４５６７８９０１２", "[MY NUMBER]、[MY NUMBER]"),
])  # fmt: skip
def test_what_identifies_a_person_is_hidden(text, shown):
    assert redact(text) == shown


@pytest.mark.parametrize("text", [
    "", "ありがとう", "2026-01-05 2026-02-01", "20260105-20260201", "2026/01/05 09:00:00", "2026-01-05T0900",
    "1,000,000円", "order 012345", "version 10.0.0.1", "0.1234567890", "99.9%", "〒100-0001", "wwwww", "a@b", "@taro",
    "3 of 12 users, 4.5 points", "お客様の仕様と同様の様々な模様です",
    "前回同様、皆様と皆さん、担当者様、他社さん、取引先様",
    "多種多様、有様、氏名と会社名", "メーカーさんとユーザーさん", "items, forms, MS Office", "どの様な様式の様子",
])  # fmt: skip
def test_dates_amounts_and_small_numbers_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", ["a" * 200_000, "あ" * 200_000, "1 2 " * 50_000, "0x" * 100_000, "a." * 100_000])
def test_long_text_is_read_once(text):
    assert redact(text) == text
