"""A folder of JSON files under a manifest of their hashes: read whole and unaltered, or refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from cs_ml.errors import BundleError
from cs_ml.store.aside import disk
from cs_ml.store.files import replace_folder
from cs_ml.store.plain import to_json

FORMAT = 1
MANIFEST_NAME = "manifest.json"


def write_sealed(folder: Path | str, contents: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    """Write JSON files and their manifest, replacing an older folder in one step.

    Parameters
    ----------
    folder
        Folder to create or replace; its parent must exist.
    contents
        JSON-able value by file name, with at most one folder in it (``parts/churn.json``).
    about
        JSON-able facts for the manifest.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When a value holds what JSON cannot.
    StorageError
        When the disk does not let us; an older folder is untouched then.
    """
    files = {name: (to_json(value, indent=1) + "\n").encode() for name, value in sorted(contents.items())}
    seals = {name: {"bytes": len(content), "sha256": _hash(content)} for name, content in files.items()}
    files[MANIFEST_NAME] = (to_json({"format": FORMAT, **about, "files": seals}, indent=1) + "\n").encode()

    def build(target: Path) -> None:
        for name, content in files.items():
            (target / name).parent.mkdir(exist_ok=True)
            (target / name).write_bytes(content)

    return replace_folder(folder, build)


def read_sealed(folder: Path | str, allowed: re.Pattern[str]) -> dict[str, Any]:
    """Read the JSON files of a folder after holding every one against the manifest.

    Parameters
    ----------
    folder
        Folder that :func:`write_sealed` wrote.
    allowed
        What the name of a file must match; it keeps names from pointing out of the folder.

    Returns
    -------
    dict
        Value by file name, without the manifest.

    Raises
    ------
    BundleError
        When there is no manifest, its format is unknown, or files are missing, altered, links, or not named by it;
        the message lists them all.
    """
    folder = Path(folder)
    seals = _seals(folder)
    present = _present(folder)
    faults = [f"{name}: not a name that belongs here" for name in sorted(seals) if not allowed.fullmatch(name)]
    faults += [f"{name}: missing" for name in sorted(seals.keys() - present) if allowed.fullmatch(name)]
    faults += [f"{name}: not named by the manifest" for name in sorted(present - seals.keys() - {MANIFEST_NAME})]
    faults += [f"{name}: a link" for name in sorted(present) if (folder / name).is_symlink()]
    _refuse(folder, faults)
    with disk(folder, "read"):
        contents = {name: (folder / name).read_bytes() for name in sorted(seals)}
    _refuse(folder, [f"{name}: altered" for name in contents if _hash(contents[name]) != seals[name].get("sha256")])
    return {name: _parse(folder / name, content) for name, content in contents.items()}


def _seals(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST_NAME}; check the path")
    with disk(path, "read"):
        manifest = _parse(path, path.read_bytes())
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        maker = f"cs_ml {manifest.get('cs_ml_version')}" if isinstance(manifest, dict) else "something else"
        raise BundleError(f"{path}: expected format {FORMAT}, found {found!r} made by {maker}; update cs_ml")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(seal, dict) for seal in files.values()):
        raise BundleError(f"{path}: expected files with their hashes, found none; train again")
    return files


def _present(folder: Path) -> set[str]:
    found = set()
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        found |= {Path(parent, name).relative_to(folder).as_posix() for name in (*files, *links)}
    return found


def _refuse(folder: Path, faults: list[str]) -> None:
    if faults:
        raise BundleError("\n".join([f"{folder} cannot be trusted; copy it again, or train again", *faults]))


def _parse(path: Path, content: bytes) -> Any:
    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON number")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not JSON ({error}); copy it again, or train again") from error


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
