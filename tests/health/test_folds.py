"""What would have been published on a date rests on nothing that was not known by then."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cs_ml.health.book import Book
from cs_ml.health.folds import folds_of, published
from cs_ml.health.inputs import segment_of
from cs_ml.health.typical import Typical
from cs_ml.health.weights import Recipe, out_of_time
from cs_ml.timeline.split import TimeSplit

SPLIT = TimeSplit(purge_days=90, n_origins=12, test_dates=1)


@pytest.fixture(name="book", scope="module")
def book_fixture(world):
    return Book.make(*world, segment_of(world[0], None), None)


def told(book, card):
    folds = folds_of(book, Recipe(card.prior, 1.0), SPLIT, typical_by(card))
    return published(folds, book, 90)


def typical_by(card):
    return lambda rows: Typical.learn(card, rows.X, rows.segment, None)


def test_before_calibration_it_is_the_forecast_that_strengths_are_chosen_by(book, card):
    found, etas = told(book, card), out_of_time(book, {"it": Recipe(card.prior, 1.0)}, SPLIT, typical_by(card))
    assert found.index.equals(etas.index)
    assert found["eta"].to_numpy() == pytest.approx(etas["it"].to_numpy(), abs=1e-6)
    assert not np.allclose(found["published"], found["eta"])


def test_a_date_is_calibrated_only_with_outcomes_known_by_then(book, card):
    dates = book.X.index.get_level_values("as_of")
    date = pd.Timestamp("2024-09-01")
    known = dates + pd.Timedelta(days=90) <= date
    later = replace(book, stayed=np.where(known, book.stayed, 1 - book.stayed))
    earlier = replace(book, stayed=np.where(known, 1 - book.stayed, book.stayed))
    first, after, before = (
        found["published"][dates[found.index] == date]
        for found in (told(rows, card) for rows in (book, later, earlier))
    )
    assert first.tolist() == after.tolist()
    assert not np.allclose(first, before)


def test_without_an_origin_nothing_is_published(book):
    assert published([], book, 90).empty
