"""What a run writes down can be read back."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest

from cs_ml.errors import BundleError, InputError, StorageError
from cs_ml.tracking.quiet import quiet

mpl.use("Agg")


def recorded(tracker, run):
    with quiet(tracker.uri):
        return tracker._client.get_run(run.id)


def artifact(tracker, run, name):
    return (tracker.folder / "artifacts" / run.id / "artifacts" / name).read_text(encoding="utf-8")


def test_params_are_flat_and_long_ones_are_cut(tracker):
    with tracker.run("one") as run:
        run.params({"model": {"learners": ["logistic"], "tune": False, "seed": None}, "long": "x" * 7000})
        run.params({f"p{number}": number for number in range(150)})
    params = recorded(tracker, run).data.params
    assert params["model.learners"] == '["logistic"]'
    assert params["model.tune"] == "false"
    assert params["model.seed"] == "null"
    assert len(params["long"]) == 6000
    assert params["p149"] == "149"


def test_metrics_keep_every_digit_and_leave_out_what_is_missing(tracker):
    with tracker.run("one") as run:
        run.metrics({"auc": 0.1 + 0.2, "lift@10%": 3, "none": None, "nan": float("nan"), "inf": float("inf")})
    assert recorded(tracker, run).data.metrics == {"auc": 0.1 + 0.2, "lift_10_": 3.0}


def test_metrics_can_be_a_series(tracker):
    with tracker.run("one") as run:
        for step, value in enumerate([0.6, 0.7]):
            run.metrics({"auc": value}, step=step)
    with quiet(tracker.uri):
        history = tracker._client.get_metric_history(run.id, "auc")
    assert [(point.step, point.value) for point in history] == [(0, 0.6), (1, 0.7)]


def test_tables_texts_and_figures_are_files(tracker):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_title("解約率")
    with tracker.run("one") as run:
        run.table("reliability", pd.DataFrame({"p": [0.1 + 0.2]}, pd.Index(["赤"], name="band")))
        run.text("cards/report.json", "{}")
        run.figure("curve", figure)
        run.figure("drawn", "<svg/>")
        run.tags({"data_hash": "ab"})
    assert artifact(tracker, run, "tables/reliability.csv") == "band,p\n赤,0.30000000000000004\n"
    assert artifact(tracker, run, "cards/report.json") == "{}"
    assert "解約率" in artifact(tracker, run, "figures/curve.svg")
    assert artifact(tracker, run, "figures/drawn.svg") == "<svg/>"
    assert recorded(tracker, run).data.tags["data_hash"] == "ab"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\\b"])
def test_names_cannot_point_out_of_the_run(tracker, name):
    with tracker.run("one") as run, pytest.raises(InputError, match="expected a file name"):
        run.text(name, "x")


@pytest.mark.parametrize(
    ("error", "status"), [(None, "FINISHED"), (ZeroDivisionError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_ends_as_what_it_was(tracker, error, status):
    runs = []

    def work():
        with tracker.run("one") as run:
            runs.append(run)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            work()
    else:
        work()
    assert recorded(tracker, runs[0]).info.status == status


def test_a_folder_that_is_no_bundle_is_refused(tracker, tmp_path):
    with tracker.run("one") as run, pytest.raises(BundleError, match="is not a bundle"):
        run.register(tmp_path)


def test_a_refusing_store_is_said(tracker):
    with tracker.run("one") as run:
        run.params({"seed": 1})
        with pytest.raises(StorageError, match=r"the tracking store sqlite://.* refused: .*seed"):
            run.params({"seed": 2})
