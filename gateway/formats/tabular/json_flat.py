"""The values of a JSON object under dotted names, as cells of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_list(value: Any) -> bool:
    """True for a list that holds objects."""
    return isinstance(value, list) and any(isinstance(v, dict) for v in value)


def listed(value: Any) -> list[Any]:
    """Return a list; of an object that stands alone (converters of XML write it so) a list of it."""
    return value if isinstance(value, list) else [value]


def flatten(value: dict[str, Any], prefix: str, out: dict[str, str], skip: str, lists: Mapping[str, str]) -> None:
    """Write the plain values of an object under dotted keys; a list of objects becomes a column that nobody knows.

    lists: lists whose objects are told apart by a key: {"contacts": "type"} makes contacts.phone.value of the phone.
    """
    for key, inner in value.items():
        if key == skip and not prefix:
            continue
        name = f"{prefix}{key}"
        if isinstance(inner, dict):
            flatten(inner, name + ".", out, "", lists)
        elif isinstance(inner, list):
            texts = [_text(v) for v in inner if not isinstance(v, dict | list)]
            if texts:
                out[name] = " ".join(texts)
            if name in lists and texts == []:
                _flatten_by(inner, name, out, lists)
            elif len(texts) < len(inner):
                out[f"{name} (list of objects)"] = str(len(inner))
        else:
            out[name] = _text(inner)


def _flatten_by(found: list[Any], name: str, out: dict[str, str], lists: Mapping[str, str]) -> None:
    """Write the objects of a list under the values of their key; the second one of a value gets a number, which nobody knows."""
    met: dict[str, int] = {}
    for one in found:
        if not isinstance(one, dict):
            out[f"{name} (list of objects)"] = str(len(found))
            continue
        kind = _text(one.get(lists[name], ""))
        met[kind] = met.get(kind, 0) + 1
        head = f"{name}.{kind}." if met[kind] == 1 else f"{name}.{kind}#{met[kind]}."
        flatten({key: inner for key, inner in one.items() if key != lists[name]}, head, out, "", lists)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
