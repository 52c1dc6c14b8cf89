"""Required fields of a filer type that no row of a mapping and no constant of the partner fills: each shipment would be refused."""

from __future__ import annotations

from collections.abc import Collection

from gateway.canonical.requirements import requirements
from gateway.mapping.program import CompiledProgram
from gateway.profile import Profile

_LEVELS = {"message": "", "shipment": "", "item": "items", "reference": "references"}
MADE = frozenset(("shipment_id", "items.line_number"))
"""Fields that the gateway makes itself."""


def unfilled(program: CompiledProgram, profile: Profile, filers: Collection[str] = ()) -> list[str]:
    """Return the fields, such as buyer.name or items.quantity. filers: types of which all require them, () = the partner's own."""
    written = {
        ".".join(filter(None, (_LEVELS.get(level, level), t.name)))
        for level, blocks in program.blocks.items() for b in blocks for t in b.targets
    }  # fmt: skip
    parents = {name.rpartition(".")[0] for name in written} | {name.partition(".")[0] for name in written}
    missing = []
    for asked in requirements():
        name = ".".join(p for p in asked.path if p != "*")
        filled = name in written or name in parents or asked.path[0] in profile.constants or name in MADE
        required = all(asked.letters[filer] == "R" for filer in filers or (profile.filer_type,))
        if required and not asked.modes and not filled:
            missing.append(name)
    return missing
