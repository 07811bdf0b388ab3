from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import ConfigError
from cs_ml.timeline import Clock
from cs_ml.timeline.lines import contract_lines
from cs_ml.timeline.periods import Periods, ceil_day, fraction_of_months, make_periods


def starts(*words, **options):
    return make_periods(*words, **options).dates()["period_start"].dt.strftime("%Y-%m-%d").tolist()


def test_only_whole_periods_lie_between_two_days():
    assert starts("2026-01-02", "2026-04-15") == ["2026-02-01", "2026-03-01"]
    assert starts("2026-01-01", "2026-01-20", "week") == ["2026-01-05", "2026-01-12"]
    assert starts("2026-01-30", "2026-02-02", "day") == ["2026-01-30", "2026-01-31", "2026-02-01"]
    with pytest.raises(ConfigError, match="at least one whole year"):
        make_periods("2026-01-02", "2027-12-31", "year")


def test_quarters_and_halves_follow_the_fiscal_year():
    assert starts("2026-01-01", "2026-09-01", "quarter", fiscal_start=2) == ["2026-02-01", "2026-05-01"]
    assert starts("2026-01-01", "2027-05-01", "half", fiscal_start=4) == ["2026-04-01", "2026-10-01"]
    with pytest.raises(ConfigError, match="a month from 1 to 12"):
        make_periods("2026-01-01", "2027-01-01", fiscal_start=13)


def test_periods_may_overlap_and_an_instant_lies_in_each_that_holds_it():
    periods = Periods(np.array([0, 0, 10]), np.array([10, 20, 20]))
    item, period = periods.within(np.array([10, 9, 20]))
    assert list(zip(item.tolist(), period.tolist(), strict=True)) == [(1, 0), (0, 1), (1, 1), (0, 2)]
    item, period = periods.at_end(np.array([10, 11]), np.array([20, 21]))
    assert list(zip(item.tolist(), period.tolist(), strict=True)) == [(0, 0), (1, 1), (1, 2)]


def test_months_of_a_calendar_are_whole_and_parts_add_up():
    quarter = make_periods("2026-01-01", "2026-04-01", "quarter")
    days = make_periods("2026-01-01", "2026-04-01", "day")
    assert quarter.months.tolist() == [3.0]
    assert days.months.sum() == pytest.approx(3.0)
    assert np.all(np.diff(fraction_of_months(np.arange(-400, 400))) > 0)


def test_a_midnight_sees_what_began_at_or_before_it():
    instants = pd.to_datetime(["2026-01-01T15:00", "2026-01-01T15:01", None]).to_numpy()
    tokyo = ceil_day(Clock("Asia/Tokyo"), instants)
    assert (tokyo[1] - tokyo[0], tokyo[2]) == (1, np.iinfo(np.int64).min)


def test_only_what_ended_last_is_bridged():
    rows = pd.DataFrame(
        [("2026-01-01", "2026-02-01"), ("2026-01-01", "2026-01-25"), ("2026-02-10", None)],
        columns=["start_at", "end_at"], dtype="datetime64[us]",
    )  # fmt: skip
    lines = contract_lines(rows, np.zeros(3, int), Clock(), grace_days=30)
    assert lines.row.tolist() == [1, 0, 2]
    assert (lines.bridged - lines.end).tolist() == [0, 9, 0]
    assert lines.open_ended.tolist() == [False, False, True]
    assert contract_lines(rows, np.array([0, 0, 1]), Clock(), 30).stay.tolist() == [0, 0, 1]
