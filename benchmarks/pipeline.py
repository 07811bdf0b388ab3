"""What each step of the pipeline costs, beside a plain way of doing the same in the same run.

Simulated books of 1,000 and 20,000 accounts (about ten million rows of usage), 18 monthly dates. Every step runs in a
process of its own, the ways in turn, and the median counts; work longer than a minute is not repeated. Usage features
are held equal to the loop in pandas before anything is timed. Machines differ and are shared: read the ratios.

The bounds, and why. Usage features from the file: a sixth of the time of the loop in pandas, and no more than twice one
GROUP BY by account, user and day in DuckDB, which any exact way has to do at least (20,000 accounts; with few rows both
measure the start). That grouping takes every row as known when it happened, and so do we beside it; what late rows cost
besides is the line "usage / usage_duckdb", without a bound. Memory: 2 GiB a step, so that a small machine is enough.
Explaining a row: a quarter of LightGBM's default shape, because a smaller model is chosen; and smaller must not mean
worse on later dates, so the interval of the difference of log loss must reach zero or lie below it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import pandas as pd
from fresh import LONG, run
from goals import Goal, judge

from cs_ml.simulate import WorldConfig, simulate

STEPS = str(Path(__file__).with_name("steps.py"))
BESIDE = {
    "usage": ("usage_pandas", "usage_duckdb"), "usage_at_once": ("usage_duckdb",), "fit": ("fit_lightgbm",),
    "score": ("score_lightgbm",),
    "explain": ("explain_lightgbm",),
}  # fmt: skip
ORDER = ("check", "usage", "usage_at_once", "usage_pandas", "usage_duckdb", "snapshot", "fit", "fit_lightgbm", "score",
         "score_lightgbm", "explain", "explain_lightgbm")  # fmt: skip
OURS = ("check", "usage", "snapshot", "fit", "score", "explain")
SIZES = {1_000: 1.0, 20_000: 0.434}  # accounts: intensity of usage
GIB = 1024.0


def measured(folder: Path, rounds: int) -> pd.DataFrame:
    """Run all steps in turn, and return the median of what each spent."""
    spent: dict[str, list[dict[str, float]]] = {step: [] for step in ORDER}
    for _ in range(rounds):
        for step in ORDER:
            if not spent[step] or spent[step][0]["cpu"] < LONG:
                spent[step].append(run(STEPS, step, str(folder)))
    names = ("wall", "cpu", "peak")
    table = {step: {name: median(one[name] for one in found) for name in names} for step, found in spent.items()}
    extra = {
        step: {name: value for name, value in found[0].items() if name not in names} for step, found in spent.items()
    }
    for step, found in extra.items():
        table[step] |= found
    return pd.DataFrame(table).T


def shown(table: pd.DataFrame) -> str:
    """Write the table with what each step costs in units of its plain ways."""
    lines = {
        f"{ours} / {plain}": {name: table.loc[ours, name] / table.loc[plain, name] for name in ("wall", "cpu", "peak")}
        for ours, others in BESIDE.items()
        for plain in others
    }
    return f"{table.round(2).to_string(na_rep='')}\n\n{pd.DataFrame(lines).T.round(2).to_string()}"


def goals_of(accounts: int, table: pd.DataFrame, loss: dict[str, float]) -> list[Goal]:
    """Return the goals of one size."""

    def ratio(ours: str, plain: str, unit: str) -> float:
        return float(table.loc[ours, unit] / table.loc[plain, unit])

    size = f"{accounts:,} accounts"
    goals = [
        *(Goal(f"{size}, peak memory of {step}, GiB", table.loc[step, "peak"] / GIB, 2.0) for step in OURS),
        Goal(f"{size}, explain / LightGBM default shape, processor", ratio("explain", "explain_lightgbm", "cpu"), 0.25),
        Goal(f"{size}, log loss minus LightGBM, lower end", loss["low"], 0.0),
    ]
    if accounts < max(SIZES):
        return goals
    return [
        *goals,
        Goal(f"{size}, usage / loop in pandas, processor", ratio("usage", "usage_pandas", "cpu"), 1 / 6),
        Goal(f"{size}, usage at once / one GROUP BY, processor", ratio("usage_at_once", "usage_duckdb", "cpu"), 2.0),
    ]


def book(place: Path, accounts: int, rounds: int) -> list[Goal]:
    """Simulate a book, measure every step, print, and return the goals."""
    folder = place / "tables"
    world = simulate(WorldConfig(n_accounts=accounts, seed=11, usage_intensity=SIZES[accounts]), folder)
    if accounts == min(SIZES):
        held = run(STEPS, "equal", str(folder))
        print(f"equal to the loop in pandas: {held['columns']:.0f} columns x {held['rows']:,.0f} rows")
    table = measured(folder, rounds)
    loss = run(STEPS, "log_loss", str(folder))
    print(f"\n{accounts:,} accounts, {world.rows['usage']:,} rows of usage, load {os.getloadavg()[0]:.1f}")
    print("seconds of wall and processor, peak memory in MiB")
    print(shown(table))
    print(f"log loss on later dates minus LightGBM's: {loss['value']:.4f} ({loss['low']:.4f} to {loss['high']:.4f})")
    return goals_of(accounts, table, loss)


def main() -> int:
    """Measure all sizes and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 accounts only, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accounts", type=int, choices=SIZES, help="one size only")
    options = parser.parse_args()
    sizes = [options.accounts] if options.accounts else [min(SIZES)] if options.quick else list(SIZES)
    goals: list[Goal] = []
    for accounts in sizes:
        with tempfile.TemporaryDirectory() as place:
            goals += book(Path(place), accounts, 1 if options.quick else options.rounds)
    print()
    return judge(goals)


if __name__ == "__main__":
    sys.exit(main())
