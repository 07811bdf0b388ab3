"""What exact reasons cost: tables of patterns beside LightGBM's ``pred_contrib``, and a million accounts end to end.

Two models of 60 columns with missing values: the shape we are judged on, 300 trees of 31 leaves, and the model as it
ships (a blend that learned from a made book). First the trees alone, tables built within the clock; ``pred_contrib`` is
timed on a share of the rows and scaled, as it is linear in rows. Then whole books from Parquet to Parquet: probability,
the five largest drivers of each account, every row checked to add up. Each measurement runs in a process of its own,
one thread; processor seconds are judged, because the wall clock depends on the neighbours. ``--quick`` is smaller and
does not judge how many times faster tables are: what building them costs is promised for 200,000 rows.
woodelf-explainer is measured where Python can import it; ``--woodelf PYTHON`` names one that can. Exit status 0 only
when all goals hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from fresh import run, spending
from goals import Goal, judge

COLUMNS, TREES, LEAVES = 60, 300, 31
LEARNED = 60_000
PIECE = 1 << 15
FEW = 100_000  # rows below which building tables outweighs using them
AS_OF = "2026-10-01"
MODELS = {"large": f"{TREES} trees of {LEAVES} leaves", "shipped": "as shipped"}


def rows_of(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return columns with a tenth missing, and labels that hang on twenty of them."""
    X = rng.normal(size=(n, COLUMNS))
    X[rng.random(X.shape) < 0.1] = np.nan
    z = np.nan_to_num(X)
    curved = z[:, 0] * z[:, 1] + z[:, 2] - 0.5 * z[:, 3] ** 2 + np.abs(z[:, 4]) * z[:, 5]
    margin = curved + z[:, 6:20] @ np.random.default_rng(1).normal(scale=0.4, size=14) - 3.0
    return X, (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(float)


def framed(X: np.ndarray, first: int, dates: int = 1) -> Any:
    import pandas as pd

    accounts = [f"A{number:07d}" for number in range(first, first + len(X) // dates)]
    when = pd.date_range(end=AS_OF, periods=dates, freq="MS")
    index = pd.MultiIndex.from_product([accounts, when], names=["account_id", "as_of"])
    return pd.DataFrame(X, index=index, columns=[f"column_{number}" for number in range(COLUMNS)])


def made(folder: Path, alone: int, accounts: int) -> None:
    """Write both models, a matrix for the trees alone, and the book."""
    import lightgbm as lgb
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cs_ml.models import PropensityClassifier

    rng = np.random.default_rng(0)
    X, y = rows_of(rng, LEARNED)
    options = {"objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    text = lgb.train(options, lgb.Dataset(X, label=y), TREES).model_to_string()
    book = framed(X[:24_000], 0, dates=12)
    shipped = PropensityClassifier().fit(book, pd.Series(y[:24_000], index=book.index)).to_state()
    (folder / "shipped.json").write_text(json.dumps(shipped))
    (folder / "large.txt").write_text(text)
    (folder / "large.json").write_text(json.dumps(of_these_trees(shipped, text)))
    np.save(folder / "alone.npy", rows_of(rng, alone)[0])
    writer = None
    for first in range(0, accounts, PIECE):
        table = pa.Table.from_pandas(framed(rows_of(rng, min(PIECE, accounts - first))[0], first))
        writer = writer or pq.ParquetWriter(folder / "book.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def of_these_trees(state: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the state of a classifier whose only learner is one LightGBM model."""
    member = next(part["state"]["members"][0] for part in state["ensemble"]["learners"] if part["name"] == "tree")
    trees = {**member, "columns": None, "trees": TREES, "kept": list(range(COLUMNS)), "boosters": [text]}
    blend = {"learners": [{"name": "tree", "state": {"members": [trees]}}], "weights": [1.0]}
    return {**state, "ensemble": {**state["ensemble"], **blend}}


def restored(folder: Path, name: str) -> Any:
    from cs_ml.models import PropensityClassifier

    return PropensityClassifier.from_state(json.loads((folder / f"{name}.json").read_text()))


def tables_alone(folder: Path, name: str, rows: int) -> dict[str, float]:
    """Build tables for the trees of a model, and explain all rows."""
    from cs_ml.models.tree_sum import tree_sum

    ensemble = restored(folder, name).ensemble_
    X = np.load(folder / "alone.npy")
    with spending() as spent:
        began = time.process_time()
        trees = tree_sum(ensemble.learners, ensemble.weights, ensemble.encoder.tree_sources_)
        built = time.process_time() - began
        assert trees.tables is not None, trees.reason
        parts = trees.tables.contributions(X)
    np.save(folder / f"tables_{name}.npy", parts[:rows])
    return spent | {"built": built}


def pred_contrib(folder: Path, name: str, rows: int) -> dict[str, float]:
    """Let LightGBM explain a share of the rows."""
    from cs_ml.models.encode import View

    ensemble = restored(folder, name).ensemble_
    X = np.load(folder / "alone.npy", mmap_mode="r")[:rows]
    view, parts = View(np.ascontiguousarray(X), ensemble.encoder.tree_sources_), np.zeros(X.shape)
    with spending() as spent:
        for weight, learner in zip(ensemble.weights, ensemble.learners, strict=True):
            if learner.reads == "tree":
                parts += weight * learner.contributions(view)[0]
    np.save(folder / f"pred_contrib_{name}.npy", parts)
    return spent


def woodelf(folder: Path, rows: int) -> dict[str, float]:
    """Let woodelf-explainer explain all rows; its own clock includes its preparation."""
    import lightgbm as lgb
    import pandas as pd
    from woodelf import WoodelfExplainer

    model = lgb.Booster(model_file=str(folder / "large.txt"))
    X = pd.DataFrame(np.load(folder / "alone.npy"), columns=model.feature_name())
    with spending() as spent:
        parts = np.asarray(WoodelfExplainer(model).shap_values(X))
    np.save(folder / "woodelf_large.npy", parts[:rows])
    return spent


def pieces_of(folder: Path, rows: int) -> Iterator[Any]:
    """Read the first rows of the book."""
    from cs_ml.pipeline.pieces import read_pieces

    for X in read_pieces(folder / "book.parquet", PIECE):
        yield X.iloc[:rows]
        rows -= len(X)
        if rows <= 0:
            return


def plain_predict(folder: Path, name: str, rows: int) -> dict[str, float]:
    """Predict piece by piece; reading is not on the clock."""
    model, cpu, wall = restored(folder, name), 0.0, 0.0
    for X in pieces_of(folder, rows):
        with spending() as spent:
            model.predict_proba(X)
        cpu, wall = cpu + spent["cpu"], wall + spent["wall"]
    return spent | {"cpu": cpu, "wall": wall}


def scored(folder: Path, name: str, rows: int) -> dict[str, float]:
    """Read, score, explain, write: everything from the model's text to the files is on the clock."""
    from cs_ml.pipeline.pieces import score_pieces
    from cs_ml.store import read_manifest

    with spending() as spent:
        model = restored(folder, name)
        written = score_pieces(pieces_of(folder, rows), folder / f"scores_{name}_{rows}", AS_OF, churn=model)
    assert read_manifest(written)["rows"] == rows
    shutil.rmtree(folder / f"scores_{name}_{rows}")
    return spent


STEPS = {"tables": tables_alone, "pred_contrib": pred_contrib, "predict": plain_predict, "score": scored}


def step(folder: Path, what: str, name: str, rows: int) -> dict[str, float]:
    return run(__file__, "--step", what, str(folder), name, str(rows))


def woodelf_run(python: Path | None, folder: Path, rows: int) -> dict[str, float] | None:
    """Run woodelf-explainer with a Python that has it; say so where none has."""
    if python is None and find_spec("woodelf") is None:
        print("woodelf-explainer: not importable here, so not measured (--woodelf PYTHON names a Python that has it)")
        return None
    command = [str(python or sys.executable), "-W", "ignore", __file__, "--step", "woodelf", str(folder), "", str(rows)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def difference(folder: Path, one: str, other: str) -> float:
    return float(np.abs(np.load(folder / f"{one}.npy") - np.load(folder / f"{other}.npy")).max())


def trees_alone(folder: Path, rows: int, share: int, python: Path | None) -> list[Goal]:
    """Compare the ways to explain trees."""
    print(
        f"\ntrees alone, {rows:,} rows x {COLUMNS} columns; pred_contrib timed on {share:,} and scaled x{rows // share}"
    )
    print(f"{'':34}{'processor s':>12}{'wall s':>9}{'peak MiB':>10}{'difference':>12}")
    goals = []
    for name, about in MODELS.items():
        slow = step(folder, "pred_contrib", name, share)
        slow |= {"cpu": slow["cpu"] * rows / share, "wall": slow["wall"] * rows / share}
        fast = step(folder, "tables", name, share)
        off = difference(folder, f"tables_{name}", f"pred_contrib_{name}")
        line(f"{about}: pred_contrib", slow)
        line(f"tables ({fast['built']:.1f} s of it building)", fast, off)
        goals.append(Goal(f"{about}: largest difference from pred_contrib", off, 1e-9))
        if rows >= FEW:
            goals.append(Goal(f"{about}: times faster than pred_contrib", slow["cpu"] / fast["cpu"], 25, at_most=False))
        if name == "large" and (other := woodelf_run(python, folder, share)) is not None:
            line("woodelf-explainer", other, difference(folder, "woodelf_large", "pred_contrib_large"))
            faster = Goal(f"{about}: times faster than woodelf", other["cpu"] / fast["cpu"], 2, at_most=False)
            goals += [faster] if rows >= FEW else []
    return goals


def line(about: str, spent: dict[str, float], off: float | None = None) -> None:
    shown = "" if off is None else f"{off:12.1e}"
    print(f"{about:34}{spent['cpu']:12.1f}{spent['wall']:9.1f}{spent['peak']:10,.0f}{shown}", flush=True)


def end_to_end(folder: Path, sizes: list[int]) -> list[Goal]:
    """Compare scores with drivers, from Parquet to Parquet, with plain prediction of the same rows."""
    print("\nwhole books: probability and five drivers, from Parquet to Parquet, beside predict_proba in memory")
    print(f"{'':34}{'processor s':>12}{'wall s':>9}{'peak MiB':>10}")
    goals = []
    for name, about in MODELS.items():
        found = {size: step(folder, "score", name, size) for size in sizes}
        for size in sizes:
            line(f"{about}: {size:,} rows", found[size])
        plain = step(folder, "predict", name, sizes[-1])
        line(f"predict alone, {sizes[-1]:,} rows", plain)
        first, last = found[sizes[0]], found[sizes[-1]]
        goals += [
            Goal(f"{about}: scores and drivers / plain predict", last["cpu"] / plain["cpu"], 5),
            Goal(f"{about}: peak memory, GiB", last["peak"] / 1024, 1.5),
            Goal(f"{about}: peak memory of most rows / fewest", last["peak"] / first["peak"], 1.05),
        ]
    return goals


def main() -> int:
    """Make models and rows, measure, print tables and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--woodelf", type=Path, help="a Python that can import woodelf, lightgbm and pandas")
    parser.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        what, place, name, rows = chosen.step
        found = woodelf(Path(place), int(rows)) if what == "woodelf" else STEPS[what](Path(place), name, int(rows))
        print(json.dumps(found))
        return 0
    alone, share = (20_000, 1_000) if chosen.quick else (200_000, 10_000)
    sizes = [65_536, 131_072] if chosen.quick else [250_000, 500_000, 1_000_000]
    folder = Path(tempfile.mkdtemp(prefix="cs_ml_drivers_", dir=chosen.folder))
    try:
        made(folder, alone, sizes[-1])
        goals = [*trees_alone(folder, alone, share, chosen.woodelf), *end_to_end(folder, sizes)]
    finally:
        shutil.rmtree(folder)
    print()
    return judge(goals)


if __name__ == "__main__":
    sys.exit(main())
