"""What the user chose: a YAML file, checked to the letter, as frozen values."""

from __future__ import annotations

from cs_ml.config.config import Config
from cs_ml.config.kpis import GoalConfig, KpisConfig
from cs_ml.config.load import default_config, load_config, schema
from cs_ml.config.own import FeaturesConfig, OwnColumnConfig, OwnTableConfig
from cs_ml.config.sections import (
    BookConfig,
    EngineConfig,
    HealthConfig,
    ModelConfig,
    OutputConfig,
    ReportConfig,
    TrackingConfig,
    TrainDates,
)
from cs_ml.config.starter import init_text
from cs_ml.config.tables import ColumnConfig, FilterConfig, TableConfig, TablesConfig
from cs_ml.config.targets import LabelConfig, RenewalGrid, SnapshotsConfig

__all__ = [
    "BookConfig",
    "ColumnConfig",
    "Config",
    "EngineConfig",
    "FeaturesConfig",
    "FilterConfig",
    "GoalConfig",
    "HealthConfig",
    "KpisConfig",
    "LabelConfig",
    "ModelConfig",
    "OutputConfig",
    "OwnColumnConfig",
    "OwnTableConfig",
    "RenewalGrid",
    "ReportConfig",
    "SnapshotsConfig",
    "TableConfig",
    "TablesConfig",
    "TrackingConfig",
    "TrainDates",
    "default_config",
    "init_text",
    "load_config",
    "schema",
]
