"""MLflow without its noise: no telemetry, no bars, no log lines, no warnings on the user's terminal."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cs_ml.errors import StorageError

_FOR_GOOD = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_MEANWHILE = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_USER = re.compile(r"//[^/\s]*@")
_LOGGERS = ("mlflow", "alembic", "sqlalchemy", "git")


@contextmanager
def quiet(uri: str) -> Iterator[None]:
    """Run a block that uses MLflow silently, and turn its errors into :class:`StorageError`.

    Telemetry is off for the whole process unless the user's environment says otherwise.

    Parameters
    ----------
    uri
        Tracking URI for the message; a password in it is not shown.

    Raises
    ------
    StorageError
        When MLflow or its database refuses.
    """
    for name, value in _FOR_GOOD.items():
        os.environ.setdefault(name, value)
    with _environment(_MEANWHILE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.exceptions  # noqa: PLC0415  heavy
        import sqlalchemy.exc  # noqa: PLC0415  comes with MLflow

        with _levels():
            try:
                yield
            except (mlflow.exceptions.MlflowException, sqlalchemy.exc.SQLAlchemyError) as error:
                reason = _USER.sub("//", str(error).splitlines()[0])
                cause = None if "@" in uri else error  # a traceback would show the password
                raise StorageError(f"the tracking store {shown(uri)} refused: {reason}") from cause


def shown(uri: str) -> str:
    """Return a URI without the user name and password in it.

    Examples
    --------
    >>> shown("postgresql://user:secret@host/mlflow")
    'postgresql://host/mlflow'
    """
    return _USER.sub("//", uri)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _levels() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
