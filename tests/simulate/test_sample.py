import re
from pathlib import Path

import pandas as pd
import pytest

from cs_ml.config import Config
from cs_ml.pipeline.snapshot import take_snapshot
from cs_ml.simulate import DRIVERS, WorldConfig, simulate

DATA = Path(__file__).parents[2] / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
TABLES = sorted(path.stem for path in (DATA / "sample").glob("*.parquet"))


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    return simulate(WorldConfig(n_accounts=300, seed=7), tmp_path_factory.mktemp("again") / "sample")


@pytest.mark.parametrize("name", TABLES)
def test_the_committed_sample_is_what_the_command_makes(again, name):
    pd.testing.assert_frame_equal(again.table(name), pd.read_parquet(DATA / "sample" / f"{name}.parquet"))


@pytest.mark.parametrize("name", ["churn_probability", "drivers", "effects", "latents"])
def test_so_is_its_truth(again, name):
    pd.testing.assert_frame_equal(again.truth(name), pd.read_parquet(DATA / "sample_truth" / f"{name}.parquet"))


@pytest.mark.parametrize("name", TABLES)
def test_the_dictionary_has_every_column_in_order_and_counts_the_rows(name):
    table = pd.read_parquet(DATA / "sample" / f"{name}.parquet")
    section = re.search(rf"### {name} \(([\d,]+) rows\)(.*?)(?=\n##)", README, re.DOTALL)
    assert int(section[1].replace(",", "")) == len(table)
    assert set(re.findall(r"^\| `(\w+)` ", section[2], re.MULTILINE)) == set(table.columns)


@pytest.mark.parametrize("name", ["churn_probability", "drivers", "effects", "latents"])
def test_the_dictionary_has_every_column_of_the_truth(name):
    columns = pd.read_parquet(DATA / "sample_truth" / f"{name}.parquet").columns
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
    assert {column for column in columns if f"`{column}`" not in row} <= {"account_id", "month"}


def test_the_sample_is_small():
    assert sum(path.stat().st_size for path in (DATA / "sample").iterdir()) < 4_000_000


def test_the_truth_names_features_that_there_are(tmp_path):
    config = Config.model_validate(
        {
            "book": {"data_end": "2026-10-01"},
            "tables": {"folder": str(DATA / "sample")},
            "snapshots": {"start": "2026-09-01", "end": "2026-10-01"},
            "output": {"folder": str(tmp_path)},
        }
    )
    known = set(take_snapshot(config).X.columns)
    assert {name for driver in DRIVERS for name in driver.features} <= known
