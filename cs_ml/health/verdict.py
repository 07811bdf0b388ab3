"""Says in a sentence whether learned weights are better than equal weights and the expert's."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd

__all__ = ["verdict_of"]


def verdict_of(comparison: pd.DataFrame, n_events: int) -> str:
    """Return the verdict in words.

    Parameters
    ----------
    comparison
        Out-of-time log loss of ``base rate``, ``equal``, ``expert`` and ``learned`` weights, with the difference of
        ``learned`` to each and its 90 % interval.
    n_events
        Churn events out of time.

    Returns
    -------
    str
        Better or worse only where the interval of the difference excludes zero, as good otherwise.

    Examples
    --------
    >>> table = pd.DataFrame({"log_loss": [0.3, 0.27, 0.27, 0.25], "difference": [-0.05, -0.02, -0.02, 0],
    ...     "difference_low": [-0.08, -0.03, -0.05, 0], "difference_high": [-0.02, -0.01, 0.01, 0]},
    ...     index=["base rate", "equal", "expert", "learned"])
    >>> print(verdict_of(table, 40))
    Out of time (40 churns), learned weights (log loss 0.2500) are better than the base rate (0.3000, difference
    -0.0500, 90 % interval -0.0800 to -0.0200); better than equal weights (0.2700, difference -0.0200, 90 % interval
    -0.0300 to -0.0100); as good as the expert's weights (0.2700, difference -0.0200, 90 % interval -0.0500 to 0.0100).
    """
    if not len(comparison):
        return "Not measured: no date lies far enough after three churns to test anything out of time."
    rows = comparison.to_dict("index")
    names = {"base rate": "the base rate", "equal": "equal weights", "expert": "the expert's weights"}
    parts = [_against(rows[row], name) for row, name in names.items()]
    loss = rows["learned"]["log_loss"]
    return f"Out of time ({n_events} churns), learned weights (log loss {loss:.4f}) are {'; '.join(parts)}."


def _against(row: dict[Hashable, float], name: str) -> str:
    if row["difference"] == row["difference_low"] == row["difference_high"] == 0:
        return f"the same as {name} ({row['log_loss']:.4f})"
    better, worse = row["difference_high"] < 0, row["difference_low"] > 0
    word = "better than" if better else "worse than" if worse else "as good as"
    return (
        f"{word} {name} ({row['log_loss']:.4f}, difference {row['difference']:.4f}, "
        f"90 % interval {row['difference_low']:.4f} to {row['difference_high']:.4f})"
    )
