"""What is decided about usage, from what was known by then only; the columns that follow from it obey the laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.engine.local import LocalEngine
from cs_ml.features import SnapshotBuilder, audit, default_builders
from cs_ml.features.usage_choice import UsageChoice, choose_usage, top_features
from cs_ml.features.usage_features import slug
from cs_ml.tables import open_tables
from cs_ml.timeline import make_spine

USAGE = """
    account_id event_at         known_at   feature event
    a          2026-01-03       2026-01-03 export  click
    b          2026-01-04       2026-01-04 export  click
    a          2026-01-05       2026-01-05 search  click
    a          2026-01-06       2026-01-06 search  -
    c          2026-01-07       2026-01-07 alerts  click
    c          2026-01-08       2026-02-01 search  login
    b          2026-02-01       2026-02-01 alerts  login
"""


def test_features_of_most_accounts_come_first_as_known_then():
    tables = book(usage=USAGE)
    assert top_features(tables, until="2026-02-01") == ("export", "search", "alerts")
    assert top_features(tables, until="2026-02-02") == ("search", "alerts", "export")
    assert top_features(tables, until="2026-02-01", n=1) == ("export",)
    assert top_features(tables, until="2026-01-01") == top_features(tables, until="2026-02-01", n=0) == ()


def test_the_day_begins_in_the_zone_of_the_book():
    usage = "account_id event_at feature\n a 2026-01-31T15:30 night"
    assert top_features(book(usage=usage), until="2026-02-01") == ("night",)
    assert top_features(book(usage=usage, zone="Asia/Tokyo"), until="2026-02-01") == ()


def test_logins_are_absent_where_events_are_known_and_none_is_one():
    tables = book(usage=USAGE)
    assert not choose_usage(tables, until="2026-02-01").logins
    assert choose_usage(tables, until="2026-02-02").logins
    assert choose_usage(tables, until="2026-01-01").logins
    assert choose_usage(tables, until="2026-02-01", login_events={"click"}).logins
    names = SnapshotBuilder.default(usage=choose_usage(tables, until="2026-02-01")).catalog(tables).index
    assert not names.str.contains("logins").any()
    assert SnapshotBuilder.default().catalog(tables).index.str.contains("logins").any()


@pytest.mark.parametrize(("zone", "hour", "wanted"), [("UTC", 0, False), ("Europe/Berlin", 0, False), ("UTC", 3, True)])
def test_business_hours_need_a_time_of_day(zone, hour, wanted):
    days = pd.date_range("2025-01-01", periods=365, tz=zone)  # clocks change in between
    at = (days + pd.to_timedelta(np.arange(365) % 5 * hour, unit="h")).tz_convert("UTC").tz_localize(None)
    usage = pd.DataFrame({"account_id": "a", "event_at": at})
    tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": usage}, zone=zone)
    assert choose_usage(tables, until="2026-01-01").business_hours == wanted


@given(st.text(), st.text())
def test_two_names_never_share_a_column(one, other):
    assert (slug(one) == slug(other)) == (one == other)
    assert slug(one).isascii()
    assert slug(one).isidentifier() or slug(one)[0].isdigit()


@pytest.fixture(scope="module")
def some(sample):
    whole = open_tables(sample)
    chosen = whole.accounts()[5:200:16]
    return whole.replaced(
        {name: whole.frame(name, chosen) for name in whole.names if "account_id" in whole.columns(name)}
    )


def test_chosen_columns_obey_the_laws(some):
    choice = choose_usage(some, until="2025-04-01", top=3)
    assert len(choice.top_features) == 3
    builders = default_builders(usage=UsageChoice(choice.top_features, business_hours=True))[1:4]
    one, pieces = LocalEngine(1, 1), LocalEngine(2, 5)
    found = audit(builders, some, dates=[pd.Timestamp("2025-06-01")], accounts=99, engine=one)
    assert found.clean, found.cells[found.cells["verdict"] == "leak"].to_string()
    own = found.by_feature().astype(str).filter(regex="usage_", axis=0)
    assert (own == "identical").all(axis=None), own
    spine = make_spine(some, start="2025-01-01", end="2025-12-01")
    whole = SnapshotBuilder(builders, one).build(some, spine)
    assert whole.filter(like="usage_feature_").shape[1] >= 9
    assert (whole.filter(regex="usage_feature_.*count_30d").max() > 0).all()
    pd.testing.assert_frame_equal(SnapshotBuilder(builders, pieces).build(some, spine), whole, check_exact=True)
    frames = {name: some.frame(name).sample(frac=1, random_state=4) for name in some.names}
    shuffled = SnapshotBuilder(builders, pieces).build(some.replaced(frames), spine)
    pd.testing.assert_frame_equal(shuffled, whole, check_exact=True)
