"""What we knew: one builder a source table, each feature described in English and Japanese."""

from cs_ml.features.accounts import AccountsBuilder
from cs_ml.features.audit import Audit, audit
from cs_ml.features.contracts import ContractsBuilder
from cs_ml.features.feature import Feature, catalog_frame
from cs_ml.features.snapshot import FeatureBuilder, SnapshotBuilder, default_builders
from cs_ml.features.surveys import SurveysBuilder
from cs_ml.features.usage import UsageBuilder
from cs_ml.features.voc import VocBuilder

__all__ = [
    "AccountsBuilder", "Audit", "ContractsBuilder", "Feature", "FeatureBuilder", "SnapshotBuilder", "SurveysBuilder",
    "UsageBuilder", "VocBuilder", "audit", "catalog_frame", "default_builders",
]  # fmt: skip
