"""Kinds of values in a config, each with the words an error needs."""

from __future__ import annotations

import difflib
import os
import re
import zoneinfo
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

Place = tuple[str | int, ...]


class Wrong(NamedTuple):
    """What is wrong at a place below the model that was checked.

    Parameters
    ----------
    place
        Keys from the model down.
    expected
        What should have been there.
    found
        What was there.
    hint
        What to do.
    """

    place: Place
    expected: str
    found: str
    hint: str | None = None


class Section(BaseModel):
    """A frozen part of the config that knows no other keys than its own; an empty one means its defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def _fits_together(self) -> Section:
        wrong = list(self.contradictions())
        if wrong:
            raise PydanticCustomError("contradictions", "keys that fit together", {"wrong": wrong})
        return self

    def contradictions(self) -> Iterable[Wrong]:
        """Return what each key allows by itself but not together with the others."""
        return ()


def doc(default: Any, english: str, japanese: str, **limits: Any) -> Any:
    """Return a field that explains itself in English and Japanese.

    Parameters
    ----------
    default
        Value where the file has none.
    english, japanese
        What the key means.
    limits
        Further arguments of :func:`pydantic.Field`.
    """
    return Field(default, description=english, json_schema_extra={"description_ja": japanese}, **limits)


def refuse(expected: str) -> NoReturn:
    """Stop a validator, saying what was expected."""
    raise PydanticCustomError("expected", "{expected}", {"expected": expected})


def matching(pattern: str, expected: str) -> AfterValidator:
    """Return a validator of text that says in words what it expects."""

    def match(value: str) -> str:
        return value if re.fullmatch(pattern, value) else refuse(expected)

    return AfterValidator(match)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return a hint with the nearest known word.

    Examples
    --------
    >>> nearest("horizn_days", ["horizon_days", "gap_days"])
    'did you mean horizon_days?'
    """
    close = difflib.get_close_matches(str(word).lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else None


def _day(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif type(value) is date:
        return value
    refuse("a date such as 2026-10-01")


def _zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        known = {name.lower(): name for name in zoneinfo.available_timezones()}
        close = difflib.get_close_matches(value.lower(), known, n=1)
        refuse(f"an IANA time zone such as {known[close[0]] if close else 'Asia/Tokyo'}")
    return value


def _path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, (str, Path)) or value == "":
        refuse("a path")
    base = (info.context or {}).get("base", "")
    return Path(os.path.normpath(Path(base, Path(value).expanduser())))


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        refuse("each value once")
    return values


Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Days = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(ge=1)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, StringConstraints(min_length=1)]
Scalar = Text | Flag | Whole | Number
Day = Annotated[date, BeforeValidator(_day)]
Zone = Annotated[Text, AfterValidator(_zone)]
FilePath = Annotated[Path, BeforeValidator(_path)]
Unique = AfterValidator(_unique)
