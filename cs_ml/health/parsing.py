"""Turns what pydantic found into faults that say where, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, cast

from pydantic import ValidationError

from cs_ml.errors import Fault

__all__ = ["fault_of", "faults_of", "pair"]


def pair(values: Sequence[float]) -> Iterable[tuple[float, float]]:
    """Return neighbours: ``(first, second), (second, third), ...``.

    Examples
    --------
    >>> list(pair([1, 2, 3]))
    [(1, 2), (2, 3)]
    """
    return pairwise(values)


def faults_of(error: ValidationError, where: str, known: Sequence[str]) -> list[Fault]:
    """Return a fault for each thing pydantic refused.

    Parameters
    ----------
    error
        What pydantic raised.
    where
        What was being read, e.g. ``"measure 'nps'"``.
    known
        Keys that are allowed, for the nearest right one.

    Returns
    -------
    list of Fault
        In the order of the fields.
    """
    entries = cast("list[dict[str, Any]]", error.errors(include_url=False))
    return [fault_of(entry, ".".join([where, *map(str, entry["loc"])]), known) for entry in entries]


def fault_of(entry: dict[str, Any], where: str, known: Sequence[str]) -> Fault:
    """Return one entry of ``ValidationError.errors()`` as a fault.

    Parameters
    ----------
    entry
        The entry: type, loc, msg, input, ctx.
    where
        Place to name.
    known
        Keys that are allowed.

    Returns
    -------
    Fault
        With the nearest right key as hint where a key is unknown.

    Examples
    --------
    >>> entry = {"type": "extra_forbidden", "loc": ("wieght",), "msg": "", "input": 2}
    >>> print(fault_of(entry, "measure 'nps'", ["weight", "owner"]))
    measure 'nps': expected one of the keys weight, owner, found 'wieght'; did you mean 'weight'?
    """
    context = entry.get("ctx", {})
    if entry["type"] == "extra_forbidden":
        key = str(entry["loc"][-1])
        return Fault(where, f"one of the keys {', '.join(known)}", repr(key), hint=_nearest(key, known))
    if entry["type"] == "missing":
        return Fault(where, f"a value for {entry['loc'][-1]}", "nothing", hint="add the key")
    if entry["type"] == "cs_ml":
        return Fault(where, context["expected"], context.get("found", _short(entry["input"])))
    expected = context["expected"] if entry["type"] == "literal_error" else _lower(entry["msg"])
    return Fault(where, expected, _short(entry["input"]))


def _nearest(key: str, known: Sequence[str]) -> str | None:
    close = get_close_matches(key, known, n=1, cutoff=0.3)
    return f"did you mean {close[0]!r}?" if close else None


def _lower(message: str) -> str:
    text = message.removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
