"""What is expected of features beforehand: the direction that the catalog gives them."""

from __future__ import annotations

from cs_ml.config import Config
from cs_ml.pipeline.labelers import is_loss
from cs_ml.pipeline.snapshot import Snapshot

__all__ = ["expected_signs"]


def expected_signs(config: Config, snapshot: Snapshot, target: str) -> dict[str, int] | None:
    """Return for numbers and flags whether more of them is expected to raise (+1) or lower (-1) the probability.

    None where the config does not ask for it, or where the catalog, which speaks of staying, says nothing of the
    target.
    """
    if not config.model.monotone or not is_loss(config, target):
        return None
    catalog = snapshot.catalog
    known = catalog[catalog["kind"].isin(("number", "flag")) & (catalog["direction"] != 0)]
    numbers = snapshot.X.select_dtypes("number").columns
    return {str(name): -int(sign) for name, sign in known["direction"].items() if name in numbers}
