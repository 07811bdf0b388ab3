"""From a file to a checked config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cs_ml.config.config import Config
from cs_ml.config.explain import all_faults
from cs_ml.errors import ConfigError
from cs_ml.store.located_yaml import LocatedYaml, read_yaml

__all__ = ["default_config", "load_config", "schema"]


def load_config(path: Path | str) -> Config:
    """Read a config file; relative paths in it are relative to the file.

    Parameters
    ----------
    path
        YAML file.

    Returns
    -------
    Config
        Checked and frozen.

    Raises
    ------
    ConfigError
        With every fault of the file, each with line, column, key, what was expected and what was there.
    StorageError
        When the file cannot be read.
    """
    return _checked(read_yaml(path), Path(path).absolute().parent)


def default_config(folder: Path | str, output: Path | str = "out") -> Config:
    """Return the config of a folder of tables when nothing else is said; paths are relative to the working folder.

    Parameters
    ----------
    folder
        Folder with one file a table.
    output
        Folder of results.

    Examples
    --------
    >>> default_config("data").snapshots.windows
    (7, 30, 90, 180)
    """
    data = {"tables": {"folder": str(folder)}, "output": {"folder": str(output)}}
    return _checked(LocatedYaml("default config", data, {}), Path.cwd())


def schema() -> dict[str, Any]:
    """Return the JSON schema of the config, for editors that complete and check while typing.

    Examples
    --------
    >>> schema()["$defs"]["BookConfig"]["properties"]["name"]["description"]
    'Name shown in reports.'
    """
    made = Config.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "cs_ml config"}


def _checked(source: LocatedYaml, base: Path) -> Config:
    context = {"base": str(base)}
    try:
        config = Config.model_validate(source.data, context=context)
    except ValidationError as error:
        raise ConfigError(all_faults(error, source, Config, context)) from error
    config.features.note_places(source)
    return config
