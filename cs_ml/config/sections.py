"""The parts of the config apart from the tables: dates, labels, models, health, machine, output."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from cs_ml.config.fields import Day, FilePath, Flag, Number, Section, Text, Unique, Whole, Wrong, Zone, doc, matching

__all__ = [
    "BookConfig",
    "EngineConfig",
    "HealthConfig",
    "LabelConfig",
    "ModelConfig",
    "OutputConfig",
    "RenewalGrid",
    "ReportConfig",
    "SnapshotsConfig",
    "TrackingConfig",
    "TrainDates",
]

Language = Literal["en", "ja"]
Days = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(ge=1)]
KINDS = ("churn", "upsell", "inactivity", "growth", "table")


class BookConfig(Section):
    """The customers as a whole."""

    name: Text = doc("book", "Name shown in reports.", "レポートに表示する名前。")
    timezone: Zone = doc("UTC", "IANA zone in which a day begins.", "一日の始まりを決める時間帯(IANA名)。")
    data_end: Day | None = doc(
        None, "First day that is not in the data; taken from the newest row by default.", "データに含まれない最初の日。"
    )
    language: Language = doc("en", "Language of sentences and reports: en, ja.", "文章とレポートの言語(en, ja)。")
    currency: Annotated[str, matching("[A-Z]{3}", "three capital letters such as JPY")] | None = doc(
        None, "Three-letter code of the money shown, such as USD or JPY.", "表示する通貨の3文字コード(例: JPY)。"
    )


class RenewalGrid(Section):
    """Dates before the end of every term, instead of a calendar."""

    renewal: Annotated[tuple[Positive, ...], Unique] = doc(
        (90, 60, 30), "Days before each planned term end.", "契約終了予定日の何日前か。", min_length=1
    )


class SnapshotsConfig(Section):
    """The dates on which accounts are looked at, or a table of ready-made snapshots."""

    start: Day | None = doc(
        None, "First date; the beginning of the data by default.", "最初の日付。既定はデータの始まり。"
    )
    end: Day | None = doc(None, "Last date; the end of the data by default.", "最後の日付。既定はデータの終わり。")
    every: Literal["day", "week", "month", "quarter"] | RenewalGrid = doc(
        "month", "day, week, month, quarter, or {renewal: [90, 60, 30]}.", "日付の間隔、または更新日の何日前か。"
    )
    windows: Annotated[tuple[Positive, ...], Unique] = doc(
        (7, 30, 90, 180), "Look-back windows in days.", "さかのぼる期間(日数)。", min_length=1
    )
    login_events: Annotated[tuple[Text, ...], Unique] = doc(
        ("login",), "Values of usage.event that are logins.", "usage.eventのうちログインを表す値。"
    )
    file: FilePath | None = doc(
        None, "Ready-made snapshots (Parquet or CSV) instead of building them.", "作成済みスナップショットのファイル。"
    )
    account_id: Text = doc("account_id", "Column of the account in that file.", "そのファイルの顧客の列。")
    as_of: Text = doc("as_of", "Column of the date in that file.", "そのファイルの日付の列。")
    label: Text | None = doc(None, "Column of the outcome in that file: 1, 0 or missing.", "結果の列(1、0、欠損)。")
    features: Annotated[tuple[Text, ...], Unique] | None = doc(
        None, "Feature columns of that file; all others by default.", "特徴量の列。既定は残りすべて。"
    )
    text: Annotated[tuple[Text, ...], Unique] = doc((), "Free-text columns of that file.", "自由記述の列。")
    categories: Annotated[tuple[Text, ...], Unique] = doc((), "Category columns of that file.", "カテゴリーの列。")
    mrr: Text | None = doc(None, "Monthly revenue column of that file.", "月次収益の列。")

    def contradictions(self) -> Iterable[Wrong]:
        """Dates in order; columns of a file only with a file."""
        if self.start and self.end and self.start > self.end:
            yield Wrong(("end",), f"a date from {self.start} on", str(self.end))
        own = ("account_id", "as_of", "label", "features", "text", "categories", "mrr")
        if self.file is None:
            for name in own:
                if getattr(self, name) != type(self).model_fields[name].default:
                    yield Wrong((name,), "the key file beside it", "no file", "it names a column of that file")

    def spine_kwargs(self) -> dict[str, Any]:
        """Return what :func:`cs_ml.timeline.make_spine` takes.

        Examples
        --------
        >>> SnapshotsConfig(every={"renewal": [90]}).spine_kwargs()
        {'start': None, 'end': None, 'every': 'month', 'before_renewal': (90,)}
        """
        dates = {"start": self.start, "end": self.end}
        if isinstance(self.every, RenewalGrid):
            return {**dates, "every": "month", "before_renewal": self.every.renewal}
        return {**dates, "every": self.every, "before_renewal": ()}


def _nothing_required(schema: dict[str, Any]) -> None:
    """Tell editors that the kind may be left out, see :func:`with_kinds`."""
    schema.pop("required", None)


class LabelConfig(Section):
    """One target: what counts as the event, and when; a target named like a kind is of that kind."""

    model_config = ConfigDict(json_schema_extra=_nothing_required)

    kind: Literal["churn", "upsell", "inactivity", "growth", "table"] = Field(
        description="churn, upsell, inactivity, growth, or table for outcomes of your own.",
        json_schema_extra={"description_ja": "churn、upsell、inactivity、growth、または独自の結果を使うtable。"},
    )
    horizon_days: Positive = doc(90, "Days in which the event may happen.", "事象が起こりうる期間(日数)。")
    gap_days: Days = doc(0, "Days between the snapshot and the horizon.", "スナップショットから期間開始までの日数。")
    grace_days: Days = doc(
        30, "Days without a contract before an account counts as gone.", "契約のない日がこれを超えると解約。"
    )
    settling_days: Days = doc(0, "Days after the horizon until late records are in.", "遅れて届く記録を待つ日数。")
    min_increase: Annotated[Number, Field(gt=0)] = doc(
        0.05, "Smallest rise that counts, as a share.", "増加とみなす最小の割合。"
    )
    by: Literal["mrr", "tier"] = doc("mrr", "What rises: mrr or tier.", "増加を測る対象(mrr、tier)。")
    table: FilePath | None = doc(
        None, "File of your own outcomes: account_id, as_of, label.", "独自の結果のファイル(account_id, as_of, label)。"
    )

    def contradictions(self) -> Iterable[Wrong]:
        """Refuse a table without the kind table, and the kind without a table."""
        if self.kind == "table" and self.table is None:
            yield Wrong(("table",), "a path, because kind is table", "nothing")
        if self.kind != "table" and self.table is not None:
            yield Wrong(("table",), "kind: table beside it", f"kind: {self.kind}")

    @property
    def purge_days(self) -> int:
        """Days until the outcome of a snapshot is known for sure: gap, horizon, grace (churn only) and settling."""
        grace = self.grace_days if self.kind == "churn" else 0
        return self.gap_days + self.horizon_days + grace + self.settling_days


class TrainDates(Section):
    """A span of dates to learn from."""

    from_: Day | None = doc(None, "First date.", "最初の日付。", alias="from")
    to: Day | None = doc(None, "Last date.", "最後の日付。")

    def contradictions(self) -> Iterable[Wrong]:
        """Dates in order."""
        if self.from_ and self.to and self.from_ > self.to:
            yield Wrong(("to",), f"a date from {self.from_} on", str(self.to))


class ModelConfig(Section):
    """How probabilities are learned."""

    test_dates: Annotated[tuple[Day, ...], Unique] | None = doc(
        None, "Dates held out for the last test; chosen by default.", "最終評価に使う日付。既定では自動。", min_length=1
    )
    train_dates: TrainDates | Annotated[tuple[Day, ...], Unique] | None = doc(
        None, "Dates to learn from: a list, or {from, to}; all by default.", "学習に使う日付(一覧または{from, to})。"
    )
    n_origins: Positive = doc(6, "How many past dates the backtest stands on.", "バックテストの起点の数。")
    learners: Literal["auto"] | Annotated[tuple[Literal["base_rate", "logistic", "tree"], ...], Unique] = doc(
        "auto", "auto, or a list of base_rate, logistic, tree.", "auto、またはbase_rate、logistic、treeの一覧。"
    )
    tune: Flag = doc(False, "Whether to search for better settings first.", "先に設定を探索するか。")
    random_state: Days = doc(0, "Seed of everything random.", "乱数の種。")
    n_jobs: Positive | None = doc(
        None, "Threads; all cores by default. Results do not depend on it.", "スレッド数。既定は全コア。"
    )

    def contradictions(self) -> Iterable[Wrong]:
        """No date both learned from and held out."""
        both = sorted(day for day in self.test_dates or () if self._learns_from(day))
        if both:
            yield Wrong(("test_dates",), "dates that train_dates leaves out", ", ".join(map(str, both)))

    def _learns_from(self, day: date) -> bool:
        if isinstance(self.train_dates, TrainDates):
            return self.train_dates.to is not None and (self.train_dates.from_ or day) <= day <= self.train_dates.to
        return day in (self.train_dates or ())


class HealthConfig(Section):
    """How health scores are made."""

    enabled: Flag = doc(True, "Whether to score health.", "ヘルススコアを計算するか。")
    scorecard: Literal["default"] | FilePath = doc(
        "default", "default, or the path of a scorecard file.", "default、またはスコアカードのファイル。"
    )
    target: Text = doc("churn", "The label that health is the opposite of.", "ヘルスの裏返しとなるラベルの名前。")
    pdo: Annotated[Number, Field(gt=0)] | None = doc(
        None, "Points that double the odds of staying; the scorecard's own by default.", "継続オッズが倍になる点数。"
    )
    coverage_floor: Annotated[Number, Field(ge=0, le=1)] | None = doc(
        None, "Share of weight that must be measured; the scorecard's own by default.", "必要な測定済み重みの割合。"
    )


class EngineConfig(Section):
    """How much of the machine is used; no result depends on it."""

    memory_limit: Annotated[str, matching(r"\d+(\.\d+)? ?[KMGT]i?B", "a size such as 2GB")] = doc(
        "2GB", "Memory for reading and sorting tables, such as 2GB.", "テーブルの読み込みに使うメモリー(例: 2GB)。"
    )
    workers: Positive | None = doc(None, "Parallel workers; all cores by default.", "並列数。既定は全コア。")
    buckets: Positive | None = doc(
        None, "Pieces the accounts are cut into; chosen by default.", "顧客を分ける数。既定では自動。"
    )


class OutputConfig(Section):
    """Where results go."""

    folder: FilePath = doc("out", "Folder of scores, models and reports.", "スコア、モデル、レポートのフォルダー。")


class TrackingConfig(Section):
    """Where training runs are recorded."""

    uri: Text | None = doc(
        None,
        "MLflow tracking URI; a SQLite file in the output folder by default.",
        "MLflowのURI。既定は出力先のSQLite。",
    )
    experiment: Text = doc("cs_ml", "Name of the experiment.", "実験の名前。")
    registered_name: Text = doc("cs_ml", "Name of the registered model.", "登録モデルの名前。")


class ReportConfig(Section):
    """How reports look."""

    languages: Annotated[tuple[Language, ...], Unique] | None = doc(
        None,
        "Languages of reports; that of the book by default.",
        "レポートの言語。既定はbook.language。",
        min_length=1,
    )
    top_drivers: Positive = doc(5, "How many reasons to show for an account.", "顧客ごとに示す理由の数。")


def default_labels() -> dict[str, LabelConfig]:
    """Return the two targets every book has: churn and upsell within 90 days."""
    return {"churn": LabelConfig(kind="churn"), "upsell": LabelConfig(kind="upsell")}


def with_kinds(labels: Any) -> Any:
    """Let a target named like a kind be of that kind."""
    if not isinstance(labels, dict):
        return labels
    filled = {name: {} if label is None else label for name, label in labels.items()}
    return {
        name: {"kind": name, **label} if isinstance(label, dict) and name in KINDS and name != "table" else label
        for name, label in filled.items()
    }
