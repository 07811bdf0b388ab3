from dataclasses import replace
from datetime import date

import pytest

from cs_ml.errors import ConfigError
from cs_ml.simulate import DRIVERS, Driver, WorldConfig
from cs_ml.simulate.__main__ import main


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("n_accounts", 49),
        ("n_accounts", 1_000_001),
        ("seed", -1),
        ("start", date(2024, 1, 2)),
        ("end", date(2024, 6, 1)),
        ("late_share", 1.0),
        ("seasonality", -0.1),
        ("price_change", date(2025, 4, 2)),
        ("price_rise", 2.0),
        ("usage_intensity", 0.0),
        ("drivers", (*DRIVERS, DRIVERS[0])),
        ("drivers", (Driver("weather", churn=1.0),)),
        ("drivers", (replace(DRIVERS[0], lag_months=1),)),
    ],
)
def test_a_bad_knob_is_named(knob, value):
    with pytest.raises(ConfigError, match=knob):
        WorldConfig(**{knob: value})


def test_all_faults_at_once():
    with pytest.raises(ConfigError) as raised:
        WorldConfig(n_accounts=1, seed=-1, late_share=2)
    assert len(raised.value.faults) == 3


def test_a_driver_left_out_has_no_effect():
    assert WorldConfig(drivers=()).driver("adoption").churn == 0.0


def test_the_command_writes_a_world_and_says_what(tmp_path, capsys):
    assert main([str(tmp_path / "w"), "--accounts", "50", "--usage-intensity", "0.05", "--end", "2025-01-01"]) == 0
    assert "contracts" in capsys.readouterr().out
    assert (tmp_path / "w_truth" / "drivers.parquet").exists()


def test_the_command_refuses_with_a_reason(tmp_path, capsys):
    assert main([str(tmp_path / "w"), "--accounts", "3"]) == 2
    assert "n_accounts" in capsys.readouterr().err
