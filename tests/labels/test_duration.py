from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.labels import StayLabeler

HEADER = "account_id start_at end_at mrr\n"
TERM = "a 2026-01-01 2026-05-01 100\n"


def stay(contracts: str, as_of: str, **options) -> tuple[float, bool]:
    tables = book(data_end="2026-12-01", contracts=HEADER + contracts)
    found = StayLabeler(**options).label(tables, pd.DataFrame(index=keys(("a", as_of)))).iloc[0]
    return found["duration_days"], bool(found["event"])


@pytest.mark.parametrize(
    ("more", "as_of", "expected"),
    [
        ("", "2026-03-01", (61, True)),
        ("", "2026-05-01", (0, True)),  # the term ends as the day begins
        ("a 2026-05-20 2026-09-01 100", "2026-03-01", (184, True)),  # back within grace
        ("a 2026-05-01 2027-05-01 100", "2026-03-01", (245, False)),  # still there 30 days before the data end
        ("a 2026-05-01 2026-11-15 100", "2026-03-01", (245, False)),  # may yet come back
    ],
)
def test_days_until_it_left_or_was_last_seen(more, as_of, expected):
    assert stay(TERM + more, as_of) == expected


def test_who_had_left_already_has_no_duration():
    days, event = stay(TERM, "2026-07-01")
    assert pd.isna(days)
    assert not event


def test_settling_time_is_waited_for():
    assert stay(TERM + "a 2026-05-01 2027-05-01 100", "2026-03-01", settling_days=10) == (235, False)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-06-15", (61, True)),  # a month after the end nobody has come back
        ("2026-05-20", (50, False)),  # it may yet
        ("2027-06-01", (61, True)),  # the data end earlier
    ],
)
def test_what_was_known_on_an_earlier_day(until, expected):
    tables = book(data_end="2026-12-01", contracts=HEADER + TERM)
    spine = pd.DataFrame(index=keys(("a", "2026-03-01")))
    found = StayLabeler().label(tables, spine, until=pd.Timestamp(until)).iloc[0]
    assert (found["duration_days"], bool(found["event"])) == expected
