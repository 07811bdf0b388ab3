"""The part of the config about how long accounts stay."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cs_ml.config.fields import Days, Flag, Number, Positive, Section, doc

__all__ = ["SurvivalConfig"]


class SurvivalConfig(Section):
    """How long accounts stay."""

    enabled: Flag = doc(True, "Whether to foresee how long accounts stay.", "継続期間を予測するか。")
    within_days: Annotated[Positive, Field(ge=365)] = doc(
        1825, "Time looked at for the remaining stay and its value.", "残存期間とLTVで見る日数。"
    )
    term_days: Positive = doc(
        365, "Days after the horizon whose revenue is at stake.", "予測期間の後、失われうる収益として数える日数。"
    )
    discount_rate: Annotated[Number, Field(ge=0)] = doc(
        0.0, "Yearly rate by which later money counts less, for LTV.", "LTVに使う年間割引率。"
    )
    refits: Days = doc(
        6,
        "Refits on random halves of the accounts, for intervals; none where 0.",
        "区間のための再学習の回数。0なら区間なし。",
    )
