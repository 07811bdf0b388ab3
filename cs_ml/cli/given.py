"""What commands are given: files, dates, places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cs_ml.errors import InputError

if TYPE_CHECKING:
    from cs_ml.config import Config

__all__ = [
    "DEFAULT_CONFIG",
    "AsOf",
    "ConfigFile",
    "Engine",
    "Language",
    "Master",
    "Output",
    "TablesPlace",
    "config_of",
    "date_of",
]  # fmt: skip

DEFAULT_CONFIG = Path("cs_ml.yaml")
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Config file; ./cs_ml.yaml where it exists.")]
TablesPlace = Annotated[Path | None, typer.Option("--tables", "-t", help="Folder of tables, without any config.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Output folder; that of the config by default.")]
Engine = Annotated[str | None, typer.Option("--engine", help="local or spark; that of the config by default.")]
Master = Annotated[str | None, typer.Option("--master", help="Master of Spark, such as local[4] or yarn.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Date such as 2026-10-01; the newest one by default.")]
Language = Annotated[str, typer.Option("--lang", help="en or ja.")]


def config_of(path: Path | None, tables: Path | None, output: Path | None) -> Config:
    """Return the config of a file, or the default one of a folder of tables."""
    from cs_ml.config import default_config, load_config

    if path is not None and tables is not None:
        raise InputError("expected --config or --tables, found both; a config names its own tables")
    if tables is not None:
        return default_config(tables, output or Path("out"))
    if path is None and not DEFAULT_CONFIG.is_file():
        raise InputError(
            "expected --config FILE, --tables FOLDER or a file cs_ml.yaml here, found none; `cs-ml init` writes one"
        )
    config = load_config(path or DEFAULT_CONFIG)
    if output is None:
        return config
    return config.model_copy(update={"output": config.output.model_copy(update={"folder": output.absolute()})})


def date_of(text: str | None, option: str = "--as-of") -> Any:
    """Return the date that an option names."""
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option}: expected a date such as 2026-10-01, found {text!r}") from error
