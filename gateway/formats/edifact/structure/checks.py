"""One segment against its layout: what is missing, too much, too long, no number; as findings with their UCD place."""

from __future__ import annotations

import re

from gateway.findings import Finding, Position, Severity
from gateway.formats.delimited import split_released, unrelease
from gateway.formats.edifact.service import GAP
from gateway.formats.edifact.structure.layouts import (
    LANGUAGE,
    NUMBERS,
    ONE_BY_ONE,
    Component,
    Element,
    Layout,
    coded,
    languages,
    layouts,
    most,
    most_repetitions,
    other_mark,
    patterns,
)
from gateway.formats.edifact.structure.policy import SyntaxPolicy
from gateway.formats.edifact.structure.repeated import part, spread
from gateway.kinds import UNKNOWN
from gateway.records import Node, Separators

_KEPT = 2_048  # short segments remembered as good: LOC+9+CNSZX:139:6' comes with every bill
_KEPT_LENGTH = 64
_MOST_COMPONENTS, _MOST_ELEMENTS = 100, 200
_LONGEST_CODE, _SHORTEST_TEXT = 3, 35
_PLAIN_LENGTH = 4_096  # longer ones are damage, or worth a closer look

Seen = tuple[str, list[str], int, int, int, str, int]
"""A segment in good order: tag, elements, characters, characters of the gap before it, line feeds in the gap, its head
(the tag and the codes it begins with, "RFF+HWB"), characters with gap and terminator."""


class Checker:
    """Checks the segments of one message. upper_only: the character set has no small letters (UNOA)."""

    def __init__(self, release: str, separators: Separators, policy: SyntaxPolicy, *, upper_only: bool = False) -> None:
        self._layouts, self._release = layouts(release), release
        self._coded = coded(release)
        self._matches = {tag: pattern.fullmatch for tag, pattern in patterns(release, separators).items()}
        self._element_separator, self._component_separator = separators.element, separators.component
        self._release_mark = separators.release or "\n"
        self._without_released = _released_separators(separators).sub
        self._separators = separators
        self._policy = policy
        self._upper_only = upper_only
        self._good: set[str] = set()
        self.seen: dict[str, Seen] = {}  # text with its gap -> segment, for what comes again and again
        self._lower_said = False

    def check(self, node: Node, unit: Node | None) -> list[Finding] | None:
        """Return what is wrong with a segment, None when nothing is; unit: the shipment it stands in."""
        text = self._element_separator.join(node.elements)
        if text in self._good:
            return None
        matches = self._matches.get(node.tag)
        if matches is None:
            return None
        if matches(text) and not (self._upper_only and text != text.upper()):
            if len(text) <= _KEPT_LENGTH and len(self._good) < _KEPT:
                self._good.add(text)
            return None
        return list(self._look(node, unit, text)) or None

    def look(self, raw: str) -> Seen | None:
        """Return the segment of a text between terminators when it is plain and in good order; None says nothing.

        Plain: ASCII, no line break inside, and released are separators only, which stand for one character of a text.
        Most short ones come with every bill: kept in `seen`.
        """
        text = told = raw.lstrip(GAP)
        size, length = len(text), len(raw)
        if not text.isascii() or "\n" in text or "\r" in text or size > _PLAIN_LENGTH:
            return None
        if self._release_mark in text:
            told = self._without_released("x", text)
            if self._release_mark in told:
                return None
            elements = split_released(text, self._element_separator, self._release_mark)
        else:
            elements = text.split(self._element_separator)
        tag = head = elements[0]
        matches = self._matches.get(tag)
        if not (matches(told) if matches is not None else tag.isalnum()) or (self._upper_only and text != text.upper()):
            return None
        if tag in self._coded:
            for element in elements[1 : 1 + self._coded[tag]]:
                code = element.split(self._component_separator, 1)[0]
                head = f"{head}+{code}" if code.isalnum() or not code else f"{head}+{UNKNOWN}"
        lead = length - size
        seen = (tag, elements, size, lead, raw.count("\n", 0, lead) if lead else 0, head, length + 1)
        if size <= _KEPT_LENGTH and len(self.seen) < _KEPT:
            self.seen[raw] = seen
        return seen

    def _look(self, node: Node, unit: Node | None, text: str) -> list[Finding]:
        found: list[Finding] = []
        layout = self._layouts[node.tag]
        if self._upper_only and text != text.upper() and not self._lower_said:
            self._lower_said = True  # told once: of the message, not of the shipment that happens to be the first
            found.append(
                self._finding(
                    "EDIFACT-CHARACTER",
                    "21",
                    "holds small letters, which UNOA does not have",
                    node,
                    None,
                    1,
                    strict_only=True,
                )
            )
        limit = len(layout)
        if len(node.elements) - 1 > limit:
            limit = max(limit, most(self._release, node.tag))
        lost = any(node.elements[limit + 1 :])
        if lost or len(node.elements) > _MOST_ELEMENTS:
            said = f"has {len(node.elements) - 1} elements; {limit} is the most" + _released(
                lost, self._separators.element
            )
            found.append(
                self._finding(
                    "EDIFACT-ELEM-TOO-MANY",
                    "16",
                    said,
                    node,
                    unit,
                    limit + 1,
                    strict_only=not lost,
                    fix=self._mend(self._separators.element) if lost else "",
                )
            )
        for number, element in enumerate(layout, 1):
            value = node.element(number)
            if value:
                found += self._element(node, unit, number, element, value)
                found += self._repetitions(node, unit, number, layout, value)
            elif element.mandatory:
                first = element.components[0]
                found.append(self._missing(node, unit, number, 1 if element.composite else 0, first.id))
        if self._separators.repetition and self._separators.repetition in text:
            spread(node, layout, self._separators)
        if node.tag in ONE_BY_ONE and node.parent is not None:
            part(node, node.parent)
        return found

    def _element(self, node: Node, unit: Node | None, number: int, element: Element, value: str) -> list[Finding]:
        s = self._separators
        found: list[Finding] = []
        for repetition in split_released(value, s.repetition, s.release) if s.repetition else [value]:
            parts = split_released(repetition, s.component, s.release)
            limit = len(element.components)
            if len(parts) > limit:
                limit = max(limit, most(self._release, node.tag, number))
            lost = any(parts[limit:])
            if lost or len(parts) > _MOST_COMPONENTS:
                said = f"has {len(parts)} components; {limit} is the most" + _released(lost, s.component)
                rule = "EDIFACT-ELEM-TOO-MANY"
                found.append(
                    self._finding(
                        rule,
                        "16",
                        said,
                        node,
                        unit,
                        number,
                        limit + 1,
                        strict_only=not lost,
                        fix=self._mend(s.component) if lost else "",
                    )
                )
            empty = not any(parts)
            for place, component in enumerate(element.components, 1):
                text = parts[place - 1] if place <= len(parts) else ""
                at = place if element.composite else 0
                if text:
                    finding = self._value(node, unit, number, at, component, unrelease(text, s.release))
                    if finding is not None:
                        found.append(finding)
                elif component.mandatory and (element.mandatory or not empty):
                    found.append(self._missing(node, unit, number, at, component.id))
        return found

    def _repetitions(self, node: Node, unit: Node | None, number: int, layout: Layout, value: str) -> list[Finding]:
        """Repetitions are read where the directory writes their composite again: others are a loss, or a * that should have been released."""
        s = self._separators
        if not s.repetition or s.repetition not in value:
            return []
        given = len(split_released(value, s.repetition, s.release))
        limit = most_repetitions(layout, number)
        if given <= limit and any(node.elements[number + 1 : number + given]):
            limit = 1  # those behind it stand where its repetitions are read
        if given <= limit:
            return []
        said = f'has {given} repetitions (parted by "{s.repetition}"); {limit} is the most'
        return [self._finding("EDIFACT-ELEM-REPEAT", "16", said, node, unit, number, fix=self._mend(s.repetition))]

    def _value(
        self, node: Node, unit: Node | None, number: int, place: int, component: Component, text: str
    ) -> Finding | None:
        """Check kind and length of one data element."""
        length = len(text)
        name = component.id
        if component.kind == "n" or name in NUMBERS:
            fault = self._no_number(component, text)
            if fault is not None:
                rule, code, said = fault
                return self._finding(rule, code, said, node, unit, number, place, name=name, value=text)
        if component.kind == "n":
            length = sum(character.isdigit() for character in text)
        elif component.kind == "a" and any(character.isdigit() for character in text):
            return self._finding(
                "EDIFACT-ELEM-TYPE",
                "37",
                f"{name} holds digits; letters are expected",
                node,
                unit,
                number,
                place,
                name=name,
                strict_only=True,
            )
        if length > component.longest:
            lost = place < 2 and self._goes_on(node, number, component)
            mark = self._separators.element
            said = f"{name} is {length} characters long; {component.longest} is the most{_released(lost, mark)}"
            return self._finding(
                "EDIFACT-ELEM-LONG",
                "39",
                said,
                node,
                unit,
                number,
                place,
                name=name,
                strict_only=not lost,
                fix=self._mend(mark) if lost else "",
            )
        if name == LANGUAGE and text.rstrip().lower() not in languages() and self._goes_on(node, number, component):
            mark = self._separators.element
            said = f'"{text}" ({name}) is no code of a language (ISO 639){_released(True, mark)}'
            return self._finding(
                "EDIFACT-LANGUAGE", "12", said, node, unit, number, place, name=name, value=text, fix=self._mend(mark)
            )
        if length < component.shortest:
            said = f"{name} is {length} characters long; {component.shortest} is the least"
            return self._finding(
                "EDIFACT-ELEM-SHORT", "40", said, node, unit, number, place, name=name, strict_only=True
            )
        return None

    def _no_number(self, component: Component, text: str) -> tuple[str, str, str] | None:
        """Return rule, code and words when a number cannot be read as one (data elements of text: in doubt of the mark only)."""
        s = self._separators
        decimal = re.fullmatch(r"-?[0-9.,]+", text) is not None
        if component.kind == "n":
            mark = re.escape(s.decimal) if s.decimal else ".,"
            fine = re.fullmatch(rf"-?(?:[0-9]+(?:[{mark}][0-9]*)?|[{mark}][0-9]+)", text) is not None
        else:  # 1.250 where UNA names the comma: thousands or decimals
            fine = not (decimal and s.decimal and other_mark(s) in text)
        if fine:
            return None
        said = f'{component.id} "{text[:20]}" is not a number'
        if not decimal:
            return "EDIFACT-ELEM-TYPE", "37", said
        said += f' with decimal mark "{s.decimal}"' if s.decimal else ""
        return "EDIFACT-DECIMAL", "19" if self._policy.version < "4" else "37", said

    def _goes_on(self, node: Node, number: int, component: Component) -> bool:
        """True when what stands in a short code right behind a text must be the rest of the text (FTX+AAA+++SHOES + SOCKS')."""
        if component.longest > _LONGEST_CODE or number < 2 or not node.element(number - 1):
            return False
        return self._layouts[node.tag][number - 2].components[-1].longest >= _SHORTEST_TEXT

    def _mend(self, mark: str) -> str:
        """Return how a separator in a text is written, by the separators of this file."""
        release = self._separators.release
        if not release:
            return f"Take the {mark} out of the text: this file names no release character (UNA)."
        return f"Write {release}{mark} for a {mark} in a text ({release} is the release character)."

    def _missing(self, node: Node, unit: Node | None, number: int, place: int, name: str) -> Finding:
        return self._finding("EDIFACT-ELEM-MISSING", "13", f"{name} is missing", node, unit, number, place, name=name)

    def _finding(
        self, rule: str, code: str, said: str, node: Node, unit: Node | None, number: int, place: int = 0, *,
        name: str = "", value: str | None = None, strict_only: bool = False, fix: str = "",
    ) -> Finding:  # fmt: skip
        severity = Severity.WARNING if strict_only and not self._policy.strict else Severity.ERROR
        where = f"{node.tag} element {number}" + (f"-{place}" if place else "")
        position: Position = node.place(number, place or None, name)
        ucd = f"{number + 1}:{place}" if place else str(number + 1)
        ack = {"CONTRL": code, "UCS": str(node.position), "UCD": ucd}
        return Finding(
            rule,
            severity,
            self._policy.scope(unit, severity),
            f"{where}: {said}.",
            position,
            value=value,
            ack=ack,
            fix=fix,
        )


def _released(lost: bool, mark: str) -> str:
    """Return how to mend a text that a separator has cut; "" when nothing was lost."""
    return f'; what stands behind is not read (a "{mark}" in a text is written "?{mark}")' if lost else ""


def _released_separators(s: Separators) -> re.Pattern[str]:
    """Return the pattern of a separator with its release character; of nothing where a number may hold one."""
    every = s.element + s.component + s.segment + s.repetition + s.release
    if not s.release or re.search("[-0-9.,]", every):
        return re.compile("(?!)")
    return re.compile(f"{re.escape(s.release)}[{re.escape(every)}]")
