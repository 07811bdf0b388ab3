"""What people say of an account, beside its score: who, why, since when, until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cs_ml.report.words import Words

__all__ = ["opinion_rows"]

KINDS = ("csm_view", "override")
SIDES = {
    **dict.fromkeys(("red", "bad", "poor", "negative", "unhappy", "at risk", "low", "赤", "低", "悪い"), "red"),
    **dict.fromkeys(("yellow", "amber", "neutral", "fair", "ok", "medium", "黄", "中", "普通"), "yellow"),
    **dict.fromkeys(("green", "good", "positive", "happy", "healthy", "high", "緑", "青", "高", "良い"), "green"),
}


def opinion_rows(
    opinions: pd.DataFrame | None, as_of: pd.Timestamp, redact: Callable[[str], str], words: Words
) -> list[dict[str, str | None]]:
    """Return the opinions that hold on a date as texts; they change no score.

    Parameters
    ----------
    opinions
        One account's rows by ``(account_id, as_of)``: ``csm_view`` and ``override``, each with ``_author, _reason,
        _set_at, _expires_at``; missing where nothing was said or it has expired.
    as_of
        The date.
    redact
        Applied to every reason.
    words
        Language.

    Returns
    -------
    list of dict
        kind, said, side (red, yellow, green or none), author, reason, since and until.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-02-01"))], names=["account_id", "as_of"])
    >>> said = {"override": [20.0], "override_author": ["Sato"], "override_reason": ["merger"]}
    >>> held = pd.DataFrame(said, index=index)
    >>> (row,) = opinion_rows(held, pd.Timestamp("2026-02-01"), str, Words("en"))
    >>> row["kind"], row["said"], row["author"], row["reason"], row["until"]
    ('Override', '20', 'Sato', 'merger', None)
    """
    if opinions is None:
        return []
    now = opinions[opinions.index.get_level_values("as_of") == as_of]
    rows: list[dict[Any, Any]] = list(now.to_dict("records"))
    return [_row(row, kind, redact, words) for row in rows for kind in KINDS if not _missing(row.get(kind))]


def _row(row: Mapping[Any, Any], kind: str, redact: Callable[[str], str], words: Words) -> dict[str, str | None]:
    said, reason, author = row[kind], row.get(f"{kind}_reason"), row.get(f"{kind}_author")
    since, until = (None if _missing(when := row.get(f"{kind}_{end}")) else when for end in ("set_at", "expires_at"))
    return {
        "kind": words(kind),
        "said": words.number(said) if isinstance(said, int | float) else words.level(said),
        "side": SIDES.get(str(said).strip().lower(), "none"),
        "author": None if _missing(author) else str(author),
        "reason": None if _missing(reason) else redact(str(reason)),
        "since": None if since is None else words.date(pd.Timestamp(since)),
        "until": None if until is None else words.date(pd.Timestamp(until)),
    }


def _missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
