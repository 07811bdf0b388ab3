"""`cs-ml kpi`: what it writes, what it says, what it refuses."""

from __future__ import annotations

import pandas as pd
import pytest

GOALS = """\
book: {{name: 小さな帳簿, data_end: 2026-10-01}}
tables: {{folder: {sample}}}
report: {{languages: [en, ja]}}
output: {{folder: out}}
kpis:
  by: [segment]
  acquisition_costs: [training]
  goals:
    - {{kpi: nrr, at_least: 1.0}}
    - {{kpi: churn_rate, at_most: 0.5, feeds: [nrr]}}
"""


@pytest.fixture
def config(tmp_path, sample):
    (tmp_path / "cs_ml.yaml").write_text(GOALS.format(sample=sample), encoding="utf-8")
    return tmp_path


def test_figures_are_written_as_csv_parquet_and_pages(command, config):
    answer = command("kpi", "--from", "2026-07-01", "--to", "2026-09-01")
    assert (answer.code, answer.err) == (0, "")
    assert "goal churn_rate: met" in answer.out
    assert "absent: ltv (simple): needs option purchase_frequency" in answer.out
    out = config / "out" / "kpis"
    parquet, csv = pd.read_parquet(out / "kpis.parquet"), pd.read_csv(out / "kpis.csv", parse_dates=["period_start"])
    assert len(parquet) == len(csv)
    assert set(parquet["by"]) == {"all", "segment", "feature"}
    assert parquet["period_start"].nunique() == 2
    pages = {name: (out / name).read_text(encoding="utf-8") for name in ("kpis.html", "kpis.ja.html")}
    assert "Net revenue retention" in pages["kpis.html"]
    assert "解約率(チャーンレート)" in pages["kpis.ja.html"]
    assert all("://" not in page and "小さな帳簿" in page for page in pages.values())


def test_every_and_by_of_the_command_come_before_those_of_the_config(command, config):
    words = "kpi --from 2026-01-01 --to 2026-07-01 --every quarter --by plan --by product --lang ja --known then"
    answer = command(*words.split())
    assert answer.code == 0
    assert "更新率" in answer.out
    frame = pd.read_parquet(config / "out" / "kpis" / "kpis.parquet")
    assert set(frame["by"]) == {"all", "plan", "product", "feature"}
    assert frame["period_end"].max() == pd.Timestamp("2026-07-01")


def test_the_list_needs_no_tables(command):
    answer = command("kpi", "--list")
    assert answer.code == 0
    assert "grr (standard): Gross revenue retention / 総売上維持率(GRR)" in answer.out
    assert "ヘルススコア" in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--from 2026-02-30", "--from: expected a date such as 2026-10-01, found '2026-02-30'"),
        ("--by sgment", "found 'sgment'"),
        ("--every fortnight", "every: expected one of day, week, month"),
        ("--from 2026-01-02 --to 2026-01-20", "periods: expected at least one whole month"),
        ("--known tomorrow-ish", "known: expected now, then, or a date"),
    ],
)
def test_what_cannot_be_used_is_said(command, config, words, message):
    answer = command("kpi", *words.split())
    assert answer.code == 2
    assert message in answer.err


def test_a_goal_with_two_targets_or_without_a_kpi_is_refused(command, config):
    text = (config / "cs_ml.yaml").read_text(encoding="utf-8")
    (config / "cs_ml.yaml").write_text(text.replace("at_least: 1.0", "at_least: 1.0, at_most: 2.0"), encoding="utf-8")
    assert "expected one of at_least, at_most" in command("kpi").err
    (config / "cs_ml.yaml").write_text(text.replace("kpi: nrr", "kpi: nnr"), encoding="utf-8")
    assert "goal nnr: expected a KPI of the catalog" in command("kpi").err
