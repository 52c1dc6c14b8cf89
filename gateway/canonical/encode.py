"""Canonical bytes: compact UTF-8 JSON, keys in canonical order, decimals as strings, one newline at the end.

    encode_envelope_head(envelope)   {"schema_version":"1.0",...,"shipments":[
    encode_shipment(draft)           {"shipment_id":...}
    head + b",".join(shipments) + MESSAGE_END

Drafts are plain dicts of JSON-ready values with keys in any order. This is not a check: a draft is validated before.
"""

from __future__ import annotations

from collections.abc import Iterable
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
_AS_IT_IS = (None, ())  # the shape of an object in canonical order with nothing to order below it
_Shape = tuple[tuple[str, ...] | None, tuple[tuple[str, str], ...]]
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
    order, nested = _shapes[level].get(keys) or _learn(level, keys)
    changed: dict[str, Any] = {}
    for name, inner in nested:
        value = draft[name]
        known = _shapes[inner].get
        if type(value) is dict:
            if known(tuple(value)) != _AS_IT_IS and (new := _ordered(value, inner)) is not value:
                changed[name] = new
        elif type(value) is list:
            for entry in value:
                if type(entry) is dict and known(tuple(entry)) != _AS_IT_IS:
                    entries = [_ordered(e, inner) if type(e) is dict else e for e in value]
                    if any(a is not b for a, b in zip(entries, value, strict=True)):
                        changed[name] = entries
                    break
    if order is None:
        return {**draft, **changed} if changed else draft
    return {name: changed.get(name, draft[name]) for name in order} if changed else {n: draft[n] for n in order}


def _learn(level: str, keys: tuple[str, ...]) -> _Shape:
    """Remember, for one key order, the canonical order (None when it is that already) and the nested fields."""
    rank = _RANK[level]
    if unknown := [key for key in keys if key not in rank]:
        raise ValueError(f"{', '.join(map(repr, unknown))}: not a field of {level} in the canonical model 1.0")
    order = tuple(sorted(keys, key=rank.__getitem__))
    nested = tuple((key, _NESTED[level][key]) for key in order if key in _NESTED[level])
    shape: _Shape = (None if order == keys else order, nested)
    if len(_shapes[level]) >= _SHAPES_KEPT:
        _shapes[level].clear()
    _shapes[level][keys] = shape
    return shape
