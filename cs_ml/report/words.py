"""The words and numbers of a report in one language; every label lives in ``words/<language>.json``."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.errors import Fault, InputError

__all__ = ["LANGUAGES", "Words", "dictionary"]

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("en", "ja")
NOTHING = "–"


@cache
def dictionary(lang: str) -> dict[str, dict[str, str]]:
    """Return all words of a language.

    Parameters
    ----------
    lang
        "en" or "ja".

    Returns
    -------
    dict
        "texts" of the pages, which may hold ``{names}`` to be filled, and ``{name:day|days}`` for a word that goes with
        one or with many; "labels" of columns, metrics and KPIs; "levels", values that have a name of their own. Each is
        a dict of key to text.

    Raises
    ------
    InputError
        If there is no such language.

    Examples
    --------
    >>> dictionary("en")["labels"]["health"], dictionary("ja")["labels"]["health"]
    ('Health', 'ヘルススコア')
    """
    if lang not in LANGUAGES:
        raise InputError(Fault("lang", f"one of {list(LANGUAGES)}", repr(lang)))
    words: dict[str, dict[str, str]] = json.loads((FOLDER / f"{lang}.json").read_text(encoding="utf-8"))
    return words


class Words:
    """Labels, numbers and dates as a language writes them.

    Parameters
    ----------
    lang
        "en" or "ja".

    Raises
    ------
    InputError
        If there is no such language.

    Examples
    --------
    >>> words = Words("en")
    >>> words("within_days", days=1), words("within_days", days=90)
    ('within 1 day', 'within 90 days')
    >>> words("health"), words.percent(0.0834), words.money(1234.5), words.number(None)
    ('Health', '8.3 %', '1,235', '–')
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.words = dictionary(lang)

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text of the page, filled, or else a label; an unknown key is an error of ours: KeyError."""
        text = self.words["texts"].get(key)
        if text is None:
            return self.words["labels"][key]
        return text.format(**{name: _Filled(value) for name, value in values.items()})

    def has(self, key: str) -> bool:
        """Tell whether the page has a text of this key."""
        return key in self.words["texts"]

    def label(self, name: Any) -> str:
        """Return the label of a column, metric or KPI, or its own name where it has none."""
        return self.words["labels"].get(str(name), str(name))

    def level(self, value: Any) -> str:
        """Return the name of a value, or the value itself where it has none."""
        return self.words["levels"].get(str(value), str(value))

    def table(self, name: Any) -> str:
        """Return the name of a source table, which may be a level of another name elsewhere."""
        return self.words["levels"].get(f"table_{name}") or self.level(name)

    def percent(self, share: Any, digits: int | None = None) -> str:
        """Write a share in percent: one decimal below ten, none above."""
        if _missing(share):
            return NOTHING
        percent = 100.0 * float(share)
        places = digits if digits is not None else int(0 < abs(percent) < 9.95)
        return f"{percent:,.{places}f}{' %' if self.lang == 'en' else '%'}"

    def money(self, amount: Any) -> str:
        """Write an amount without decimals."""
        return NOTHING if _missing(amount) else _half_up(float(amount))

    def number(self, value: Any, digits: int = 0) -> str:
        """Write a number with a fixed number of decimals."""
        return NOTHING if _missing(value) else f"{float(value):,.{digits}f}".replace("-0.0", "0.0")

    def signed(self, value: Any, digits: int = 1) -> str:
        """Write a number with its sign."""
        return NOTHING if _missing(value) else f"{float(value):+,.{digits}f}"

    def points(self, difference: Any) -> str:
        """Write a difference of two shares, in percentage points with its sign."""
        return f"{self.signed(100 * difference)} pt"

    def date(self, when: Any) -> str:
        """Write a date, the same in both languages."""
        return NOTHING if _missing(when) else f"{pd.Timestamp(when):%Y-%m-%d}"

    def value(self, value: Any) -> str:
        """Write whatever it is: numbers with few decimals, dates, yes and no, known levels by their label."""
        if _missing(value):
            return NOTHING
        if isinstance(value, str):
            return self.level(value)
        if isinstance(value, pd.Timestamp) or hasattr(value, "isoformat"):
            return self.date(value)
        if isinstance(value, bool) or type(value).__name__ == "bool":
            return self.level("yes" if value else "no")
        if isinstance(value, (list, tuple, set)):
            return ", ".join(self.value(item) for item in value)
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        """Write a number with three significant digits at least, or its text."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            return str(value)
        if number == round(number) or abs(number) >= 1000:
            return f"{number:,.0f}"
        return f"{number:.3g}" if abs(number) < 100 else f"{number:,.1f}"


class _Filled:
    """A value in a text; asked for ``one|many`` it gives the word that goes with it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return (one if str(self.value) == "1" else many) if bar else format(self.value, spec)


def _missing(value: Any) -> bool:
    """Tell null from everything else."""
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    return isinstance(value, float) and math.isnan(value)


def _half_up(amount: float) -> str:
    """Round money the way people expect: a half goes up."""
    return f"{math.floor(abs(amount) + 0.5) * (1 if amount >= 0 else -1):,}"
