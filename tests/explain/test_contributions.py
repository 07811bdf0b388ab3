import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError, InputError
from cs_ml.explain import contributions, explanation


class Linear:
    """A stub that is additive by construction, or off by ``error``."""

    def __init__(self, error=0.0, bias=0.5):
        self.error, self.bias = error, bias

    def contributions(self, X):
        number = X.select_dtypes("number")
        return number.fillna(0.0).mul(np.arange(1, number.shape[1] + 1)), self.bias

    def margin(self, X):
        terms, bias = self.contributions(X)
        return terms.to_numpy().sum(axis=1) + bias + self.error


@pytest.fixture(name="X")
def snapshot():
    rng = np.random.default_rng(3)
    return pd.DataFrame(rng.normal(size=(7, 3)), columns=list("abc"), index=list("tuvwxyz"))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_pieces_equal_the_whole(X, chunk):
    whole, pieces = contributions(Linear(), X), contributions(Linear(), X, chunk=chunk)
    pd.testing.assert_frame_equal(whole.terms, pieces.terms, check_exact=True)
    assert (pieces.bias == 0.5).all()
    np.testing.assert_allclose(pieces.margin, Linear().margin(X), atol=1e-12)


def test_bias_may_differ_by_row(X):
    class BySegment(Linear):
        def contributions(self, X):
            return X * 0.0, X["a"] * 2

    assert contributions(BySegment(), X, chunk=2).bias.tolist() == (X["a"] * 2).tolist()


def test_terms_that_do_not_add_up_are_refused(X):
    with pytest.raises(InputError, match=r"within 1e-09.*\(7 rows\)"):
        contributions(Linear(error=2e-9), X)
    contributions(Linear(error=1e-10), X)


def test_a_missing_margin_needs_missing_terms(X):
    with pytest.raises(InputError, match="equal to the margin"):
        contributions(Linear(error=np.nan), X)
    assert contributions(Linear(bias=np.nan), X).margin.isna().all()


def test_lost_rows_are_refused(X):
    class Loses(Linear):
        def contributions(self, X):
            return X.iloc[1:], 0.0

    with pytest.raises(FrameError, match="7 rows, one a row of X, found 6 rows"):
        contributions(Loses(), X)


def test_chunk_below_one_is_refused(X):
    with pytest.raises(InputError, match="at least one row"):
        contributions(Linear(), X, chunk=0)


def test_no_rows_give_no_terms(X):
    assert contributions(Linear(), X.iloc[:0]).terms.shape == (0, 3)


def test_explanation_shows_values_as_they_stand(X):
    X["plan"] = pd.Categorical(["pro", "free", None, "pro", "pro", "free", "free"])
    X["text"] = pd.Series(["words"] * 7, index=X.index, dtype=object)

    class Wide(Linear):
        def contributions(self, X):
            return super().contributions(X)[0].assign(plan=1.0, text=-1.0, margin=0.0), 0.5

        def margin(self, X):
            terms, bias = self.contributions(X)
            return terms.to_numpy().sum(axis=1) + bias

    found = explanation(Wide(), X, chunk=3)
    assert found.feature_names == ["a", "b", "c", "plan", "text", "margin"]
    assert found.display_data[0, 3:5].tolist() == ["pro", "text"]
    np.testing.assert_array_equal(found.data[:, 3], [1, 0, np.nan, 1, 1, 0, 0])
    assert (found.data[:, 4] == 1).all()
    assert np.isnan(found.data[:, 5]).all()
    np.testing.assert_allclose(found.sum(axis=1).values + found.base_values, Wide().margin(X))  # noqa: PD011  not a frame


@pytest.mark.filterwarnings("ignore")  # shap's own use of matplotlib and numpy
def test_shap_plots_accept_the_explanation(X):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    found = explanation(Linear(), X)
    for plot, given in ((shap.plots.beeswarm, found), (shap.plots.waterfall, found[0]), (shap.plots.bar, found)):
        assert plot(given, show=False) is not None
        plt.close("all")
