"""How comments stand in one cell of a snapshot: a line each, oldest first, a rating before a tab where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

__all__ = ["MOST_LETTERS", "comment_lines", "join_comments", "parse_comment", "split_comments"]

MOST_LETTERS = 2000
RATED = re.compile(r"([+-]\d\.\d\d)\t(.*)", re.DOTALL)


def join_comments(comments: Iterable[tuple[str, float]]) -> str:
    r"""Return one cell: the newest comments that fit into 2,000 characters, oldest of them first.

    Parameters
    ----------
    comments
        Text and rating from -1 to 1 (NaN where nobody rated) of each comment, oldest first.

    Examples
    --------
    >>> join_comments([("slow", -0.5), ("it is\n fine", float("nan"))])
    '-0.50\tslow\nit is fine'
    """
    lines: list[str] = []
    room = MOST_LETTERS + 1  # the first line needs no break before it
    for text, rating in reversed(list(comments)):
        line = _line(text, rating)
        if len(line) + 1 > room:
            break
        lines.append(line)
        room -= len(line) + 1
    return "\n".join(reversed(lines))


def split_comments(cell: str) -> list[tuple[str, float]]:
    r"""Return text and rating of each comment of a cell; NaN where nobody rated.

    Examples
    --------
    >>> split_comments("-0.50\tslow\nit is fine")
    [('slow', -0.5), ('it is fine', nan)]
    """
    return [parse_comment(line) for line in comment_lines(cell)]


def comment_lines(cell: str) -> list[str]:
    """Return the line of each comment of a cell."""
    return [line for line in cell.split("\n") if line.strip()]


def parse_comment(line: str) -> tuple[str, float]:
    """Return text and rating of the comment on one line."""
    found = RATED.fullmatch(line)
    return (found[2], float(found[1])) if found else (line, float("nan"))


def _line(text: str, rating: float) -> str:
    mark = "" if np.isnan(rating) else f"{rating:+.2f}\t"
    return mark + " ".join(text.split())[: MOST_LETTERS - len(mark)]
