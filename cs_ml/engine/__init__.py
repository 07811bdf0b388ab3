"""Where it runs: builders work bucket by bucket on this machine, and usage is reduced to days once."""

from cs_ml.engine.bucket import Bucket, Builder
from cs_ml.engine.local import LocalEngine

__all__ = ["Bucket", "Builder", "LocalEngine"]
