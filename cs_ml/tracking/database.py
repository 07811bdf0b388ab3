"""The SQLite file of a tracking store, made whole or not at all: MLflow's migrations take seconds and cannot go on."""

from __future__ import annotations

from pathlib import Path

from cs_ml.store import lock, make_folder
from cs_ml.store.aside import written_aside

__all__ = ["made_whole"]

SQLITE = "sqlite:///"
WAIT = 60.0  # seconds for another run that makes it


def made_whole(uri: str) -> None:
    """Make the SQLite file of a tracking store where there is none yet; other stores are left alone.

    Parameters
    ----------
    uri
        Tracking URI.

    Raises
    ------
    StorageError
        When the disk does not let us, or another run works in the folder for a minute.

    Examples
    --------
    >>> made_whole("http://mlflow.example")
    """
    path = _file(uri)
    if path is None or path.exists():
        return
    with lock(make_folder(path.parent), wait_seconds=WAIT):
        if not path.exists():
            with written_aside(path) as aside:
                _make(aside)


def _file(uri: str) -> Path | None:
    name = uri.removeprefix(SQLITE)
    return None if name == uri or not name or ":memory:" in name or "?" in name else Path(name)


def _make(path: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415  heavy

    store = SqlAlchemyStore(f"{SQLITE}{path.as_posix()}", "mlruns")
    store.engine.dispose()
