"""One fault in a file is told once: a weight without its unit, a byte of another character set."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from gateway.canonical.model import Shipment
from gateway.check import Checker, parse_instant
from gateway.mapping.transforms.identifiers import UNITS
from gateway.site import base_site, load_site
from tests.drops import FIXTURES, sample

BEFORE = parse_instant("2025-02-27T10:00:00Z")


def told(tmp_path: Path, data: bytes, name: str = "m.txt", profiles: str = "") -> dict:
    path = tmp_path / name
    path.write_bytes(data)
    site = load_site(FIXTURES / "profiles" / profiles).only("plain") if profiles else base_site()
    return Checker(site, BEFORE).file(path)


def changed(name: str, old: bytes, new: bytes) -> bytes:
    data = sample(name)
    assert old in data
    return data.replace(old, new, 1)


@pytest.mark.parametrize(
    ("name", "old", "new", "refused"),
    [
        ("cargoimp/03", b"/1/K1.25/", b"/1/1.25/", 0),
        ("cargoimp/03", b"/1/K1.25/", b"/1/1.25K/", 0),
        ("cargoimp/02", b"T2K3.2", b"T23.2", 1),  # nor a number of pieces: 23 were read once
        ("xml/15", b'weightUnit="GRM"', b'weightUnit="GRAMS"', 0),
        ("xml/02", b'unitCode="KGM"', b'unitCode="XYZ"', 0),
        ("csv/09", b'"weightUnit": "KG"', b'"weightUnit": "XX"', 1),
    ],
)
def test_a_weight_without_a_unit_that_is_known_is_told_once(tmp_path, name, old, new, refused):
    suffix = {"xml": "a.xml", "csv": "a.json"}.get(name[:3], "a.txt")
    result = told(tmp_path, changed(name, old, new), suffix)
    rules = [f["rule"] for f in result["findings"] if f["field"] in ("gross_weight_kg", "weight_source_unit")]
    assert rules == ["MAP-WEIGHT"]
    assert result["shipments"]["rejected"] == refused


def test_the_unit_of_a_row_of_a_table_refuses_it_once(tmp_path):
    head, row = sample("csv/01").splitlines(keepends=True)[:2]
    result = told(tmp_path, head + row.replace(b",KG,", b",XX,"), "a.csv", "tabular")
    assert [f["severity"] for f in result["findings"] if f["rule"] == "MAP-WEIGHT"] == ["error"]
    assert result["shipments"]["rejected"] == 1


def test_a_unit_that_is_refused_hides_no_remark_on_other_fields(tmp_path):
    head, row = sample("csv/01").splitlines(keepends=True)[:2]
    result = told(tmp_path, head + row.replace(b",KG,", b",XX,").replace(b",CN,http", b",cn,http"), "a.csv", "tabular")
    assert {"MAP-WEIGHT", "CODE-CASE-FOLDED"} <= {f["rule"] for f in result["findings"]}


def test_units_in_other_words_than_the_canonical_ones_refuse_nothing(tmp_path):
    result = told(tmp_path, changed("xml/15", b'weightUnit="GRM"', b'weightUnit="G"'), "a.xml")
    shipment = result["messages"][0]["shipments"][0]
    assert (shipment["gross_weight_kg"], shipment.get("weight_source_unit")) == ("0.420", None)
    assert result["shipments"]["rejected"] == 0


def test_the_shape_unit_knows_the_units_of_the_canonical_model():
    hint = get_type_hints(Shipment)["weight_source_unit"]
    assert {word for part in get_args(hint) for word in get_args(part)} == UNITS


ROW = sample("csv/01").splitlines(keepends=True)[1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW.replace(b"BAIYUN", b"BAIY\xdcN"), ["The line holds bytes that are not UTF-8"]),
        (ROW.replace(b"BAIYUN", b'"BAI\nY\xdcN"'), ["The line holds bytes that are not UTF-8"]),
        (ROW.replace(b"BAIYUN", "BAIY\ufffdN".encode()), ["The cell holds the sign"]),
        (ROW.replace(b"BAIYUN", '"BAI\nY\ufffdN"'.encode()), ["The cell holds the sign"]),
        (ROW + ROW.replace(b"GUANGZHOU", b"G\xdcANGZHOU"), ["The line holds bytes that are not UTF-8"]),
    ],
)  # fmt: skip
def test_a_byte_of_another_character_set_is_told_once(tmp_path, row, words):
    result = told(tmp_path, sample("csv/01").splitlines(keepends=True)[0] + row, "a.csv", "tabular")
    assert result["shipments"]["accepted"] == 0
    found = [f["message"] for f in result["findings"] if f["severity"] == "error"]
    assert [text[: len(word)] for text, word in zip(found, words, strict=True)] == words
