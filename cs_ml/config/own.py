"""The part of the config that declares tables and features of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, PrivateAttr, ValidationInfo, model_validator

from cs_ml.config.fields import FilePath, Flag, Number, Section, Text, Unique, Wrong, doc, refuse
from cs_ml.errors import TableError
from cs_ml.store.located_yaml import LocatedYaml
from cs_ml.tables.column import Column
from cs_ml.tables.own import own_table
from cs_ml.tables.schema import Schema

__all__ = ["FeaturesConfig", "OwnColumnConfig", "OwnTableConfig"]


def _place(value: Any, info: ValidationInfo) -> str:
    """Make the path of a file of builders relative to the config."""
    if not isinstance(value, str) or not value.strip(":"):
        refuse("a text such as my_features.py, my_package.module:builder, or an entry point")
    path, mark, word = value.rpartition(":") if not value.endswith(".py") else (value, "", "")
    if not path.endswith(".py"):
        return value
    base = (info.context or {}).get("base", "")
    return f"{os.path.normpath(Path(base, Path(path).expanduser()))}{mark}{word}"


class FeaturesConfig(Section):
    """Features of one's own beside those of the package; naming a file or a module here runs it."""

    builders: Annotated[tuple[Annotated[str, BeforeValidator(_place)], ...], Unique] = doc(
        (),
        "Your own: my_features.py, my_features.py:name, package.module:name, or the name of an entry point.",
        "独自の特徴量(ファイル、ファイル:名前、モジュール:名前、またはエントリーポイントの名前)。",
    )
    topics: FilePath | None = doc(
        None,
        "File of topics of comments and their words; those of the package by default.",
        "コメントの話題と語のファイル。",
    )

    _written: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def written(self) -> Mapping[str, str]:
        """File, line and column of each name of :attr:`builders`, where a file gave them."""
        return self._written

    def note_places(self, source: LocatedYaml) -> None:
        """Remember where a file names the builders, for messages of those who load them."""
        for number, name in enumerate(self.builders):
            self._written[name] = source.fault(("features", "builders", str(number)), "", "").where.split(": ")[0]

    def files(self) -> tuple[Path, ...]:
        """Return the files that are named.

        Examples
        --------
        >>> FeaturesConfig(builders=("mine.py:trainings", "package.module:other")).files()
        (PosixPath('mine.py'),)
        """
        places = [name if name.endswith(".py") else name.rpartition(":")[0] for name in self.builders]
        return tuple(dict.fromkeys(Path(place) for place in places if place.endswith(".py")))


class OwnColumnConfig(Section):
    """What one column of an own table holds: a kind, or a kind and what else is known of it."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update({"type": ["object", "string"], "title": schema["title"]})
    )

    kind: Literal["id", "text", "category", "number", "flag", "instant"] = doc(
        "category", "id, text, category, number, flag or instant.", "列の種類。"
    )
    required: Flag = doc(False, "Whether every row has a value.", "必須かどうか。")
    reveals: tuple[Text, ...] = doc(
        (), "Instants of the table after which the value is known; with the row by default.", "値が判明する時刻の列。"
    )
    minimum: Number | None = doc(None, "Smallest value allowed.", "最小値。")
    maximum: Number | None = doc(None, "Largest value allowed.", "最大値。")
    levels: tuple[Text, ...] = doc((), "The only values allowed.", "許される値。")
    future: Flag = doc(False, "Whether an instant may lie ahead, such as a planned date.", "未来の時刻でもよいか。")
    unit: str = doc("", "Unit of a number.", "単位。")
    meaning: str = doc("", "One line about it.", "説明。")

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value


class OwnTableConfig(Section):
    """A source table of one's own; account_id and the time are columns of every such table."""

    time: Text = doc(..., "Column with the instant of each row.", "各行の時刻の列。")
    columns: dict[Text, OwnColumnConfig] = doc({}, "Kind of each further column.", "その他の列の種類。")
    key: tuple[Text, ...] = doc((), "Columns that identify a row, if any.", "行を識別する列。")
    meaning: str = doc("", "One line about it.", "説明。")

    def schema_of(self, name: str) -> Schema:
        """Return what :func:`cs_ml.tables.open_tables` takes.

        Parameters
        ----------
        name
            Name of the table.

        Raises
        ------
        TableError
            If names or columns do not fit together.

        Examples
        --------
        >>> OwnTableConfig(time="held_at", columns={"hours": {"kind": "number"}}).schema_of("trainings").required
        ('account_id', 'held_at')
        """
        columns = {key: Column(key, **item.model_dump()) for key, item in self.columns.items()}
        return own_table(name, time=self.time, columns=columns, key=self.key, meaning=self.meaning)

    def wrong(self, name: str) -> Iterable[Wrong]:
        """Yield what keeps it from being a table, below ``tables``."""
        try:
            self.schema_of(name)
        except TableError as error:
            for fault in error.faults:
                yield Wrong(("own", name), f"{fault.where}: {fault.expected}", fault.found, fault.hint)
