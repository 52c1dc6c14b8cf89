"""Documents of a site's own with the mapping folders that read them: what the program does not know by itself.

    documents.csv, json_documents.csv      which documents (document_rows.py)
    mappings/acme_parcels/                 map.toml (format = "own", message_type = the type of the row), map.csv, examples/
    mappings/codes/                        code tables of these mappings

For all partners of the site. A site without them works with the base tables alone, and nothing here costs it anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.errors import ConfigError, MappingError, did_you_mean
from gateway.mapping.facts import MappingFacts, name_of, read_facts
from gateway.mapping.folder import MappingSet, unit_path
from gateway.mapping.table import Fault, Row
from gateway.own_tables import Unread
from gateway.settings import base_mappings

if TYPE_CHECKING:
    from gateway.formats.own import Documents
    from gateway.partner import Partner

FOLDER = "mappings"
_CODE = "MAP-DOCUMENT"
_FILES = ("documents.csv", "json_documents.csv")


class OwnDocuments(NamedTuple):
    """What a site reads beside the program. tables: the base tables, with its mapping folders; documents: None = none of its own."""

    tables: MappingSet
    documents: Documents | None = None
    unread: tuple[Unread, ...] = ()


def places_of(folder: Path) -> list[Path]:
    """Return the files and folders of a profile folder that say which documents it reads."""
    return [*(folder / name for name in _FILES), folder / FOLDER]


def load_documents(folder: Path, base: MappingSet, before: OwnDocuments | None = None) -> OwnDocuments:
    """Read the documents of a profile folder. base: the base tables; before: as it was loaded. Raises MappingError for the first fault."""
    own, faults = look_at_documents(folder, base, before)
    for fault in faults:
        if fault.severity == "error":
            raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)
    return own


def look_at_documents(
    folder: Path, base: MappingSet, before: OwnDocuments | None = None
) -> tuple[OwnDocuments, list[Fault]]:
    """Return the documents of a profile folder and every fault of theirs."""
    mappings = _mappings(folder)
    if not mappings and not any((folder / name).is_file() for name in _FILES):
        return OwnDocuments(base), []
    from gateway.document_rows import read_documents  # reads XML, which few sites need

    documents, places, faults = read_documents(folder)
    facts, wrong = _facts(mappings, base, {*places})
    faults += wrong
    faults += _codes(folder, base) if facts else []
    faults += _unmapped(places, facts, broken=bool(wrong))
    if any(fault.severity == "error" for fault in faults):
        return OwnDocuments(base, documents), faults
    known = before.tables if before is not None and before.tables.added else None
    current = known if known is not None and known.is_current(base) else None
    tables = current or MappingSet(base_mappings(), (), base, more=folder / FOLDER)
    faults += [fault for one in facts for fault in _shipments(tables, one, documents)]
    return OwnDocuments(tables, documents, tuple(_unread(folder, tables))), faults


def _mappings(folder: Path) -> list[Path]:
    """Return the mapping folders; one that holds a partner's rows (`mappings` in its file) is none."""
    below = sorted(path for path in (folder / FOLDER).glob("*") if path.is_dir() and path.name != "codes")
    return [path for path in below if (path / "map.toml").is_file() or (path / "map.csv").is_file()]


# --- mapping folders --------------------------------------------------------------------------------------------------


def _facts(mappings: list[Path], base: MappingSet, types: set[str]) -> tuple[list[MappingFacts], list[Fault]]:
    """Return the facts of the mapping folders that may be used, and the faults of the others."""
    good: list[MappingFacts] = []
    faults: list[Fault] = []
    for path in mappings:
        if own := list(_missing(path)):
            faults += own
            continue
        try:
            facts = read_facts(path / "map.toml", (path / "map.toml").read_bytes())
        except MappingError as error:
            said = error.message.partition(": ")[2]
            faults.append(Fault(_CODE, error.file, error.line or 1, error.column, said, error.advice))
            continue
        own = [Fault(_CODE, name_of(path / "map.toml"), 1, *wrong) for wrong in _wrong_facts(path, facts, base, types)]
        faults += own
        if not own:
            good.append(facts)
    return good, faults


def _missing(path: Path) -> Iterator[Fault]:
    if not (path / "map.toml").is_file():
        advice = f'write it: id = "{path.name}", version = "1", format = "own", message_type = the type of the row in documents.csv'
        yield Fault(_CODE, f"{path.name}/map.toml", 1, "", f"{FOLDER}/{path.name} has no map.toml", advice)
    if not (path / "map.csv").is_file():
        advice = "write the rows: gateway onboard drafts them from a sample"
        yield Fault(_CODE, f"{path.name}/map.csv", 1, "", f"{FOLDER}/{path.name} has no map.csv", advice)


def _wrong_facts(path: Path, facts: MappingFacts, base: MappingSet, types: set[str]) -> Iterator[tuple[str, str, str]]:
    if facts.id in {one.id for one in base.facts}:
        advice = f"give it another id; a partner's rows over that table go to partners/NAME/{facts.id}.csv"
        yield "id", f'a mapping that comes with the program has the id "{facts.id}"', advice
    if facts.id != path.name:
        yield "id", f'the id is "{facts.id}", the folder is {path.name}', "give both the same name"
    if facts.format != "own":
        said = "a mapping folder of a site reads a document of documents.csv"
        yield "format", said, 'write format = "own"; rows for other formats go to partners/NAME/ID.csv'
    elif facts.message_type not in types:
        otherwise = f"Add the row, or name one of its types{': ' + ', '.join(sorted(types)) if types else ''}."
        advice = did_you_mean(facts.message_type, types, otherwise)
        yield "message_type", f"documents.csv has no row of the type {facts.message_type}", advice


def _codes(folder: Path, base: MappingSet) -> list[Fault]:
    """Tell code tables that would change what the program reads, for all partners."""
    names = [path.stem for path in sorted((folder / FOLDER / "codes").glob("*.csv")) if path.stem in base.codes]
    said, advice = (
        "a code table of the program has this name",
        "give it another one; a partner's own goes to partners/NAME/codes/",
    )
    return [Fault(_CODE, f"codes/{name}.csv", 1, "", said, advice) for name in names]


def _unmapped(places: dict[str, tuple[str, int]], facts: list[MappingFacts], *, broken: bool) -> Iterator[Fault]:
    """Tell the types that no mapping folder reads. broken: a folder has a fault of its own, which is told first."""
    mapped = {one.message_type for one in facts}
    for name, (file, line) in places.items():
        if name not in mapped and not broken:
            advice = f'add {FOLDER}/{name.lower()}/ with map.csv and map.toml (id = "{name.lower()}", version = "1", format = "own", message_type = "{name}")'
            yield Fault(_CODE, file, line, "type", f"no mapping folder reads {name}", advice)


def _shipments(tables: MappingSet, facts: MappingFacts, documents: Documents) -> Iterator[Fault]:
    """Tell a table that binds its shipments to another element than its document, and paths that name the root."""
    try:
        rows, _ = tables.rows(facts)
        bound = unit_path(rows)
    except MappingError:  # told with the other faults of the table
        return
    file = name_of(facts.folder / "map.csv")
    units = {kind.unit[-1] if kind.unit else kind.root for kind in documents.xml if kind.type == facts.message_type}
    units |= {document.path[0] for document in documents.json if document.type == facts.message_type}
    each = next((row.line for row in rows if (row.level, row.target) == ("shipment", "(each)")), 1)
    if len(units) > 1:
        said = f"the documents of the type {facts.message_type} have different units ({', '.join(sorted(units))})"
        yield Fault(_CODE, file, each, "source", said, "give each a type and a mapping folder of its own")
    elif units != {*bound[-1:]}:
        advice = f"write the row shipment,(each),{units.pop()}: the unit of the document"
        yield Fault(_CODE, file, each, "source", f"the shipments are bound to {'/'.join(bound) or 'nothing'}", advice)
    for kind in documents.xml:
        if kind.type == facts.message_type and kind.unit:
            yield from _from_root(rows, kind.root)


def _from_root(rows: list[Row], root: str) -> Iterator[Fault]:
    """A path from the root starts below it: /ShipmentFeed/BatchId reads nothing."""
    for row in rows:
        for column, text in (("source", row.source), ("when", row.when)):
            if found := re.search(rf"(?:^|[;\s])/{re.escape(root)}/(\S+)", text):
                said, advice = (
                    f"{found[0].strip('; ')} names the root",
                    f"paths from the root start below it: write /{found[1]}",
                )
                yield Fault("MAP-ROW", row.file, row.line, column, said, advice)


def _unread(folder: Path, tables: MappingSet) -> Iterator[Unread]:
    """Yield the code tables of the site that none of its rows names."""
    rows = "".join(
        (facts.folder / "map.csv").read_text("utf-8", "replace") for facts in tables.facts if facts.id in tables.added
    )
    for table in sorted((folder / FOLDER / "codes").glob("*.csv")):
        if table.stem not in rows:
            said = f"{FOLDER}/codes/{table.name} is read by nobody: no row names {table.stem}."
            yield Unread(table, said, f"Name it in a transform (code {table.stem}), or take it away.")


# --- beside the partners ----------------------------------------------------------------------------------------------


def check_beside(own: OwnDocuments, partners: dict[str, Partner]) -> None:
    """Raise ConfigError for a document that would take over what a partner's files are read as."""
    if own.documents is None:
        return
    from gateway.document_rows import keys_of_tables, roots_of
    from gateway.formats.xml import families

    tolerant = [name for name, one in partners.items() if one.profile.options.get("ignore_namespaces")]
    for root in roots_of(own.documents, (kind.root for kind in families())) if tolerant else ():
        raise ConfigError(
            f"documents.csv: root {root}: {tolerant[0]} has ignore_namespaces, so that the program reads every {root} of its files.",
            "Take ignore_namespaces out of its partner file, or the row out of documents.csv.",
        )
    renamed = {name for one in partners.values() for name in _renamed(one.profile.options)}
    columns = _columns(own.tables) if own.documents.json else set()
    for document, keys in keys_of_tables(own.documents, lambda key: key in renamed or _is_column(key, columns)):
        raise ConfigError(
            f"json_documents.csv: keys {' '.join(keys)} of {document.type}: an object with these keys is read as a table.",
            "Name a key that only your document has (docs/formats/tabular.md says which objects are tables).",
        )


def _renamed(options: Any) -> list[str]:
    layout = options.get("tabular") or {}
    return list(layout.get("rename", ()))


def _is_column(key: str, columns: set[str]) -> bool:
    from gateway.formats.tabular.vocabulary import meaning

    return key in columns or bool(meaning(key))


def _columns(tables: MappingSet) -> set[str]:
    """Return the names that the base tables read in JSON documents with a table of their own (trips of BorderConnect)."""
    found = [
        row.source
        for facts in tables.facts
        if facts.format == "tabular" and facts.message_type != "rows"
        for row in tables.rows(facts)[0]
    ]
    return {name for source in found for name in re.findall(r"\w+", source)}
