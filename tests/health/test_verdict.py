import pandas as pd
import pytest

from cs_ml.health.verdict import verdict_of


def comparison(low, high):
    rows = ["base rate", "equal", "expert", "learned"]
    table = pd.DataFrame(
        {"log_loss": 0.3, "difference": 0.0, "difference_low": 0.0, "difference_high": 0.0}, index=rows
    )
    table.loc["expert", ["difference", "difference_low", "difference_high"]] = [(low + high) / 2, low, high]
    return table


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.2, -0.1, "better than"), (0.1, 0.2, "worse than"), (-0.1, 0.1, "as good as"), (0.0, 0.0, "the same as")],
)
def test_only_an_interval_without_zero_is_better_or_worse(low, high, word):
    assert f"{word} the expert's weights" in verdict_of(comparison(low, high), 9)


def test_nothing_measured_is_said():
    assert verdict_of(pd.DataFrame(), 0).startswith("Not measured")
