"""One shipment -> the values of an output, and what must be said: no source, no value, not usable, cut.

A field that is never filled, because nothing in the canonical model or the settings can fill it, is told once for all
shipments; everything else is told for the shipment and goods line it is about. Values of personal fields are in no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.mapping.sources import Run
from gateway.mapping.transforms import Noted, Unusable
from gateway.outputs.layout import Field, Layout
from gateway.outputs.paths import Place

Say = Callable[[Finding], None]
EVERY = "*"
"""Stands for the shipment of a finding that is the same for all of them."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One value. live: it comes from the shipment, not from the table; number: of the goods line from 0, -1 = none."""

    field: Field
    text: str
    live: bool
    number: int = -1


@dataclass(frozen=True, slots=True)
class _Settings:
    """What `profile.` reads: the settings of [outputs]."""

    options: Mapping[str, Any]
    constants: Mapping[str, Any]


class _Message:
    """What `envelope.` reads: the fields of the message, dotted."""

    def __init__(self, message: Mapping[str, Any], written_at: str) -> None:
        self.envelope = {"written_at": written_at}
        stack: list[tuple[str, Any]] = [("", {k: v for k, v in message.items() if k != "shipments"})]
        while stack:
            name, value = stack.pop()
            if isinstance(value, dict):
                stack += [(f"{name}.{key}" if name else key, below) for key, below in value.items()]
            else:
                self.envelope[name] = str(value).lower() if isinstance(value, bool) else str(value)


class Filler:
    """Fills one layout; `absent` counts what no shipment can fill, told by `summary` at the end."""

    def __init__(self, layout: Layout, settings: Mapping[str, Any], now: datetime, say: Say) -> None:
        """settings: of [outputs]; now: aware, told as envelope.written_at; say: takes every finding."""
        self.layout, self._say = layout, say
        self._settings = _Settings(settings, {})
        self._now = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._absent: dict[str, tuple[Field, int]] = {}
        self._shipment, self._seen_of_shipment = "", set[str]()
        self.cancelled = False  # the shipment at hand: a cancellation needs its numbers only

    def run_of(self, message: Mapping[str, Any]) -> Run:
        """Return the state that conditions and sources of one message are read with."""
        return Run(_Message(message, self._now), self._settings)  # type: ignore[arg-type]

    def rows(self, shipment: dict[str, Any], run: Run) -> Iterator[list[Filled]]:
        """Yield the rows of a table: one for each goods line, or one for the shipment."""
        self._begin(shipment, run)
        place = Place(shipment)
        whole = {f.target: self._filled(f, place, run, -1) for f in self.layout.fields if not f.per_item}
        items = (shipment.get("items") or [{}]) if self.layout.row == "item" else [{}]
        for number, item in enumerate(items):
            place = Place(shipment, item)
            yield [whole.get(f.target) or self._filled(f, place, run, number) for f in self.layout.fields]

    def document(self, shipment: dict[str, Any], run: Run) -> list[Filled]:
        """Return the values of an XML document: fields of goods lines once for each of them."""
        self._begin(shipment, run)
        filled = []
        for field in self.layout.fields:
            if field.goal is not None and field.goal.begins_with(self.layout.items):
                for number, item in enumerate(shipment.get("items") or ()):
                    filled.append(self._filled(field, Place(shipment, item), run, number))
            else:
                filled.append(self._filled(field, Place(shipment), run, -1))
        return filled

    def summary(self) -> Iterator[tuple[Finding, int]]:
        """Yield what no shipment can fill, with the number of shipments."""
        for field, count in self._absent.values():
            if field.settings:
                key = field.settings[0]
                why = f"the setting {key} is not given"
                mend = f'Write {key} = "..." under [outputs] of gateway.toml and name the folder with --profile.'
            else:
                why, mend = "the canonical model has no such field", "Fill it in by hand."
            severity = Severity.ERROR if field.required == "yes" else Severity.WARNING
            yield _finding("OUT-NO-SOURCE", severity, field, EVERY, field.why or why, field.mend or mend), count

    def _begin(self, shipment: dict[str, Any], run: Run) -> None:
        self._shipment = str(shipment.get("shipment_id", ""))
        self.cancelled = purpose_of(shipment, run) == "cancel"
        self._seen_of_shipment.clear()

    def _filled(self, field: Field, place: Place, run: Run, number: int) -> Filled:
        """Evaluate the rows of a field in order; the first that yields a value wins."""
        reason = ""
        for line in field.lines:
            try:
                if line.holds is not None and not line.holds(place, place, run):
                    continue
                values = line.values(place, place, run) if line.values is not None else []
                if any(v and not v.isspace() for v in values):
                    text = line.apply(values) if line.apply is not None else values[0].strip()
                    for _, said in text.notes if isinstance(text, Noted) else ():
                        self._tell("OUT-VALUE", Severity.WARNING, field, number, "the value was mended" if field.personal else said, "Look whether that is right.")  # fmt: skip
                    if text:
                        return Filled(field, self._fitted(field, str(text), number), True, number)
                    reason = f'"{" ".join(values)}" has not the form that is asked ({line.row.transform})'
            except Unusable as error:
                reason = error.reason
                break
            if line.row.default:
                if reason:
                    said = "the value cannot be used" if field.personal else reason
                    self._tell("OUT-VALUE", Severity.WARNING, field, number, f"{said}; {line.row.default} was written", field.mend or "Look whether that is right.")  # fmt: skip
                return Filled(field, self._fitted(field, line.row.default, number), False, number)
        self._missing(field, number, reason)
        return Filled(field, "", False, number)

    def _fitted(self, field: Field, text: str, number: int) -> str:
        """Return the text within the length that the target takes; what is lost is told."""
        if field.longest is None or len(text) <= field.longest:
            return text
        if field.cut:
            said = f"the value has {len(text)} characters, {field.longest} are allowed: it was cut"
            self._tell("OUT-CUT", Severity.WARNING, field, number, said, "Send a shorter text, or shorten it by hand.")
            return text[: field.longest].rstrip()
        severity = Severity.ERROR if field.required == "yes" else Severity.WARNING
        said = f"the value has {len(text)} characters, {field.longest} are allowed: it was left out, a part of it would mean something else"  # fmt: skip
        self._tell("OUT-LONG", severity, field, number, said, "Fill the field in by hand.")
        return ""

    def _missing(self, field: Field, number: int, reason: str) -> None:
        severity = Severity.ERROR if field.required == "yes" else Severity.WARNING
        if reason:
            said = "the value cannot be used" if field.personal else reason
            self._tell("OUT-VALUE", severity, field, number, said, field.mend or "Correct the value at its sender, or fill the field in by hand.")  # fmt: skip
        elif not field.required or self.cancelled:
            return
        elif field.static:
            if field.target not in self._seen_of_shipment:
                self._seen_of_shipment.add(field.target)
                self._absent[field.target] = (field, self._absent.get(field.target, (field, 0))[1] + 1)
        else:
            said = field.why or f"there is no {' or '.join(field.sources)}"
            self._tell("OUT-EMPTY", severity, field, number, said, field.mend or "Ask the sender for it, or fill the field in by hand.")  # fmt: skip

    def _tell(self, rule: str, severity: Severity, field: Field, number: int, said: str, mend: str) -> None:
        self._say(_finding(rule, severity, field, self._shipment, said, mend, number))


def purpose_of(shipment: Mapping[str, Any], run: Run) -> str:
    """Return original, amend or cancel: of the shipment, else of its message."""
    return str(shipment.get("transmission_purpose") or run.message.envelope["transmission_purpose"])


def _finding(
    rule: str, severity: Severity, field: Field, shipment: str, said: str, mend: str, number: int = -1
) -> Finding:
    return Finding(
        rule, severity, Scope.SHIPMENT, said[:1].upper() + said[1:] + ("" if said.endswith(".") else "."), target=field.target,
        pointer=f"/items/{number}" if number >= 0 else "", shipment=shipment, fix=mend, row=field.row, personal=field.personal,
    )  # fmt: skip
