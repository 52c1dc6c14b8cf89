"""What `gateway mapping check --profile` says of required fields that a site's own rows leave without a value."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.canonical.wording import words_of
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.overriding import WHOLE, is_none
from gateway.mapping.table import Fault, Table
from gateway.mapping.unfilled import unfilled
from gateway.partner import base_tables
from gateway.profile import Profile
from gateway.site import Site


def left_unfilled(site: Site) -> Iterator[Fault]:
    """Yield a warning for each field that is required of all partners with a table, and that their rows and constants do not fill.

    Where the base table leaves a field too, another message or an enrichment file brings it: nothing is said of that.
    """
    found: dict[str, tuple[Table, set[str]]] = {}
    for partner in site.partners.values():
        tables = partner.profile.tables
        if not isinstance(tables, MappingSet) or partner.profile.enrich is not None:
            continue
        for facts in tables.facts:
            own = tables.tables(facts)[0 if facts.id in tables.added else 1 :]
            if own:
                names = _left(tables, facts, partner.profile)
                found[own[-1].file] = own[-1], names & found.get(own[-1].file, (own[-1], names))[1]
    for table, names in found.values():
        yield from (_fault(table, name) for name in sorted(names))


def _left(tables: MappingSet, facts: MappingFacts, profile: Profile) -> set[str]:
    filers = {profile.filer_type, *profile.filer_type_by_mode.values()}
    left = unfilled(tables.compiled(facts), profile, filers)
    if facts.id in tables.added:
        return set(left)
    return set(left).difference(unfilled(base_tables().compiled(facts), profile, filers))


def _fault(table: Table, name: str) -> Fault:
    level, _, target = name.rpartition(".")
    gone = (row for row in table.rows if is_none(row) and row.target in (target, WHOLE) and row.level in (level, "shipment", name))  # fmt: skip
    said = f"no row and no constant fills {name} ({words_of(name)}), which is required: each shipment would be refused"
    advice = "write a row for it, or its value under [constants] of the partner file"
    return Fault("MAP-UNFILLED", table.file, next((row.line for row in gone), 1), "", said, advice, "warning")
