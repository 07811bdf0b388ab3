"""Hides what identifies a person in free text before it is stored or shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from cs_ml.tables.redact_names import NAME_SIGNS, hide_names

__all__ = ["hide_contacts", "hide_in_cell", "hide_in_levels", "redact"]

DASH = r"[- \u3000\u2010-\u2015\u2212\uff0d\u30fc]"  # what stands between groups of digits, of half or full width
GAP = rf"(?:{DASH}|[()\uff08\uff09]){{0,2}}"
ALONE = r"(?<!\d)(?<!\d[-/.,:\uff0d])"  # neither within a number nor within a date or time
LETTER = r"A-Za-z0-9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
LOCAL = rf"[{LETTER}._%+\-\uff0e\uff3f\uff0d\uff0b]"
AT = r"(?: {0,2}[@\uff20] {0,2}| ?[\[({\uff08] ?[Aa][Tt] ?[\])}\uff09] ?)"
DOT = r"(?:[.\uff0e]| ?[\[({\uff08] ?[Dd][Oo][Tt] ?[\])}\uff09] ?)"
LATIN = r"A-Za-z\uff21-\uff3a\uff41-\uff5a"
JAPANESE = r"\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff"
HOST = rf"(?:[{LETTER}-]+{DOT})+[{LATIN}]{{2,}}|(?:[{LETTER}{JAPANESE}-]+{DOT})+[{LATIN}]{{2,}}|localhost(?![A-Za-z])"
MARK = r"[./_\uff0f\uff0e]"
DOMESTIC = rf"0\d{{2}}(?P<a>{DASH}|{MARK})\d{{3,4}}(?P=a)\d{{4}}|0\d{{3}}(?P<b>{DASH}|{MARK})\d{{2,3}}(?P=b)\d{{3,4}}"
LISTED = rf"(?:[-/.,:\uff0d][0\uff10](?:{GAP}\d){{9,10}}(?!\d))*"  # one number after the other
SIGNS = re.compile(rf"[\d@\uff20]|[\[({{\uff08] ?at|https?:|www\.|{NAME_SIGNS}", re.IGNORECASE)  # else nothing to hide
MAIL = (re.compile(rf"(?<!{LOCAL}){LOCAL}+{AT}(?:{HOST})"), "[MAIL]")
PHONES = tuple((re.compile(pattern), "[PHONE]") for pattern in (
    rf"[+\uff0b]\d(?:{GAP}\d){{7,14}}(?!\d)",
    rf"{ALONE}[0\uff10]{{2}}(?!{GAP}[0\uff10])(?:{GAP}\d){{9,13}}(?!\d)",  # 0081 ...
    rf"{ALONE}[(\uff08]?[0\uff10](?:{GAP}\d){{9,10}}(?!\d){LISTED}",
    rf"(?<!\d)(?:{DOMESTIC})(?!\d)",
    rf"{ALONE}0\d(?P<sign>{MARK})\d{{4}}(?P=sign)\d{{4}}(?!\d)",
    rf"{ALONE}(?:\(\d{{3}}\) ?|\d{{3}}-)\d{{3}}-\d{{4}}(?!\d)",
    rf"{ALONE}(?<!\d )[2-9]\d{{2}}(?P<sign>[. ])[2-9]\d{{2}}(?P=sign)\d{{4}}(?![. ]?\d)",
))  # fmt: skip
PATTERNS = (
    (re.compile(r"(?:https?://|(?<![A-Z0-9])www\.)(?:[!-~]*[A-Z0-9/_=&#%~+-])?", re.IGNORECASE), "[URL]"),
    MAIL,
    (re.compile(rf"(?<!\d)\d{{4}}({DASH}?)\d{{4}}\1\d{{4}}\1\d{{4}}(?!\d)"), "[CARD]"),
    (re.compile(rf"(?<!\d)(?:\d{{4}}({DASH}?)\d{{6}}\1\d{{4,5}}|\d{{13}})(?!\d)"), "[CARD]"),
    PHONES[0],
    (re.compile(rf"(?<!\d)\d{{4}}({DASH}?)\d{{4}}\1\d{{4}}(?!\d)"), "[MY NUMBER]"),
    *PHONES[1:],
)
CODE = re.compile(r"(?!0[5-9]0\d{8}$)[A-Za-z0-9_]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[\d:.+\-Z ]{0,24})?"
PLAIN = re.compile(rf"{DATE}|-?(?:0|[1-9]\d*)\.\d+(?:e[+-]\d+)?")  # a date or a number as databases write them
MOST_PASSES = 4  # what stood beside a hidden number may be seen to be one itself


def redact(text: str) -> str:
    """Replace what identifies a person by a word in brackets.

    Mail addresses, URLs, card numbers, My Numbers and phone numbers are found wherever they stand: digits and
    separators may be of half or full width, and text may follow without a space, as in Japanese. Names are found only
    where they are followed by an honorific or an office, or follow a title; other names stay.

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
    for _ in range(MOST_PASSES):
        before, text = text, hide_names(_hidden(text, PATTERNS))
        if text == before:
            break
    return text


def hide_contacts(value: str) -> str:
    """Replace mail addresses and phone numbers in an identifier or a category; codes without separators stay.

    Parameters
    ----------
    value
        A value that stands for something, such as a key or a level.

    Examples
    --------
    >>> [hide_contacts(value) for value in ("K-001", "0000012345", "4901234567890", "090-1234-5678", "a@example.com")]
    ['K-001', '0000012345', '4901234567890', '[PHONE]', '[MAIL]']
    """
    if CODE.fullmatch(value) or not SIGNS.search(value):
        return value
    return _hidden(value, (MAIL, *PHONES))


def hide_in_cell(value: str) -> str:
    """Redact a cell of a column that should hold no free text: dates and decimals stay as databases write them.

    Parameters
    ----------
    value
        A cell as text.

    Examples
    --------
    >>> [hide_in_cell(value) for value in ("2026-01-05 09:00:00", "0.1234567890123", "today, a@example.com")]
    ['2026-01-05 09:00:00', '0.1234567890123', 'today, [MAIL]']
    """
    return value if PLAIN.fullmatch(value) else redact(value)


def hide_in_levels(values: pd.Series) -> pd.Series:
    """Return categories as objects, ``None`` where missing, without mail addresses and phone numbers.

    Parameters
    ----------
    values
        Levels as strings.

    Examples
    --------
    >>> hide_in_levels(pd.Series(["gold", None, "a@example.com"])).tolist()
    ['gold', None, '[MAIL]']
    """
    hidden = {level: hide_contacts(level) for level in values.dropna().unique()}
    return values.astype(object).map(hidden, na_action="ignore").astype(object).where(values.notna(), None)


def _hidden(text: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, word in patterns:
        text = pattern.sub(word, text)
    return text
