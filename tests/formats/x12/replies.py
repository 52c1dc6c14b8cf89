"""Second opinions on our answers: pyx12 with widened maps, and a reader of ten lines that only counts."""

from __future__ import annotations

import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

WIDE = frozenset(("ISA05", "ISA07", "AK101", "AK201"))
"""Code lists of pyx12 that know health care only (x12 reference 5.2)."""

_MAPS = """<maps>
<version icvn="00401"><map vriic="004010" fic="FA" abbr="997">997.xml</map>
<map vriic="" fic="" abbr="X12">x12.control.00401.xml</map></version>
<version icvn="00501"><map vriic="005010X231A1" fic="FA" abbr="999">999.xml</map>
<map vriic="" fic="" abbr="X12">x12.control.00501.xml</map></version></maps>"""


def write_maps(folder: Path) -> Path:
    """Write a pyx12 map folder that reads our 997 and 999."""
    shipped = files("pyx12").joinpath("map")
    for name in ("dataele.xml", "codes.xml"):
        (folder / name).write_bytes(shipped.joinpath(name).read_bytes())
    for name, source in (
        ("997.xml", "997.4010.xml"),
        ("999.xml", "999.5010X231.A1.xml"),
        ("x12.control.00401.xml", "x12.control.00401.xml"),
        ("x12.control.00501.xml", "x12.control.00501.xml"),
    ):
        tree = ElementTree.fromstring(shipped.joinpath(source).read_text("utf-8"))
        for element in tree.iter("element"):
            codes = element.find("valid_codes")
            if codes is not None and element.get("xid") in WIDE:
                element.remove(codes)
            elif codes is not None and element.get("xid") in ("GS08", "ST03"):
                codes.append(_code("005010X231A1"))
        (folder / name).write_bytes(ElementTree.tostring(tree))
    (folder / "maps.xml").write_text(_MAPS, "utf-8")
    return folder


def _code(text: str) -> ElementTree.Element:
    code = ElementTree.Element("code")
    code.text = text
    return code


def ask_pyx12(answer: bytes, maps: Path) -> tuple[bool, list[str]]:
    """Return pyx12's verdict of one answer, and its errors in words."""
    import pyx12.params
    import pyx12.x12n_document

    report = io.StringIO()
    good = pyx12.x12n_document.x12n_document(
        pyx12.params.params(),
        io.StringIO(answer.decode("ascii")),
        io.StringIO(),
        None,
        fd_json=report,
        map_path=str(maps),
    )
    return good, list(_errors(json.loads(report.getvalue() or "{}")))


def _errors(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [f"{e.get('err_cde')} {e.get('err_str')}" for e in node.get("errors", []) if isinstance(e, dict)]
        return own + [e for key, child in node.items() if key != "errors" for e in _errors(child)]
    return [e for child in node for e in _errors(child)] if isinstance(node, list) else []


def recount(answer: bytes) -> list[str]:
    """Return what does not add up in X12 answers written one behind the other: counts, numbers, nesting."""
    wrong: list[str] = []
    separator = ">"
    isa = group = set_number = ""
    groups = sets = segments = 0
    for line in answer.decode("ascii").splitlines():
        if line.startswith("ISA"):
            element, stop, separator = line[3], line[105], line[104]
            wrong += [f"ISA has {len(line)} characters"] * (len(line) != 106)
        wrong += [f"no terminator: {line}"] * (line[-1:] != stop)
        parts = line[:-1].split(element)
        wrong += [f"stray terminator: {line}"] * (stop in line[:-1])
        segments += 1
        match parts[0]:
            case "ISA":
                wrong += ["ISA inside an interchange"] * bool(isa)
                isa, groups = parts[13], 0
            case "GS":
                wrong += ["GS inside a group"] * bool(group)
                group, sets, groups = parts[6], 0, groups + 1
            case "ST":
                wrong += ["ST inside a set"] * bool(set_number)
                set_number, segments, sets = parts[2], 1, sets + 1
            case "SE":
                wrong += [f"SE {parts} after {segments} segments of {set_number}"] * (
                    parts[1:] != [str(segments), set_number]
                )
                set_number = ""
            case "GE":
                wrong += [f"GE {parts} after {sets} sets of {group}"] * (parts[1:] != [str(sets), group])
                group = ""
            case "IEA":
                wrong += [f"IEA {parts} after {groups} groups of {isa}"] * (parts[1:] != [str(groups), isa])
                isa = ""
            case "TA1":
                wrong += ["TA1 behind a group"] * (groups > 0)
            case _:
                wrong += [f"outside a set: {line}"] * (not set_number)
        wrong += [f"empty end: {line}"] * (parts[-1] == "" or (parts[-1].endswith(separator) and parts[0] != "ISA"))
    wrong += ["not closed"] * bool(isa or group or set_number)
    return wrong
