"""Check drafts and messages against schema.json. The only importer of jsonschema and jsonschema_rs.

Two tiers: jsonschema-rs says yes or no for every draft (about 10 microseconds); jsonschema, the reference, writes the
errors of the refused ones. After MANY_FAILURES refused drafts the errors too come from jsonschema-rs, so that a bad
file stays fast. Both give the same SchemaErrors (tests/canonical/test_parity.py). Without jsonschema-rs everything is
done by jsonschema, 100 times slower.

Formats are ours: `date` and `date-time` are bound by pattern, the format adds only that the day exists; e-mail and
https links are patterns. No remote $ref is ever fetched.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from gateway.canonical.control import control_characters, has_none
from gateway.canonical.faults import RawError, SchemaError, schema_errors
from gateway.canonical.requirements import FILER_TYPES
from gateway.shipped import files

try:
    import jsonschema_rs
except ImportError:  # no wheel for the platform: slower, same answers
    jsonschema_rs = None  # type: ignore[assignment]

if TYPE_CHECKING:  # imported when the first draft is refused: a good file is checked without waiting for it
    import jsonschema

__all__ = ["MANY_FAILURES", "SchemaError", "ShipmentValidator", "load_schema", "validate_message"]

MANY_FAILURES = 100
_NOT_CANCELLED = {"required": ["transmission_purpose"]}


@cache
def load_schema() -> dict[str, Any]:
    """Return schema.json, read once. Do not change the returned object."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath("schema.json").read_bytes())
    return schema


class ShipmentValidator:
    """The check of one filer's shipments; compile once, use for all of them.

    filer_type: participant_filer_type of the envelope. purpose: transmission_purpose of the envelope; with "cancel"
    a shipment without a purpose of its own counts as cancelled and needs only an identifier and the mode.

    Raises ValueError for a filer type that does not exist.
    """

    def __init__(self, filer_type: str, purpose: str = "original") -> None:
        if filer_type not in FILER_TYPES:
            raise ValueError(f"filer type {filer_type!r}: one of {', '.join(FILER_TYPES)} expected")
        self.filer_type = filer_type
        self._engine = _Engine(_shipment_schema(filer_type, purpose == "cancel"))

    def errors_of_all(
        self, drafts: Sequence[dict[str, Any]], encoded: Sequence[bytes]
    ) -> list[tuple[SchemaError, ...]]:
        """Return the faults of each of many drafts, see `errors`. encoded: their JSON."""
        valid = self._engine.are_valid(drafts, encoded)
        return [() if valid[n] else self.errors(draft, encoded[n]) for n, draft in enumerate(drafts)]

    def errors(self, draft: dict[str, Any], encoded: bytes | None = None) -> tuple[SchemaError, ...]:
        """Return the faults of a draft of JSON-ready values, sorted by pointer; empty when it is valid.

        encoded: the JSON of the draft, when the caller has it already.
        """
        raws = self._engine.errors(draft, encoded)
        return schema_errors(raws, draft, self.filer_type, message=False) if raws else ()


@cache
def _shipment_schema(filer_type: str, cancel: bool) -> _Compiled:
    role: dict[str, Any] = {"$ref": f"#/$defs/role_{filer_type}"}
    if cancel:
        role = {"if": _NOT_CANCELLED, "then": role}
    parts = [{"$ref": "#/$defs/shipment"}, role]
    return _Compiled({"$schema": load_schema()["$schema"], "$defs": load_schema()["$defs"], "allOf": parts})


def fault_of_value(draft: dict[str, Any], pointer: str) -> str:
    """Return why the schema refuses the value at a pointer, "" when it does not. draft: a shipment with that value; all else may be missing.

    >>> fault_of_value({"package_unit": "ctn"}, "/package_unit")
    'Package unit must be a package code of up to 3 capital letters or digits, such as CTN; found "ctn"'
    """
    engine = _Engine(_shipment_schema("other", cancel=False))
    raws = engine.slow_errors(draft) if jsonschema_rs is None else engine.fast_errors(draft)
    found = schema_errors(raws, draft, "other", message=False)
    return next((error.message for error in found if error.pointer == pointer and not error.missing), "")


def validate_message(message: Any) -> tuple[SchemaError, ...]:
    """Return the faults of a whole message (parsed JSON), pointers from its root; empty when it is valid."""
    raws = _message_engine().errors(message)
    filer_type = message.get("participant_filer_type") if isinstance(message, dict) else None
    return schema_errors(raws, message, filer_type, message=True) if raws else ()


def prepare() -> None:
    """Import and compile the reference validator now, before work that must not wait for it."""
    _ = _message_engine().slow_errors({})


def validate_head(head: dict[str, Any]) -> tuple[SchemaError, ...]:
    """Return the faults of a message without its shipments: what came from the envelope may be too long, too."""
    raws = _head_engine().errors(head)
    return schema_errors(raws, head, head.get("participant_filer_type"), message=True) if raws else ()


@cache
def _head_engine() -> _Engine:
    schema = load_schema()
    required = [name for name in schema["required"] if name != "shipments"]
    return _Engine(_Compiled({**schema, "required": required}))


@cache
def _message_engine() -> _Engine:
    return _Engine(_Compiled(load_schema()))


class _Compiled:
    """One schema compiled by both libraries: ten milliseconds, done once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.is_valid: Callable[[Any], bool] | None = None
        if jsonschema_rs is not None:
            quick = jsonschema_rs.Draft202012Validator(_dates_by_pattern(schema), validate_formats=False, offline=True)
            self.is_valid = quick.is_valid

    @cached_property
    def fast(self) -> Any:
        """Return the validator of jsonschema-rs that writes errors; None without the library."""
        if jsonschema_rs is None:
            return None
        formats = dict(_FORMATS)
        return jsonschema_rs.Draft202012Validator(self.schema, validate_formats=True, formats=formats, offline=True)

    @cached_property
    def slow(self) -> jsonschema.Draft202012Validator:
        """Return the reference validator."""
        import jsonschema
        import referencing

        checker = jsonschema.FormatChecker(formats=())
        for name, check in _FORMATS.items():
            checker.checks(name)(check)
        return jsonschema.Draft202012Validator(self.schema, registry=referencing.Registry(), format_checker=checker)


class _Engine:
    """The check of many instances. failures: how many of them were refused so far."""

    def __init__(self, compiled: _Compiled) -> None:
        self._compiled, self._schema = compiled, compiled.schema
        self._is_valid = compiled.is_valid
        self.failures = 0

    def are_valid(self, instances: Sequence[Any], encoded: Sequence[bytes]) -> list[bool]:
        """Return which of many instances are in order for sure: all False when any may hold a refused character."""
        if self._is_valid is None or not has_none(b"".join(encoded)):
            return [False] * len(instances)
        return [*map(self._is_valid, instances)]

    def errors(self, instance: Any, encoded: bytes | None = None) -> list[RawError]:
        """Return the raw errors of an instance: refused characters first, then those of the schema."""
        control = control_characters(instance, encoded)
        if not control and self._is_valid is not None and self._is_valid(instance):
            return []
        surrogate = any("\ud800" <= character <= "\udfff" for _, _, character in control)
        many = self.failures >= MANY_FAILURES and not surrogate  # Rust has no surrogates
        fast = many and self._compiled.fast is not None
        raws = [RawError(path, "control", character, {}, value) for path, value, character in control]
        raws += self.fast_errors(instance) if fast else self.slow_errors(instance)
        self.failures += bool(raws)
        return raws

    def slow_errors(self, instance: Any) -> list[RawError]:
        """Return the leaf errors of jsonschema."""
        return [
            RawError(tuple(e.absolute_path), str(e.validator), e.validator_value, e.schema, e.instance)
            for e in self._compiled.slow.iter_errors(instance)
        ]

    def fast_errors(self, instance: Any) -> list[RawError]:
        """Return the leaf errors of jsonschema-rs."""
        raws = []
        for error in self._compiled.fast.iter_errors(instance):
            *steps, keyword = error.evaluation_path
            node = self._node(steps)
            raws.append(RawError(tuple(error.instance_path), keyword, node[keyword], node, error.instance))
        return raws

    def _node(self, steps: Iterable[str | int]) -> Any:
        """Return the subschema at an evaluation path, going through local references."""
        node: Any = self._schema
        for step in steps:
            node = node[step]
            if step == "$ref":
                node = self._schema["$defs"][node.removeprefix("#/$defs/")]
        return node


_DAY_SHAPE = "(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"  # of schema.json
_DAY_EXACT = (
    "(?:(?:19|20|21)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:(?:19|20|21)(?:0[48]|[2468][048]|[13579][26])|2000)-02-29)"
)


def _dates_by_pattern(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema for the yes or no: dates exact by pattern, which needs no call back into Python per date."""
    definitions = {
        name: {**rule, "pattern": rule["pattern"].replace(_DAY_SHAPE, _DAY_EXACT)} if "format" in rule else rule
        for name, rule in schema["$defs"].items()
    }
    return {**schema, "$defs": definitions}


def _is_date(text: object) -> bool:
    """True when the first 10 characters are a day that exists (the pattern checks the rest); other types pass."""
    if not isinstance(text, str):
        return True
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


_FORMATS: dict[str, Callable[[object], bool]] = {"date": _is_date, "date-time": _is_date}
