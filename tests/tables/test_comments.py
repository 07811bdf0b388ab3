"""Comments in one cell: what goes in comes out."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from cs_ml.tables.comments import MOST_LETTERS, join_comments, split_comments

LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=30)
RATING = st.none() | st.integers(-100, 100).map(lambda hundredths: hundredths / 100)


@given(st.lists(st.tuples(LETTERS, RATING), max_size=20))
def test_round_trip(comments):
    given_ = [(text, math.nan if rating is None else rating) for text, rating in comments]
    found = split_comments(join_comments(given_))
    assert [text for text, _ in found] == [text for text, _ in given_]
    assert [f"{rating:.2f}" for _, rating in found] == [f"{rating + 0:.2f}" for _, rating in given_]


@given(st.lists(st.tuples(st.text(max_size=1500), RATING), min_size=1, max_size=6))
def test_a_cell_holds_whole_comments_the_newest_of_them(comments):
    given_ = [(text, math.nan if rating is None else rating) for text, rating in comments]
    cell = join_comments(given_)
    assert len(cell) <= MOST_LETTERS
    kept = cell.split("\n")
    assert kept == join_comments(given_[-len(kept) :]).split("\n")


def test_text_that_is_no_rating_stays_text():
    assert split_comments("+1\tx\n\n-0.5 y")[0][0] == "+1\tx"
    assert [text for text, _ in split_comments("a\n \nb")] == ["a", "b"]
