"""Hides what identifies a person in free text before it is stored or shown."""

from __future__ import annotations

import re

__all__ = ["redact"]

DASH = r"[- \u3000\u2010-\u2015\u2212\uff0d\u30fc]"  # what stands between groups of digits, of half or full width
GAP = rf"(?:{DASH}|[()\uff08\uff09]){{0,2}}"
ALONE = r"(?<!\d)(?<!\d[-/.,:\uff0d])"  # neither within a number nor within a date or time
SIGNS = re.compile(r"[\d@\uff20]|https?:|www\.", re.IGNORECASE)  # without any of these there is nothing to hide
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


def redact(text: str) -> str:
    """Replace mail addresses, URLs, card numbers, My Numbers and phone numbers by a word in brackets.

    Digits and separators may be of half or full width, and text may follow without a space, as in Japanese. Names
    of people are not recognised.

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
    """
    if not SIGNS.search(text):
        return text
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    return text
