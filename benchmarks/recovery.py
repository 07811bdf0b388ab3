"""Are the planted causes found? Each beside columns alike that carry nothing, and with its sign."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from goals import Goal
from sklearn.base import clone
from worlds import Book, Split

from cs_ml.models import PropensityClassifier
from cs_ml.timeline import as_of_dates

SHADOW = "shadow_"
KNOWN: dict[str, Callable[[pd.DataFrame], pd.Series]] = {  # causes that calendar and contract fix
    "tenure": lambda X: np.log1p(X["contracts_tenure_days"] / 30.4),
    "renewal": lambda X: (X["contracts_term_days_to_end"] < 90).where(X["contracts_term_months"] > 2).astype(float),
    "small_business": lambda X: (X["accounts_segment_current"].astype(object) == "small").astype(float),
    "price_rise": lambda X: (X["contracts_mrr_change_90d"] > 0).astype(float),
}


def recovered(
    book: Book, split: Split, model: PropensityClassifier, target: str, *, strong: float, bound: float
) -> list[Goal]:
    """Print what each planted cause contributes, and return the goals.

    The model learns once more with shadows: for each carrier (but free text) a column with the values of another
    account, so that level, gaps and rhythm stay and all that it could say about this account is gone. A cause is found
    when the sum of its carriers' contributions is larger on average than that of their shadows.
    """
    carriers = _carriers(book, split.past, target)
    columns = sorted({name for names in carriers.values() for name in names})
    past = split.past.join(shadows(split.past[columns], seed=1))
    recent = split.recent.join(shadows(split.recent[columns], seed=2))
    shadowed = clone(model).fit(past, split.past_y)
    parts, own = shadowed.contributions(recent)[0], model.contributions(split.recent)[0]
    coefficient = book.world.truth("drivers").set_index("driver")[f"{target}_coefficient"]
    signals = _signals(book, split.recent)
    rows = [
        {
            "cause": cause,
            "planted": coefficient[cause],
            "spread": abs(coefficient[cause]) * signals[cause].std(),
            "columns": len(names),
            "found": _size(own, names),
            "with shadows": _size(parts, names),
            "of shadows": _size(parts, [SHADOW + name for name in names]),
            "sign": _agrees(own[names].sum(axis=1), signals[cause], coefficient[cause]),
        }
        for cause, names in carriers.items()
    ]
    table = pd.DataFrame(rows).sort_values("found", ascending=False).set_index("cause")
    table["above shadows"] = table["with shadows"] > table["of shadows"]
    print(f"  planted causes of {target}, mean |sum of contributions| in log-odds")
    print(table.round(3).to_string())
    chosen = table[table["spread"] >= strong]
    both = chosen["above shadows"] & chosen["sign"]
    return [Goal(f"{target}, strong visible causes found with their sign", float(both.mean()), bound, at_most=False)]


def _size(parts: pd.DataFrame, names: list[str]) -> float:
    return float(parts[names].sum(axis=1).abs().mean())


def _agrees(found: pd.Series, signal: pd.Series, planted: float) -> bool:
    """Tell whether what is found grows with the cause as it was planted, where the cause can act at all."""
    known = signal.notna().to_numpy()
    if found[known].nunique() < 2:
        return False
    return bool(np.sign(found[known].corr(signal[known], "spearman")) == np.sign(planted))


def shadows(columns: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return for each account the columns of another one on the same dates; the nearest date where it has no row."""
    accounts = columns.index.get_level_values("account_id")
    everyone = accounts.unique()
    other = pd.Series(np.roll(np.random.default_rng(seed).permutation(everyone), 1), name="other")
    other.index = pd.Index(np.roll(other.to_numpy(), 1), name="account_id")
    rows = pd.DataFrame(
        {"account_id": accounts, "other": other.reindex(accounts).to_numpy(), "as_of": as_of_dates(columns)}
    )
    given = pd.DataFrame({"other": accounts, "as_of": as_of_dates(columns), "row": np.arange(len(columns))})
    order = rows["as_of"].argsort(kind="stable").to_numpy()
    nearest = pd.merge_asof(
        rows.iloc[order], given.sort_values("as_of", kind="stable"), on="as_of", by="other", direction="nearest"
    )
    row = np.empty(len(columns), dtype=np.intp)
    row[order] = nearest["row"].to_numpy()
    return columns.iloc[row].set_axis(columns.index).add_prefix(SHADOW)


def _carriers(book: Book, X: pd.DataFrame, target: str) -> dict[str, list[str]]:
    """Return for each cause of a target the columns of this release that see it, free text left out."""
    causes = book.world.truth("drivers").set_index("driver")
    listed = causes["features"][causes[f"{target}_coefficient"] != 0].str.split(",")
    usable = set(X.columns) - set(book.snapshot.text)
    seen = {str(cause): [name for name in names if name in usable] for cause, names in listed.items()}
    return {cause: names for cause, names in seen.items() if names}


def _signals(book: Book, X: pd.DataFrame) -> pd.DataFrame:
    """Return the causes themselves on each row: the state of the month before, which moves the third month ahead."""
    latents = book.world.truth("latents")
    latents["as_of"] = latents["month"] + pd.DateOffset(months=1)
    states = latents.set_index(["account_id", "as_of"]).reindex(X.index)
    numbers = states.select_dtypes(exclude="datetime").astype(float)
    return numbers.assign(
        fullness=(numbers["utilisation"] - 0.6) / 0.2, **{name: signal(X) for name, signal in KNOWN.items()}
    )
