"""Write plain data as TOML: only what our own files hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date


def toml_text(data: Mapping[str, object]) -> str:
    """TOML text of nested mappings; keys whose value is None are left out.

    >>> print(toml_text({"id": "a", "city": {"seed": 1, "wide": True}}), end="")
    id = "a"
    <BLANKLINE>
    [city]
    seed = 1
    wide = true
    """
    return "\n".join(_table(data, "")).strip() + "\n"


def _table(data: Mapping[str, object], path: str) -> list[str]:
    tables = {key: value for key, value in data.items() if isinstance(value, Mapping) and not _inline(value)}
    lines = [f"{_key(key)} = {_value(v)}" for key, v in data.items() if key not in tables and v is not None]
    if path and lines:
        lines = ["", f"[{path}]", *lines]
    for key, value in tables.items():
        lines += _table(value, f"{path}.{_key(key)}" if path else _key(key))
    return lines


def _inline(value: Mapping[str, object]) -> bool:
    """A Quantity stays on its line."""
    return "assumption" in value or "fact" in value


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (int, date)):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    raise TypeError(f"{type(value).__name__} has no place in our TOML files")
