"""Labels of contracts against a walk through the days, one account at a time."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from builders import keys
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.labels import CrossSellLabeler, DownsellLabeler, NonRenewalLabeler
from cs_ml.tables import open_tables

FIRST, AS_OF, HORIZON, GRACE = pd.Timestamp("2026-01-01"), 60, 40, 10
LINE = st.tuples(st.sampled_from(["core", "extra"]), st.integers(0, 110), st.integers(1, 90), st.integers(1, 3))
BOOK = st.lists(LINE, min_size=1, max_size=5)


def labelled(labeler, lines) -> str:
    """Return the state of the account; nobody is labelled to whom nothing would be told."""
    found, tables, spine = made(labeler, lines)
    state, (eligible,) = found.label(tables, spine)["state"].iloc[0], found.eligible(tables, spine)
    assert eligible or state == "censored"
    return state


def eligible(labeler, lines) -> bool:
    found, tables, spine = made(labeler, lines)
    return bool(found.eligible(tables, spine)[0])


def made(labeler, lines):
    frame = pd.DataFrame(lines, columns=["product", "start", "days", "mrr"])
    frame["start_at"] = FIRST + pd.to_timedelta(frame["start"], unit="D")
    frame["end_at"] = frame["start_at"] + pd.to_timedelta(frame["days"], unit="D")
    frame = frame.assign(account_id="a", mrr=frame["mrr"].astype(float)).drop(columns=["start", "days"])
    sold = pd.DataFrame({"account_id": "z", "product": "extra", "mrr": 1.0, "start_at": [FIRST]})
    accounts = pd.DataFrame({"account_id": ["a", "z"]})
    tables = open_tables({"accounts": accounts, "contracts": pd.concat([frame, sold])}, data_end="2027-01-01")
    spine = pd.DataFrame(index=keys(("a", str((FIRST + pd.Timedelta(days=AS_OF)).date()))))
    return labeler(horizon_days=HORIZON, grace_days=GRACE), tables, spine


def revenue(lines, day: int) -> int:
    """Return what is paid on a day, or will be paid within the grace period."""
    return sum(mrr for _, start, days, mrr in lines if start <= day + GRACE and start + days > day)


@settings(max_examples=80, deadline=None)
@given(BOOK)
def test_downsell_is_the_first_day_on_which_less_is_paid(lines):
    before = sum(mrr for _, start, days, mrr in lines if start < AS_OF <= start + days)
    expected = "0" if before else "censored"
    for day in range(AS_OF, AS_OF + HORIZON) if before else ():
        if revenue(lines, day) <= 0.95 * before and any(start + days == day for _, start, days, _ in lines):
            expected = "1" if revenue(lines, day) else "censored"
            break
    assert labelled(DownsellLabeler, lines) == expected
    assert eligible(DownsellLabeler, lines) == (before > 0)


@settings(max_examples=80, deadline=None)
@given(BOOK)
def test_renewal_is_cover_of_the_day_after(lines):
    due = [
        (product, start + days)
        for product, start, days, _ in lines
        if start < AS_OF <= start + days < AS_OF + HORIZON
    ]  # fmt: skip
    covered = [
        any(
            other == product and start <= end + GRACE and start + days > end
            for other, start, days, _ in lines
        )
        for product, end in due
    ]  # fmt: skip
    assert labelled(NonRenewalLabeler, lines) == ("censored" if not due else "0" if all(covered) else "1")
    assert eligible(NonRenewalLabeler, lines) == bool(due)


@settings(max_examples=80, deadline=None)
@given(BOOK)
def test_cross_sell_is_a_start_of_what_was_not_there(lines):
    active = np.zeros(400, dtype=bool)
    for _, start, days, _ in lines:
        active[start : start + days] = True
    covered = active[AS_OF - 1]
    starts = [start for product, start, _, _ in lines if product == "extra" and AS_OF <= start < AS_OF + HORIZON]
    owned = any(product == "extra" and start < AS_OF <= start + days + GRACE for product, start, days, _ in lines)
    gone = next(
        (day for day in range(AS_OF, AS_OF + HORIZON) if active[day - 1] and not active[day : day + GRACE + 1].any()),
        None,
    )
    first = min(starts, default=None)
    lost = gone is not None and (first is None or gone < first)
    expected = "censored" if owned or not covered or lost else "1" if starts else "0"
    extra = partial(CrossSellLabeler, product="extra")
    assert labelled(extra, lines) == expected
    assert eligible(extra, lines) == (not owned)
