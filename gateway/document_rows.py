"""documents.csv and json_documents.csv of a profile folder: documents of a site's own, row by row, and what is wrong with them.

    root,namespace,type,unit                             XML: one row for each root element
    ShipmentFeed,urn:acme:parcels:2,ACME_PARCELS,Parcel

    keys,type,unit                                       JSON: one row for each kind of object
    feedId parcels,ACME_JSON,parcels

Not here: the mapping folders that read them (own_documents.py), and how a document is read (formats.xml, formats.objects).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.errors import did_you_mean
from gateway.formats.objects import Document, document_of
from gateway.formats.own import Documents
from gateway.formats.postal.json_file import documents as json_of_program
from gateway.formats.xml import FACTS, Kind, families, kind_of, qualified
from gateway.mapping.table import Fault, read_records

XML_FILE, JSON_FILE = "documents.csv", "json_documents.csv"
XML_COLUMNS = ("root", "namespace", "type", "unit", "role", *FACTS, "versions", "totals", "many", "aside")
JSON_COLUMNS = ("keys", "items_with", "type", "unit", "role", "many", "aside")
CODE = "MAP-DOCUMENT"

_TAKEN = "take the row out; how it is read, rows of a partner's own over the base table change: partners/NAME/ID.csv"
_ROLES = ("shipment", "part", "master")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,29}")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_NAMESPACE = re.compile(r"[^\s{}<>\"*]*\*?")
_KEY = re.compile(r"[^\s\"/@\[\]]+")

Cells = dict[str, str]
Wrong = tuple[str, str, str]
"""(column, what is wrong, what to write)."""


def read_documents(folder: Path) -> tuple[Documents, dict[str, tuple[str, int]], list[Fault]]:
    """Return the documents of a profile folder, (file, line) of the first row of each type, and the faults of the tables.

    A row with an error is left out.
    """
    faults: list[Fault] = []
    places: dict[str, tuple[str, int]] = {}
    xml: list[Kind] = []
    for row in _rows(folder / XML_FILE, XML_COLUMNS, ("root", "unit"), _xml_row, faults):
        many = " ".join((row.cells["many"], *row.cells["unit"].split("/")))  # the shipments themselves stand again
        xml.append(kind_of(row.cells, [{"type": "", "parent": "*", "children": "", "many": many}]))
        places.setdefault(row.cells["type"], (XML_FILE, row.line))
    json: list[Document] = []
    for row in _rows(folder / JSON_FILE, JSON_COLUMNS, ("keys", "type", "unit"), _json_row, faults):
        json.append(_json_document(row.cells))
        places.setdefault(row.cells["type"], (JSON_FILE, row.line))
    return Documents(tuple(xml), tuple(json)), places, faults


class _Row:
    """One row that may be used. cells: with what a blank means."""

    def __init__(self, line: int, cells: Cells) -> None:
        self.line, self.cells = line, cells


def _rows(
    path: Path,
    columns: tuple[str, ...],
    needed: tuple[str, ...],
    wrong_with: Callable[[Cells, list[_Row]], Iterator[Wrong]],
    faults: list[Fault],
) -> list[_Row]:
    """Return the rows of a table that are right, filled up; a table that is not there has none."""
    good: list[_Row] = []
    if not path.is_file():
        return good
    for line, cells in read_records(path.read_bytes(), path.name, columns, needed, faults):
        cells["type"] = cells["type"] or cells.get("root", "")
        wrong = [*_common(cells), *wrong_with(cells, good)]
        faults += [Fault(CODE, path.name, line, *one) for one in wrong]
        if not wrong:
            good.append(_Row(line, _filled(cells)))
    return good


def _filled(cells: Cells) -> Cells:
    given = {
        "role": cells["role"] or "shipment",
        "aside": cells["aside"] or "-",
        "format": f"own_{cells['type'].lower()}",
    }
    return cells | given


def _common(cells: Cells) -> Iterator[Wrong]:
    if not _TYPE.fullmatch(cells["type"]):
        said = f'"{cells["type"]}" cannot be the type' if cells["type"] else "the row has no type"
        yield (
            "type",
            said,
            "write up to 30 letters, digits and _, such as ACME_PARCELS: map.toml names it as message_type",
        )
    if cells["role"] not in ("", *_ROLES):
        said = f'"{cells["role"]}" is no role'
        yield (
            "role",
            said,
            did_you_mean(cells["role"], _ROLES, f"write {', '.join(_ROLES)}, or leave it blank (shipment)"),
        )
    if not cells["unit"]:
        yield "unit", "the row does not say what a shipment is", "write the element of one shipment, such as Parcel"
    for column in ("many", "aside"):
        for part in cells[column].split():
            steps = part.split("/")
            if column == "many" and (len(steps) > 1 or part.startswith("@")):
                yield (
                    column,
                    f'"{part}" is a path',
                    f"write the name of the element alone: {steps[-1].removeprefix('@')}",
                )
            elif part != "-" and not all(_KEY.fullmatch(step.removeprefix("@")) for step in steps):
                yield column, f'"{part}" is no name', "write names parted by blanks, such as LineNo Line/@seq"


# --- XML ------------------------------------------------------------------------------------------------------------


def _xml_row(cells: Cells, before: list[_Row]) -> Iterator[Wrong]:
    root = cells["root"]
    if not _NAME.fullmatch(root) or root.lower() == "html":
        yield "root", *_wrong_root(root)
    if not _NAMESPACE.fullmatch(cells["namespace"]):
        yield (
            "namespace",
            f'"{cells["namespace"]}" is no namespace',
            'write the text of xmlns="..." alone; only the last character may be *',
        )
    if cells["unit"] and cells["unit"] != "." and (wrong := _wrong_path(cells["unit"], root, element=True)):
        yield "unit", *wrong
    for column in FACTS:
        if cells[column] and (wrong := _wrong_path(cells[column], root)):
            yield column, *wrong
    if cells["versions"] and not cells["version"]:
        yield "versions", "where the version stands is not said", "write its path into the column version"
    yield from (("totals", *wrong) for wrong in _wrong_totals(cells))
    yield from _claimed(cells, before)


def _wrong_root(root: str) -> tuple[str, str]:
    if not root:
        return "the row has no root", "write the name of the root element, such as ShipmentFeed"
    local = re.split(r"[:}/]", root.strip("<>/"))[-1]
    if root.lower() == "html":
        return "a web page is never read as a document", "take the row out"
    return f'"{root}" is not the name of an element', f"write the local name alone: {local}; its namespace has a column"


def _wrong_path(path: str, root: str, *, element: bool = False) -> tuple[str, str] | None:
    """Return why a path below the root cannot be meant, None when it can. element: it must not end in an attribute."""
    *steps, last = path.split("/")
    if path.startswith("/") or (steps and steps[0] == root):
        short = "/".join(step for step in path.split("/") if step and step != root)
        return f'"{path}" begins with the root', f"paths start below the root: write {short}"
    if ":" in path:
        return f'"{path}" has a prefix', f"write local names: {re.sub(r'[^/@]*:', '', path)}"
    if last.startswith("@") and element:
        return f'"{path}" is an attribute', f"write the element: {'/'.join(steps) or '.'}"
    if not all(map(_NAME.fullmatch, [*steps, last.removeprefix("@")])):
        return (
            f'"{path}" is no path',
            "write names parted by /, such as Header/BatchId, Header/@id; conditions are not read here",
        )
    return None


def _wrong_totals(cells: Cells) -> Iterator[tuple[str, str]]:
    advice = (
        "write PATH=PATH or PATH=#, such as Header/ParcelCount=# Header/Weight=Weight; several are parted by blanks"
    )
    for pair in cells["totals"].split():
        above, sign, own = pair.partition("=")
        if not sign or _wrong_path(above, cells["root"]) or (own != "#" and _wrong_path(own, "")):
            yield f'"{pair}" is no total', advice
        elif cells["unit"] == "." or f"{above}/".startswith(f"{cells['unit']}/"):
            yield (
                f'"{pair}": a total stands above the shipments',
                "name one that stands outside of the unit, or leave totals blank",
            )


def _claimed(cells: Cells, before: list[_Row]) -> Iterator[Wrong]:
    """Yield who reads such a document already."""
    root, namespace = cells["root"], cells["namespace"]
    for row in before:
        if row.cells["root"] == root and _meet(row.cells["namespace"], namespace):
            said = f"line {row.line} reads the same root element {qualified(root, namespace)}"
            yield "root", said, "take one of the rows out, or tell them apart by their namespaces"
    for kind in families():
        if kind.root == root and _meet(kind.namespace, namespace):
            yield "root", f"the program reads {qualified(root, namespace)} already, as {kind.type}", _TAKEN


def _meet(one: str, other: str) -> bool:
    """True when a namespace may be both; a trailing * stands for anything."""
    if one.endswith("*") and other.endswith("*"):
        return one.startswith(other[:-1]) or other.startswith(one[:-1])
    if one.endswith("*"):
        return other.startswith(one[:-1])
    return one.startswith(other[:-1]) if other.endswith("*") else one == other


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json_row(cells: Cells, before: list[_Row]) -> Iterator[Wrong]:
    if not cells["keys"]:
        yield (
            "keys",
            "the row has no keys",
            "write the keys that every such object has, parted by blanks, such as feedId parcels",
        )
    for column in ("keys", "items_with"):
        for key in cells[column].split():
            if not _KEY.fullmatch(key):
                yield column, f'"{key}" is no key', "write keys without quotes and brackets, parted by blanks"
    unit = cells["unit"]
    if unit and ("/" in unit or not _KEY.fullmatch(unit.removeprefix(".")) or " " in unit):
        yield (
            "unit",
            f'"{unit}" is no key',
            "write the key of the list of shipments; a point and a name, .Parcel, when the object is one itself",
        )
    if unit.startswith(".") and cells["items_with"]:
        yield "items_with", "the object is the shipment itself: it has no items", "write all keys into the column keys"
    asked = _asked(cells)
    for row in before:
        if asked >= _asked(row.cells):
            said = f"line {row.line} reads every object with these keys before"
            yield "keys", said, "name keys that tell them apart, or put this row before that one"
    for document in json_of_program():
        if asked >= {*document.keys, *document.items_with}:
            yield "keys", f"the program reads objects with these keys already, as {document.type}", _TAKEN


def _asked(cells: Cells) -> set[str]:
    keys = {*cells["keys"].split(), *cells["items_with"].split()}
    return keys if cells["unit"].startswith(".") else keys | {cells["unit"]}


def _json_document(cells: Cells) -> Document:
    """Return a row; an object whose shipments lie below a key has that key."""
    keys = cells["keys"].split()
    unit = cells["unit"]
    if not unit.startswith(".") and unit not in keys:
        keys.append(unit)
    row: dict[str, Any] = {**cells, "keys": " ".join(keys), "root": cells["type"]}
    return document_of(row, cells["many"], cells["aside"])


def keys_of_tables(documents: Documents, known: Callable[[str], bool]) -> Iterator[tuple[Document, list[str]]]:
    """Yield the JSON documents all of whose keys a table has too: they would take tables over. known: a key is one of a table."""
    for document in documents.json:
        keys = [key for key in (*document.keys, *document.items_with) if key != document.unit]
        if keys and all(map(known, keys)):
            yield document, keys


def roots_of(documents: Documents, names: Iterable[str]) -> Iterator[str]:
    """Yield the root elements of a site's own that have the name of one of others."""
    others = {*names}
    yield from (kind.root for kind in documents.xml if kind.root in others)
