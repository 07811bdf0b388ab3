"""Reasons in words, English and Japanese: what was seen, what is typical, what it goes along with.

The words say what goes together, never what brings about what, and they give no advice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from cs_ml.errors import Fault, InputError
from cs_ml.explain.singular import singular

__all__ = ["ENDINGS", "Language", "ending", "format_value", "sentences"]

Language = Literal["en", "ja"]

ONE = ("1", "+1", "-1")
NO_THING = ("category", "text", "term", "times")  # units whose value counts nothing: 1 times the usual gap
UNKNOWN = {"en": "not known", "ja": "不明"}
FLAGS = {"en": ("no", "yes"), "ja": ("いいえ", "はい")}
BESIDE = {"en": "{label}: {value} (typical: {typical})", "ja": "{label}: {value}(標準的な値: {typical})"}
COMPARED = {"en": "where {typical} is typical", "ja": "(標準的な値: {typical})"}
ALIKE = {"en": "which is typical", "ja": "(標準的)"}  # said where both are written alike
JOINED = {"en": "{body}; this goes with {ending}.", "ja": "{body}。{ending}傾向と関連しています。"}
LEVELS = {  # levels that are ours and not the book's: beginning of the feature's name: language: level: its name
    "usage_level_": {
        "ja": {
            "dormant": "休眠",
            "low": "低",
            "core": "標準",
            "power": "高",
            "down": "低下",
            "same": "横ばい",
            "up": "上昇",
        },
    },
}
ENDINGS: dict[str, dict[str, tuple[str, str]]] = {  # target: language: (points below zero, points above)
    "churn": {
        "en": ("a lower risk of leaving", "a higher risk of leaving"),
        "ja": ("解約リスクが低い", "解約リスクが高い"),
    },
    "non_renewal": {
        "en": ("a lower risk of not renewing", "a higher risk of not renewing"),
        "ja": ("更新されないリスクが低い", "更新されないリスクが高い"),
    },
    "downsell": {
        "en": ("a lower risk of paying less", "a higher risk of paying less"),
        "ja": ("減額のリスクが低い", "減額のリスクが高い"),
    },
    "cross_sell": {
        "en": ("a lower chance of a further product", "a higher chance of a further product"),
        "ja": ("追加製品導入の見込みが低い", "追加製品導入の見込みが高い"),
    },
    "upsell": {
        "en": ("a lower chance of expansion", "a higher chance of expansion"),
        "ja": ("契約拡大の見込みが低い", "契約拡大の見込みが高い"),
    },
    "inactivity": {
        "en": ("a lower risk of falling silent", "a higher risk of falling silent"),
        "ja": ("利用が途絶えるリスクが低い", "利用が途絶えるリスクが高い"),
    },
    "growth": {
        "en": ("a lower chance of growth", "a higher chance of growth"),
        "ja": ("利用拡大の見込みが低い", "利用拡大の見込みが高い"),
    },
    "table": {
        "en": ("a lower chance of the outcome", "a higher chance of the outcome"),
        "ja": ("結果が起こる見込みが低い", "結果が起こる見込みが高い"),
    },
    "health": {
        "en": ("a lower health score", "a higher health score"),
        "ja": ("ヘルススコアが低い", "ヘルススコアが高い"),
    },
}


def format_value(value: Any, unit: str, lang: Language = "en") -> str:
    """Write a value as its unit is read: shares and changes in percent, thousands separated.

    Parameters
    ----------
    value
        Number, level, flag or null.
    unit
        Unit of the catalog. A share is written in percent, a log_ratio or a slope (of logarithms) as relative change,
        money without decimals, a difference with its sign, a flag as yes or no; every other unit (count, users, days,
        score, months, seats, per_week, ...) as a plain number.
    lang
        "en" or "ja".

    Returns
    -------
    str
        The value without the name of its unit, which the sentence around it says.

    Examples
    --------
    >>> format_value(0.384, "share"), format_value(-0.478, "log_ratio"), format_value(1250000.0, "money")
    ('38 %', '-38 %', '1,250,000')
    >>> format_value(None, "users"), format_value(1.0, "flag", "ja"), format_value(12.5, "days")
    ('not known', 'はい', '12.5')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN[lang]
    if isinstance(value, str) or unit in ("category", "text"):
        return str(value) or UNKNOWN[lang]
    return _written(float(value), unit, lang)


def _written(value: float, unit: str, lang: Language) -> str:
    """Write a number as its unit is read."""
    if unit == "flag":
        return FLAGS[lang][value > 0]
    if unit == "share":
        return _percent(value, lang)
    if unit in ("log_ratio", "slope"):
        return _percent(math.expm1(min(value, 50.0)), lang, sign="+")
    if unit == "money":
        return _unsigned_zero(f"{value:,.0f}")
    text = _number(value)
    return f"+{text}" if unit == "difference" and value > 0 and text != "0" else text


def ending(target: str, points: float, lang: Language = "en") -> str:
    """Say what points of this sign go along with.

    Parameters
    ----------
    target
        A kind of label, "table" for an outcome of one's own, or "health".
    points
        Signed points of a driver.
    lang
        "en" or "ja".

    Returns
    -------
    str
        A phrase, without a full stop.

    Raises
    ------
    InputError
        If the target is another one.

    Examples
    --------
    >>> ending("churn", 0.4)
    'a higher risk of leaving'
    >>> ending("churn", 0.4, "ja")
    '解約リスクが高い'
    """
    if target not in ENDINGS:
        raise InputError(Fault("target", f"one of {sorted(ENDINGS)}", repr(target)))
    return ENDINGS[target][lang][points > 0]


def sentences(
    feature: Mapping[str, Any],
    values: Iterable[Any],
    typical: Iterable[Any],
    points: Iterable[float],
    *,
    target: str,
    lang: Language = "en",
) -> list[str]:
    """Write one sentence a row about one feature.

    Parameters
    ----------
    feature
        The feature's row of the catalog: unit, label_en, label_ja, sentence_en, sentence_ja, and where known its name.
    values, typical, points
        One a row: the account's value, what is typical in its segment, the signed points.
    target
        A kind of label, "table" for an outcome of one's own, or "health".
    lang
        "en" or "ja".

    Returns
    -------
    list of str
        Sentences in row order. Where a value or its typical value is not known the label stands for the template. A
        value of one is spoken of as one, see :func:`cs_ml.explain.singular.singular`.

    Raises
    ------
    InputError
        If the target is not one of them.

    Examples
    --------
    >>> feature = {"unit": "users", "label_en": "Active users, last 30 days",
    ...            "sentence_en": "{value} users were active in the last 30 days, where {typical} is typical"}
    >>> sentences(feature, [3.0, None], [12.0, 12.0], [0.4, 0.1], target="churn")
    ['3 users were active in the last 30 days, where 12 is typical; this goes with a higher risk of leaving.',
     'Active users, last 30 days: not known (typical: 12); this goes with a higher risk of leaving.']
    """
    ends = [ending(target, side, lang) for side in (-1.0, 1.0)]
    unit = str(feature["unit"])
    usuals: dict[Any, str] = {}
    written: dict[tuple[str, str, bool], str] = {}
    result = []
    for value, usual, point in zip(values, typical, points, strict=True):
        if usual not in usuals:
            usuals[usual] = _named(format_value(usual, unit, lang), feature, lang)
        key = (_named(format_value(value, unit, lang), feature, lang), usuals[usual], bool(point > 0))
        if key not in written:
            written[key] = JOINED[lang].format(body=_body(feature, key[0], key[1], lang), ending=ends[key[2]])
        result.append(written[key])
    return result


def _named(text: str, feature: Mapping[str, Any], lang: Language) -> str:
    """Call a level of ours by its name in a language."""
    beginnings = (start for start in LEVELS if str(feature.get("name", "")).startswith(start))
    return next((LEVELS[start].get(lang, {}).get(text, text) for start in beginnings), text)


def _body(feature: Mapping[str, Any], shown: str, usual: str, lang: Language) -> str:
    """Fill the feature's own template, or set value beside typical value where it has none or one is unknown."""
    template = str(feature.get(f"sentence_{lang}") or "")
    needed = [text for name, text in (("{value}", shown), ("{typical}", usual)) if name in template]
    if feature["unit"] in ("text", "term"):
        template = "{label}" if not template or needed else template
    elif not template or UNKNOWN[lang] in needed:
        template = BESIDE[lang]
    elif lang == "en" and shown in ONE and feature["unit"] not in NO_THING:
        before, found, after = template.partition("{value} ")
        template = before + found + singular(after)
    if shown == usual:
        template = template.replace(COMPARED[lang], ALIKE[lang])
    words = {"label": feature[f"label_{lang}"], "value": shown, "typical": usual}
    return _capital(template.format_map(words).rstrip(".。"))


def _capital(text: str) -> str:
    """Begin a sentence with a capital, leaving names that begin otherwise alone."""
    return text[:1].upper() + text[1:]


def _percent(share: float, lang: Language, sign: str = "") -> str:
    """Write a share in percent: no decimals from ten on, one below; no space in Japanese."""
    percent = 100.0 * share
    digits = 0 if abs(percent) >= 9.95 or percent == round(percent) else 1
    text = f"{percent:{sign},.{digits}f}"
    text = "0" if float(text.replace(",", "")) == 0 else text
    return f"{text} %" if lang == "en" else f"{text}%"


def _number(value: float) -> str:
    """Write a number with as many decimals as it can bear: none from 100 on, one from 10 on, else two."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return _unsigned_zero(text.rstrip("0").rstrip(".") if "." in text else text)


def _unsigned_zero(text: str) -> str:
    """Write zero without a sign."""
    return "0" if text == "-0" else text
