"""A config to begin with."""

from __future__ import annotations

import json
from pathlib import Path

from cs_ml.config import init_text, schema
from cs_ml.errors import InputError
from cs_ml.store import write_text

__all__ = ["write_config"]


def write_config(path: Path, lang: str, *, replace: bool = False) -> list[Path]:
    """Write a commented config and its JSON schema beside it.

    Raises
    ------
    InputError
        If the file exists and must not be replaced.
    """
    if lang not in {"en", "ja"}:
        raise InputError(f"--lang: expected en or ja, found {lang!r}")
    if path.exists() and not replace:
        raise InputError(f"expected no file {path}, found one; choose another name, or --force to replace it")
    schema_path = path.with_suffix(".schema.json")
    write_text(schema_path, json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")
    text = init_text("ja" if lang == "ja" else "en")
    hint = f"# yaml-language-server: $schema={schema_path.name}\n"
    write_text(path, text if "yaml-language-server" in text else hint + text)
    return [path, schema_path]
