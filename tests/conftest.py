"""What every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the folder of the committed sample."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def third_party() -> Path:
    """Return the folder with third-party data beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the third-party data are not beside this checkout")
    return folder
