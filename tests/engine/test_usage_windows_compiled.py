"""Windows of usage by compiled loops give the bits that NumPy gives: late rows, dates in common or not, any threads."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_windows import usage_windows
from cs_ml.timeline import loops
from cs_ml.timeline.clock import Clock

pytest.importorskip("numba")
FIRST = 20_000
rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 5), st.integers(0, 3), st.integers(0, 60), st.sampled_from([0, 0, 1, 9, 25])
    ),
    max_size=40,
)
own_dates = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 90)), min_size=1, max_size=12)
shared_dates = st.lists(st.integers(-5, 90), min_size=1, max_size=4, unique=True).map(
    lambda days: [(account, day) for account in range(4) for day in sorted(days)]
)


def state_of(cases):
    account, user, feature, day, lag = np.array(cases, np.int64).reshape(-1, 5).T
    at = ((FIRST + day) * 86400 + 7) * 10**6
    columns = {
        "account_id": account, "user_id": user, "feature": feature, "event_at": at.view("datetime64[us]"),
        "known_at": (at + lag * 86400 * 10**6).view("datetime64[us]"), "quantity": day - 30.5,
        "event": pa.array(["login", "click"]).take(pa.array(user % 2)),
    }  # fmt: skip
    return reduce_usage([pa.record_batch(columns)], ["0", "1", "2", "3"], Clock())


@settings(max_examples=80, deadline=None)
@given(
    rows,
    st.one_of(own_dates, shared_dates),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 9, 1 << 14]),
    st.sampled_from([(), (7, 30)]),
    st.sampled_from([0, 3]),
)
def test_compiled_windows_are_those_of_numpy(cases, asked, threads, together, windows, periods):
    state, (codes, days) = state_of(cases), np.array(asked, np.int64).T
    found = []
    for at in (1 << 60, -1):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("PAYS", "PAYS_LOADED", "PAYS_MADE"):
                patch.setattr(loops, name, at)
            patch.setattr("cs_ml.engine.usage_windows.ROWS", together)
            found.append(
                usage_windows(state, codes, FIRST + days, windows, periods=periods, period_days=10, threads=threads)
            )
    plain, compiled = found
    assert list(plain) == list(compiled)
    for name, values in plain.items():
        assert values.tobytes() == compiled[name].tobytes(), name
