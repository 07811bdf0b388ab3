from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.tables.redact import hide_contacts, redact

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
    ("090.1234.5678 090/1234/5678 090_1234_5678 03.1234.5678", "[PHONE] [PHONE] [PHONE] [PHONE]"),
    ("12:090-1234-5678, 1.090-1234-5678, 5-090-1234-5678", "12:[PHONE], 1.[PHONE], 5-[PHONE]"),
    ("415.555.0132 or 415 555 0132", "[PHONE] or [PHONE]"),
    ("0081 90 1234 5678, 0081-3-1234-5678", "[PHONE], [PHONE]"),
    ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍまで", "[MAIL]まで"),
    ("taro @ example.com, taro@例え.jp、taro[at]example.com", "[MAIL], [MAIL]、[MAIL]"),
    ("taro (at) example (dot) com", "[MAIL]"),
    ("root@localhost: taro@example.com,03-1234-5678", "[MAIL]: [MAIL],[PHONE]"),
    ("さくらさん、担当のさくらさん。ｽｽﾞｷさんと神さん", "[NAME]さん、担当の[NAME]さん。[NAME]さんと[NAME]さん"),
    ("Mr.Johnson, mr. johnson, mr johnson", "Mr.[NAME], mr. [NAME], mr [NAME]"),
    ("MR JOHN SMITH and Mr. J. Smith", "MR [NAME] and Mr. [NAME]"),
    ("Mrs. van der Berg, Miss Lee", "Mrs. [NAME], Miss [NAME]"),
    ("Prof. Lee, Prof. Dr. Lee", "Prof. [NAME], Prof. Dr. [NAME]"),
    ("担当はDr. 山田です", "担当はDr. [NAME]です"),
    ("山田 太郎 様、営業 山田 様", "[NAME] 様、営業 [NAME] 様"),
    ("山田部長、鈴木課長、林社長、山本部長、山田君", "[NAME]部長、[NAME]課長、[NAME]社長、[NAME]部長、[NAME]君"),
])  # fmt: skip
def test_what_identifies_a_person_is_hidden(text, shown):
    assert redact(text) == shown


@pytest.mark.parametrize("text", [
    "", "ありがとう", "2026-01-05 2026-02-01", "20260105-20260201", "2026/01/05 09:00:00", "2026-01-05T0900",
    "1,000,000円", "order 012345", "version 10.0.0.1", "0.1234567890", "99.9%", "〒100-0001", "wwwww", "a@b", "@taro",
    "3 of 12 users, 4.5 points", "お客様の仕様と同様の様々な模様です",
    "前回同様、皆様と皆さん、担当者様、他社さん、取引先様",
    "多種多様、有様、氏名と会社名", "メーカーさんとユーザーさん", "items, forms, MS Office", "どの様な様式の様子",
    "2026.09.30 10:30-11:30, version 3.14.159, 1,234,567", "01/02/2026 - 03/04/2026", "1 234 567.89 for 200 300 400",
    "0.5 @ 3.50", "look at example.com", "Mr", "the Mr. and Mrs.", "30 ms later. We miss the Dr", "The MR is open",
    "皆さん、お客さん、たくさん、とてもたくさん、みなさん、おきゃくさん、神様、奥さん、諸君", "社長、部長と課長",
    "営業部長、営業本部長、人事課長、副社長、前社長、新任課長", "ご覧の様に使える様だ", "貴殿と御殿", "成長と延長",
])  # fmt: skip
def test_dates_amounts_and_small_numbers_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", [
    "a" * 200_000, "あ" * 200_000, "1 2 " * 50_000, "0x" * 100_000, "a." * 100_000, "a@" * 100_000, "の" * 200_000,
    "山 " * 100_000, "x.x@" * 50_000, "J. " * 60_000, "(at)" * 50_000, "Mr. " * 50_000,
])  # fmt: skip
def test_long_text_is_read_once(text):
    assert redact(text) == text


PIECES = (
    "0", "03-1234-5678", "090", "1234", "+81", "2026-01-05", "-", ".", ",", ":", "/", " ", "(", "a@b.co",
    "山田", "さん", "部長", "Mr. ", "Lee", "の", "さくら", "様",
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_was_hidden_once_stays_as_it_is(text):
    assert redact(redact(text)) == redact(text)


def test_keys_and_codes_stay_and_addresses_in_them_do_not():
    assert hide_contacts("A-2026-0001") == "A-2026-0001"
    assert hide_contacts("4111111111111111") == "4111111111111111"
    assert hide_contacts("09012345678") == "[PHONE]"
    assert hide_contacts("Tokyo, 03-1234-5678") == "Tokyo, [PHONE]"
