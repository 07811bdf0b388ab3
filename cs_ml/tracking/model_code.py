"""The MLflow model around a bundle: a few lines of code beside it, no pickle.

MLflow keeps the file and runs it on loading; what it needs from the bundle it reads as JSON.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cs_ml.errors import InputError

MODEL_PATH = "model"
BUNDLE_PATH = f"{MODEL_PATH}/artifacts/bundle"
_SCORER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_TYPES = {"number": "double", "flag": "double"}
_CODE = '''"""Scores a feature frame with the bundle beside this file."""

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class BundleModel(PythonModel):
    """The bundle as an MLflow model."""

    def load_context(self, context):
        from cs_ml.bundle import Bundle

        self.bundle = Bundle.load(context.artifacts["bundle"])

    def predict(self, context, model_input: pd.DataFrame, params=None):
        from {module} import {function}

        keys = ["account_id", "as_of"]
        if set(keys) <= set(model_input.columns):
            model_input = model_input.assign(as_of=pd.to_datetime(model_input["as_of"])).set_index(keys)
        return {function}(self.bundle, model_input)


set_model(BundleModel())
'''


def save_model(folder: Path, bundle: Path, scorer: str, inputs: Mapping[str, str]) -> None:
    """Write the MLflow model of a bundle.

    Parameters
    ----------
    folder
        Folder to create.
    bundle
        Folder of the bundle.
    scorer
        ``module:function`` that turns a :class:`~cs_ml.bundle.Bundle` and a feature frame into scores.
    inputs
        Kind of each feature: number, flag, category or text; empty for a model without a signature.
    """
    import mlflow.pyfunc  # noqa: PLC0415  heavy

    code, copy = folder.with_name("bundle_model.py"), folder.with_name("bundle")  # MLflow keeps these names
    code.write_text(model_code(scorer), encoding="utf-8")
    shutil.copytree(bundle, copy)
    mlflow.pyfunc.save_model(
        path=str(folder),
        python_model=str(code),
        artifacts={"bundle": str(copy)},
        pip_requirements=[_requirement(), *_named_by(bundle)],
        signature=_signature(inputs) if inputs else None,
    )


def model_code(scorer: str) -> str:
    """Return the code file of a model.

    Parameters
    ----------
    scorer
        ``module:function``.

    Raises
    ------
    InputError
        When it is not of that form.

    Examples
    --------
    >>> "from cs_ml.pipeline import score_features" in model_code("cs_ml.pipeline:score_features")
    True
    """
    if not _SCORER.fullmatch(scorer):
        raise InputError(f"scorer: expected module:function, found {scorer!r}")
    module, function = scorer.split(":")
    return _CODE.replace("{module}", module).replace("{function}", function)


def _signature(inputs: Mapping[str, str]) -> object:
    from mlflow.models import ModelSignature  # noqa: PLC0415  heavy
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415  heavy
    from mlflow.types.schema import AnyType  # noqa: PLC0415  heavy

    kinds = {"account_id": "text", "as_of": "time", **inputs}
    return ModelSignature(
        inputs=Schema([ColSpec(_TYPES.get(kind, AnyType()), name, required=False) for name, kind in kinds.items()])
    )


def _named_by(bundle: Path) -> list[str]:
    """Return the packages whose weights the parts of a bundle name by hash."""
    parts = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((bundle / "parts").glob("*.json"))]
    named = [part for part in _dicts(parts) if {"package", "version", "sha256"} <= set(part)]
    return sorted({f"{part['package']}=={part['version']}" for part in named})


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield value
    for item in inner:
        yield from _dicts(item)


def _requirement() -> str:
    try:
        return f"cs_ml=={version('cs_ml')}"
    except PackageNotFoundError:
        return "cs_ml"
