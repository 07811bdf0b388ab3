"""Small books and what a test asks of them."""

from __future__ import annotations

import pytest
from builders import book

from cs_ml.kpis import KpiOptions, kpi_table
from cs_ml.timeline.periods import make_periods


class Asked:
    """KPIs of a small book."""

    def __init__(self, tables, start, end, every="month", by=(), known="now", fiscal_start=1, **options):
        periods = make_periods(start, end, every, fiscal_start=fiscal_start)
        self.table = kpi_table(tables, periods, by=by, known=known, options=KpiOptions(**options))

    def __call__(self, kpi, definition="standard", *, by="all", group="all", what="value"):
        """Return one figure a period."""
        frame = self.table.frame
        chosen = (frame["kpi"] == kpi) & (frame["definition"] == definition) & (frame["by"] == by)
        return frame.loc[chosen & (frame["group"] == group), what].tolist()


@pytest.fixture
def asked():
    """Return a function from tables as text, a span and options to their KPIs."""

    def ask(start, end, *, data_end="2027-01-01", zone="UTC", every="month", by=(), known="now", fiscal_start=1,
            options=None, **tables):  # fmt: skip
        made = book(data_end=data_end, zone=zone, **tables)
        return Asked(made, start, end, every, by, known, fiscal_start, **(options or {}))

    return ask
