"""What a structure fault costs: strict refuses the message, lenient delivers what can still be read safely.

Lenient (the default): mandatory segments and elements must be there, numbers must be numbers and tags tags (the end of a text
behind an unreleased terminator is none, nor is a tag in small letters); what an unreleased separator cut off a text
is an error too; a segment in an unexpected place, one repetition too many, a text that is too long are warnings and the mapping goes on (ours: real
manifests break these rules). Source of the codes: 0085 of CONTRL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.edifact.structure.tables import Group, Row

if TYPE_CHECKING:
    from gateway.profile import Profile
    from gateway.records import Node

_NAMES = {"GID": "goods item", "BGM": "beginning of message", "NAD": "party", "RFF": "reference", "CNI": "consignment"}


@dataclass(frozen=True, slots=True)
class SyntaxPolicy:
    """strict: structure faults refuse; salvage: those inside a shipment refuse only it; exact: own table."""

    strict: bool = False
    salvage: bool = False
    exact: bool = True
    version: str = "3"  # of the syntax, for codes that changed
    ignore_unknown: bool = False  # a segment that is in no table is only noted

    @staticmethod
    def for_message(profile: Profile, version: str, *, exact: bool) -> SyntaxPolicy:
        """Return the policy of a partner for one message; a table that only stands in never refuses."""
        return SyntaxPolicy(
            profile.tolerance == "strict" and exact,
            profile.salvage == "shipment",
            exact,
            version,
            profile.ignore_unknown_segments,
        )

    def missing(self, row: Row, node: Node, unit: Node | None) -> Finding | None:
        """A mandatory segment or group was passed over; CONTRL names the segment before the gap."""
        group = row.tag.startswith("SG")
        tag = row.tag
        if group:
            tag = next(g.trigger.tag for g in row.group.rows if isinstance(g, Group) and g.row is row)
        where = f" in {row.group.name}" if row.group.name else ""
        name = f" ({_NAMES[tag]})" if tag in _NAMES else ""
        lenient = Severity(row.missing) if row.missing else Severity.ERROR
        severity = Severity.ERROR if self.strict else lenient if self.exact else Severity.WARNING
        position = max(node.position - 1, 1)
        place = Position(
            offset=node.offset,
            length=node.length,
            line=node.line,
            segment=tag,
            segment_position=position,
            loop=row.group.name,
        )
        message = f"Segment {tag}{name} is missing{where} before {node.tag} (segment {node.position})."
        return Finding(
            "EDIFACT-SEG-MISSING",
            severity,
            self.scope(unit, severity),
            message,
            place,
            ack={"CONTRL": "13", "UCS": str(position)},
        )

    def stray(self, node: Node, unit: Node | None, *, known: bool) -> Finding:
        """A segment that does not fit: known elsewhere in the message, or not at all."""
        tag = node.tag
        if not (len(tag) == 3 and tag.isascii() and tag.isalnum() and tag == tag.upper()):
            rule, said = "EDIFACT-TAG", f'"{tag[:10]}" is not a segment tag (3 capital letters or digits).'
        elif known:
            rule, said = "EDIFACT-SEG-POSITION", f"Segment {tag} stands where it is not expected."
        else:
            rule, said = "EDIFACT-SEG-UNKNOWN", f"Segment {tag} does not belong to this message."
        finding = self._finding(rule, "15", said, node, unit, lost=rule == "EDIFACT-TAG")
        if rule == "EDIFACT-SEG-UNKNOWN" and self.ignore_unknown:
            return msgspec.structs.replace(
                finding, severity=Severity.INFO, scope=self.scope(unit, Severity.INFO), ack={}
            )
        return finding

    def repeated(self, node: Node, row: Row, times: int, unit: Node | None) -> Finding:
        """One segment too many."""
        said = f"Segment {node.tag} stands {times} times in a row; {row.max} is the most here."
        return self._finding("EDIFACT-SEG-REPEAT", "35", said, node, unit)

    def group_repeated(self, node: Node, group: Group, unit: Node | None) -> Finding:
        """One group too many."""
        most = group.row.max if group.row else 1
        said = f"Group {group.name} ({node.tag}) stands more than {most} times."
        return self._finding("EDIFACT-GROUP-REPEAT", "36", said, node, unit)

    def scope(self, unit: Node | None, severity: Severity) -> Scope:
        """Return what a finding inside `unit` (None: in the header) belongs to, and refuses when it is an error."""
        if unit is not None and (self.salvage or severity is not Severity.ERROR):
            return Scope.SHIPMENT
        return Scope.MESSAGE

    def _finding(
        self, rule: str, code: str, message: str, node: Node, unit: Node | None, *, lost: bool = False
    ) -> Finding:
        """lost: what stands there was meant for another place, so that even lenient partners are told no."""
        severity = Severity.ERROR if self.strict or lost else Severity.WARNING
        ack = {"CONTRL": code, "UCS": str(node.position)}
        return Finding(rule, severity, self.scope(unit, severity), message, node.place(), ack=ack)
