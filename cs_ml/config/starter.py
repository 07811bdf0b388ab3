"""A first config with every key, its default and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cs_ml.config.config import Config
from cs_ml.config.targets import LabelConfig
from cs_ml.store.plain import to_json

__all__ = ["init_text"]

_HEAD = {
    "en": (
        "Config of cs_ml. Every key is here with its default; a key may be left out.",
        "Paths are relative to this file. Keys behind # have no value until you give them one.",
    ),
    "ja": (
        "cs_mlの設定。すべての項目と既定値を示す。項目は省略できる。",
        "パスはこのファイルからの相対パス。#で始まる項目は、値を書くまで未設定。",
    ),
}
_MAP = """
  # map:
  #   usage:
  #     source: events
  #     timezone: Asia/Tokyo
  #     columns:
  #       account_id: customer
  #       event_at: {column: date, format: "%Y/%m/%d %H:%M"}
  #       quantity: {product: [minutes, users]}
  #       event: {constant: login}
  #     where:
  #       - {column: customer, not_starts_with: "test-"}"""
_OWN = """
  # own:
  #   trainings:
  #     time: held_at
  #     columns: {course: category, hours: number, passed: {kind: flag, reveals: [graded_at]}, graded_at: instant}"""
_EXAMPLES = {"map": _MAP, "own": _OWN}
_OF_KIND = {
    "churn": ("kind", "horizon_days", "gap_days", "grace_days", "settling_days"),
    "upsell": ("kind", "horizon_days", "gap_days", "settling_days", "min_increase", "by"),
}


def init_text(language: Literal["en", "ja"] = "en") -> str:
    """Return a commented config file that loads as it stands.

    Parameters
    ----------
    language
        Language of the comments.

    Examples
    --------
    >>> print(init_text().splitlines()[3])
    # The customers as a whole.
    """
    config = Config(tables={"folder": "data"})  # type: ignore[arg-type]  # pydantic makes the section of it
    lines = [f"# {line}" for line in _HEAD[language]]
    for name, field in Config.model_fields.items():
        lines += ["", f"# {_meaning(field, language)}", f"{name}:"]
        section = getattr(config, name)
        lines += _labels(section, language) if name == "labels" else _keys(section, language, "  ")
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, LabelConfig], language: str) -> Iterator[str]:
    for name, label in labels.items():
        yield f"  {name}:"
        yield from _keys(label, language, "    ", only=_OF_KIND[name])


def _keys(section: BaseModel, language: str, indent: str, only: tuple[str, ...] = ()) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        if only and name not in only:
            continue
        yield f"{indent}# {_meaning(field, language)}"
        value = getattr(section, name)
        if name in _EXAMPLES:
            yield _EXAMPLES[name].removeprefix("\n")
        elif value is None:
            yield f"{indent}# {name}:"
        else:
            yield f"{indent}{name}: {_yaml(value)}"


def _meaning(field: FieldInfo, language: str) -> str:
    extra: Any = field.json_schema_extra
    return str(extra["description_ja"] if language == "ja" else field.description)


def _yaml(value: Any) -> str:
    plain = value if isinstance(value, (bool, int, float, tuple)) else str(value)
    if isinstance(plain, str) and plain.replace("_", "").isalnum():
        return plain
    return to_json(plain)
