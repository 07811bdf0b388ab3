"""The command ``cs-ml``: the words of the pipeline."""

from cs_ml.cli.commands import app
from cs_ml.cli.run import main

__all__ = ["app", "main"]
