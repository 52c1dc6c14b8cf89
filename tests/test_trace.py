"""`mapping trace`: the bytes it names, cut out of the received file, are the value that the row read; in every format."""

from __future__ import annotations

import html
import re
import tracemalloc
from pathlib import Path

import pytest

from gateway.commands.exact_place import exact_places
from gateway.commands.mapping import trace
from gateway.errors import ConfigError, GatewayError
from gateway.site import base_site
from tests.drops import FIXTURES, sample

SAMPLES = sorted(
    p for folder in ("x12", "edifact", "xml", "cargoimp", "csv", "xml-extra") for p in (FIXTURES / folder).iterdir()
    if p.suffix != ".md" and p.stat().st_size < 100_000
)  # fmt: skip
PLAIN = re.compile(r"/(name|city|house_bill_number|conveyance_reference|enhanced_product_description)$")
"""Fields whose transform only tidies blanks: the raw text must be the value."""


def tidy(raw: str, suffix: str) -> str:
    if suffix == ".xml":
        raw = html.unescape(re.sub(r"<!--.*?-->|<!\[CDATA\[|\]\]>", "", raw, flags=re.S))
    if suffix == ".csv":
        raw = raw.replace('""', '"').replace("\0", " ").lstrip("'")
    return " ".join((re.sub(r"\?(.)", r"\1", raw) if suffix != ".csv" else raw).split())


def steps(path: Path) -> list[dict]:
    try:
        return list(trace(path, base_site(), "", ""))
    except GatewayError:
        return []  # a file that is held


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_bytes_named_are_the_text_that_was_read(path: Path) -> None:
    check(path)


@pytest.mark.parametrize(
    "name", ["x12/01", "edifact/01", "csv/01", "cargoimp/02", "cargoimp/03", "cargoimp/05", "cargoimp/12"]
)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_the_bytes_named_in_a_file_of_two_byte_characters(tmp_path: Path, name: str, encoding: str) -> None:
    text = sample(name).decode("utf-8-sig")
    path = tmp_path / f"a.{'csv' if name.startswith('csv') else 'edi'}"
    path.write_bytes(f"\ufeff{text}".encode(encoding))
    assert check(path) > (10 if name.endswith("/01") else 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
def test_letters_outside_of_ascii_move_no_place_of_a_cargo_imp_file(tmp_path: Path, encoding: str) -> None:
    text = (
        sample("cargoimp/02")
        .decode()
        .replace("LUCKY", "LÜÇKY")
        .replace("PAT SAMPLE", "PÄT/SÅMPLÈ")
        .replace("SHENZHEN", "SHÉNZHEN")
    )
    path = tmp_path / "a.txt"
    if encoding.startswith("utf-16"):
        text = text.replace("LED DESK", "LED \U0001f4a1 DESK")
        text = f"\ufeff{text}"
    path.write_bytes(text.encode(encoding))
    raw = {s["pointer"]: path.read_bytes()[s["offset"] :][: s["length"]].decode(encoding) for s in steps(path)}
    assert raw["/shipment_initiator/name"] == "LÜÇKY SAMPLE LIGHTING FACTORY"
    assert raw["/shipment_initiator/city"] == "SHÉNZHEN"
    assert raw["/final_deliver_to_party/name"] == "PÄT"
    assert raw["/final_deliver_to_party/city"] == "PORTLAND"
    assert raw["/items/0/enhanced_product_description"].endswith("DESK LAMP")


def test_a_description_of_several_lines_is_traced_to_its_first(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(sample("cargoimp/02").replace(b"/5/NH/8544429090\r\n", b""))
    (step,) = (s for s in steps(path) if s["pointer"] == "/items/0/enhanced_product_description")
    assert (step["raw"], step["value"]) == ("LED DESK LAMP", "LED DESK LAMP USB-C CHARGING CABLE")


def check(path: Path) -> int:
    data, found = path.read_bytes(), 0
    for step in steps(path):
        if not step["raw"]:
            continue
        cut = data[step["offset"] : step["offset"] + step["length"]]
        assert any(
            step["raw"] == cut.decode(e, "replace") for e in ("utf-8", "latin-1", "cp1252", "utf-16-le", "utf-16-be")
        )
        several = "(TXT)" in step["place"]  # the text of several lines, put together: its first bytes are named
        if PLAIN.search(step["pointer"]) and step["value"].isascii() and not several:
            raw, value = tidy(step["raw"], path.suffix), " ".join(step["value"].split())
            assert raw == value or raw in value or value in raw, step
            found += 1
    return found


def test_each_format_has_values_traced_to_their_own_bytes() -> None:
    traced = {p.parent.name: 0 for p in SAMPLES}
    for path in SAMPLES:
        traced[path.parent.name] += sum(bool(s["raw"]) for s in steps(path))
    assert all(number > 20 for number in traced.values()), traced


def test_a_shipment_is_named_by_any_of_its_numbers_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = FIXTURES / "csv" / "02_semicolon_cp1252.csv"
    found = list(trace(path, base_site(), "CP987654326DE", ""))
    assert {step["shipment"] for step in found} == {"CP987654326DE"}
    assert list(trace(path, base_site(), "cp 987 654 326 de", "")) == found
    with pytest.raises(ConfigError, match="has no shipment NOWHERE") as told:
        list(trace(path, base_site(), "NOWHERE", ""))
    assert "CP987654326DE" in told.value.advice


@pytest.mark.parametrize(
    ("name", "pointer"),
    [("cargoimp/02", "/items/0/hts_number"), ("cargoimp/05", "/final_deliver_to_party/address_line_2")],
)
def test_a_value_of_a_line_behind_the_first_is_traced_to_its_own(name: str, pointer: str) -> None:
    (path,) = (FIXTURES / name.partition("/")[0]).glob(f"{name.partition('/')[2]}*")
    found = [step for step in steps(path) if step["pointer"] == pointer]
    assert found and all(step["raw"] == step["value"] for step in found)


def test_a_document_of_thousands_of_levels_costs_no_memory() -> None:
    data = b"<a>" + b"<abcd>" * 8000 + b"</abcd>" * 8000 + b"</a>"
    tracemalloc.start()
    exact_places(data, "cargo_xml", base_site().profile_for(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000  # with a path for each level: 240 MB
