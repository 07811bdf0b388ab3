"""Any small frame as a table of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cs_ml.report.words import NOTHING, Words

__all__ = ["Table", "facts", "interval", "table"]

TABLES = frozenset({"table"})
PERCENT = frozenset(
    {"p_from", "p_to", "predicted", "observed", "base_rate", "coverage", "share", "p_churn", "p_upsell", "p_stay"}
)
MONEY = frozenset({"mrr", "expected_loss"})


@dataclass(frozen=True)
class Table:
    """What a template needs to draw a table.

    Parameters
    ----------
    heads
        Headings.
    numeric
        Which columns are set to the right.
    rows
        Texts, row by row.
    """

    heads: list[str]
    numeric: list[bool]
    rows: list[list[str]]


def table(frame: pd.DataFrame, words: Words, *, kinds: Mapping[str, str] | None = None) -> Table:
    """Write a frame as texts; the index is shown where it has a name.

    Parameters
    ----------
    frame
        A small frame.
    words
        Language; a column or level with a label in the dictionary is shown by it.
    kinds
        "percent", "money" or "number" by column, before what the column's name says.

    Returns
    -------
    Table
        Headings and texts.

    Examples
    --------
    >>> frame = pd.DataFrame({"table": ["usage"], "rows": [1200], "coverage": [0.93]})
    >>> table(frame, Words("en")).rows
    [['Usage', '1,200', '93 %']]
    """
    shown = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    known = dict(kinds or {})
    columns = [[_cell(value, known.get(str(name), _kind(str(name))), words) for value in shown[name]] for name in shown]
    numeric = [pd.api.types.is_numeric_dtype(shown[name].dtype) for name in shown]
    return Table([words.label(name) for name in shown], numeric, [list(row) for row in zip(*columns, strict=True)])


def facts(values: Mapping[str, Any] | None, words: Words) -> list[tuple[str, str]]:
    """Write a mapping as pairs of texts, nulls as a dash.

    Parameters
    ----------
    values
        Name to value; a name with a label in the dictionary is shown by it.
    words
        Language.

    Returns
    -------
    list of (str, str)
        Label and value.

    Examples
    --------
    >>> facts({"mrr": 1200.0, "segment": "SMB"}, Words("en"))
    [('MRR', '1,200'), ('Segment', 'SMB')]
    """
    return [(words.label(name), _cell(value, _kind(name), words)) for name, value in (values or {}).items()]


def interval(row: Mapping[Any, Any], name: str, write: Callable[[Any], str]) -> str:
    """Write the interval of a value, from ``<name>_low`` to ``<name>_high``, or a dash where it is not known.

    Examples
    --------
    >>> interval({"ltv": 5.0, "ltv_low": 4.0, "ltv_high": 7.0}, "ltv", Words("en").money)
    '4 - 7'
    """
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return NOTHING
    return f"{write(low)} - {write(high)}"


def _kind(name: str) -> str:
    """Return how a column's numbers are read, by its name."""
    return "percent" if name in PERCENT else "money" if name in MONEY else "table" if name in TABLES else ""


def _cell(value: Any, kind: str, words: Words) -> str:
    """Write one value."""
    if kind == "table":
        return words.table(value)
    if kind and not isinstance(value, str):
        return (
            words.percent(value)
            if kind == "percent"
            else words.money(value)
            if kind == "money"
            else words.number(value)
        )
    return words.value(value)
