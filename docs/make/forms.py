"""Reference of files and tables: keys from the strict models, columns from the schemas."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from privacysim.policy.policy_form import Policy
from privacysim.scenario import Scenario
from privacysim.simulation.inputs import StudyFile
from privacysim.tables import TABLES


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """Two pages: the keys of the files that researchers edit, and the columns of every table."""
    kinds = {"studies": StudyFile, "scenarios": Scenario, "policies": Policy}
    made = [
        "# Files\n\nThree kinds of TOML file, read strictly: an unknown key is an error that names the nearest right "
        "one. Durations and lengths include their unit. A name is looked up in the `sim/` of the working folder first, "
        "then among the shipped files.\n"
    ]
    for kind, model in kinds.items():
        made += [f"## `sim/{kind}/*.toml`\n", _doc(model), *_keys(model, "", set())]
    yield "files.md", "\n".join(made) + "\n"
    yield "tables.md", _tables()


def _doc(model: type[BaseModel]) -> str:
    return f"{inspect.cleandoc(model.__doc__ or '')}\n"


def _keys(model: type[BaseModel], at: str, seen: set[type]) -> list[str]:
    if model in seen:
        return []
    seen.add(model)
    rows = ["| key | type | default |", "|---|---|---|"]
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, one in model.model_fields.items():
        key = one.alias or name
        rows.append(f"| `{key}` | {_words(one.annotation)} | {_default(one)} |")
        found = _model_in(one.annotation)
        if found is not None and found.__name__ not in {"Quantity", "Reference"}:
            inner.append((f"{at}.{key}" if at else key, found))
    made = [*rows, ""]
    for where, found in inner:
        more = _keys(found, where, seen)
        if more:
            made += [f"### `[{where}]`\n", _doc(found), *more]
    return made


def _default(one: Any) -> str:
    if one.is_required():
        return "required"
    value = one.default
    if value is PydanticUndefined or isinstance(value, BaseModel):
        fact = getattr(value, "fact", None)
        return f"fact `{fact}`" if fact else ""
    return "" if value in (None, "", ()) else f"`{value}`".replace("|", "\\|")


def _words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(one) for one in get_args(annotation) if one is not type(None)))
    if origin is not None:
        inside = [_words(one) for one in get_args(annotation) if one is not Ellipsis]
        return ("table of " if origin is dict else "list of ") + " → ".join(inside)
    names = {"str": "text", "float": "number", "int": "whole number", "bool": "true or false", "date": "date",
             "Quantity": "fact, or value with its assumption", "Reference": "law and article"}  # fmt: skip
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, f"table `{name}`")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)


def _tables() -> str:
    made = ["# Tables\n\nTimes are seconds since 00:00 of day 0; ids are whole numbers, −1 means none.\n"]
    for table in TABLES.values():
        made += [f"## {table.name}\n", "| column | type | unit | what it says |", "|---|---|---|---|"]
        for column in table.columns:
            says = column.says.rstrip(".") + "."
            if column.words:
                says += f" One of: {', '.join(f'`{word}`' for word in column.words)}."
            made.append(f"| `{column.name}` | {column.dtype} | {column.unit} | {says} |")
        made.append("")
    return "\n".join(made)
