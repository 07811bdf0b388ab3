"""How the book is: KPIs that reconcile, by period and group, and the rows behind them."""

from __future__ import annotations

from cs_ml.kpis.catalog import ELSEWHERE, KPIS, choose_kpis, kpi_catalog
from cs_ml.kpis.customers import to_period
from cs_ml.kpis.options import KpiOptions
from cs_ml.kpis.table import KpiTable, kpi_table
from cs_ml.kpis.value import simple_ltv

__all__ = [
    "ELSEWHERE", "KPIS", "KpiOptions", "KpiTable", "choose_kpis", "kpi_catalog", "kpi_table", "simple_ltv", "to_period",
]  # fmt: skip
