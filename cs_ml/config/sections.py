"""The smaller parts of the config: book, models, health, machine, output."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cs_ml.config.fields import (
    Day,
    Days,
    FilePath,
    Flag,
    Number,
    Positive,
    Section,
    Text,
    Unique,
    Wrong,
    Zone,
    doc,
    matching,
)

__all__ = [
    "BookConfig",
    "EngineConfig",
    "HealthConfig",
    "ModelConfig",
    "OutputConfig",
    "ReportConfig",
    "TrackingConfig",
    "TrainDates",
]

Language = Literal["en", "ja"]
Learner = Literal["base_rate", "logistic", "additive", "tree", "free_tree"]


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
    learners: Literal["auto"] | Annotated[tuple[Learner, ...], Unique] = doc(
        "auto",
        "auto, or a list of base_rate, logistic, additive, tree, free_tree.",
        "auto、またはbase_rate、logistic、additive、tree、free_treeの一覧。",
    )
    further_learners: Annotated[tuple[Text, ...], Unique] = doc(
        (),
        "Learners of other packages beside these: entry points of cs_ml.learners.",
        "他のパッケージの学習器(cs_ml.learnersのエントリーポイント)。",
    )
    monotone: Flag = doc(
        False,
        "Whether trees obey the directions that the catalog expects, where that does not lose on later dates.",
        "精度を損なわない場合に、特徴量の想定方向に木を従わせるか。",
    )
    text_encoder: Text = doc(
        "ngrams",
        "How comments are read: ngrams, sentence (extra text), or your own.",
        "コメントの読み方(ngrams、sentence、または独自)。",
    )
    tune: Flag = doc(False, "Whether to search for better settings first.", "先に設定を探索するか。")
    update_level: Flag = doc(
        False,
        "Whether scoring moves probabilities to the level of outcomes that became known since training.",
        "学習後に判明した結果の水準に、スコア計算時の確率を合わせるか。",
    )
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
    cache: FilePath | None = doc(
        None,
        "Folder that keeps usage reduced to days, so that new files cost their own rows only; none by default.",
        "日次に集計した利用データを保存するフォルダー。既定では保存しない。",
    )
    kind: Literal["local", "spark"] = doc(
        "local", "local: this machine; spark: a Spark cluster.", "local: この計算機、spark: Sparkクラスター。"
    )
    master: Text | None = doc(
        None, "Master of Spark, such as local[4] or yarn.", "Sparkのマスター(例: local[4]、yarn)。"
    )
    options: dict[str, Text] | None = doc(None, "Properties of Spark.", "Sparkの設定項目。")


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
