"""Where training runs are recorded and models are kept by version and alias."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.errors import InputError
from cs_ml.store.files import make_folder, replace_folder
from cs_ml.tracking.database import made_whole
from cs_ml.tracking.model_code import BUNDLE_PATH
from cs_ml.tracking.quiet import quiet, shown
from cs_ml.tracking.run import Run

__all__ = ["CHECKS_TAG", "Tracker"]

CHECKS_TAG = "health_checks"
_LONGEST_HISTORY = 20
_REMOTE = ("http://", "https://", "databricks", "uc:")


class Tracker:
    """Runs, models, versions and aliases in MLflow.

    Parameters
    ----------
    uri
        Any MLflow tracking URI; a SQLite file in the folder by default.
    experiment
        Name of the experiment.
    folder
        Folder of the SQLite file, of artifacts that no server keeps, and of bundles that were loaded. Artifacts are
        found by their full path: do not move it.
    scorer
        ``module:function`` that turns a bundle and a feature frame into scores; MLflow's copy of a model calls it.

    Examples
    --------
    >>> Tracker(folder="out/tracking").uri
    'sqlite:////.../out/tracking/mlflow.db'
    """

    def __init__(
        self,
        uri: str | None = None,
        experiment: str = "cs_ml",
        folder: Path | str = "out/tracking",
        scorer: str = "cs_ml.pipeline:score_features",
    ) -> None:
        self.folder = Path(folder).absolute()
        self.uri = uri or f"sqlite:///{(self.folder / 'mlflow.db').as_posix()}"
        self.experiment, self.scorer = experiment, scorer
        self._connected: Any = None

    @contextmanager
    def run(self, name: str) -> Iterator[Run]:
        """Open a run; it ends as finished, as failed after an error, as killed after an interruption.

        Parameters
        ----------
        name
            Name shown in MLflow.

        Raises
        ------
        StorageError
            When the tracking store refuses.
        """
        with quiet(self.uri):
            run_id = self._client.create_run(self._experiment_id(), run_name=name).info.run_id
        status = "KILLED"
        try:
            yield Run(self._client, run_id, self.uri, self.scorer)
            status = "FINISHED"
        except Exception:
            status = "FAILED"
            raise
        finally:
            with quiet(self.uri):
                self._client.set_terminated(run_id, status)

    def load(self, name: str = "cs_ml", alias: str = "champion") -> Path:
        """Return the folder of the bundle behind an alias, fetched once.

        Parameters
        ----------
        name
            Registered model.
        alias
            Alias.

        Raises
        ------
        InputError
            When there is no such model or alias.
        StorageError
            When the tracking store refuses.
        """
        version = self._by_alias(name, alias)
        if version is None:
            known = ", ".join(self.versions(name)["aliases"].loc[lambda aliases: aliases != ""]) or "none"
            found = f"found {known} in {shown(self.uri)}"
            raise InputError(f"model {name!r}: expected the alias {alias!r}, {found}; train or promote first")
        target = self.folder / "bundles" / name / f"{version.version}-{version.run_id[:8]}"
        if not (target / "manifest.json").is_file():
            make_folder(target.parent)
            replace_folder(target, lambda aside: self._fetch(version.run_id, aside))
        return target

    def versions(self, name: str = "cs_ml") -> pd.DataFrame:
        """Return all versions of a model, newest first.

        Parameters
        ----------
        name
            Registered model; one that does not exist has no versions.

        Returns
        -------
        DataFrame
            Index version (int); columns aliases (comma-joined), run_id, created_at (UTC), health_checks (what was
            written on the version when it was registered, empty where nothing was).
        """
        with quiet(self.uri):
            found = self._client.search_model_versions(f"name='{_quoted(name)}'", max_results=1000)
            aliases = self._aliases(name) if found else {}
        index = pd.Index([int(version.version) for version in found], name="version", dtype="int64")
        columns = {
            "aliases": [", ".join(sorted(a for a, v in aliases.items() if v == version)) for version in index],
            "run_id": [version.run_id for version in found],
            "created_at": pd.to_datetime([version.creation_timestamp for version in found], unit="ms"),
            "health_checks": [str(version.tags.get(CHECKS_TAG, "")) for version in found],
        }
        return pd.DataFrame(columns, index=index).sort_index(ascending=False)

    def promote(self, version: int | str, name: str = "cs_ml", alias: str = "champion", reason: str = "") -> None:
        """Move an alias to a version and remember where it was.

        Parameters
        ----------
        version
            Version to promote.
        name
            Registered model.
        alias
            Alias that moves.
        reason
            Why, for the history.

        Raises
        ------
        InputError
            When there is no such version.
        """
        if int(version) not in self.versions(name).index:
            raise InputError(f"model {name!r}: expected one of its versions, found {version}; see the list of versions")
        before = self.history(name, alias)
        after = pd.DataFrame({"version": [int(version)], "reason": [reason]})
        self._move(name, alias, int(version), pd.concat([before, after]) if len(before) else after)

    def rollback(self, name: str = "cs_ml", alias: str = "champion") -> int:
        """Move an alias back to the version before, and return that version.

        Raises
        ------
        InputError
            When there was no version before.
        """
        history = self.history(name, alias)
        if len(history) < 2:
            raise InputError(f"model {name!r}: expected an earlier {alias}, found none; promote a version instead")
        version = int(history["version"].iloc[-2])
        self._move(name, alias, version, history.iloc[:-1])
        return version

    def history(self, name: str = "cs_ml", alias: str = "champion") -> pd.DataFrame:
        """Return the versions an alias stood on, oldest first.

        Returns
        -------
        DataFrame
            Columns version (int), reason.
        """
        with quiet(self.uri):
            found = self._client.search_registered_models(f"name='{_quoted(name)}'")
        noted = json.loads(found[0].tags.get(_history_tag(alias), "[]")) if found else []
        return pd.DataFrame(noted, columns=["version", "reason"])

    @property
    def _client(self) -> Any:
        if self._connected is None:
            from mlflow import MlflowClient  # noqa: PLC0415  heavy

            made_whole(self.uri)
            self._connected = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        return self._connected

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self.experiment)
        if found is None:
            kept_here = not self.uri.startswith(_REMOTE)
            location = (self.folder / "artifacts").as_uri() if kept_here else None
            return str(self._client.create_experiment(self.experiment, artifact_location=location))
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _by_alias(self, name: str, alias: str) -> Any:
        with quiet(self.uri):
            version = self._aliases(name).get(alias)
            return self._client.get_model_version(name, str(version)) if version else None

    def _aliases(self, name: str) -> dict[str, int]:
        found = self._client.search_registered_models(f"name='{_quoted(name)}'")
        return {alias: int(version) for alias, version in found[0].aliases.items()} if found else {}

    def _move(self, name: str, alias: str, version: int, history: pd.DataFrame) -> None:
        noted = history.tail(_LONGEST_HISTORY).to_dict("records")
        with quiet(self.uri):
            self._client.set_registered_model_tag(name, _history_tag(alias), json.dumps(noted))
            self._client.set_registered_model_alias(name, alias, str(version))

    def _fetch(self, run_id: str, folder: Path) -> None:
        with quiet(self.uri), tempfile.TemporaryDirectory() as temporary:
            fetched = self._client.download_artifacts(run_id, BUNDLE_PATH, temporary)
            shutil.copytree(fetched, folder, dirs_exist_ok=True)


def _history_tag(alias: str) -> str:
    return f"cs_ml.history.{alias}"


def _quoted(name: str) -> str:
    if "'" in name:
        raise InputError(f"model name: expected no quotation mark, found {name!r}")
    return name
