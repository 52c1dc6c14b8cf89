"""Canonical bytes: compact UTF-8 JSON, keys in canonical order, decimals as strings, one newline at the end.

    encode_envelope_head(envelope)   {"schema_version":"1.0",...,"shipments":[
    encode_shipment(draft)           {"shipment_id":...}
    head + b",".join(shipments) + MESSAGE_END

Drafts are plain dicts of JSON-ready values with keys in any order. This is not a check: a draft is validated before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from operator import call, is_not, itemgetter
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
_ShapeOf = Callable[[Any], Any]
_shapes: dict[str, dict[tuple[str, ...], _Shape]] = {level: {} for level in LEVELS}


def encode_shipment(draft: dict[str, Any]) -> bytes:
    """Return the canonical bytes of one shipment, without comma or newline.

    Raises ValueError for a field the model does not have.
    """
    return _encode(_ordered(draft, "shipment"))


def encode_envelope_head(envelope: dict[str, Any]) -> bytes:
    """Return the canonical bytes of the envelope up to and including `"shipments":[`; its own shipments are ignored."""
    head = {name: value for name, value in envelope.items() if name != "shipments"}
    return _encode(_ordered(head, "envelope"))[:-1] + b',"shipments":['


def encode_message(envelope: dict[str, Any], shipments: Iterable[dict[str, Any]]) -> bytes:
    """Return the canonical bytes of a whole message."""
    return encode_envelope_head(envelope) + b",".join(map(encode_shipment, shipments)) + MESSAGE_END


def _ordered(draft: dict[str, Any], level: str) -> dict[str, Any]:
    """Return the draft with its keys in canonical order, all levels down; the same object when nothing moves."""
    keys = tuple(draft)
    return (_shapes[level].get(keys) or _learn(level, keys)).put_in_order(draft)


class _Shape:
    """Objects with the same keys in the same order; whether anything moves below them is asked of all below at once."""

    __slots__ = ("_lists", "_names", "_objects", "_order", "_shapes", "_values")

    def __init__(self, keys: tuple[str, ...], level: str) -> None:
        order = sorted(keys, key=_RANK[level].__getitem__)
        self._order = order if order != list(keys) else None  # canonical, where it is another
        self._values = itemgetter(*order) if len(order) > 1 else None
        nested, tags = _NESTED[level], fields_of(level)
        below = [(name, nested[name]) for name in order if name in nested]
        self._lists = [(name, inner) for name, inner in below if tags[name].startswith("list:")]
        self._names = [(name, inner) for name, inner in below if (name, inner) not in self._lists]
        objects = [name for name, _ in self._names]
        self._objects = itemgetter(*objects, objects[0]) if objects else None  # one more: a tuple also of one
        self._shapes = [_shapes[inner].get for _, inner in self._names]

    @property
    def still(self) -> bool:
        """True when nothing can move: the keys are in order, and nothing stands below them."""
        return not (self._order or self._names or self._lists)

    def in_place(self, draft: dict[str, Any]) -> bool:
        """True when nothing moves in an object of this shape without lists."""
        if self._order is not None or self._lists:
            return False
        return self._objects is None or _all_still(self._shapes, self._objects(draft))

    def put_in_order(self, draft: dict[str, Any]) -> dict[str, Any]:
        """Return an object of this shape in canonical order; the same when nothing moves."""
        changed: dict[str, Any] = {}
        if self._objects is not None and not _all_still(self._shapes, self._objects(draft)):
            for name, inner in self._names:
                value = draft[name]
                if type(value) is dict and (new := _ordered(value, inner)) is not value:
                    changed[name] = new
        for name, inner in self._lists:
            value = draft[name]
            if type(value) is list and not _all_in_place(inner, value):
                entries = [_ordered(entry, inner) if type(entry) is dict else entry for entry in value]
                if any(map(is_not, entries, value)):
                    changed[name] = entries
        if changed:
            draft = {**draft, **changed}
        if self._order is None or self._values is None:
            return draft
        return dict(zip(self._order, self._values(draft)))  # noqa: B905  as many by construction


_STILL = _Shape((), "money")
_ALL_STILL = {_STILL}


def _all_still(shapes: Iterable[_ShapeOf], values: Iterable[Any]) -> bool:
    """True when nothing moves in these objects, whose shapes are known; shapes: what gives the shape of each by its keys."""
    try:
        return set(map(call, shapes, map(tuple, values))) == _ALL_STILL
    except TypeError:  # what should be an object is none
        return False


def _all_in_place(level: str, entries: list[Any]) -> bool:
    """True when nothing moves in the objects of a list, references or goods lines with their money."""
    shapes = repeat(_shapes[level].get)
    if not _NESTED[level]:
        return _all_still(shapes, entries)
    return all(map(_in_place, shapes, entries))


def _in_place(shape_of: _ShapeOf, entry: Any) -> bool:
    shape = shape_of(tuple(entry)) if type(entry) is dict else _STILL
    return shape is _STILL or (shape is not None and shape.in_place(entry))


def _learn(level: str, keys: tuple[str, ...]) -> _Shape:
    """Return and remember how objects with these keys, in this order, are put in canonical order."""
    if unknown := [key for key in keys if key not in _RANK[level]]:
        raise ValueError(f"{', '.join(map(repr, unknown))}: not a field of {level} in the canonical model 1.0")
    if len(_shapes[level]) >= _SHAPES_KEPT:
        _shapes[level].clear()
    shape = _Shape(keys, level)
    known = _shapes[level][keys] = _STILL if shape.still else shape
    return known
