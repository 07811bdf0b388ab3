"""The part of the config about searching for better settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cs_ml.config.fields import Flag, Number, Positive, Section, doc

__all__ = ["TuningConfig"]


class TuningConfig(Section):
    """How settings of the trees are searched, where model.tune is true (extra tune)."""

    trials: Positive = doc(30, "Choices of settings to try at most.", "試す設定の数の上限。")
    seconds: Annotated[Number, Field(gt=0)] | None = doc(
        None, "Seconds a target after which no further choice is tried; results then depend on the machine.",
        "対象ごとの制限時間(秒)。指定すると結果は計算機に依存する。",
    )  # fmt: skip
    trees: Positive = doc(150, "Trees at most.", "木の数の上限。")
    metric: Literal["log_loss", "average_precision"] = doc(
        "log_loss", "What is made better: log_loss, average_precision.", "改善する指標(log_loss、average_precision)。"
    )
    warm_start: Flag = doc(
        True, "Whether to begin with what the last search in the output folder found best.",
        "出力先にある前回の探索結果から始めるか。",
    )  # fmt: skip
