"""What pydantic found wrong, in the words of the house and at the place in the file."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cs_ml.config.fields import Place, nearest
from cs_ml.errors import Fault
from cs_ml.store.located_yaml import LocatedYaml

_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "missing": "a value",
}
_LIMITS = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "literal_error": "one of {expected}",
    "expected": "{expected}",
}


class _Found(NamedTuple):
    place: Place
    expected: str
    found: str
    hint: str | None = None
    contradicts: bool = False


_SCALAR = {"text", "true or false", "a number"}
_MOST_PASSES = 5


def all_faults(error: ValidationError, source: LocatedYaml, model: type[BaseModel], context: Any) -> list[Fault]:
    """Return every fault of a file, in its order.

    Keys that contradict each other are only looked at when each is right by itself; therefore what is wrong is
    taken out and the rest checked again.

    Parameters
    ----------
    error
        What pydantic raised.
    source
        The file.
    model
        The model that was asked for.
    context
        What validators were given.
    """
    data, removed, faults = source.data, set[Place](), dict[Place, list[_Found]]()
    for _ in range(_MOST_PASSES):
        found = _deepest([item for detail in error.errors() for item in _found(detail, data, model)])
        for item in found:
            if not removed or (item.contradicts and not any(_below(place, item.place) for place in removed)):
                faults.setdefault(item.place, []).append(item)
        removed |= {item.place for item in found}
        data = _without(data, {_key_of(item.place, data) for item in found})
        try:
            model.model_validate(data, context=context)
        except ValidationError as next_error:
            error = next_error
        else:
            break
    ordered = sorted(faults, key=lambda place: _mark(source, place))
    return [_merge(source, place, faults[place]) for place in ordered]


def _deepest(found: list[_Found]) -> list[_Found]:
    return [item for item in found if not any(_below(other.place, item.place) for other in found)]


def _key_of(place: Place, data: Any) -> Place:
    """Return the place of the nearest key in a mapping, so that no list loses an item."""
    keys: Place = ()
    for depth, part in enumerate(place):
        if not _has(data, part):
            break
        keys = place[: depth + 1] if isinstance(data, dict) else keys
        data = data[part]
    return keys


def _without(data: Any, places: set[Place], here: Place = ()) -> Any:
    if isinstance(data, dict):
        kept = {key: value for key, value in data.items() if (*here, key) not in places}
        return {key: _without(value, places, (*here, key)) for key, value in kept.items()}
    if isinstance(data, list):
        return [_without(value, places, (*here, number)) for number, value in enumerate(data)]
    return data


def _found(detail: Any, data: Any, model: Any) -> Iterator[_Found]:
    place, annotation = _walk(detail["loc"], data, model)
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "contradictions":
        for wrong in context["wrong"]:
            yield _Found(place + wrong.place, wrong.expected, wrong.found, wrong.hint, contradicts=True)
    elif kind == "extra_forbidden":
        yield _Found(place, "a known key", repr(place[-1]), _hint(place[-1], _keys(annotation)))
    elif kind == "missing":
        yield _Found((*place, detail["loc"][-1]), _KINDS[kind], "nothing")
    else:
        expected = _KINDS.get(kind) or _LIMITS.get(kind, detail["msg"]).format(**context)
        if kind == "literal_error":
            expected = expected.replace("'", "").replace(" or ", ", ")
        yield _Found(place, expected, _shown(value))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (dict, BaseModel)):
        return "keys with values"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _hint(word: str | int, known: list[str]) -> str:
    return nearest(str(word), known) or f"known are {', '.join(known)}"


def _merge(source: LocatedYaml, place: Place, items: list[_Found]) -> Fault:
    """Return one fault for a value that fits none of several kinds."""
    kinds = dict.fromkeys(item.expected for item in items)
    expected = "a single value" if kinds.keys() >= _SCALAR else " or ".join(kinds)
    return source.fault(tuple(map(str, place)), expected, items[0].found, items[0].hint)


def _below(place: Place, other: Place) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _mark(source: LocatedYaml, place: Place) -> tuple[int, int]:
    known = tuple(map(str, place))
    while known and known not in source.marks:
        known = known[:-1]
    return source.marks.get(known, (1, 1))


def _walk(loc: Place, data: Any, annotation: Any) -> tuple[Place, Any]:
    """Follow pydantic's location through the data, dropping its names for branches of a union."""
    place: Place = ()
    holder = annotation
    for part in loc:
        if not _has(data, part):
            continue
        data = data[part]
        holder, annotation = annotation, _step(annotation, part)
        place = (*place, part)
    return place, holder


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _step(annotation: Any, part: str | int) -> Any:
    """Return the annotation one key further down."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            field = next((f for name, f in option.model_fields.items() if part in {name, f.alias}), None)
            if field is not None:
                return field.annotation
        elif get_origin(option) is dict:
            return get_args(option)[1]
        elif get_origin(option) is tuple and isinstance(part, int):
            return get_args(option)[0]
    return None


def _keys(annotation: Any) -> list[str]:
    models = [o for o in _options(annotation) if isinstance(o, type) and issubclass(o, BaseModel)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _options(annotation: Any) -> Iterator[Any]:
    """Yield the types behind Annotated and unions."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for option in get_args(annotation):
            yield from _options(option)
    else:
        yield annotation
