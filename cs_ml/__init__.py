"""Customer success in subscription business: honest snapshots, calibrated risks, a health score that means something.

Every public name is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "tables": ("Column", "ColumnSpec", "Filter", "TableMapping", "Tables", "open_tables", "own_table"),
    "timeline": ("Clock", "Lookup", "Seen", "TimeSplit", "make_spine"),
    "engine.local": ("LocalEngine",),
    "features.feature": ("Feature",),
    "features.own": ("feature",),
    "features.snapshot": ("SnapshotBuilder",),
    "features.audit": ("audit",),
    "labels": (
        "ChurnLabeler",
        "CrossSellLabeler",
        "DownsellLabeler",
        "FunctionLabeler",
        "GrowthLabeler",
        "InactivityLabeler",
        "NonRenewalLabeler",
        "StayLabeler",
        "TableLabeler",
        "UpsellLabeler",
    ),
    "models": ("HazardModel", "PropensityClassifier", "backtest"),
    "health": ("HealthScore", "Measure", "Scorecard", "default_scorecard", "load_scorecard"),
    "kpis": ("kpi_table",),
    "explain": ("contributions", "explanation"),
    "report": ("AccountReport", "ModelReport", "PortfolioReport"),
    "bundle": ("Bundle",),
    "config": ("default_config", "load_config"),
    "pipeline.accounts": ("explain_accounts", "score_accounts"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  one list, not two
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'cs_ml' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"cs_ml.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
