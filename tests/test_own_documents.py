"""Documents of a site's own: rows of documents.csv and json_documents.csv in the profile folder, and its mapping folders."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.commands.mapping import check_all
from gateway.commands.mapping_tools import run_tests
from gateway.errors import ConfigError, MappingError
from gateway.findings import Finding
from gateway.formats import format_module
from gateway.records import Unit
from gateway.site import Site, base_site, load_site
from tests.drops import FIXTURES, chunks_of, drop
from tests.test_cli import gateway

SITE = FIXTURES / "profiles" / "own"
FEED = SITE / "mappings" / "acme_parcels" / "examples" / "feed.xml"
SHOP = SITE / "mappings" / "shop_parcels" / "examples" / "shop.txt"
NOW = parse_instant("2025-01-14T10:00:00Z")
OWN = load_site(SITE)
PROFILE = OWN.partners["acme"].profile
TEXT = FEED.read_text("utf-8")
START = "root,namespace,type,unit\nShipmentFeed,urn:acme:parcels:2,ACME_PARCELS,Parcels/Parcel\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITE, tmp_path / "site"))


def checked(tmp_path: Path, text: str, site: Site = OWN, name: str = "m.xml") -> dict:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return Checker(site, NOW).file(path)


def rules(result: dict) -> dict[str, str]:
    return {finding["rule"]: finding["message"] for finding in result["findings"]}


def changed(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


# --- what such a document becomes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name"), [(FEED, "own_acme_parcels"), (SHOP, "own_shop_parcels")])
def test_a_document_of_the_site_is_found_by_content_and_read(path, name):
    result = Checker(OWN, NOW).file(path)
    assert (result["format"], result["verdict"], result["findings"]) == (name, "accept", [])
    (message,) = result["messages"]
    assert message["source"]["mapping_id"] == name.removeprefix("own_")
    assert len(message["shipments"]) == result["shipments"]["accepted"]


def test_all_partners_of_the_site_read_it_and_no_other_site_does(copy, tmp_path):
    other = (copy / "partners" / "acme.toml").read_text().replace('"acme"', '"other"').replace("ACME", "OTHR")
    (copy / "partners" / "other.toml").write_text(other)
    for partner in ("acme", "other"):
        assert checked(tmp_path, TEXT, load_site(copy).only(partner))["verdict"] == "accept"
    assert "XML-NS-UNKNOWN" in rules(Checker(base_site(), NOW).file(FEED))


def test_it_is_answered_with_receipt_reject_file_and_report(tmp_path):
    data = changed(('<Weight unit="lb">2.0</Weight>', "")).encode()
    result = drop(data, name="feed.xml", now=NOW, profile=PROFILE)
    assert [*result.answers] == ["receipt", "rejects", "report"] or {*result.answers} == {
        "receipt",
        "rejects",
        "report",
    }
    assert result.counts() == (2, 1, 1, 0)
    (row,) = result.rejects()
    assert row["shipment"] == "ACME000000002"
    assert "Weight" in " ".join(row.values())
    assert [s["shipment_id"] for s in result.messages()[0]["shipments"]] == ["ACME000000001"]


def test_the_number_of_the_document_counts_as_a_control_number():
    from gateway.history import MemoryHistory

    history = MemoryHistory()
    assert drop(TEXT.encode(), history, now=NOW, profile=PROFILE).outcome.verdict == "accept"
    other = changed(("ACME000000001", "ACME000000009")).encode()
    assert "ENV-CONTROL-DUP" in drop(other, history, now=NOW, profile=PROFILE).rules()


def test_the_tables_of_the_site_have_no_fault_and_their_examples_hold():
    assert check_all(SITE) == []
    results = [r for r in run_tests(OWN, "", update=False) if r["mapping"] in ("acme_parcels", "shop_parcels")]
    assert [(r["mapping"], r["example"], r["ok"]) for r in results] == [
        ("acme_parcels", "rows", True), ("acme_parcels", "feed.xml", True), ("shop_parcels", "rows", True), ("shop_parcels", "shop.txt", True),
    ]  # fmt: skip


def test_a_partner_has_rows_of_its_own_over_a_mapping_of_the_site(copy, tmp_path):
    own = copy / "partners" / "acme"
    own.mkdir()
    head = (copy / "mappings" / "acme_parcels" / "map.csv").read_text().splitlines()[0]
    (own / "acme_parcels.csv").write_text(f"{head}\nshipment,conveyance_reference,,,,TRIP7,,,,\n")
    site = load_site(copy)
    site.check_tables()
    (message,) = checked(tmp_path, TEXT, site)["messages"]
    assert {s["conveyance_reference"] for s in message["shipments"]} == {"TRIP7"}
    (own / "acme_parcels.csv").write_text(f"{head}\nshipment,no_such_field,,,,TRIP7,,,,\n")
    with pytest.raises(MappingError, match="no_such_field"):
        load_site(copy).check_tables()


def test_the_base_tables_are_those_of_every_site():
    x12 = (FIXTURES / "x12" / "01_309_truck_5020_s321.edi").read_bytes()
    own, base = OWN.partners["acme"].profile.tables, next(iter(base_site().partners.values())).profile.tables
    facts = next(f for f in base.facts if f.id == "x12_309_truck")
    assert own.compiled(facts).blocks is base.compiled(facts).blocks
    assert drop(x12, now=NOW, profile=PROFILE).outcome.format == "x12_309"


# --- what holds for the documents of the program holds for these ------------------------------------------------------


@pytest.mark.parametrize("path", [FEED, SHOP], ids=["xml", "json"])
def test_whole_byte_by_byte_and_in_any_chunks_are_the_same(path):
    data, module = path.read_bytes(), format_module("own")

    def shape(sizes: Iterator[int]) -> list[object]:
        events = module.read(chunks_of(data, sizes), PROFILE, (0, 1))
        return [
            (type(e).__name__, getattr(e, "label", ""), getattr(e, "message", "") if isinstance(e, Finding) else "")
            for e in events
        ]

    whole = shape(iter([len(data)]))
    rng = random.Random(1)
    assert shape(itertools.repeat(1)) == whole
    assert shape(rng.randint(1, 50) for _ in itertools.count()) == whole


BOMB = '<!DOCTYPE ShipmentFeed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<ShipmentFeed'


@pytest.mark.parametrize(("pairs", "rule", "verdict"), [
    ([("<ShipmentFeed", BOMB), ("ROBIN SAMPLE", "&b;")], "XML-DTD", "quarantine"),
    ([("<ShipmentFeed", '<!DOCTYPE ShipmentFeed SYSTEM "file:///etc/passwd">\n<ShipmentFeed')], "XML-DTD", "quarantine"),
    ([("<Pieces>1</Pieces>", "<Pieces>1</Pieces>" + "<a>" * 300 + "</a>" * 300)], "XML-LIMIT", "reject"),
    ([("</ShipmentFeed>", "")], "FILE-TRUNCATED", "reject"),
    ([("ROBIN SAMPLE", "ROBIN & SAMPLE")], "XML-NOT-WF", "reject"),
    ([('encoding="UTF-8"', 'encoding="UTF-7"')], "XML-ENCODING", "reject"),
    ([("urn:acme:parcels:2", "urn:acme:parcels:3")], "XML-NS-UNKNOWN", "reject"),
])  # fmt: skip
def test_nothing_of_a_hostile_or_damaged_document_is_delivered(tmp_path, pairs, rule, verdict):
    result = checked(tmp_path, changed(*pairs))
    assert rule in rules(result)
    assert (result["verdict"], result["messages"], result["shipments"]["accepted"]) == (verdict, [], 0)


def test_elements_and_attributes_that_no_row_reads_are_told_once(tmp_path):
    more = '<Insurance currency="USD"><Amount>5</Amount></Insurance><Pieces>1</Pieces>'
    text = changed(
        ("<Pieces>1</Pieces>", more), ("<Pieces>1</Pieces>", more), ('tracking="ACME', 'colour="red" tracking="ACME')
    )
    (said,) = [f for f in checked(tmp_path, text)["findings"] if f["rule"] == "XML-NOT-READ"]
    assert said["message"].endswith(": @colour (line 11), Insurance (line 15).")
    assert said["severity"] == "info"
    assert "LineNo" not in said["message"]  # it stands in the column aside


def test_an_attribute_of_an_element_that_is_read_is_told_too(tmp_path):
    text = changed(('<Value currency="USD">43.98', '<Value currency="USD" tax="5.00">43.98'))
    assert rules(checked(tmp_path, text))["XML-NOT-READ"].endswith(": Items/Item/Value/@tax (line 17).")


def test_keys_that_no_row_reads_are_told_once_in_a_file(tmp_path):
    one = SHOP.read_text("utf-8").replace("\n", " ").replace('"grams": 450', '"grams": 450, "gift": true')
    two = one.replace("SHOP00000001", "SHOP00000002").replace('"qty": 1', '"qty": 1, "vat": 2')
    result = checked(tmp_path, f"{one}\n{two}\n", name="m.txt")
    told = [f["message"].partition(": ")[2] for f in result["findings"] if f["rule"] == "XML-NOT-READ"]
    assert told == ["gift (line 1).", "lines/vat (line 2)."]
    assert result["shipments"]["accepted"] == 2


def test_an_element_that_stands_again_is_told_unless_the_row_lets_it(tmp_path):
    text = changed(("<City>ERIE</City>", "<City>ERIE</City><City>READING</City>"))
    assert "City may stand once" in rules(checked(tmp_path, text))["XML-TWICE"]
    assert "XML-TWICE" not in rules(checked(tmp_path, TEXT))  # Line stands in the column many


def test_a_list_where_one_value_is_meant_refuses_the_shipment(tmp_path):
    text = SHOP.read_text("utf-8").replace('"city": "ERIE"', '"city": ["ERIE", "READING"]')
    result = checked(tmp_path, text, name="m.txt")
    assert result["verdict"] == "reject"
    assert 'Key "city" of to has a list of 2 values' in rules(result)["JSON-DUP-KEY"]


def test_a_total_that_is_not_the_sum_is_told(tmp_path):
    result = checked(tmp_path, changed(("<ParcelCount>2", "<ParcelCount>3")))
    assert rules(result)["XML-TOTAL"] == "ParcelCount says 3, the shipments of this message have 2."
    assert result["verdict"] == "accept_with_warnings"


def test_a_total_in_an_attribute_of_the_root_counts_the_weights(copy, tmp_path):
    rows = "root,namespace,type,unit,totals\nShipmentFeed,urn:acme:parcels:2,ACME_PARCELS,Parcels/Parcel,@pieces=Pieces Header/ParcelCount=#\n"
    (copy / "documents.csv").write_text(rows)
    site = load_site(copy)
    said = rules(checked(tmp_path, changed(('version="2.1"', 'version="2.1" pieces="7"')), site))
    assert said["XML-TOTAL"] == "pieces says 7, the shipments of this message have 2."
    assert "XML-TOTAL" not in rules(checked(tmp_path, changed(('version="2.1"', 'version="2.1" pieces="2"')), site))


def test_a_document_without_shipments_is_told(tmp_path):
    start, end = TEXT.index("<Parcel "), TEXT.rindex("</Parcels>")
    assert "XML-NO-SHIPMENT" in rules(checked(tmp_path, TEXT[:start] + TEXT[end:]))
    empty = json.dumps({**json.loads(SHOP.read_text("utf-8")), "parcels": []})
    assert "XML-NO-SHIPMENT" in rules(checked(tmp_path, empty, name="m.txt"))


def test_a_sender_that_is_not_of_the_account_is_refused_where_the_row_says_where_it_stands(copy, tmp_path):
    (copy / "documents.csv").write_text(
        START.replace("unit\n", "unit,sender,many\n").replace("/Parcel\n", "/Parcel,Header/@from,Line\n")
    )
    site = load_site(copy)
    assert "XML-SENDER" in rules(checked(tmp_path, changed(("<Header>", '<Header from="SOMEBODY">')), site))
    good = checked(tmp_path, changed(("<Header>", '<Header from="ACME">')), site)
    assert good["verdict"] == "accept"


def test_a_version_that_the_row_does_not_name_is_told(copy, tmp_path):
    (copy / "documents.csv").write_text(
        START.replace("unit\n", "unit,version,versions\n").replace("/Parcel\n", "/Parcel,@version,3 4\n")
    )
    assert "version 2.1" in rules(checked(tmp_path, TEXT, load_site(copy)))["XML-VERSION"]


def test_a_partner_who_ignores_namespaces_sends_it_in_any(copy, tmp_path):
    text = changed(("urn:acme:parcels:2", "urn:elsewhere"))
    assert "XML-NS-UNKNOWN" in rules(checked(tmp_path, text, load_site(copy)))
    toml = copy / "partners" / "acme.toml"
    toml.write_text(toml.read_text() + "\n[options]\nignore_namespaces = true\n")
    assert checked(tmp_path, text, load_site(copy))["verdict"] == "accept"


def test_the_memory_is_that_of_a_few_shipments():
    head, _, rest = FEED.read_bytes().partition(b"    <Parcel ")
    item = b"    <Parcel " + rest.partition(b"    <Parcel ")[0]

    def chunks(count: int) -> Iterator[bytes]:
        yield head
        for _ in range(count):
            yield item
        yield b"</Parcels></ShipmentFeed>"

    def peak(count: int) -> int:
        tracemalloc.start()
        units = sum(isinstance(e, Unit) for e in format_module("own").read(chunks(count), PROFILE))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert units == count
        return size

    assert peak(10_000) < peak(500) + 1_500_000  # the offsets of the last 65536 lines among it


WHOLE = """<?xml version="1.0"?><p:Box xmlns:p="urn:box:1" number="BOX000000001"><p:To><p:Name>ROBIN SAMPLE</p:Name></p:To></p:Box>"""


def test_the_whole_document_may_be_the_shipment_and_a_partner_may_let_it_wait(copy, tmp_path):
    (copy / "documents.csv").write_text("root,namespace,type,unit,role\nBox,urn:box:*,BOX,.,part\n")
    shutil.rmtree(copy / "mappings" / "acme_parcels")
    box = copy / "mappings" / "box"
    box.mkdir()
    (box / "map.toml").write_text('id = "box"\nversion = "1"\nformat = "own"\nmessage_type = "BOX"\n')
    (box / "map.csv").write_text(
        "level,target,source\nshipment,(each),Box\nshipment,house_bill_number,./@number\nfinal_deliver_to_party,(first),To\nfinal_deliver_to_party,name,Name\n"
    )
    site = load_site(copy)
    site.check_tables()
    refused = checked(tmp_path, WHOLE, site)
    assert (refused["format"], refused["rejected"]) == ("own_box", ["BOX000000001"])
    toml = copy / "partners" / "acme.toml"
    toml.write_text('join_hours = 24\njoin_on = "house"\n' + toml.read_text())
    assert checked(tmp_path, WHOLE, load_site(copy))["shipments"]["waiting"] == 1


# --- an unknown document says what is missing -------------------------------------------------------------------------


def test_an_unknown_root_names_what_is_missing(tmp_path):
    (said,) = [
        f
        for f in checked(tmp_path, changed(("urn:acme:parcels:2", "urn:acme:parcels:3")))["findings"]
        if f["rule"] == "XML-NS-UNKNOWN"
    ]
    assert "{urn:acme:parcels:3}ShipmentFeed" in said["message"]
    assert "{urn:acme:parcels:2}ShipmentFeed" in said["message"]  # what the site reads stands among what is known
    assert "root ShipmentFeed and namespace urn:acme:parcels:3 in documents.csv of the profile folder" in said["fix"]
    assert "mapping folder" in said["fix"]
    bare = rules(Checker(base_site(), NOW).file(_written(tmp_path, "<Feed><Parcel/></Feed>")))
    assert "Feed" in bare["XML-NS-UNKNOWN"]


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "n.xml"
    path.write_text(text)
    return path


# --- rows that cannot be meant ----------------------------------------------------------------------------------------

ROW = {"root": "ShipmentFeed", "namespace": "urn:acme:parcels:2", "type": "ACME_PARCELS", "unit": "Parcels/Parcel"}
WRONG = [
    ({"root": ""}, "root", "no root", "ShipmentFeed"),
    ({"root": "acme:ShipmentFeed"}, "root", "not the name", "ShipmentFeed; its namespace has a column"),
    ({"root": "{urn:acme}Feed"}, "root", "not the name", "write the local name alone: Feed"),
    ({"root": "html"}, "root", "web page", "take the row out"),
    ({"namespace": 'xmlns="urn:a"'}, "namespace", "no namespace", "alone"),
    ({"namespace": "urn:*:2"}, "namespace", "no namespace", "last character"),
    (
        {"root": "Waybill", "namespace": "iata:waybill:1"},
        "root",
        "the program reads {iata:waybill:1}Waybill already, as XFWB",
        "take the row out",
    ),
    ({"root": "Waybill", "namespace": "*"}, "root", "already, as XFWB", "take the row out"),
    ({"root": "itmatt", "namespace": "urn:gateway:itmatt:7"}, "root", "already, as ITMATT", "take the row out"),
    ({"type": "ACME PARCELS"}, "type", "cannot be the type", "up to 30 letters"),
    ({"root": "Shipment-Feed", "type": ""}, "type", "cannot be the type", "ACME_PARCELS"),
    ({"unit": ""}, "unit", "what a shipment is", "such as Parcel"),
    ({"unit": "/ShipmentFeed/Parcels/Parcel"}, "unit", "begins with the root", "write Parcels/Parcel"),
    ({"unit": "ShipmentFeed/Parcels/Parcel"}, "unit", "begins with the root", "write Parcels/Parcel"),
    ({"unit": "a:Parcels/a:Parcel"}, "unit", "has a prefix", "write local names: Parcels/Parcel"),
    ({"unit": "Parcels/@id"}, "unit", "is an attribute", "write the element: Parcels"),
    ({"unit": "Parcels/Parcel[1]"}, "unit", "is no path", "conditions are not read here"),
    ({"role": "shipments"}, "role", "is no role", "Did you mean shipment?"),
    ({"id": "Header//BatchId"}, "id", "is no path", "Header/BatchId"),
    ({"version": "=2.0"}, "version", "is no path", "Header/@id"),
    ({"versions": "2 3"}, "versions", "is not said", "into the column version"),
    ({"totals": "ParcelCount"}, "totals", "is no total", "PATH=#"),
    ({"totals": "Parcels/Parcel/Count=#"}, "totals", "stands above the shipments", "outside of the unit"),
    ({"many": "Address/Line"}, "many", "is a path", "alone: Line"),
    ({"aside": 'Line["x"]'}, "aside", "is no name", "parted by blanks"),
]


def _table(*rows: dict[str, str]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = (['"' + row.get(c, "").replace('"', '""') + '"' for c in columns] for row in rows)
    return "\n".join([",".join(columns), *map(",".join, cells)]) + "\n"


@pytest.mark.parametrize(("cells", "column", "said", "advice"), WRONG)
def test_a_row_that_cannot_be_meant_stops_the_start_with_its_column(copy, cells, column, said, advice):
    (copy / "documents.csv").write_text(_table({**ROW, **cells}))
    with pytest.raises(MappingError) as caught:
        load_site(copy)
    assert (caught.value.file, caught.value.line, caught.value.column) == ("documents.csv", 2, column)
    assert said in caught.value.message
    assert advice in caught.value.advice
    told = [f for f in check_all(copy) if f["severity"] == "error" and f["column"] == column]
    assert {(f["file"], f["line"], f["code"]) for f in told} == {("documents.csv", 2, "MAP-DOCUMENT")}


@pytest.mark.parametrize(("text", "line", "column", "said"), [
    ("", 1, "", "the table is empty"),
    ("root,namespace\nShipmentFeed,urn:acme:parcels:2\n", 1, "unit", 'column "unit" is missing'),
    ("root,unit,name space\nA,B,C\n", 1, "name space", 'column "name space" is not known'),
    (START + "ShipmentFeed,urn:acme:parcels:2,ACME_PARCELS,Parcels/Parcel\n", 3, "root", "line 2 reads the same root element {urn:acme:parcels:2}ShipmentFeed"),
    (START + "ShipmentFeed,urn:acme:*,ACME_PARCELS,Parcels/Parcel\n", 3, "root", "line 2 reads the same root"),
    (START + "ShipmentFeed,urn:acme:parcels:3,ACME_PARCELS,Parcels/Parcel,more\n", 3, "", "the row has 5 cells, the header 4"),
    (START + "Feed,,OTHER,Parcel\n", 3, "type", "no mapping folder reads OTHER"),
    (START + "ShipmentFeed,urn:acme:parcels:3,ACME_PARCELS,Box\n", 2, "source", "have different units (Box, Parcel)"),
])  # fmt: skip
def test_a_table_that_cannot_be_used_stops_the_start(copy, text, line, column, said):
    (copy / "documents.csv").write_text(text)
    with pytest.raises(MappingError) as caught:
        load_site(copy)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert said in caught.value.message
    assert caught.value.advice


def test_every_fault_is_told_at_once(copy):
    (copy / "documents.csv").write_text("root,unit,role\n,Parcel,x\nA:B,/C,\n")
    assert [(f["line"], f["column"]) for f in check_all(copy) if f["file"] == "documents.csv"] == [
        (2, "type"), (2, "role"), (2, "root"), (3, "type"), (3, "root"), (3, "unit"),
    ]  # fmt: skip


JSON_WRONG = [
    ("keys,type,unit\n,SHOP_PARCELS,parcels\n", "keys", "no keys"),
    ('keys,type,unit\n"""shopRef""",SHOP_PARCELS,parcels\n', "keys", "is no key"),
    ("keys,type,unit\nshopRef,,parcels\n", "type", "no type"),
    ("keys,type,unit\nshopRef,SHOP_PARCELS,\n", "unit", "what a shipment is"),
    ("keys,type,unit\nshopRef,SHOP_PARCELS,data/parcels\n", "unit", "is no key"),
    ("keys,items_with,type,unit\nshopRef,parcelNo,SHOP_PARCELS,.Parcel\n", "items_with", "has no items"),
    ("keys,type,unit,role\nshopRef,SHOP_PARCELS,parcels,parts\n", "role", "is no role"),
    ("keys,type,unit\nshopRef,SHOP_PARCELS,parcels\nshopRef eta,SHOP_PARCELS,parcels\n", "keys", "line 2 reads every object"),
    ("keys,type,unit\nReceptacleId shopRef,SHOP_PARCELS,Item\n", "keys", "the program reads objects with these keys already, as PREDES"),
    ("keys,type,unit\nItemId ContentPiece shop,SHOP_PARCELS,.Parcel\n", "keys", "already, as ITMATT"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "said"), JSON_WRONG)
def test_a_row_of_json_that_cannot_be_meant_stops_the_start(copy, text, column, said):
    (copy / "json_documents.csv").write_text(text)
    with pytest.raises(MappingError) as caught:
        load_site(copy)
    assert (caught.value.file, caught.value.column) == ("json_documents.csv", column)
    assert said in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize("keys", ["tracking_number weight", "trackingNo", "ref poids"])
def test_a_row_of_json_does_not_take_tables_over(copy, keys):
    toml = copy / "partners" / "acme.toml"
    toml.write_text(toml.read_text() + '\n[options.tabular.rename]\n"ref" = "house_bill"\n')
    (copy / "json_documents.csv").write_text(f"keys,type,unit\n{keys},SHOP_PARCELS,.parcels\n")
    with pytest.raises(ConfigError, match="is read as a table"):
        load_site(copy)


def test_json_tables_and_postal_json_are_read_as_before():
    table = (FIXTURES / "csv" / "10_json_orders.json") if (FIXTURES / "csv" / "10_json_orders.json").exists() else None
    for path in filter(
        None, (table, *sorted((FIXTURES / "csv").glob("*.json")), *sorted((FIXTURES / "xml-extra").glob("*.json")))
    ):
        data = path.read_bytes()
        assert drop(data, now=NOW, profile=PROFILE).outcome.format == drop(data, now=NOW).outcome.format, path.name


def test_a_root_of_the_program_beside_a_partner_who_ignores_namespaces_is_refused(copy):
    (copy / "documents.csv").write_text(START.replace("ShipmentFeed", "Waybill"))
    load_site(copy)
    toml = copy / "partners" / "acme.toml"
    toml.write_text(toml.read_text() + "\n[options]\nignore_namespaces = true\n")
    with pytest.raises(ConfigError, match="acme has ignore_namespaces"):
        load_site(copy)


# --- mapping folders that cannot be meant -----------------------------------------------------------------------------

TOML = 'id = "acme_parcels"\nversion = "1"\nformat = "own"\nmessage_type = "ACME_PARCELS"\n'


@pytest.mark.parametrize(("change", "said", "advice"), [
    (("map.toml", None), "has no map.toml", 'message_type = the type of the row'),
    (("map.csv", None), "has no map.csv", "onboard"),
    (("map.toml", "id ="), "acme_parcels/map.toml", "correct the TOML"),
    (("map.toml", TOML.replace('id = "acme_parcels"', 'id = "acme"')), 'the id is "acme"', "the same name"),
    (("map.toml", TOML.replace('"own"', '"x12_309"')), "reads a document of documents.csv", 'format = "own"'),
    (("map.toml", TOML.replace("ACME_PARCELS", "ACME_PARCEL")), "no row of the type ACME_PARCEL", "Did you mean ACME_PARCELS?"),
    (("map.csv", "level,target,source\nshipment,(each),Box\n"), "bound to Box", "shipment,(each),Parcel"),
    (("map.csv", "level,target,source\nshipment,house_bill_number,Id\n"), "bound to nothing", "shipment,(each),Parcel"),
    (("map.csv", "level,target,source\nshipment,(each),Parcel\nshipment,house_bill_number,/ShipmentFeed/Header/BatchId\n"), "names the root", "write /Header/BatchId"),
])  # fmt: skip
def test_a_mapping_folder_that_cannot_be_meant_stops_the_start(copy, change, said, advice):
    name, text = change
    path = copy / "mappings" / "acme_parcels" / name
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(MappingError) as caught:
        load_site(copy)
    assert said in caught.value.message
    assert advice in caught.value.advice
    assert [f for f in check_all(copy) if said in f"{f['file']} {f['message']}"]


def test_a_mapping_folder_does_not_take_a_mapping_of_the_program_over(copy):
    Path(shutil.copytree(copy / "mappings" / "acme_parcels", copy / "mappings" / "x12_309_truck"))
    toml = copy / "mappings" / "x12_309_truck" / "map.toml"
    toml.write_text(TOML.replace('"acme_parcels"', '"x12_309_truck"'))
    with pytest.raises(MappingError, match="a mapping that comes with the program has the id"):
        load_site(copy)


def test_a_code_table_does_not_take_one_of_the_program_over(copy):
    (copy / "mappings" / "codes" / "mode_x12.csv").write_text("code,value\nJ,air\n")
    with pytest.raises(MappingError, match="a code table of the program has this name"):
        load_site(copy)


def test_faults_of_rows_stop_the_start_and_are_told_by_mapping_check(copy):
    table = copy / "mappings" / "acme_parcels" / "map.csv"
    table.write_text(
        table.read_text().replace("package_count", "package_cuont").replace("Weight; .@unit,,kg", "Weight.unit,,kg K")
    )
    with pytest.raises(MappingError, match="package_cuont"):
        load_site(copy).check_tables()
    table.write_text(table.read_text().replace("package_cuont", "package_count"))
    with pytest.raises(MappingError, match='elements are parted by "/"'):
        load_site(copy).check_tables()
    assert "MAP-ROW" in [f["code"] for f in check_all(copy) if f["severity"] == "error"]


def test_a_code_table_that_no_row_names_is_told(copy):
    (copy / "mappings" / "codes" / "spare.csv").write_text("code,value\nA,B\n")
    assert [one.table.name for one in load_site(copy).unread] == ["spare.csv"]
    assert [f["code"] for f in check_all(copy)] == ["MAP-CODE-UNUSED"]


# --- commands ---------------------------------------------------------------------------------------------------------


def test_config_show_names_the_documents():
    shown = json.loads(gateway("config", "show", str(SITE), "--json").stdout)["files"]
    assert shown["documents.csv"] == {
        "{urn:acme:parcels:2}ShipmentFeed": {
            "type": "ACME_PARCELS",
            "unit": "Parcels/Parcel",
            "mapping": "acme_parcels",
        }
    }
    assert shown["json_documents.csv"]["shopRef parcels"]["mapping"] == "shop_parcels"


def test_trace_cover_show_and_check_know_the_documents():
    traced = gateway("mapping", "trace", str(FEED), "--profile", str(SITE), "--field", "gross_weight_kg")
    assert 'bytes 757+5 "1.250"  acme_parcels/map.csv:11' in traced.stdout.replace("\n", "")
    cover = json.loads(gateway("mapping", "cover", str(FEED), "--profile", str(SITE), "--json").stdout)
    assert (cover["mapping"], cover["units"]) == ("acme_parcels", 2)
    assert (
        "shipment_initiator,(first),Shipper"
        in gateway("mapping", "show", "acme_parcels", "--profile", str(SITE)).stdout
    )
    checked_ = gateway("check", str(FEED), str(SHOP), "--profile", str(SITE), "--as-of", "2025-01-14T10:00:00Z")
    assert checked_.returncode == 0
    assert "2 accepted" in checked_.stdout


def test_a_table_goes_to_excel_and_back(copy, tmp_path):
    book, table = tmp_path / "a.xlsx", copy / "mappings" / "acme_parcels" / "map.csv"
    said = gateway("mapping", "export", "acme_parcels", "-o", str(book), "--profile", str(copy)).stdout
    assert f"-o {table}" in said.replace("\n", "")
    back = tmp_path / "back.csv"
    gateway("mapping", "import", str(book), "-o", str(back))
    assert back.read_bytes() == table.read_bytes()
    own = copy / "partners" / "acme" / "acme_parcels.csv"
    own.parent.mkdir()
    said = gateway(
        "mapping", "import", str(book), "--over", "acme_parcels", "-o", str(own), "--profile", str(copy)
    ).stdout
    assert "0 rows differ from acme_parcels" in said


def test_diff_tries_a_changed_mapping_folder_and_a_partners_rows(copy, tmp_path):
    new = tmp_path / "new"
    shutil.copytree(copy / "mappings", new)
    table = new / "acme_parcels" / "map.csv"
    table.write_text(
        table.read_text()
        .replace("shipment,package_count,Pieces,,count", "shipment,package_count,,,,9")
        .replace(",packages {value} not usable,1 => 1", ",,")
    )
    words = ("mapping", "diff", "--profile", str(copy), "--as-of", "2025-01-14T10:00:00Z", "--json", str(FEED), "--new")
    result = json.loads(gateway(*words, str(new)).stdout)
    assert (result["counts"]["changed"], [f["field"] for f in result["fields"]]) == (2, ["/package_count"])
    rows = tmp_path / "rows"
    rows.mkdir()
    (rows / "acme_parcels.csv").write_text(table.read_text().splitlines()[0] + "\nshipment,package_count,,,,8,,,,\n")
    result = json.loads(gateway(*words, str(rows)).stdout)
    assert result["counts"]["changed"] == 2


def test_mapping_test_writes_the_examples_of_the_site(copy):
    table = copy / "mappings" / "acme_parcels" / "map.csv"
    table.write_text(
        table.read_text().replace(
            "shipment,package_count,Pieces,,count,,,,packages {value} not usable,1 => 1",
            "shipment,package_count,,,,3,,,,",
        )
    )
    said = gateway("mapping", "test", "acme_parcels", "--profile", str(copy))
    assert said.returncode == 1
    assert "FAILED" in said.stdout
    assert gateway("mapping", "test", "acme_parcels", "--profile", str(copy), "--update").returncode == 0
    assert gateway("mapping", "test", "acme_parcels", "--profile", str(copy)).returncode == 0


def test_a_party_that_another_role_has_is_not_told_again_in_parcels_that_look_like_those_before(
    copy, tmp_path, monkeypatch
):
    monkeypatch.setattr("gateway.formats.xml.runs._families", {})
    monkeypatch.setattr("gateway.formats.xml.layouts._OFTEN", 1)
    monkeypatch.setattr("gateway.mapping.forms._OFTEN", 1)
    rows = "seller,(first),Seller,,,,,,,\nseller,(first),Shipper,,,,,,,\nseller,name,Name,,collapse,,,,,\n"
    table = copy / "mappings" / "acme_parcels" / "map.csv"
    table.write_text(table.read_text("utf-8") + rows, "utf-8")
    head, parcel, tail = re.split(r"(\s*<Parcel .*?</Parcel>)", TEXT, maxsplit=1, flags=re.S)
    parcel = parcel.replace("</Shipper>", "</Shipper><Seller><Name>ACME SHOP</Name></Seller>")
    many = "".join(parcel.replace("ACME000000001", f"ACME00000000{number}") for number in range(1, 7))
    result = checked(tmp_path, f"{head}{many}{tail[tail.index('</Parcels>') :]}", load_site(copy))
    assert result["shipments"]["found"] == 6
    assert "MAP-FIRST-TAKEN" not in rules(result)
