"""Hides what identifies a person in free text before it is stored or shown."""

from __future__ import annotations

import re

__all__ = ["redact"]

PATTERNS = (
    (re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE), "[URL]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "[MAIL]"),
    (re.compile(r"(?<!\d)(?:\d[ -]?){13,16}(?!\d)"), "[CARD]"),
    (re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)"), "[MY NUMBER]"),
    (re.compile(r"(?<!\d)(?:\+\d{1,3}[ -]?)?(?:\(?0\d{1,4}\)?[ -]?\d{1,4}[ -]?\d{3,4})(?!\d)"), "[PHONE]"),
    (re.compile(r"\+\d{1,3}(?:[ -]?\d{2,4}){2,4}(?!\d)"), "[PHONE]"),
)


def redact(text: str) -> str:
    """Replace mail addresses, URLs, card numbers, My Numbers and phone numbers by a word in brackets.

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
    """
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    return text
