import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cs_ml.errors import StorageError
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.pieces import read_pieces, score_pieces
from cs_ml.store import read_partition, write_parquet

AS_OF = pd.Timestamp("2026-01-01")


@pytest.fixture(name="X", scope="module")
def features():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([[f"a{i:03d}" for i in range(300)], [AS_OF]], names=["account_id", "as_of"])
    return pd.DataFrame({"logins": rng.poisson(5, 300) * 1.0, "seats": rng.poisson(20, 300) * 1.0}, index=index)


@pytest.fixture(name="model", scope="module")
def fitted(X):
    chance = np.random.default_rng(1).random(len(X))
    return PropensityClassifier(learners=("logistic", "tree")).fit(X, (chance < expit(4 - X["logins"])).astype(int))


def test_pieces_say_what_the_model_says(X, model, tmp_path):
    path = write_parquet(X, tmp_path / "features.parquet")
    score_pieces(read_pieces(path, 70), tmp_path / "scores", AS_OF, top=2, churn=model)
    found = read_partition(tmp_path / "scores", AS_OF)
    assert found["account_id"].tolist() == X.index.get_level_values("account_id").tolist()
    assert found["p_churn"].tolist() == model.predict_proba(X)[:, 1].tolist()
    parts = model.contributions(X)[0].to_numpy()
    assert (found["churn_points_1"].abs() >= found["churn_points_2"].abs()).all()
    points = found[["churn_points_1", "churn_points_2"]].fillna(0.0).sum(axis=1)
    np.testing.assert_allclose(points, parts.sum(axis=1), atol=1e-12)


def test_keys_may_be_columns_and_one_date_may_be_asked_for(X, tmp_path):
    later = X.rename({AS_OF: AS_OF + pd.Timedelta(days=1)}, level="as_of")
    path = write_parquet(pd.concat([X, later]).reset_index(), tmp_path / "features.parquet")
    (found,) = read_pieces(path, as_of="2026-01-01", rows=len(X))
    pd.testing.assert_frame_equal(found, X, check_index_type=False)


def test_a_file_that_is_not_there_is_named(model, tmp_path):
    with pytest.raises(StorageError, match=r"cannot read .*none\.parquet"):
        score_pieces(read_pieces(tmp_path / "none.parquet"), tmp_path / "scores", AS_OF, churn=model)
    assert not list((tmp_path / "scores").glob("as_of=*"))


def test_every_target_has_its_columns(X, model, tmp_path):
    score_pieces([X], tmp_path, AS_OF, top=1, churn=model, upsell=model)
    found = read_partition(tmp_path, AS_OF)
    assert (found["upsell_driver_1"].astype(str) == found["churn_driver_1"].astype(str)).all()
    assert set(found["churn_driver_1"].dropna()) <= {"logins", "seats"}
