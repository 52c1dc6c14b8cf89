"""The peers' side of the benchmark, run in their own environment; see measuring.py for how a case is run.

Each does what the peer itself does, no more: the product's cases do all of it and the rest.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from measuring import Facts, main

Spec = dict[str, Any]
logging.disable(logging.CRITICAL)


def _stream(file: str, end: str, size: int = 1 << 16) -> Iterator[str]:
    with open(file, encoding="latin-1", newline="") as source:
        tail = ""
        while block := source.read(size):
            parts = (tail + block).split(end)
            tail = parts.pop()
            yield from parts
        if tail.strip("\r\n"):
            yield tail


def split_stream(spec: Spec) -> Callable[[], Facts]:
    """The split ceiling: str.split over 64 KiB chunks."""

    def run() -> Facts:
        elements = 0
        for segment in _stream(spec["file"], "~"):
            elements += len(segment.lstrip("\r\n").split("*"))
        return {"elements": elements}

    return run


def split_stream_pos(spec: Spec) -> Callable[[], Facts]:
    """As split_stream, with segment number and byte offset."""

    def run() -> Facts:
        number = offset = 0
        for segment in _stream(spec["file"], "~"):
            offset += len(segment) + 1
            number += 1
            elements = segment.lstrip("\r\n").split("*")
            _ = (elements[0], elements, number, offset)
        return {"segments": number}

    return run


def _released(segment: str) -> list[list[str]]:
    """One segment that holds a release character: split at what is not released, character by character."""
    out: list[list[str]] = []
    element: list[str] = []
    text: list[str] = []
    characters = iter(segment)
    for character in characters:
        if character == "?":
            text.append(next(characters, ""))
        elif character == "+":
            out.append([*element, "".join(text)])
            element, text = [], []
        elif character == ":":
            element.append("".join(text))
            text = []
        else:
            text.append(character)
    return [*out, [*element, "".join(text)]]


def split_release_stream(spec: Spec) -> Callable[[], Facts]:
    """The split ceiling of EDIFACT: release characters honoured, constant memory."""

    def run() -> Facts:
        hold, number = "", 0
        for piece in _stream(spec["file"], "'"):
            segment = hold + piece
            hold = ""
            if segment[-1:] == "?" and (len(segment) - len(segment.rstrip("?"))) & 1:
                hold = segment + "'"
                continue
            segment = segment.lstrip("\r\n")
            _ = _released(segment) if "?" in segment else [e.split(":") for e in segment.split("+")]
            number += bool(segment)
        return {"segments": number}

    return run


def pyx12_validate(spec: Spec) -> Callable[[], Facts]:
    """pyx12's validation with our 309 map (structure, elements, codes); no output."""
    import pyx12.params
    import pyx12.x12n_document

    text, maps = Path(spec["file"]).read_text("ascii"), _pyx12_maps(Path(spec["folder"]), Path(spec["maps"]))

    def run() -> Facts:
        valid = pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(text), io.StringIO(), None, map_path=str(maps)
        )
        return {"valid": bool(valid)}

    return run


def _pyx12_maps(folder: Path, ours: Path) -> Path:
    """Return a map folder for pyx12: our 309 map and its own control maps, with the qualifier 02 let through."""
    import shutil
    from importlib.resources import files
    from xml.etree import ElementTree

    maps = folder / "maps"
    maps.mkdir(parents=True, exist_ok=True)
    for name in ("dataele.xml", "codes.xml", "309.xml"):
        shutil.copy(ours / name, maps)
    for name in ("x12.control.00401.xml", "x12.control.00501.xml"):
        tree = ElementTree.ElementTree(ElementTree.fromstring(files("pyx12").joinpath("map", name).read_bytes()))
        for element in tree.iter("element"):
            codes = element.find("valid_codes")
            if element.get("xid") in ("ISA05", "ISA07") and codes is not None:
                ElementTree.SubElement(codes, "code").text = "02"
        tree.write(maps / name)
    (maps / "maps.xml").write_text(
        '<maps><version icvn="00501"><map vriic="005020" fic="AQ">309.xml</map>'
        '<map vriic="" fic="">x12.control.00501.xml</map></version></maps>'
    )
    return maps


def ideal(spec: Spec) -> Callable[[], Facts]:
    """The ideal pipeline with jsonschema-rs: see ideal_pipeline.py."""
    import ideal_pipeline
    import jsonschema_rs

    valid = jsonschema_rs.Draft202012Validator(ideal_pipeline.SCHEMA).is_valid
    Path(spec["folder"]).mkdir(parents=True, exist_ok=True)
    return lambda: dict(ideal_pipeline.run(spec["file"], f"{spec['folder']}/ideal.jsonl", valid))


def bots_translate(spec: Spec) -> Callable[[], Facts]:
    """Bots' engine: see bots_peer.py."""
    import bots_peer

    Path(spec["folder"]).mkdir(parents=True, exist_ok=True)
    return bots_peer.translate(spec["file"], f"{spec['folder']}/bots.json")


def pydifact_parse(spec: Spec) -> Callable[[], Facts]:
    """pydifact's parser over one file, segments thrown away."""
    from pydifact.parser import Parser

    text = Path(spec["file"]).read_text("latin-1")
    return lambda: {"segments": sum(1 for _ in Parser().parse(text))}


_SAFE = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}


def _leaves(house: Any) -> dict[str, str]:
    """Every leaf of one house as path -> text."""
    found: dict[str, str] = {}

    def walk(element: Any, before: str) -> None:
        for child in element:
            path = f"{before}/{child.tag.partition('}')[2]}"
            if len(child):
                walk(child, path)
            else:
                found[path] = child.text

    walk(house, "")
    return found


def lxml_extract(spec: Spec) -> Callable[[], Facts]:
    """lxml over one XFHL in constant memory: all leaves of each house to a dict."""
    from lxml import etree

    tag = "{iata:datamodel:3}IncludedHouseConsignment"

    def run() -> Facts:
        found = 0
        for _, house in etree.iterparse(spec["file"], events=("end",), tag=tag, **_SAFE):
            found += bool(_leaves(house))
            house.clear()
            while house.getprevious() is not None:
                del house.getparent()[0]
        return {"found": found}

    return run


def lxml_documents(spec: Spec) -> Callable[[], Facts]:
    """lxml over a bundle of XFZB documents: all leaves of each to a dict."""
    from lxml import etree

    documents = [d for d in Path(spec["file"]).read_bytes().split(b"\x1e") if d.strip()]
    parser = etree.XMLParser(**_SAFE)
    return lambda: {"found": sum(1 for d in documents if _leaves(etree.fromstring(d, parser)))}


def csv_reader(spec: Spec) -> Callable[[], Facts]:
    """The csv module: a dict for each row."""

    def run() -> Facts:
        houses = set()
        with open(spec["file"], newline="", encoding="utf-8") as source:
            rows = csv.reader(source)
            header = next(rows)
            for row in rows:
                houses.add(dict(zip(header, row, strict=True))["hawb"])
        return {"found": len(houses)}

    return run


def _records(spec: Spec) -> tuple[Any, Iterable[Any]]:
    import jsonschema

    checker = jsonschema.FormatChecker(formats=("date", "date-time"))
    rules = json.loads(Path(spec["schema"]).read_bytes())
    records = [json.loads(line) for line in Path(spec["file"]).read_bytes().splitlines()]
    return jsonschema.Draft202012Validator(rules, format_checker=checker), records


def jsonschema_alone(spec: Spec) -> Callable[[], Facts]:
    """jsonschema (the reference) over each record, all errors collected as a reject report needs them."""
    validator, records = _records(spec)

    def run() -> Facts:
        found = refused = 0
        for record in records:
            found += 1
            refused += bool(list(validator.iter_errors(record)))
        return {"found": found, "refused": refused}

    return run


def jsonschema_paths(spec: Spec) -> Callable[[], Facts]:
    """Not timed for its own sake: instance paths of the errors of each record."""
    validator, records = _records(spec)
    return lambda: {
        "paths": [sorted({"/".join(map(str, e.absolute_path)) for e in validator.iter_errors(r)}) for r in records]
    }


CASES = {
    f.__name__: f
    for f in (
        split_stream, split_stream_pos, split_release_stream, pyx12_validate, ideal, bots_translate, pydifact_parse,
        lxml_extract, lxml_documents, csv_reader, jsonschema_alone, jsonschema_paths,
    )
}  # fmt: skip

if __name__ == "__main__":
    main(CASES, warm_up=True)
