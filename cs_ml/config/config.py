"""The whole config: what a book is, where its tables are, what is learned, where results go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cs_ml.config.fields import Section, Wrong, doc, nearest
from cs_ml.config.kpis import KpisConfig
from cs_ml.config.own import FeaturesConfig
from cs_ml.config.priority import PriorityConfig
from cs_ml.config.sections import (
    BookConfig,
    EngineConfig,
    HealthConfig,
    ModelConfig,
    OutputConfig,
    ReportConfig,
    TrackingConfig,
)
from cs_ml.config.survival import SurvivalConfig
from cs_ml.config.tables import TablesConfig
from cs_ml.config.targets import LabelConfig, SnapshotsConfig, default_labels, with_kinds
from cs_ml.config.tuning import TuningConfig
from cs_ml.store.hashing import hash_file, hash_json
from cs_ml.store.plain import plain

__all__ = ["Config"]

_DECIDES_RESULTS = (
    "book", "tables", "snapshots", "features", "labels", "model", "tuning", "health", "survival", "priority",
)  # fmt: skip


class Config(Section):
    """Everything the user chose, checked and frozen.

    Examples
    --------
    >>> config = Config(tables={"folder": "data"})
    >>> config.labels["churn"].horizon_days
    90
    >>> config.hash == Config(tables={"folder": "elsewhere"}).hash
    True
    """

    book: BookConfig = doc({}, "The customers as a whole.", "対象となる顧客全体。")
    tables: TablesConfig = doc({}, "Where the tables are.", "テーブルの場所。")
    snapshots: SnapshotsConfig = doc(
        SnapshotsConfig(), "The dates on which accounts are looked at.", "顧客を見る日付。"
    )
    features: FeaturesConfig = doc({}, "Features of your own.", "独自の特徴量。")
    labels: Annotated[dict[str, LabelConfig], BeforeValidator(with_kinds)] = Field(
        default_factory=default_labels,
        min_length=1,
        description="What is to be foreseen, by a name of your choice.",
        json_schema_extra={"description_ja": "予測したい結果。名前は自由。"},
    )
    model: ModelConfig = doc({}, "How probabilities are learned.", "確率の学習方法。")
    tuning: TuningConfig = doc({}, "How settings of trees are searched.", "木の設定の探索方法。")
    health: HealthConfig = doc({}, "How health scores are made.", "ヘルススコアの作り方。")
    survival: SurvivalConfig = doc({}, "How long accounts stay.", "顧客がどれだけ継続するかの予測。")
    priority: PriorityConfig = doc({}, "Whom to work on first.", "優先して対応する顧客。")
    kpis: KpisConfig = doc({}, "How KPIs are counted.", "KPIの計算方法。")
    engine: EngineConfig = doc({}, "How much of the machine is used.", "使う計算機資源。")
    output: OutputConfig = doc({}, "Where results go.", "結果の出力先。")
    tracking: TrackingConfig = doc({}, "Where training runs are recorded.", "学習の記録先。")
    report: ReportConfig = doc({}, "How reports look.", "レポートの見た目。")

    def contradictions(self) -> Iterable[Wrong]:
        """Somewhere to read from, and a health target that exists."""
        if not self.tables.is_given and self.snapshots.file is None:
            places = "one of folder, duckdb, postgres, spark, url"
            yield Wrong(("tables",), places, "none of them", "or give snapshots.file")
        if self.health.enabled and self.health.target not in self.labels:
            known = ", ".join(self.labels)
            yield Wrong(("health", "target"), f"one of the labels ({known})", repr(self.health.target),
                        nearest(self.health.target, self.labels))  # fmt: skip

    def content(self) -> dict[str, Any]:
        """Return, JSON-able, what can change a result: no path, no address, no number of threads.

        A scorecard, topics and builders of one's own are there by the hash of their files.
        """
        chosen: dict[str, Any] = self.model_dump(by_alias=True, include=set(_DECIDES_RESULTS))
        chosen["tables"]["postgres"] = None
        del chosen["tables"]["spark"], chosen["tables"]["url"]
        del chosen["model"]["n_jobs"]
        chosen["survival"]["gross_margin"] = self.kpis.gross_margin
        chosen["features"]["builders"] = [
            *(f"{Path(name).name}" if ".py" in name else name for name in self.features.builders),
            *(hash_file(file) for file in self.features.files() if file.is_file()),
        ]
        if self.features.topics is not None:
            chosen["features"]["topics"] = hash_file(self.features.topics)
        if isinstance(self.health.scorecard, Path):
            chosen["health"]["scorecard"] = hash_file(self.health.scorecard)
        result: dict[str, Any] = plain(_without_paths(chosen), "config")
        return result

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits of :meth:`content`."""
        return hash_json(self.content())[:12]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of reports."""
        return self.report.languages or (self.book.language,)


def _without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _without_paths(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_paths(inner) for inner in value]
    return None if isinstance(value, Path) else value
