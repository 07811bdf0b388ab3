"""A small world with known truth: planted drivers, leaks and playbook effects."""

from __future__ import annotations

from cs_ml.simulate.config import WorldConfig
from cs_ml.simulate.drivers import DRIVERS, Driver
from cs_ml.simulate.world import World, simulate

__all__ = ["DRIVERS", "Driver", "World", "WorldConfig", "simulate"]
