"""Findings about the segments of a transaction set: rule, severity and scope by the policy, words, place, AK304 and AK403."""

from __future__ import annotations

from msgspec.structs import replace

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.x12.elements import TRAILING, Fault
from gateway.formats.x12.policy import SyntaxPolicy, is_personal, with_cbp
from gateway.formats.x12.transitions import INSIDE, LEVEL, LOOP, Machine, Slot
from gateway.formats.x12.wording import element_message, level_missing, level_unexpected, segment_message
from gateway.records import Node

_GOOD: list[Finding] = []  # shared, never changed
_LEVELS_KEPT = 100_000  # numbers of HL of a set that are remembered
_VALUE_KEPT = 256  # characters of a faulty value kept in a finding


class Faults:
    """What is said of one set. in_unit: a shipment is open, which may be refused alone."""

    def __init__(self, policy: SyntaxPolicy, machine: Machine) -> None:
        self._policy, self._machine = policy, machine
        self._levels: set[str] = set()  # HL01 of the levels that came

    def missing(self, slots: tuple[Slot, ...], last: Node, *, in_unit: bool) -> list[Finding]:
        """Return that mandatory segments were skipped, at the place just after the last segment."""
        findings = []
        for slot in slots:
            ruling = self._policy.ruling("AK304-3", slot.tag, None, in_unit=in_unit and slot.kind in (INSIDE, LOOP))
            place = Position(
                offset=last.offset + last.length, length=0, line=last.line, segment=slot.tag,
                segment_position=last.position + 1, loop=slot.loop,
            )  # fmt: skip
            said = segment_message("3", slot.tag, "" if slot.trigger else slot.loop)
            if slot.level:
                said = level_missing(slot.level, self._machine.levels)
            ack = with_cbp({"AK304": "3"}, slot.tag, None)
            findings.append(Finding(ruling.rule, ruling.severity, ruling.scope, said, place, ack=ack))
        return findings

    def wrong_parent(self, node: Node, slot: Slot, above: str) -> Finding:
        """HL02 names another HL than the one it stands under (above): its goods must not go to that one's buyer."""
        said = f'HL02 is "{node.element(2)[:12]}", but this HL stands under HL {above[:12]}.'
        ruling = self._policy.ruling("AK304-7", node.tag, None, in_unit=False)
        place = _place(node, slot.loop)
        return Finding(ruling.rule, ruling.severity, ruling.scope, said, place, ack={"AK304": "7"})

    def number_again(self, node: Node, slot: Slot) -> list[Finding]:
        """HL01 is the number of another HL too: which of them the levels below name is told by their place alone."""
        number = node.element(1)
        if number not in self._levels:
            if len(self._levels) < _LEVELS_KEPT:
                self._levels.add(number)
            return _GOOD
        ruling = self._policy.ruling("twice", node.tag, 1, in_unit=False)
        said = f'HL01 "{number[:12]}" is the number of an earlier HL too; each HL has a number of its own.'
        place = _place(node, slot.loop, Fault("7", 1, value=number))
        ack = {"AK304": "8", "AK403": "7"} if ruling.severity is Severity.ERROR else {}
        return [Finding(ruling.rule, ruling.severity, ruling.scope, said, place, value=number[:_VALUE_KEPT], ack=ack)]

    def folded(self, node: Node, received: str, *, in_unit: bool) -> Finding:
        """A segment id in small letters was read as the one in capitals."""
        ruling = self._policy.ruling("case", node.tag, None, in_unit=in_unit)
        said = f'The segment id "{received}" was read as {node.tag}.'
        return Finding(ruling.rule, ruling.severity, ruling.scope, said, _place(node, ""), value=received)

    def segment(self, node: Node, code: str, loop: str, *, in_unit: bool, limit: int = 0) -> Finding:
        """A segment that may not come here. code: AK304."""
        ignorable = (
            node.tag.strip().upper() not in self._machine.tags
        )  # known, in lower case: it holds data we would lose
        policy = self._policy if ignorable else replace(self._policy, ignore_unknown_segments=False)
        ruling = policy.ruling(f"AK304-{code}", node.tag, None, in_unit=in_unit)
        said = segment_message(code, node.tag, loop, limit)
        return Finding(ruling.rule, ruling.severity, ruling.scope, said, _place(node, loop), ack={"AK304": code})

    def doubt(self, node: Node, unit: str) -> list[Finding]:
        """A segment that is not understood stands before a shipment: what the next ones stand under is not known."""
        ruling = self._policy.ruling("AK304-1", node.tag, None, in_unit=True)
        if ruling.severity is not Severity.ERROR or ruling.scope is not Scope.SHIPMENT:
            return _GOOD  # it may be there, or the set is refused for it
        said = f'"{node.tag[:15]}" stands right before {unit}: it may be what the shipments behind it stand under.'
        ack = {"AK501": "R", "AK502": "5"}
        return [Finding(ruling.rule, ruling.severity, Scope.MESSAGE, said, _place(node, ""), ack=ack)]

    def elements(self, node: Node, slot: Slot, *, in_unit: bool) -> list[Finding]:
        """Return what is wrong with the elements of a segment."""
        return [self._element(node, slot, fault, in_unit=in_unit) for fault in slot.check.faults(node.elements)]

    def _element(self, node: Node, slot: Slot, fault: Fault, *, in_unit: bool) -> Finding:
        text = fault.code == "6" and fault.definition is not None and fault.definition.type == "AN"
        code = TRAILING if fault.code == TRAILING else f"AK403-{fault.code}" + ("-text" if text else "")
        ruling = self._policy.ruling(code, node.tag, fault.element, in_unit=in_unit)
        ack = {"AK304": "8"} if fault.code == TRAILING else {"AK304": "8", "AK403": fault.code}
        if fault.code == TRAILING and ruling.severity is not Severity.ERROR:
            ack = {}
        personal = is_personal(node.tag, fault.element)
        said = element_message(fault, slot.check.definition, personal=personal)
        if slot.level and fault.code == "7" and fault.element == LEVEL:
            said = level_unexpected(fault.value, self._machine.levels)
        return Finding(
            ruling.rule,
            ruling.severity,
            ruling.scope,
            said,
            _place(node, slot.loop, fault),
            value=fault.value[:_VALUE_KEPT] or None,
            ack=with_cbp(ack, node.tag, fault.element),
            personal=personal,
        )


def _place(node: Node, loop: str, fault: Fault | None = None) -> Position:
    return Position(
        offset=node.offset,
        length=node.length,
        line=node.line,
        segment=node.tag[:15],
        segment_position=node.position,
        loop=loop,
        element=fault.element if fault else None,
        component=fault.component if fault else None,
        data_element=fault.definition.de if fault and fault.definition else "",
    )
