"""The dates on which accounts are looked at, and what is to be foreseen on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field

from cs_ml.config.fields import Day, Days, FilePath, Number, Positive, Section, Text, Unique, Wrong, doc

__all__ = ["KINDS", "LabelConfig", "RenewalGrid", "SnapshotsConfig", "default_labels", "with_kinds"]

Kind = Literal[
    "churn", "non_renewal", "downsell", "upsell", "cross_sell", "inactivity", "growth", "table"
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
CONTRACTUAL = KINDS[:5]
OWNERS = {"which": "churn", "product": "cross_sell", "min_decrease": "downsell"}  # keys of one kind only


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
    top_features: Days | Annotated[tuple[Text, ...], Unique] = doc(
        8,
        "Features of the product to look at one by one: how many, or their names.",
        "個別に見る製品機能の数、または名前の一覧。",
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

    kind: Kind = Field(
        description=f"{', '.join(KINDS[:-1])}, or table for outcomes of your own.",
        json_schema_extra={"description_ja": f"{'、'.join(KINDS[:-1])}、または独自の結果を使うtable。"},
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
    min_decrease: Annotated[Number, Field(gt=0, lt=1)] = doc(
        0.05, "Smallest fall of MRR that is a downsell, as a share.", "減額とみなす最小の割合。"
    )
    which: Literal["any", "voluntary", "involuntary"] = doc(
        "any", "Churn that counts: any, voluntary or involuntary.", "対象とする解約(any、voluntary、involuntary)。"
    )
    product: Text | None = doc(None, "Product of a cross-sell: a value of contracts.product.", "クロスセルの製品。")
    by: Literal["mrr", "tier"] = doc("mrr", "What rises: mrr or tier.", "増加を測る対象(mrr、tier)。")
    table: FilePath | None = doc(
        None, "File of your own outcomes: account_id, as_of, label.", "独自の結果のファイル(account_id, as_of, label)。"
    )

    def contradictions(self) -> Iterable[Wrong]:
        """Refuse keys that belong to another kind, and a kind without the key it needs."""
        if self.kind == "table" and self.table is None:
            yield Wrong(("table",), "a path, because kind is table", "nothing")
        if self.kind != "table" and self.table is not None:
            yield Wrong(("table",), "kind: table beside it", f"kind: {self.kind}")
        if self.kind == "cross_sell" and self.product is None:
            yield Wrong(("product",), "a value of contracts.product, because kind is cross_sell", "nothing")
        for name, kind in OWNERS.items():
            if self.kind != kind and getattr(self, name) != type(self).model_fields[name].default:
                yield Wrong((name,), f"kind: {kind} beside it", f"kind: {self.kind}")

    @property
    def purge_days(self) -> int:
        """Days until the outcome of a snapshot is known for sure: gap, horizon, grace (contracts only) and settling."""
        grace = self.grace_days if self.kind in CONTRACTUAL else 0
        return self.gap_days + self.horizon_days + grace + self.settling_days


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
