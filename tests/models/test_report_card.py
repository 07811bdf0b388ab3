import pytest

from cs_ml.models.report_card import _span


@pytest.mark.parametrize(
    ("events", "low", "told"),
    [
        (5, 0.4, " (0.40 to 0.60)"),
        (4, 0.4, " (too few events for an interval)"),
        (9, float("nan"), " (too few events for an interval)"),
    ],
)
def test_no_interval_is_written_where_too_few_events_bear_it(events, low, told):
    assert _span({"events": events, "low": low, "high": 0.6}) == told
