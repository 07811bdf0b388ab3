"""The part of the config about whom to work on first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from cs_ml.config.fields import Number, Positive, Section, Wrong, doc

__all__ = ["PriorityConfig"]


class PriorityConfig(Section):
    """Whom to work on first."""

    capacity: Positive = doc(20, "Accounts that the team can work on a month.", "チームが1か月に対応できる顧客数。")
    contact_cost: Annotated[Number, Field(ge=0)] | None = doc(
        None, "Money that working on one account costs; with success_rate it gives an expected profit.",
        "1顧客への対応にかかる費用。success_rateと合わせて期待利益を計算する。",
    )  # fmt: skip
    success_rate: Annotated[Number, Field(ge=0, le=1)] | None = doc(
        None, "Share of the accounts worked on, and about to leave, that you assume to stay.",
        "対応した解約予定の顧客のうち、継続すると仮定する割合。",
    )  # fmt: skip
    months_kept: Annotated[Number, Field(gt=0)] = doc(
        12.0, "Months of MRR that an account kept is worth.", "引き止めた顧客の価値(MRRの月数)。"
    )

    def contradictions(self) -> Iterable[Wrong]:
        """Refuse a cost without a success rate, and the other way round: a profit needs both."""
        if (self.contact_cost is None) != (self.success_rate is None):
            absent = "contact_cost" if self.contact_cost is None else "success_rate"
            yield Wrong((absent,), "a number, because the other half of a profit is there", "nothing")
