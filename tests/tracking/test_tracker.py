"""Models come back by alias, move by promotion, and score without pickle."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.errors import InputError, StorageError
from cs_ml.tracking import Tracker
from cs_ml.tracking.model_code import model_code
from cs_ml.tracking.quiet import quiet

INPUTS = {"logins": "number", "segment": "category", "comments": "text"}


@pytest.fixture
def trained(tracker, make_bundle):
    for weight in (1.0, 2.0, 3.0):
        with tracker.run(f"weight {weight}") as run:
            run.register(make_bundle(weight), inputs=INPUTS)
    return tracker


def weight_of(folder):
    return Bundle.load(folder).part("churn")["weight"]


def test_the_newest_model_is_the_challenger(trained):
    assert weight_of(trained.load(alias="challenger")) == 3.0
    assert trained.versions().index.tolist() == [3, 2, 1]
    assert trained.versions()["aliases"].tolist() == ["challenger", "", ""]


def test_a_version_whose_checks_fail_is_marked_so(trained, make_bundle):
    with trained.run("four") as run:
        run.register(make_bundle(4.0), tags={"health_checks": "failed: red_churn_lift"})
    assert trained.versions()["health_checks"].tolist() == ["failed: red_churn_lift", "", "", ""]


def test_a_bundle_is_fetched_once_and_stays_when_another_comes(trained, make_bundle):
    first = trained.load(alias="challenger")
    mark = (first / "metadata.json").stat().st_mtime_ns
    assert trained.load(alias="challenger") == first
    assert (first / "metadata.json").stat().st_mtime_ns == mark
    with trained.run("four") as run:
        run.register(make_bundle(4.0))
    assert weight_of(trained.load(alias="challenger")) == 4.0
    assert weight_of(first) == 3.0


def test_promotion_and_rollback_keep_history(trained):
    trained.promote(1, reason="first")
    trained.promote("3", reason="better by 0.02")
    assert weight_of(trained.load()) == 3.0
    assert trained.history().to_dict("list") == {"version": [1, 3], "reason": ["first", "better by 0.02"]}
    assert trained.rollback() == 1
    assert weight_of(trained.load()) == 1.0
    with pytest.raises(InputError, match="expected an earlier champion, found none"):
        trained.rollback()


def test_missing_alias_says_which_there_are(trained):
    with pytest.raises(InputError, match=r"model 'cs_ml': expected the alias 'champion', found challenger in sqlite"):
        trained.load()
    with pytest.raises(InputError, match="expected one of its versions, found 9"):
        trained.promote(9)


def test_missing_model_is_said(tracker):
    with pytest.raises(InputError, match="expected the alias 'champion', found none"):
        tracker.load("other")
    assert tracker.versions("other").empty
    assert tracker.history("other").empty
    with pytest.raises(InputError, match="no quotation mark"):
        tracker.versions("x' or '1'='1")


def test_a_second_tracker_sees_what_the_first_wrote(trained):
    assert weight_of(Tracker(folder=trained.folder).load(alias="challenger")) == 3.0


def test_a_deleted_experiment_is_taken_up_again(trained):
    with quiet(trained.uri):
        found = trained._client.get_experiment_by_name("cs_ml")
        trained._client.delete_experiment(found.experiment_id)
    with trained.run("again"):
        pass


def test_nothing_pickled_is_stored(trained):
    files = [path for path in (trained.folder / "artifacts").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {"", ".json", ".py", ".txt", ".yaml"}
    assert {path.name for path in files if path.suffix == ""} == {"MLmodel"}
    requirements = next(path for path in files if path.name == "requirements.txt").read_text()
    assert "cs_ml==" in requirements
    assert "cloudpickle" not in requirements


@pytest.fixture
def pyfunc(trained, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with quiet(trained.uri):
        import mlflow

        mlflow.set_tracking_uri(trained.uri)
        yield mlflow.pyfunc.load_model("models:/cs_ml@challenger")
        mlflow.set_tracking_uri(None)


def features():
    index = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2026-10-01"])], names=["account_id", "as_of"])
    columns = {"logins": [1.0, np.nan], "segment": pd.Categorical(["smb", None]), "comments": ["良い", None]}
    return pd.DataFrame(columns, index)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X,
        lambda X: X.astype({"comments": object, "segment": object}),
        lambda X: X[["comments", "logins", "segment"]].assign(extra=1),
        lambda X: X.reset_index(),
        lambda X: X.reset_index().astype({"as_of": str}),
    ],
    ids=["as it is", "object", "other order, extra column", "keys as columns", "dates as text"],
)
def test_mlflow_scores_a_feature_frame_without_pickle(pyfunc, change):
    scores = pyfunc.predict(change(features()))
    expected = pd.DataFrame({"p_churn": [3.0, np.nan], "silent": [False, True]}, features().index)
    pd.testing.assert_frame_equal(scores, expected, check_index_type=False)


@pytest.mark.parametrize("scorer", ["cs_ml.pipeline", "os:system('x')", "a:b\nimport os", ":f", "a.:f"])
def test_scorer_is_a_name_and_nothing_else(scorer):
    with pytest.raises(InputError, match="scorer: expected module:function"):
        model_code(scorer)


SILENT = """
import sys
import pandas as pd
from cs_ml.bundle import Bundle
from cs_ml.tracking import Tracker
assert "mlflow" not in sys.modules
folder = sys.argv[1]
Bundle({}).save(f"{folder}/bundle")
tracker = Tracker(folder=f"{folder}/tracking")
with tracker.run("one") as run:
    run.params({"a": 1})
    run.table("t", pd.DataFrame({"a": [1]}))
    run.register(f"{folder}/bundle", inputs={"a": "number"})
tracker.promote(1)
tracker.load()
from mlflow.telemetry.client import get_telemetry_client
assert get_telemetry_client() is None
"""


@pytest.mark.slow
def test_nothing_reaches_the_terminal_and_nobody_is_phoned(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI", "MLFLOW"))}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SILENT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "tracking"]


def test_missing_server_is_said_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracker = Tracker("http://user:secret@127.0.0.1:9", folder=tmp_path)
    with pytest.raises(StorageError, match=r"the tracking store http://127\.0\.0\.1:9 refused") as error:
        tracker.versions()
    assert "secret" not in str(error.value)


@pytest.fixture
def server(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "kept"),
    ]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *store]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path) as process:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.mark.slow
@pytest.mark.server
def test_a_team_server_works_like_the_file(server, tracker, make_bundle, tmp_path):
    team = Tracker(server, folder=tmp_path / "here", scorer=tracker.scorer)
    with team.run("one") as run:
        run.metrics({"auc": 0.7})
        run.register(make_bundle(5.0), inputs=INPUTS)
    team.promote(1)
    assert weight_of(team.load()) == 5.0
    assert list((tmp_path / "kept").rglob("MLmodel"))
