"""Hides what identifies a person in free text before it is stored or shown."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

__all__ = ["redact", "redact_columns"]

DASH = r"[- \u3000\u2010-\u2015\u2212\uff0d\u30fc]"  # what stands between groups of digits, of half or full width
GAP = rf"(?:{DASH}|[()\uff08\uff09]){{0,2}}"
ALONE = r"(?<!\d)(?<!\d[-/.,:\uff0d])"  # neither within a number nor within a date or time
SIGNS = re.compile(
    r"[\d@\uff20\u69d8\u6c0f]|https?:|www\.|さん|\b[md]rs?\b|\bms\b", re.IGNORECASE
)  # else nothing to hide
PATTERNS = (
    (re.compile(r"(?:https?://|(?<![A-Z0-9])www\.)(?:[!-~]*[A-Z0-9/_=&#%~+-])?", re.IGNORECASE), "[URL]"),
    (re.compile(r"(?<![A-Z0-9._%+-])[A-Z0-9._%+-]+[@\uff20](?:[A-Z0-9-]+\.)+[A-Z]{2,}", re.IGNORECASE), "[MAIL]"),
    (re.compile(rf"(?<!\d)\d{{4}}({DASH}?)\d{{4}}\1\d{{4}}\1\d{{4}}(?!\d)"), "[CARD]"),
    (re.compile(rf"(?<!\d)(?:\d{{4}}({DASH}?)\d{{6}}\1\d{{4,5}}|\d{{13}})(?!\d)"), "[CARD]"),
    (re.compile(rf"[+\uff0b]\d(?:{GAP}\d){{7,14}}(?!\d)"), "[PHONE]"),
    (re.compile(rf"(?<!\d)\d{{4}}({DASH}?)\d{{4}}\1\d{{4}}(?!\d)"), "[MY NUMBER]"),
    (re.compile(rf"{ALONE}[(\uff08]?[0\uff10](?:{GAP}\d){{9,10}}(?!\d)"), "[PHONE]"),
    (re.compile(rf"{ALONE}(?:\(\d{{3}}\) ?|\d{{3}}-)\d{{3}}-\d{{4}}(?!\d)"), "[PHONE]"),
)
CALLED = re.compile(
    r"([\u4e00-\u9fff々]{1,4}|[\u30a1-\u30f6\u30fc]{2,8})(?=[ \u3000]?(?:さん|様(?!々|式|子)|氏(?!名)))"
)
TITLED = re.compile(r"\b((?:Mr|Mrs|Ms|Dr)\.? )[A-Z][\w'-]+(?: [A-Z][\w'-]+)?")
NOBODY = re.compile(
    r".*[客皆社者長当店業員仕同模位先]|.*種多|[多有一異左王神奥両彼]"
)  # customer, colleague, specification, ...
TRADES = {
    "ユーザー", "メーカー", "ベンダー", "サポート", "パートナー", "エンジニア", "オペレーター", "スタッフ", "メンバー",
    "クライアント", "マネージャー", "リーダー", "アカウント", "ユーザ",
}  # fmt: skip


def redact(text: str) -> str:
    """Replace what identifies a person by a word in brackets.

    Mail addresses, URLs, card numbers, My Numbers and phone numbers are found wherever they stand: digits and
    separators may be of half or full width, and text may follow without a space, as in Japanese. Names are found only
    where they are followed by an honorific or follow a title; other names stay.

    Parameters
    ----------
    text
        Free text.

    Returns
    -------
    str
        The same text with each such pattern replaced.

    Examples
    --------
    >>> redact("Call 03-1234-5678 or mail taro@example.co.jp, see https://example.com/a")
    'Call [PHONE] or mail [MAIL], see [URL]'
    >>> redact("My Number 1234-5678-9012, card 4111 1111 1111 1111, 30 users since 2026-01-05")
    'My Number [MY NUMBER], card [CARD], 30 users since 2026-01-05'
    >>> redact("連絡先はtaro@example.co.jpか03(1234)5678です")
    '連絡先は[MAIL]か[PHONE]です'
    >>> redact("営業の山田さんからお客様へ、仕様の件。 Ask Mr. Smith.")
    '営業の[NAME]さんからお客様へ、仕様の件。 Ask Mr. [NAME].'
    """
    if not SIGNS.search(text):
        return text
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    return TITLED.sub(r"\1[NAME]", CALLED.sub(_name, text))


def redact_columns(rows: pd.DataFrame, keep: Collection[str] = ()) -> pd.DataFrame:
    """Return rows of strings with every column redacted but those that are known to be no free text.

    Parameters
    ----------
    rows
        Frame of strings.
    keep
        Columns such as keys and instants.

    Examples
    --------
    >>> redact_columns(pd.DataFrame({"id": ["0312345678"], "note": ["0312345678"]}), ["id"]).iloc[0].tolist()
    ['0312345678', '[PHONE]']
    """
    hidden = {str(name): rows[name].map(redact, na_action="ignore") for name in rows if name not in keep}
    return rows.assign(**hidden)


def _name(found: re.Match[str]) -> str:
    word = found[1]
    return word if word in TRADES or NOBODY.fullmatch(word) else "[NAME]"
