"""Sample documents in XML of a kind that nobody reads yet -> the row of documents.csv and a drafted mapping folder.

documents.csv                     root, namespace, type and unit, what else the samples tell
mappings/TYPE/map.toml, map.csv   the rows; a guess that is not sure is written with a # before it
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.commands.onboard_draft import Draft, Guess, mask
from gateway.commands.onboard_places import (
    Leaf,
    Meant,
    common,
    counters,
    elements_of,
    header_facts,
    items_in,
    leaves_of,
    meanings,
    shared_steps,
    unit_in,
)
from gateway.commands.onboard_places import Path as Way
from gateway.document_rows import XML_COLUMNS, XML_FILE
from gateway.errors import ConfigError
from gateway.findings import Finding
from gateway.formats import sniffers
from gateway.formats.detect import HEAD, Transcoded, detect
from gateway.formats.own import Documents
from gateway.formats.xml import XmlNode, XmlReader, families, kind_of
from gateway.formats.xml.sniffing import root_of
from gateway.mapping.table import COLUMNS, read_cells
from gateway.profile import Profile
from gateway.records import Unit
from gateway.shipped import files, table_rows

_SURE = 0.75  # a row of less is written with a # before it
_PARTIES = {"shipper_": "shipment_initiator", "consignee_": "final_deliver_to_party"}


@dataclass(slots=True)
class DocumentDraft:
    """What is to be written beside the partner. row: of documents.csv; mapping: id of the folder; lines: of map.csv."""

    draft: Draft
    row: dict[str, str]
    mapping: str
    lines: list[str]


def is_unknown(data: bytes, documents: Documents | None) -> bool:
    """True for XML whose root element neither the program nor the site reads."""
    name, namespace = root_of(data[:HEAD])
    own = documents.xml if documents is not None else ()
    return name not in ("", "?") and not any(kind.fits(name, namespace) for kind in (*families(), *own))


def document_draft(samples: list[Path], partner: str, profile: Profile) -> DocumentDraft:
    """Return the draft for samples of one unknown document. Raises ConfigError when they are of several, or cannot be read."""
    found = {root_of(path.read_bytes()[:HEAD]) for path in samples}
    if len(found) > 1:
        said = ", ".join(sorted(f"{{{namespace}}}{name}" for name, namespace in found))
        raise ConfigError(f"The samples are of several documents: {said}.", "Onboard one document at a time.")
    ((root, namespace),) = found
    trees = [_tree(path, root, namespace, profile) for path in samples]
    elements = elements_of(trees)
    unit, sure = unit_in(elements)
    leaves = leaves_of(elements)
    aside = counters(leaves, unit)
    meant = meanings([leaf for leaf in leaves.values() if leaf not in aside], unit)
    row = {"root": root, "namespace": namespace, "type": _type(partner, root), "unit": "/".join(unit) or "."}
    row |= header_facts(leaves, unit, [len(elements_of([tree])[unit]) for tree in trees])
    below = [leaf for path, leaf in leaves.items() if path[: len(unit)] == unit]
    row["many"] = " ".join(dict.fromkeys(leaf.path[-1] for leaf in below if leaf.again and len(leaf.path) > len(unit)))
    row["aside"] = " ".join(dict.fromkeys(leaf.path[-1] for leaf in aside))
    draft = Draft("own")
    draft.facts += [
        ("document", f"{{{namespace}}}{root}"),
        ("a shipment", row["unit"] + (f", {len(elements[unit])} times" if unit else "")),
    ]
    lines = list(_lines(meant, unit, items_in(elements, unit, meant), root))
    _ask(
        draft,
        row,
        meant,
        sure=sure,
        left=[leaf for leaf in below if leaf not in aside and leaf not in [m.leaf for m in meant]],
    )
    return DocumentDraft(draft, row, row["type"].lower(), lines)


def _tree(path: Path, root: str, namespace: str, profile: Profile) -> XmlNode:
    """Return a sample as a tree, read as any document is."""
    data = path.read_bytes()
    seen = detect(data[:HEAD], path.name, sniffers())
    kind = kind_of({"root": root, "namespace": namespace, "format": "own", "type": "", "unit": ".", "role": "shipment"})
    found: XmlNode | None = None
    for event in XmlReader("own", (kind,), replace(profile, programs=None)).read(Transcoded((data,), seen)):
        if isinstance(event, Finding) and event.refuses:
            raise ConfigError(f"{path.name} cannot be read: {event.message}", "Take a smaller, whole sample.")
        if isinstance(event, Unit):
            found = event.node
    assert found is not None
    return found


def _type(partner: str, root: str) -> str:
    words = "".join(
        f"_{c}" if c.isupper() and before.islower() else c for before, c in zip(f"_{root}", root, strict=False)
    )
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in f"{partner}_{words}")
    return plain.upper()[:30].strip("_")


def _ask(draft: Draft, row: dict[str, str], meant: list[Meant], *, sure: bool, left: list[Leaf]) -> None:
    """Write down what was found, and ask what the samples cannot tell."""
    for one in meant:
        draft.guesses.append(Guess(one.column, "/".join(one.leaf.path), one.confidence, one.why, mask(one.leaf.values)))
    place = f"mappings/{row['type'].lower()}/map.csv"
    if not sure:
        draft.questions.append(
            f"Is {row['unit']} one shipment? Else correct unit in documents.csv and (each) in {place}."
        )
    if row["id"]:
        draft.questions.append(
            f"Is {row['id']} the number of the file? A second one with the same number and other content is refused."
        )
    for one in meant:
        if one.confidence < _SURE:
            draft.questions.append(
                f"Does {'/'.join(one.leaf.path)} mean {one.column}? ({one.why}) If so, take the # off its line in {place}."
            )
    columns = {one.column for one in meant}
    if not columns & {"tracking_number", "house_bill"}:
        draft.questions.append(
            f"Where does the number of the parcel stand? Write it into the row of shipment_tracking_number in {place}."
        )
    if "mode" not in columns:
        draft.questions.append(
            f"By which mode do the shipments come? Write it as default of mode_of_transportation in {place} and take the # off."
        )
    if "weight" in columns and "weight_unit" not in columns:
        draft.questions.append("In which unit is the weight? The draft says KG.")
    if left:
        names = ", ".join(f"{'/'.join(leaf.path)} ({mask(leaf.values)})" for leaf in left)
        draft.questions.append(
            f"Read by no row: {names}. Is one needed? Then add a row for it; else name it in the column aside of documents.csv."
        )


# --- rows -----------------------------------------------------------------------------------------------------------


def _lines(meant: list[Meant], unit: Way, item: Way, root: str) -> Iterator[str]:
    """Yield the lines of map.csv."""
    known = {one.column: one for one in meant}
    table = list(table_rows(files(__package__).joinpath("onboard_document.csv").read_text("utf-8")))
    yield ",".join(COLUMNS)
    yield _line("shipment", "(each)", unit[-1] if unit else root)
    yield _line("shipment", "transmission_purpose", default="original")
    yield from _level(table, "shipment", known, unit)
    if not known.keys() & {"tracking_number", "house_bill"}:
        yield "# " + _line(
            "shipment", "shipment_tracking_number", "PATH", transform="identifier", required="yes", rule="S321-ID-1OF"
        )
    if "mode" not in known:
        yield "# " + _line("shipment", "mode_of_transportation", default="truck")
    for start, level in _PARTIES.items():
        own = [one for one in meant if one.column.startswith(start)]
        own = [one for one in own if one.leaf.path[: len(unit)] == unit] or own
        if own:
            node = common([one.leaf.path for one in own])
            node = node if node[: len(unit)] == unit or own[0].leaf.path[: len(unit)] != unit else unit
            yield _off(own) + _line(
                level,
                "(first)",
                _source(node, unit) if node != unit else (unit[-1] if unit else root),
                required="yes",
                rule="S321-ROLE-REQ",
            )
            yield from _level(table, level, {one.column: one for one in own}, node)
    goods = [known[row["column"]] for row in table if row["level"] == "item" and row["column"] in known]
    if goods:
        yield _off(goods) + _line(
            "item", "(each)", _source(item, unit) if item != unit else (unit[-1] if unit else root)
        )
        yield from _level(table, "item", known, item)


def _off(meant: list[Meant]) -> str:
    """Return the # of a binding row whose rows are all guesses."""
    return "" if any(one.confidence >= _SURE for one in meant) else "# "


def _level(table: list[dict[str, str]], level: str, known: dict[str, Meant], start: Way) -> Iterator[str]:
    for row in table:
        one = known.get(row["column"])
        if row["level"] != level or one is None:
            continue
        sign = "" if one.confidence >= _SURE else "# "
        source, transform, example = _with_second(row, one, known, start)
        cells = {name: row[name] for name in ("required", "rule", "message")}
        yield sign + _line(level, row["target"], source, transform=transform, example=example, **cells)
        if row["target"] == "address_line_1" and one.leaf.again:
            yield sign + _line(
                level, "address_line_2", f"{source}/@rest", transform="collapse", example="APT  4 => APT 4"
            )
        if row["column"] == "unit_value" and "item_value" not in known and "item_value_usd" not in known:
            quantity = known.get("quantity")
            both = f"{source}; {_source(quantity.leaf.path, start)}" if quantity else source
            total = {
                "transform": "extended" if quantity else "money",
                "example": "19.99; 2 => 39.98" if quantity else "24.90 => 24.90",
                "required": "yes",
                "rule": "S321-VAL-MISSING",
            }
            yield sign + _line(
                level, "total_value.amount", both, message="value of the goods missing or not usable", **total
            )


def _with_second(row: dict[str, str], one: Meant, known: dict[str, Meant], start: Way) -> tuple[str, str, str]:
    """Return source, transform and example of a column; weights are read with their unit, arrivals with their port."""
    source, transform, example = _source(one.leaf.path, start), row["transform"], row["example"]
    if row["column"] == "weight":
        unit = known.get("weight_unit")
        if unit is None:
            return source, "kg KG", "0.450 => 0.450"
        beside = unit.leaf.path[:-1] == one.leaf.path and unit.leaf.path[-1].startswith("@")
        second = f".{unit.leaf.path[-1]}" if beside else _source(unit.leaf.path, start)
        return f"{source}; {second}", transform, "4.4; LB => 1.996"
    if row["column"] == "arrival_date":
        port = known.get("arrival_port")
        if port is None:
            return source, transform, "2025-03-04 => 2025-03-04T12:00:00Z"
        return f"{source}; {_source(port.leaf.path, start)}", transform, "2025-03-04; 2720 => 2025-03-04T20:00:00Z"
    return source, transform, example


def _source(path: Way, start: Way) -> str:
    """Return a path as rows of a level write it: below its node, from the node above it, or from the root."""
    shared = shared_steps(path, start)
    steps = path[shared:]
    if shared == 0 and start:
        return "/" + ("./" if path[0].startswith("@") else "") + "/".join(path)
    ups = [".."] * (len(start) - shared)
    text = "/".join([*ups, *steps])
    return f"./{text}" if text.startswith("@") else text


def _line(level: str, target: str, source: str = "", **cells: str) -> str:
    values = {"level": level, "target": target, "source": source, **cells}
    return _joined([values.get(column, "") for column in COLUMNS], ",")


# --- files ----------------------------------------------------------------------------------------------------------


def write_document(folder: Path, found: DocumentDraft) -> list[Path]:
    """Write the row and the mapping folder; return the files. Raises ConfigError when the mapping is there already."""
    own = folder / "mappings" / found.mapping
    if own.exists():
        raise ConfigError(f"{own} is there already.", "Remove it first, or name another partner.")
    own.mkdir(parents=True)
    table = folder / XML_FILE
    table.write_text(_with_row(table.read_text("utf-8-sig") if table.is_file() else "", found.row), "utf-8")
    (own / "map.toml").write_text(
        f'# Drafted by gateway onboard; docs/mapping.md explains it.\nid = "{found.mapping}"\nversion = "1"\nformat = "own"\nmessage_type = "{found.row["type"]}"\n',
        "utf-8",
    )
    (own / "map.csv").write_text("\n".join(found.lines) + "\n", "utf-8")
    return [table, own / "map.toml", own / "map.csv"]


def _with_row(text: str, row: dict[str, str]) -> str:
    """Return documents.csv with a row more; columns that it does not have yet are added to its header."""
    wanted = [column for column in XML_COLUMNS if row.get(column)]
    rows = read_cells(text.encode(), XML_FILE, [])
    if not rows:
        return f"{','.join(wanted)}\n{_joined([row[column] for column in wanted], ',')}\n"
    number, header = rows[0]
    lines = text.splitlines()
    delimiter = max(",;\t", key=lines[number - 1].count)
    names = [cell.strip().lower() for cell in header]
    more = [column for column in wanted if column not in names]
    lines[number - 1] = delimiter.join([lines[number - 1], *more])
    return "\n".join([*lines, _joined([row.get(name, "") for name in (*names, *more)], delimiter)]) + "\n"


def _joined(cells: list[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="", delimiter=delimiter).writerow(cells)
    return text.getvalue()
