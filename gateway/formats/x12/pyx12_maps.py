"""pyx12 map folders -> structure tables. The only module that imports pyx12, and only when a map is compiled.

    maps/005020/{maps,dataele,codes,309,358}.xml  -->  tables/309.005020.json, tables/358.005020.json

The XML is the source; the JSON is committed so that start-up needs neither pyx12 nor its parse time. After an edit:
`python -m gateway.formats.x12.pyx12_maps`. A partner's own folder is compiled at start by `compile_folder`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from gateway.errors import ConfigError
from gateway.formats.x12.elements import SegmentDef
from gateway.formats.x12.layout import LoopDef, SegmentUse, SetTable, encode_table
from gateway.formats.x12.values import ElementDef
from gateway.shipped import files, table_rows

_UNLIMITED = 2**31 - 1
_COMPOSITES = {"C040": ["P0304", "P0506"]}
"""Syntax rules of composites; a pyx12 map has no place for them."""

_CONTROL = frozenset(("ST", "SE", "LS", "LE"))


def compile_map(folder: Path, map_file: str, version: str, functional_ids: tuple[str, ...] = ()) -> list[SetTable]:
    """Return one table for each transaction set (each ST loop) of a pyx12 map.

    folder: holds `map_file`, dataele.xml and codes.xml. functional_ids: GS01 codes; () = the map's own list.

    Raises ConfigError naming the file when pyx12 cannot read it or an element is missing in dataele.xml.
    """
    from pyx12.errors import EngineError
    from pyx12.map_if import load_map_file
    from pyx12.params import params

    try:
        root = load_map_file(map_file, params(), str(folder))
        return [
            _set_table(set_id, loop, version, functional_ids or tuple(_codes_of(root, "GS")))
            for loop in _loops(root)
            if (first := loop.get_first_seg()) is not None and first.id == "ST"
            for set_id in first.children[0].valid_codes
        ]
    except (EngineError, ElementTree.ParseError, OSError, ValueError) as error:
        raise ConfigError(
            f"{folder.name}/{map_file}: this pyx12 map cannot be used: {error}.",
            "Check that the folder holds the map, dataele.xml with every element it names, and codes.xml.",
        ) from error


def compile_folder(folder: Path) -> dict[tuple[str, str], SetTable]:
    """Return (ST01, GS08) -> table for every map that the folder's maps.xml lists (control maps left out).

    Raises ConfigError when maps.xml cannot be read or a map is faulty.
    """
    try:
        index = ElementTree.parse(folder / "maps.xml")  # noqa: S314  - operator's own configuration, like every other file there
    except (ElementTree.ParseError, OSError) as error:
        raise ConfigError(f"{folder.name}/maps.xml: {error}.", "Write a pyx12 maps.xml into the folder.") from error
    maps: dict[tuple[str, str], list[str]] = {}
    for entry in index.iter("map"):
        if entry.get("fic") and entry.text:
            maps.setdefault((entry.get("vriic", ""), entry.text), []).append(entry.get("fic", ""))
    tables: dict[tuple[str, str], SetTable] = {}
    for (version, map_file), functional_ids in maps.items():
        for table in compile_map(folder, map_file, version, tuple(functional_ids)):
            tables[table.set_id, version] = table
    return tables


def compile_all() -> dict[str, bytes]:
    """Return file name -> JSON of every table of the package, compiled fresh from the maps."""
    maps = Path(str(files(__package__))) / "maps"
    folders = [folder for folder in sorted(maps.iterdir()) if folder.is_dir()]
    tables = {key: table for folder in folders for key, table in compile_folder(folder).items()}
    tables |= _later(maps)
    return {f"{set_id}.{version}.json": encode_table(table) for (set_id, version), table in tables.items()}


def _later(maps: Path) -> dict[tuple[str, str], SetTable]:
    """Compile the maps of later.csv: maps of one release that later ones read with their own data elements."""
    tables: dict[tuple[str, str], SetTable] = {}
    for row in table_rows((maps / "later.csv").read_text("utf-8")):
        for release in row["releases"].split():
            with TemporaryDirectory() as name:
                for source in (
                    maps / row["of"] / row["map"],
                    *(maps / release / f for f in ("dataele.xml", "codes.xml")),
                ):
                    copyfile(source, Path(name) / source.name)
                for table in compile_map(Path(name), row["map"], release, tuple(row["functional_ids"].split("|"))):
                    tables[table.set_id, release] = table
    return tables


def _loops(node: Any) -> list[Any]:
    """Return the loops below a map node, each before its own loops."""
    found = []
    for position in sorted(node.pos_map):
        for child in node.pos_map[position]:
            if child.is_loop():
                found += [child, *_loops(child)]
    return found


def _codes_of(root: Any, tag: str) -> list[str]:
    """Return the code list of the first element of an envelope segment."""
    for loop in _loops(root):
        first = loop.get_first_seg()
        if first is not None and first.id == tag:
            return [code for code in first.children[0].valid_codes if code]
    return []


def _set_table(set_id: str, loop: Any, version: str, functional_ids: tuple[str, ...]) -> SetTable:
    segments: list[SegmentDef] = []
    root = _loop_def(loop, segments, top=True)
    return SetTable(set_id, version, loop.root.name or "", sorted(functional_ids), segments, root)


def _loop_def(loop: Any, segments: list[SegmentDef], *, top: bool = False) -> LoopDef:
    children: list[SegmentUse | LoopDef] = []
    for position in sorted(loop.pos_map):
        for child in loop.pos_map[position]:
            if child.is_loop():
                children.append(_loop_def(child, segments))
            elif not (top and child.id in _CONTROL):
                maximum = _limit(child.get_max_repeat())
                children.append(SegmentUse(_index(_segment_def(child), segments), child.usage, maximum, position))
    return LoopDef(
        "ST" if top else loop.id, loop.name or "", loop.usage, _limit(loop.get_max_repeat()), loop.pos, children
    )


def _limit(count: int) -> int:
    return 0 if count >= _UNLIMITED else count


def _index(definition: SegmentDef, segments: list[SegmentDef]) -> int:
    """Return the place of a definition in the list, adding it when it is new (N3 of two loops is kept once)."""
    if definition not in segments:
        segments.append(definition)
    return segments.index(definition)


def _segment_def(segment: Any) -> SegmentDef:
    syntax = [rule[0] + "".join(f"{number:02d}" for number in rule[1:]) for rule in segment.syntax]
    return SegmentDef(segment.id, segment.name or "", [_element_def(child) for child in segment.children], syntax)


def _element_def(node: Any) -> ElementDef:
    repeat = int(getattr(node, "repeat", None) or getattr(node, "max_use", None) or 1)
    if node.is_composite():
        components = [_element_def(child) for child in node.children]
        de = node.data_ele or ""
        syntax = _COMPOSITES.get(de, [])
        return ElementDef(de, node.name or "", node.usage, repeat=repeat, components=components, syntax=syntax)
    external = node.root.ext_codes.codes.get(node.external_codes, {}).get("codes", ()) if node.external_codes else ()
    return ElementDef(
        de=node.data_ele or "",
        name=node.name or "",
        use=node.usage,
        type=node.data_type,
        min=node.min_len,
        max=node.max_len,
        codes=sorted({code for code in (*node.valid_codes, *external) if code}),
        repeat=repeat,
        pattern=node.res or "",
    )


def main() -> int:
    """Write the compiled tables into the package; returns the exit code."""
    target = Path(str(files(__package__))) / "tables"
    for name, text in compile_all().items():
        (target / name).write_bytes(text)
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
