from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import ConfigError
from cs_ml.timeline import Clock

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "America/Sao_Paulo", "Europe/London", "Asia/Kathmandu"]


@given(st.sampled_from(ZONES), st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2030-01-01")))
def test_day_is_the_calendar_day_of_the_zone(zone, instant):
    expected = pd.Timestamp(instant).tz_localize("UTC").tz_convert(ZoneInfo(zone)).date()
    day = Clock(zone).day(np.array([instant], dtype="datetime64[us]"))
    assert day.astype("datetime64[D]")[0].item() == expected


@given(st.sampled_from(ZONES), st.integers(11_000, 21_000))
def test_the_instant_of_a_day_is_its_first(zone, day):
    clock = Clock(zone)
    start = clock.instant(np.array([day]))
    assert clock.day(start)[0] == day
    assert clock.day(start - np.timedelta64(1, "us"))[0] == day - 1


def test_a_missing_instant_is_before_every_day():
    days = Clock("Asia/Tokyo").day(np.array(["NaT", "2026-01-01"], dtype="datetime64[us]"))
    assert days[0] < -(10**9) < days[1]


def test_an_unknown_zone_is_refused():
    with pytest.raises(ConfigError, match="expected an IANA time zone such as Asia/Tokyo, found 'Tokyo'"):
        Clock("Tokyo")
