"""Canonical bytes: compact UTF-8 JSON, keys in canonical order, decimals as strings, one newline at the end.

    encode_envelope_head(envelope)   {"schema_version":"1.0",...,"shipments":[
    encode_shipment(draft)           {"shipment_id":...}
    head + b",".join(shipments) + MESSAGE_END

Drafts are plain dicts of JSON-ready values with keys in any order. This is not a check: a draft is validated before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
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
_Order = Callable[[dict[str, Any]], dict[str, Any]]
_orders: dict[str, dict[tuple[str, ...], _Order]] = {level: {} for level in LEVELS}


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
    return (_orders[level].get(keys) or _learn(level, keys))(draft)


def _as_it_is(draft: dict[str, Any]) -> dict[str, Any]:
    return draft


def _learn(level: str, keys: tuple[str, ...]) -> _Order:
    """Return and remember how objects with these keys, in this order, are put in canonical order."""
    rank = _RANK[level]
    if unknown := [key for key in keys if key not in rank]:
        raise ValueError(f"{', '.join(map(repr, unknown))}: not a field of {level} in the canonical model 1.0")
    order = tuple(sorted(keys, key=rank.__getitem__))
    nested = [(key, _NESTED[level][key]) for key in order if key in _NESTED[level]]
    if len(_orders[level]) >= _SHAPES_KEPT:
        _orders[level].clear()
    known = _orders[level][keys] = _order(order, nested, moved=order != keys)
    return known


def _order(order: tuple[str, ...], nested: list[tuple[str, str]], *, moved: bool) -> _Order:
    if not nested and not moved:
        return _as_it_is
    values_of = itemgetter(*order) if len(order) > 1 else None
    inner = [(name, _orders[level].get, level) for name, level in nested]

    def put_in_order(draft: dict[str, Any]) -> dict[str, Any]:
        changed = {}
        for name, known, level in inner:
            value = draft[name]
            if type(value) is dict and known(tuple(value)) is _as_it_is:
                continue
            if (new := _below(value, level)) is not value:
                changed[name] = new
        if changed:
            draft = {**draft, **changed}
        return dict(zip(order, values_of(draft), strict=True)) if moved and values_of else draft

    return put_in_order


def _below(value: Any, level: str) -> Any:
    """Return an object of a level, or a list of them, in order; other values as they are."""
    if type(value) is not list:
        return _ordered(value, level) if type(value) is dict else value
    known, new, same = _orders[level].get, [], True
    for entry in value:
        keys = tuple(entry) if type(entry) is dict else None
        if keys is not None and (order := known(keys) or _learn(level, keys)) is not _as_it_is:
            new.append(order(entry))
            same = same and new[-1] is entry
        else:
            new.append(entry)
    return value if same else new
