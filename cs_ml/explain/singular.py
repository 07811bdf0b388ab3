"""English about exactly one: a sentence written for many, read for one of them."""

from __future__ import annotations

import re

__all__ = ["singular"]

AGREES = {"are": "is", "were": "was", "have": "has", "do": "does", "fall": "falls", "run": "runs"}
ENDS = {
    "a", "about", "against", "an", "and", "as", "at", "by", "for", "from", "has", "his", "in", "is", "its", "nor", "of",
    "on", "or", "over", "per", "so", "than", "that", "the", "this", "to", "under", "was", "which", "who", "with",
    "within", *AGREES,
}  # fmt: skip  # words before which the name of the thing is over
IRREGULAR = {"people": "person", "children": "child"}
ES = re.compile(r"(?:ss|x|ch|sh|zz)es$")


def singular(text: str) -> str:
    """Return what follows a number as it reads after 1: the thing named first, and the verb that goes with it.

    The thing is the last plural before the first preposition, article or verb; what is not named there, or after a
    comma, is left alone.

    Parameters
    ----------
    text
        The words that follow the number.

    Examples
    --------
    >>> singular("renewals fall due within 90 days, where {typical} is typical")
    'renewal falls due within 90 days, where {typical} is typical'
    >>> singular("comments of the last 180 days are about bugs"), singular("of the last 30 days")
    ('comment of the last 180 days is about bugs', 'of the last 30 days')
    """
    clause, stop, rest = re.match(r"([^,;:.({]*)(.?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    words = clause.split(" ")
    end = next((at for at, word in enumerate(words) if word in ENDS or word[:1].isdigit()), len(words))
    things = [at for at in range(end) if _is_plural(words[at])]
    if not things:
        return text
    words[things[-1]] = _one(words[things[-1]])
    verb = next((at for at in range(things[-1] + 1, len(words)) if words[at] in AGREES), None)
    if verb is not None:
        words[verb] = AGREES[words[verb]]
    return " ".join(words) + stop + rest


def _is_plural(word: str) -> bool:
    return word in IRREGULAR or (len(word) > 2 and word[-1] == "s" and word[-2:] not in ("ss", "us", "is"))


def _one(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if ES.search(word) else word[:-1]
