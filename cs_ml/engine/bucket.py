"""A bucket: the rows of some accounts, as a builder sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from cs_ml.engine.usage_state import UsageState
from cs_ml.timeline.clock import Clock

__all__ = ["Bucket", "Builder", "of_family"]


@dataclass(frozen=True)
class Bucket:
    """The rows of some accounts.

    Parameters
    ----------
    accounts
        Account ids of the bucket, sorted; their position is the account code of ``usage``.
    frames
        Rows of these accounts by table, in a fixed order.
    usage
        Usage reduced to days, where a builder reads it.
    clock
        Calendar of the book.
    family
        Rows of these accounts and of all accounts ever linked to them through a parent, by table, where a builder asks
        for them; accounts without any relative have none.
    """

    accounts: np.ndarray
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    usage: UsageState | None = None
    clock: Clock = field(default_factory=Clock)
    family: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table is there with all of these columns."""
        return table in self.frames and set(columns) <= set(self.frames[table].columns)


def of_family(builder: Builder) -> tuple[str, ...]:
    """Return the tables of which a builder wants the rows of relatives too: its ``family``, mostly nothing."""
    return tuple(getattr(builder, "family", ()))


class Builder(Protocol):
    """Makes features of some accounts; the features of an account depend on that account's rows only.

    A builder with an attribute ``family`` (names of tables) is given the rows of relatives in ``bucket.family``; its
    features depend on the rows of the account's family only.
    """

    @property
    def reads(self) -> tuple[str, ...]:
        """Tables that the builder reads."""
        ...

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key of (account_id, as_of), in the order of the keys.

        Parameters
        ----------
        bucket
            Rows of the accounts among the keys, the future included: look back through the timeline only.
        keys
            Accounts and dates.
        """
        ...
