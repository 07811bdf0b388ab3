"""One training run and what is written down about it."""

from __future__ import annotations

import io
import math
import re
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.errors import BundleError, InputError
from cs_ml.store.plain import to_json
from cs_ml.tracking.model_code import MODEL_PATH, save_model
from cs_ml.tracking.quiet import quiet

__all__ = ["Run"]

_LONGEST_PARAM = 6000
_PARAMS_AT_ONCE = 100
_NAME = re.compile(r"[\w][\w .-]*(?:/[\w][\w .-]*)*")


class Run:
    """An open run; see :meth:`cs_ml.tracking.Tracker.run`.

    Parameters
    ----------
    client
        MLflow client.
    run_id
        MLflow's identifier of the run.
    uri
        Tracking URI, for messages.
    scorer
        ``module:function`` for the models registered in this run.
    """

    def __init__(self, client: Any, run_id: str, uri: str, scorer: str) -> None:
        self._client, self.id, self._uri, self._scorer = client, run_id, uri, scorer

    def params(self, values: Mapping[str, Any]) -> None:
        """Write down what was chosen.

        Parameters
        ----------
        values
            JSON-able values; nested keys are joined by dots, long values are cut.
        """
        from mlflow.entities import Param  # noqa: PLC0415  heavy

        entities = [Param(_key(name), _cut(value)) for name, value in _flat(values)]
        with quiet(self._uri):
            for start in range(0, len(entities), _PARAMS_AT_ONCE):
                self._client.log_batch(self.id, params=entities[start : start + _PARAMS_AT_ONCE])

    def metrics(self, values: Mapping[str, float | None], step: int = 0) -> None:
        """Write down what was measured; what is missing or not finite is left out.

        Parameters
        ----------
        values
            Number by name.
        step
            Position in a series, such as the number of the backtest origin.
        """
        from mlflow.entities import Metric  # noqa: PLC0415  heavy

        now = int(time.time() * 1000)
        finite = {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
        with quiet(self._uri):
            self._client.log_batch(self.id, metrics=[Metric(_key(k), v, now, step) for k, v in finite.items()])

    def tags(self, values: Mapping[str, Any]) -> None:
        """Label the run, for search."""
        from mlflow.entities import RunTag  # noqa: PLC0415  heavy

        with quiet(self._uri):
            self._client.log_batch(self.id, tags=[RunTag(_key(name), _cut(value)) for name, value in values.items()])

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a frame as ``tables/name.csv``, numbers in full, named index levels as columns."""
        whole = frame.reset_index() if any(level is not None for level in frame.index.names) else frame
        self.text(f"tables/{name}.csv", whole.to_csv(index=False, lineterminator="\n"))

    def figure(self, name: str, figure: Any) -> None:
        """Write a chart as ``figures/name.svg``; its text stays text, so that Japanese is readable.

        Parameters
        ----------
        name
            File name without ending.
        figure
            Matplotlib figure, or SVG text.
        """
        self.text(f"figures/{name}.svg", figure if isinstance(figure, str) else _svg(figure))

    def text(self, name: str, text: str) -> None:
        """Write a text file.

        Parameters
        ----------
        name
            File name with its ending, with folders if you like.
        text
            Content.
        """
        if not _NAME.fullmatch(name) or ".." in name:
            raise InputError(f"name: expected a file name such as reports/card.json, found {name!r}")
        with quiet(self._uri):
            self._client.log_text(self.id, text, name)

    def register(
        self,
        bundle: Path | str,
        name: str = "cs_ml",
        alias: str = "challenger",
        inputs: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Store a bundle as a new version of a registered model and give it an alias.

        Parameters
        ----------
        bundle
            Folder that :meth:`cs_ml.bundle.Bundle.save` wrote.
        name
            Registered model.
        alias
            Alias that moves to the new version.
        inputs
            Kind of each feature (number, flag, category, text), for MLflow's signature.
        tags
            What to write on the version, such as whether its checks hold.

        Returns
        -------
        str
            Version, "1" for the first.

        Raises
        ------
        BundleError
            When the folder holds no bundle.
        StorageError
            When the tracking store refuses.
        """
        if not Path(bundle, "manifest.json").is_file():
            raise BundleError(f"{bundle} is not a bundle: it has no manifest.json; save the bundle first")
        with quiet(self._uri), tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, MODEL_PATH)
            save_model(folder, Path(bundle), self._scorer, inputs or {})
            self._client.log_artifacts(self.id, str(folder), MODEL_PATH)
            _make_registered(self._client, name)
            source = f"runs:/{self.id}/{MODEL_PATH}"
            made = self._client.create_model_version(name, source, run_id=self.id, tags=dict(tags or {}))
            self._client.set_registered_model_alias(name, alias, made.version)
        return str(made.version)


def _make_registered(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415  heavy

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _cut(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value)
    return text if len(text) <= _LONGEST_PARAM else text[: _LONGEST_PARAM - 1] + "…"


def _key(name: str) -> str:
    return re.sub(r"[^\w\-./ ]", "_", name, flags=re.ASCII)


def _svg(figure: Any) -> str:
    import matplotlib as mpl  # noqa: PLC0415  heavy

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cs_ml"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the reader's fonts draw the text
        figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return buffer.getvalue()
