"""Canonical bytes: compact UTF-8 JSON, keys in canonical order, decimals as strings, one newline at the end.

    encode_envelope_head(envelope)   {"schema_version":"1.0",...,"shipments":[
    encode_shipment(draft)           {"shipment_id":...}; encode_shipments: of many at once
    head + b",".join(shipments) + MESSAGE_END

Drafts are plain dicts of JSON-ready values with keys in any order. This is not a check: a draft is validated before.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, repeat
from operator import is_not, itemgetter
from typing import Any

import msgspec

from gateway.canonical.model import FIELD_ORDER, LEVELS, fields_of

MESSAGE_END = b"]}\n"
_SHAPES_KEPT = 4096  # key sets remembered per level; a partner's file has a handful

_encode = msgspec.json.Encoder(decimal_format="string").encode
_RANK = {level: {name: rank for rank, name in enumerate(FIELD_ORDER[level])} for level in LEVELS}


def _nested_levels(level: str) -> dict[str, str]:
    """Return the fields of a level that hold objects or lists of objects, with the level of those."""
    nested = {}
    for name, tag in fields_of(level).items():
        kind, _, inner = tag.partition(":")
        if tag == "money" or (kind in {"object", "list"} and inner in LEVELS):
            nested[name] = inner or "money"
    return nested


_NESTED = {level: _nested_levels(level) for level in LEVELS}
_shapes: dict[str, dict[tuple[str, ...], _Shape]] = {level: {} for level in LEVELS}
_still: dict[str, set[tuple[str, ...]]] = {level: set() for level in LEVELS}  # of them those in which nothing can move


def encode_shipments(drafts: list[dict[str, Any]]) -> list[bytes]:
    """Return the canonical bytes of each shipment, without comma or newline.

    Raises ValueError for a field the model does not have.
    """
    return list(map(_encode, _ordered(drafts, "shipment")))


def encode_shipment(draft: dict[str, Any]) -> bytes:
    """Return the canonical bytes of one shipment, see encode_shipments."""
    return encode_shipments([draft])[0]


def encode_envelope_head(envelope: dict[str, Any]) -> bytes:
    """Return the canonical bytes of the envelope up to and including `"shipments":[`; its own shipments are ignored."""
    head = {name: value for name, value in envelope.items() if name != "shipments"}
    return _encode(*_ordered([head], "envelope"))[:-1] + b',"shipments":['


def encode_message(envelope: dict[str, Any], shipments: Iterable[dict[str, Any]]) -> bytes:
    """Return the canonical bytes of a whole message."""
    return encode_envelope_head(envelope) + b",".join(map(encode_shipment, shipments)) + MESSAGE_END


def _ordered(objects: list[Any], level: str) -> list[Any]:
    """Return objects with their keys in canonical order, all levels down; the same list when nothing moves.

    What is no object (the schema will say so) stays as it is.
    """
    if not {*map(type, objects)} <= _DICT:
        return [*map(_ordered_one, objects, repeat(level))]
    kinds = [*map(tuple, objects)]
    distinct = {*kinds}
    if distinct <= _still[level]:
        return objects
    if len(distinct) == 1:
        return _shape(level, kinds[0]).put_in_order(objects)
    ordered = list(objects)
    for kind in distinct:
        at = [number for number, one in enumerate(kinds) if one == kind]
        for number, one in zip(at, _shape(level, kind).put_in_order([objects[n] for n in at]), strict=True):
            ordered[number] = one
    return ordered if any(map(is_not, ordered, objects)) else objects


_DICT, _LIST = {dict}, {list}


def _ordered_one(value: Any, level: str) -> Any:
    return _ordered([value], level)[0] if type(value) is dict else value


class _Shape:
    """Objects with the same keys in the same order. Below them one field after the other is looked at, of all of them."""

    __slots__ = ("_lists", "_objects", "_order", "_values")

    def __init__(self, keys: tuple[str, ...], level: str) -> None:
        order = sorted(keys, key=_RANK[level].__getitem__)
        self._order = order if order != list(keys) else None  # canonical, where it is another
        self._values = itemgetter(*order) if len(order) > 1 else None
        nested, tags = _NESTED[level], fields_of(level)
        below = [(name, nested[name]) for name in order if name in nested]
        self._lists = [(name, inner) for name, inner in below if tags[name].startswith("list:")]
        self._objects = [(name, inner) for name, inner in below if (name, inner) not in self._lists]

    @property
    def still(self) -> bool:
        """True when nothing can move: the keys are in order, and nothing stands below them."""
        return not (self._order or self._objects or self._lists)

    def put_in_order(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return objects of this shape in canonical order; the same list when nothing moves."""
        changed: dict[str, list[Any]] = {}
        for name, inner in self._objects:
            values = [one[name] for one in objects]
            if (new := _ordered(values, inner)) is not values:
                changed[name] = new
        for name, inner in self._lists:
            lists = [one[name] for one in objects]
            if (new := _lists_in_order(lists, inner)) is not lists:
                changed[name] = new
        if self._order is not None and self._values is not None:
            objects = [dict(zip(self._order, values)) for values in map(self._values, objects)]  # noqa: B905  as many by construction
        elif changed:
            objects = [*map(dict, objects)]
        for name, new in changed.items():
            for one, value in zip(objects, new, strict=True):
                one[name] = value
        return objects


def _lists_in_order(lists: list[Any], level: str) -> list[Any]:
    """Return lists of objects (references, goods lines) with each of these in order; the same list when nothing moves."""
    if not {*map(type, lists)} <= _LIST:
        return [_lists_in_order([one], level)[0] if type(one) is list else one for one in lists]
    entries = [entry for one in lists for entry in one]
    ordered = _ordered(entries, level)
    if ordered is entries:
        return lists
    rest = iter(ordered)
    return [[*islice(rest, len(one))] for one in lists]


def _shape(level: str, keys: tuple[str, ...]) -> _Shape:
    """Return how objects with these keys, in this order, are put in canonical order; it is remembered."""
    shapes = _shapes[level]
    if (shape := shapes.get(keys)) is not None:
        return shape
    if unknown := [key for key in keys if key not in _RANK[level]]:
        raise ValueError(f"{', '.join(map(repr, unknown))}: not a field of {level} in the canonical model 1.0")
    if len(shapes) >= _SHAPES_KEPT:
        shapes.clear()
        _still[level].clear()
    shape = shapes[keys] = _Shape(keys, level)
    if shape.still:
        _still[level].add(keys)
    return shape
