"""JSON manifests: documents, arrays, JSON lines; what is damaged is told with its place."""

from __future__ import annotations

import json

import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.tabular.json_objects import JsonFault, objects
from gateway.site import base_site
from tests.drops import drop, sample
from tests.fuzz.run import limited

PARCEL = {
    "house_bill": "GWJ1", "mode": "air", "arrival_port": "2720", "arrival_date": "2025-03-04",
    "shipper": {"name": "INVENTED HOME GOODS CO", "address1": "19 PRETEND STREET", "city": "HANOI", "country": "VN"},
    "consignee": {"name": "CASEY EXAMPLE", "address1": "14 MOCK LANE", "city": "PORTLAND", "state": "OR", "zip": "97201", "country": "US"},
    "weight": 0.45, "weight_unit": "KG",
    "items": [
        {"description": "MENS KNITTED COTTON T-SHIRT", "hts": 6109100012, "origin": "VN", "quantity": 1, "value": 24.90, "currency": "USD"},
        {"description": "STEEL KEY RING", "hts": 7326908688, "origin": "VN", "quantity": 2, "value": 9.00, "currency": "USD"},
    ],
}  # fmt: skip


def parcel(number: str) -> dict:
    return {**PARCEL, "house_bill": number}


def check(data: bytes, tmp_path, name: str = "m.json"):
    path = tmp_path / name
    path.write_bytes(data)
    return Checker(base_site(), parse_instant("2025-03-03T10:00:00Z")).file(path)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([parcel("GWJ1"), parcel("GWJ2")], indent=1),
        json.dumps({"sender": "X", "shipments": [parcel("GWJ1"), parcel("GWJ2")]}),
        json.dumps(parcel("GWJ1")) + "\n" + json.dumps(parcel("GWJ2")) + "\n",
        "\r\n" + json.dumps(parcel("GWJ1")) + "\r\n\r\n" + json.dumps(parcel("GWJ2")),
    ],
    ids=["array", "document", "lines", "lines_with_blanks"],
)
def test_each_form_gives_the_same_shipments(tmp_path, data):
    result = check(data.encode(), tmp_path)
    assert (result["format"], result["accepted"]) == ("json", ["GWJ1", "GWJ2"])
    first = result["messages"][0]["shipments"][0]
    assert first["fair_retail_value_usd"] == "33.90"
    assert [i["hts_number"] for i in first["items"]] == ["6109100012", "7326908688"]
    assert first["final_deliver_to_party"]["city"] == "PORTLAND"


def test_numbers_keep_their_text(tmp_path):
    data = json.dumps(parcel("GWJ1")).replace("24.9,", "24.90000000000000000001,")
    result = check(data.encode(), tmp_path)
    assert result["accepted"] == []
    data = json.dumps({**parcel("GWJ1"), "tracking_number": 0}).replace(
        '"tracking_number": 0', '"tracking_number": 1.23457E+17'
    )
    assert "ID-SCIENTIFIC" in [f["rule"] for f in check(data.encode(), tmp_path)["findings"]]


def test_a_finding_names_the_key_and_the_record(tmp_path):
    bad = parcel("GWJ2")
    bad["consignee"] = {**bad["consignee"], "country": "CA"}
    data = json.dumps(parcel("GWJ1")) + "\n" + json.dumps(bad) + "\n"
    result = check(data.encode(), tmp_path)
    (finding,) = [f for f in result["findings"] if f["rule"] == "S321-DTP-US"]
    assert (finding["column"], finding["line"], finding["offset"]) == (
        "consignee.country",
        2,
        len(json.dumps(parcel("GWJ1"))) + 1,
    )
    document = check(json.dumps({"shipments": [parcel("GWJ1"), bad]}).encode(), tmp_path)
    assert "shipments[1].consignee.country" in [f.get("column") for f in document["findings"]]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"house_bill": "A", "house_bill": "B"}', "JSON-DUP-KEY"),
        (b'[{"house_bill": "A"}, {"house_bill": ', "JSON-SYNTAX"),
        (b'[{"house_bill": "A"} {"house_bill": "B"}]', "JSON-SYNTAX"),
        (b'{"a": ' + b"[" * 100_000, "JSON-SYNTAX"),
        (b'[{"a": "\xff"}]', "CSV-ENCODING"),
        (b"{}\n[]\n", "JSON-LINE"),
    ],
)
def test_damage_refuses_the_file(tmp_path, data, rule):
    result = check(data, tmp_path)
    assert rule in [f["rule"] for f in result["findings"]]
    assert (result["verdict"], result["accepted"]) == ("reject", [])


def test_a_cut_document_delivers_nothing(tmp_path):
    data = json.dumps([parcel("GWJ1"), parcel("GWJ2")]).encode()
    for cut in (len(data) // 2 + 50, len(data) - 1, 40):
        assert check(data[:cut], tmp_path)["accepted"] == []


@pytest.mark.parametrize("tail", [b"[{}]", b" {}", b" xyz", b"]", b"\n,\n{}", b"\xc3\xa9"])
def test_what_stands_behind_an_array_is_not_lost_in_silence(tmp_path, tail):
    whole = json.dumps([parcel("GWJ1"), parcel("GWJ2")]).encode()
    assert check(whole + b"\r\n\0\x1a", tmp_path)["accepted"] == ["GWJ1", "GWJ2"]
    result = check(whole + tail.replace(b"{}", json.dumps(parcel("GWJ3")).encode()), tmp_path, "t.json")
    assert (result["verdict"], result["accepted"], result["messages"]) == ("reject", [], [])
    (said,) = [f for f in result["findings"] if f["rule"] == "JSON-SYNTAX"]
    assert said["offset"] >= len(whole)


def test_a_comma_before_the_end_of_an_array_may_stand_for_a_lost_object(tmp_path):
    data = json.dumps([parcel("GWJ1")]).encode().replace(b"}]}]", b"}]},]")
    result = check(data, tmp_path)
    assert (result["verdict"], {f["rule"] for f in result["findings"]}) == ("reject", {"JSON-SYNTAX"})


def test_two_objects_of_one_number_are_two_shipments_not_one_with_more_goods(tmp_path):
    other = {**parcel("GWJ1"), "items": PARCEL["items"][:1]}
    result = check(json.dumps([parcel("GWJ1"), other]).encode(), tmp_path)
    assert (result["shipments"]["accepted"], result["shipments"]["rejected"]) == (1, 1)
    assert "S321-DUP" in [f["rule"] for f in result["findings"]]


def lines(*records: bytes) -> bytes:
    return b"".join(record + b"\n" for record in records)


GOOD = [json.dumps(parcel(f"GWJ{n}")).encode() for n in (1, 2, 3)]
DAMAGE = {
    "cut": (GOOD[1][:60], "no JSON"),
    "comma": (GOOD[1].replace(b", ", b" ", 1), "no JSON"),
    "no value": (GOOD[1].replace(b'"GWJ2"', b"", 1), "no JSON"),
    "key twice": (GOOD[1].replace(b"{", b'{"house_bill": "GWJ9", ', 1), "stands twice"),
    "array": (b"[1, 2]", "no JSON object"),
    "text": (b"see the other file", "no JSON"),
    "two objects": (GOOD[1] + b" " + GOOD[1], "behind the end"),
    "character set": (GOOD[1].replace(b"CASEY", b"CAS\xe9"), "not UTF-8"),
    "depth": (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
}


PLACES = [
    (name, place)
    for name, (bad, _) in DAMAGE.items()
    for place in (1, 2, 3)
    if place > 1 or bad.startswith(b"{")  # a file that begins otherwise is no JSON lines
]


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_broken_line_of_json_lines_is_refused_and_the_others_are_taken(tmp_path, name, place):
    bad, why = DAMAGE[name]
    records = [GOOD[0], GOOD[2]]
    records.insert(place - 1, bad)
    result = check(lines(*records), tmp_path)
    assert result["accepted"] == ["GWJ1", "GWJ3"]
    assert result["shipments"] == {"found": 3, "accepted": 2, "rejected": 1, "duplicate": 0}
    (finding,) = [f for f in result["findings"] if f["severity"] == "error"]
    assert (finding["rule"], finding["line"], finding["offset"]) == (
        "JSON-LINE", place, sum(len(r) + 1 for r in records[: place - 1]),
    )  # fmt: skip
    assert why in finding["message"]


@pytest.mark.parametrize("end", [b"[", b"{", b",", b":", b": ", b",\r"])
@pytest.mark.parametrize("broken", [1, 2])
def test_a_broken_first_line_that_ends_as_a_document_would_go_on_is_a_line(tmp_path, end, broken):
    bad = b'{"house_bill": "GWJ9", "items"' + end
    result = check(lines(*[bad] * broken, *GOOD), tmp_path)
    assert result["accepted"] == ["GWJ1", "GWJ2", "GWJ3"]
    assert [(f["rule"], f["line"]) for f in result["findings"] if f["severity"] == "error"] == [
        ("JSON-LINE", n + 1) for n in range(broken)
    ]


@pytest.mark.parametrize("tail", [b"", b"]", b"]}"])
def test_a_document_with_one_shipment_on_a_line_of_its_own_stays_a_document(tmp_path, tail):
    """One whole object behind an open line may be all that is left of a cut document: it is not taken for a line."""
    result = check(lines(b'{"sender": "X", "shipments": [', GOOD[0], tail), tmp_path)
    assert result["accepted"] == (["GWJ1"] if tail == b"]}" else [])
    assert "JSON-LINE" not in [f["rule"] for f in result["findings"]]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_document_over_several_lines_stays_one(tmp_path, indent):
    text = json.dumps({"sender": "X", "shipments": [json.loads(g) for g in GOOD]}, indent=indent)
    assert check(text.encode() + b"\n", tmp_path)["accepted"] == ["GWJ1", "GWJ2", "GWJ3"]


def test_the_reject_file_names_the_broken_line():
    result = drop(lines(GOOD[0], GOOD[1][:60], GOOD[2]), name="m.jsonl", now=parse_instant("2025-03-03T10:00:00Z"))
    assert result.counts() == (3, 2, 1, 0)
    (row,) = [r for r in result.rejects() if r["severity"] == "error"]
    assert (row["rule"], row["line"]) == ("JSON-LINE", "2")
    assert result.outcome.verdict == "partial"


def test_a_document_whose_shipments_stand_one_a_line_is_a_document(tmp_path):
    head, tail = b'{"sender": "X", "shipments": [\n', b"\n]}"
    whole = head + b",\n".join(GOOD) + tail
    assert check(whole, tmp_path)["accepted"] == ["GWJ1", "GWJ2", "GWJ3"]
    for damaged in (
        head + GOOD[0],  # cut off
        head + b"\n".join(GOOD) + tail,  # without commas
        b"{\n" + whole[1:].replace(b'"GWJ2"', b"", 1),
    ):
        result = check(damaged, tmp_path)
        assert (result["accepted"], "JSON-SYNTAX" in {f["rule"] for f in result["findings"]}) == ([], True)


def test_half_a_character_refuses_its_shipment_only(tmp_path):
    lines = [json.dumps(parcel(number)) for number in ("GWJ1", "GWJ2", "GWJ3")]
    lines[1] = lines[1].replace("STEEL KEY", r"STEEL \ud83d KEY")
    lines[2] = lines[2].replace("STEEL KEY", r"STEEL \ud83d\ude00 KEY")  # a whole one
    result = check("\n".join(lines).encode(), tmp_path)
    assert (result["shipments"]["accepted"], result["shipments"]["rejected"]) == (2, 1)
    lost = [f for f in result["findings"] if f["rule"] == "CSV-ENCODING"]
    assert [(f["shipment"], f["row"]) for f in lost] == [("GWJ2", 4)]


def test_a_large_array_with_letters_beyond_ascii_is_read_in_linear_time():
    text = "[" + ",\n".join(json.dumps({"name": "JOSÉ", "number": n}, ensure_ascii=False) for n in range(40_000)) + "]"
    with limited(30):
        last = list(objects([text.encode()], (0, 1)))[-1][1]
    start = text.rindex("{")
    assert (last.offset, last.line, last.length) == (len(text[:start].encode()), 40_000, len(text[start:-1].encode()))


def test_a_key_that_stands_twice_among_many_is_found_at_once():
    keys = ", ".join(f'"k{number}": 1' for number in range(100_000))
    with limited(30), pytest.raises(JsonFault) as caught:
        list(objects([f'{{{keys}, "k99999": 2}}'.encode()], (0, 1)))
    assert '"k99999" stands twice' in caught.value.finding.message


@pytest.mark.parametrize(("trip", "shipment", "refused"), [("DELETE", "CREATE", True), ("DELETE", "DELETE", False), ("UPDATE", "CREATE", False), ("CREATE", "CREATE", False)])  # fmt: skip
def test_a_deleted_trip_with_shipments_that_are_not_is_refused(tmp_path, trip, shipment, refused):
    document = json.loads(sample("csv/09"))
    document["operation"] = trip
    for one in document["shipments"]:
        one["operation"] = shipment
    rules = [f["rule"] for f in check(json.dumps(document).encode(), tmp_path)["findings"]]
    assert ("MAP-AMBIGUOUS" in rules) is refused
