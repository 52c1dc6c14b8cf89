"""Onboarding: what samples tell is drafted with a confidence; what they do not tell is asked; nothing live is touched."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from gateway.check import Checker, parse_instant
from gateway.commands.mapping import check_all
from gateway.commands.onboard import onboard
from gateway.errors import ConfigError
from gateway.site import load_site
from tests.drops import FIXTURES

NOW = parse_instant("2025-02-28T10:00:00Z")
STRANGE = (
    "Parcel Ref;Receiver Full Name;Deliver Street;Deliver Town;Deliver ZIP;Ctry;Contents of parcel;Customs Tariff No;Made-In;Amount;Curr.;"
    "Gross Wt kg;Mail address;Batch\n"
    "GWP0000001;Jordan Example;12 Sample Ln;Holtsville;00501;US;Cotton T-shirt knitted;6109100012;VN;24,90;EUR;0,450;a@example.com;7\n"
    "GWP0000002;Riley Sample;9 Mock St;Chicago;60601;US;Steel water bottle;7323930080;CN;1.018,50;EUR;0,800;b@example.com;7\n"
)


def write(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def found(result: dict) -> dict[str, tuple[str, float]]:
    return {f["field"]: (f["where"], f["confidence"]) for f in result["fields"]}


def test_names_that_nobody_knows_are_matched_by_name_and_cells(tmp_path):
    result = onboard([write(tmp_path, "parcels.csv", STRANGE.encode("cp1252"))], "strange", tmp_path / "site", NOW)
    fields = found(result)
    wanted = {
        "consignee_name": "Receiver Full Name", "consignee_zip": "Deliver ZIP", "hts": "Customs Tariff No", "currency": "Curr.",
        "weight_kg": "Gross Wt kg", "origin": "Made-In",
    }  # fmt: skip
    assert {k: fields.get(k, ("",))[0] for k in wanted} == wanted
    assert all(0.5 <= fields[k][1] < 0.98 for k in wanted if k != "origin")
    assert {"consignee_email", "item_description", "consignee_city", "consignee_country"} <= set(fields)
    asked = " ".join(result["questions"])
    assert '"Batch"' in asked
    assert "By which mode" in asked
    assert "Jordan" not in json.dumps(result) + (tmp_path / "site/partners/strange/onboard.md").read_text()
    partner = load_site(tmp_path / "site").partners["strange"]
    tabular = partner.profile.options["tabular"]
    assert (tabular["delimiter"], tabular["decimal"]) == ("semicolon", "comma")
    assert tabular["rename"]["Receiver Full Name"] == "consignee_name"


@pytest.mark.parametrize(("day", "order"), [("13/02/2025", "dmy"), ("02/13/2025", "mdy"), ("03/02/2025", None)])
def test_the_order_of_day_and_month_is_told_or_asked_never_guessed(tmp_path, day, order):
    table = f"hawb,consignee_name,description,value,currency,arrival_date\nGW1,A B,Cup,5.00,USD,{day}\n"
    result = onboard([write(tmp_path, "t.csv", table.encode())], "p", tmp_path / "site", NOW)
    tabular = load_site(tmp_path / "site").partners["p"].profile.options.get("tabular", {})
    assert tabular.get("date_order") == order
    assert any("day/month or month/day" in q for q in result["questions"]) is (order is None)


def test_a_workbook_and_json_are_read_too(tmp_path):
    book = Workbook()
    book.active.append(["HAWB", "Consignee Name", "Description", "Value", "Currency", "Weight (kg)"])
    book.active.append(["GWX1", "A B", "Cup", 5.5, "USD", 0.4])
    data = io.BytesIO()
    book.save(data)
    sheet = found(onboard([write(tmp_path, "b.xlsx", data.getvalue())], "xl", tmp_path / "site", NOW))
    text = json.dumps(
        [{"hawb": "GWJ1", "consignee": {"name": "A B"}, "description": "Cup", "value": 5, "currency": "USD"}]
    )
    keys = found(onboard([write(tmp_path, "b.json", text.encode())], "js", tmp_path / "site", NOW))
    assert {"house_bill", "consignee_name", "weight_kg"} <= set(sheet)
    assert keys["consignee_name"][0] == "consignee.name"
    line = text[1:-1]
    damaged = f"{line}\n{line[:30]}\n{line}\n".encode()
    keys = found(onboard([write(tmp_path, "b.jsonl", damaged)], "jl", tmp_path / "site", NOW))
    assert keys["consignee_name"][0] == "consignee.name"


@pytest.mark.parametrize(
    ("sample", "sender", "mapping"),
    [
        ("x12/08_309_rail_4040.edi", '"RAYL"', "x12_309_ocean_rail"), ("edifact/01_cuscar_d03a_air_2hawb.edi", '"GWSENDER"', "edifact_cuscar"),
        ("xml/03_xfzb_clean_v3.xml", "TDVAGT03GWSENDER/HKG1", "cargo_xml_xfzb"), ("cargoimp/03_fhl4_single_full.txt", "", "cargo_imp_fhl"),
    ],
)  # fmt: skip
def test_messages_tell_their_sender_version_and_what_the_base_table_reads(tmp_path, sample, sender, mapping):
    matches = list((FIXTURES / sample).parent.glob(Path(sample).name[:5] + "*"))
    result = onboard(matches[:1], "new", tmp_path / "site", NOW)
    assert any(name == "base table" and value.startswith(mapping) for name, value in result["facts"])
    assert sender in (tmp_path / "site" / "partners" / "new.toml").read_text()
    assert found(result)["final_deliver_to_party.name"][1] > 0.9
    assert load_site(tmp_path / "site").partners["new"].profile.senders


def test_a_live_partner_is_never_overwritten_and_bad_use_is_told(tmp_path):
    path = FIXTURES / "csv" / "01_clean_utf8.csv"
    onboard([path], "acme", tmp_path / "site", NOW)
    before = (tmp_path / "site" / "partners" / "acme.toml").read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        onboard([path], "acme", tmp_path / "site", NOW)
    assert (tmp_path / "site" / "partners" / "acme.toml").read_bytes() == before
    with pytest.raises(ConfigError, match="two formats"):
        onboard([path, FIXTURES / "x12" / "08_309_rail_4040.edi"], "two", tmp_path / "site", NOW)
    with pytest.raises(ConfigError, match="letters, digits"):
        onboard([path], "../x", tmp_path / "site", NOW)
    with pytest.raises(ConfigError, match="is not there"):
        onboard([tmp_path / "none"], "none", tmp_path / "site", NOW)


@pytest.mark.parametrize(
    ("name", "code"), [("acme_de", "ACMEDE"), ("northern_star_east_coast", "NORTHERNSTAREAS"), ("a1", "A1")]
)
def test_any_name_of_a_partner_gives_a_code_that_can_be_used(tmp_path, name, code):
    onboard([FIXTURES / "csv" / "01_clean_utf8.csv"], name, tmp_path / "site", NOW)
    assert load_site(tmp_path / "site").partners[name].profile.originator_code == code


def test_what_is_broken_in_the_profile_folder_is_told_before_anything_is_written(tmp_path):
    path, partners = FIXTURES / "csv" / "01_clean_utf8.csv", tmp_path / "site" / "partners"
    onboard([path], "one", tmp_path / "site", NOW)
    (partners / "one.toml").write_text("senders = = 1")
    with pytest.raises(ConfigError, match=r"one\.toml"):
        onboard([path], "two", tmp_path / "site", NOW)
    assert sorted(place.name for place in partners.iterdir()) == ["one", "one.toml"]


POLISH = (
    "Nadawca;Odbiorca;Adres;Kraj;Numer listu;Opis\nFABRYKA PROBNA;JORDAN EXAMPLE;12 SAMPLE LN;US;PL00000001;Koszula\n"
)
SPANISH = (
    "Pedido;Remitente;Dirección remitente;Ciudad remitente;País remitente;Destinatario;Dirección;Ciudad;Estado;CP;País;Peso (kg);"
    "Descripción;Valor total;Moneda;Origen;Partida\n"
    "P-1;TALLER SA;Calle 5;MONTERREY;MX;JORDAN EXAMPLE;12 SAMPLE LN;HOLTSVILLE;NY;00501;US;1,25;Camisa de algodón;31,98;USD;MX;6109100012\n"
)


def test_a_header_of_names_that_nobody_knows_is_still_the_header_and_nothing_is_guessed_from_cells_alone(tmp_path):
    result = onboard([write(tmp_path, "pl.csv", POLISH.encode())], "pol", tmp_path / "site", NOW)
    assert "consignee_name" not in found(result)
    profile = load_site(tmp_path / "site").partners["pol"].profile
    assert profile.options["tabular"]["header_row"] == 1
    assert any("CSV-MISSING-COLUMN" in q for q in result["questions"])
    assert not any("CSV-HEADER " in q for q in result["questions"])


def test_spanish_names_are_known_and_the_sender_is_not_the_consignee(tmp_path):
    fields = found(onboard([write(tmp_path, "es.csv", SPANISH.encode())], "es", tmp_path / "site", NOW))
    wanted = {
        "shipper_name": "Remitente",
        "consignee_name": "Destinatario",
        "hts": "Partida",
        "item_value": "Valor total",
    }
    assert {k: fields[k][0] for k in wanted} == wanted


@pytest.mark.parametrize(
    "header",
    [
        "Sendungsnr;Empfänger;Straße;PLZ;Ort;Bundesland;Land;Telefon;Warenbezeichnung;Zolltarifnr;Ursprung;Menge;Stückpreis;Warenwert;Währung;Gewicht kg;Ankunft",
        "运单号;收件人;收件地址;邮编;城市;州;国家;电话;品名;海关编码;原产国;数量;单价;总价;币种;重量（kg）;到达日期",
    ],
    ids=["German", "Chinese"],
)
def test_german_and_chinese_names_are_known(tmp_path, header):
    row = (
        "X1;Anna M;12 Oak St;02116;Boston;MA;US;+1 617 555 0101;Shirt;6109100012;CN;2;12,50;25,00;USD;0,450;2025-03-01"
    )
    fields = found(onboard([write(tmp_path, "t.csv", f"{header}\n{row}\n".encode())], "p", tmp_path / "site", NOW))
    wanted = [
        "tracking_number",
        "consignee_name",
        "consignee_address1",
        "consignee_zip",
        "consignee_city",
        "consignee_state",
        "consignee_country",
        "consignee_phone",
        "item_description",
        "hts",
        "origin",
        "quantity",
        "unit_value",
        "item_value",
        "currency",
        "weight_kg",
        "arrival_date",
    ]
    assert {name: fields[name][0] for name in wanted} == dict(zip(wanted, header.split(";"), strict=True))


def test_several_samples_are_counted_together_and_a_question_says_where_and_how_many(tmp_path):
    data = (FIXTURES / "x12" / "01_309_truck_5020_s321.edi").read_bytes().replace(b"*1.2*K*", b"*1.2*KG*")
    samples = [write(tmp_path, f"{n}.edi", data.replace(b"0000001", b"000000%d" % n)) for n in (1, 2)]
    result = onboard(samples, "p", tmp_path / "site", NOW)
    asked = [q for q in result["questions"] if "X12-LEN-LONG" in q]
    assert len(asked) == 1
    assert asked[0].startswith("X12-LEN-LONG (M11-06) refuses 4 of the samples' shipments: M11-06: ")
    assert '[severities] X12-LEN-LONG = "warning"' in asked[0]
    assert ["base table", "x12_309_truck: 4 shipments"] in result["facts"]
    assert len([q for q in result["questions"] if "N10-12" in q]) == 1


def test_a_row_whose_transform_leaves_nothing_gave_no_value(tmp_path):
    data = (FIXTURES / "x12" / "01_309_truck_5020_s321.edi").read_bytes()
    data = data.replace(b"N4*COLUMBUS*OH*43004*US~\n", b"N4*COLUMBUS*OH*43004*US~\nPER*IC**TE*16145550134~\n")
    data = data.replace(b"SE*28*", b"SE*29*")
    fields = found(onboard([write(tmp_path, "a.edi", data)], "p", tmp_path / "site", NOW))
    assert "final_deliver_to_party.phone" in fields
    assert "final_deliver_to_party.email" not in fields


BILINGUAL = [
    ["深圳 SAMPLE 清单"], ["主单号 MAWB: 999-12345675"],
    ["序号", "运单号", "订单号", "收件人信息"],
    ["No.", "Tracking No 运单号", "Order No 订单号", "Consignee 收件人", "Consignee City 城市", "Zip 邮编", "Description 英文品名", "Qty 数量", "Unit Price 单价", "Weight 重量"],
    ["1", "YT1", "AE1", "EMILY EXAMPLE", "San Jose", "95112", "Phone case", "2 pcs", "USD 12.50", "0.5KG"],
    ["2", "YT2", "AE2", "PAT EXAMPLE", "Boston", "02116", "Desk lamp", "1 pc", "US$ 1,018.00", "350g"],
]  # fmt: skip


def test_headings_in_two_languages_under_a_row_of_groups_and_values_with_their_unit(tmp_path):
    book = Workbook()
    for row in BILINGUAL:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    result = onboard([write(tmp_path, "b.xlsx", data.getvalue())], "sz", tmp_path / "site", NOW)
    fields = found(result)
    wanted = {
        "tracking_number": "Tracking No 运单号", "order_number": "Order No 订单号", "consignee_name": "Consignee 收件人",
        "consignee_city": "Consignee City 城市", "consignee_zip": "Zip 邮编", "item_description": "Description 英文品名",
        "quantity": "Qty 数量", "unit_value": "Unit Price 单价", "weight": "Weight 重量",
    }  # fmt: skip
    assert {k: fields[k] for k in wanted} == {k: (v, 0.98) for k, v in wanted.items()}
    tabular = load_site(tmp_path / "site").partners["sz"].profile.options["tabular"]
    assert (tabular["header_row"], [rule["column"] for rule in tabular["split"]]) == (4, ["Qty 数量", "Unit Price 单价", "Weight 重量"])  # fmt: skip
    messages = gather_of(tmp_path, "b.xlsx", "sz")
    items = [
        (s["gross_weight_kg"], s["items"][0]["quantity"], s["items"][0]["unit_value"]) for m in messages for s in m
    ]
    assert items == [("0.500", "2", {"amount": "12.50", "currency": "USD"}), ("0.350", "1", {"amount": "1018.00", "currency": "USD"})]  # fmt: skip


def gather_of(tmp_path: Path, name: str, partner: str) -> list[list[dict]]:
    """Return the shipments of a file when nothing that is needed is asked for."""
    toml = tmp_path / "site" / "partners" / f"{partner}.toml"
    text = toml.read_text("utf-8").replace("[options.tabular.values]", "[options.tabular.values]\n" + VALUES)
    rules = ("S321-REGIME", "S321-VAL-800", "S321-SCAN-AIR", "S321-ADDR-STATE")
    text += "\n[severities]\n" + "\n".join(f'{rule} = "off"' for rule in rules) + "\n"
    text += "[constants]\nknown_carrier_customer_flag = true\n[constants.security_scan]\nperformed = true\n"
    toml.write_text(text, "utf-8")
    checker = Checker(load_site(tmp_path / "site").only(partner), NOW)
    return [message["shipments"] for message in checker.file(tmp_path / name)["messages"]]


VALUES = """shipper_name = "SZ CO"
shipper_address1 = "1 Road"
shipper_city = "SHENZHEN"
shipper_country = "CN"
consignee_address1 = "12 Sample Ln"
consignee_state = "CA"
consignee_country = "US"
origin = "VN"
"""


def test_a_guess_that_could_put_another_value_into_a_field_is_written_and_not_in_force(tmp_path):
    orders = "Order ID,Ship Name,Lineitem name,Lineitem quantity,Lineitem price,Currency,Total,Id,Notes,Tags\n1,A B,Cup,2,5.00,USD,19.00,5501234567890,x,\n2,A C,Cup,2,5.00,USD,19.00,5501234567891,y,\n"
    result = onboard([write(tmp_path, "o.csv", orders.encode())], "orders", tmp_path / "site", NOW)
    text = (tmp_path / "site/partners/orders.toml").read_text("utf-8")
    tabular = load_site(tmp_path / "site").partners["orders"].profile.options["tabular"]
    assert "item_value" not in tabular.get("rename", {}).values()
    assert '# "Total" = "item_value"   # confidence 0.62: a guess' in text
    asked = [q for q in result["questions"] if "nothing reads" in q]
    assert asked == [
        'A column that nothing reads: "Notes" (A). Is one needed? Then rename says what it means.',
        'Columns that nothing reads and that are empty here: "Tags".',
    ]


def test_the_value_of_a_line_and_of_a_piece_are_not_taken_for_each_other(tmp_path):
    lines = [{"ref": {"tracking": f"T100{n}"}, "to": {"name": "A B"}, "lines": [{"title": "Cup", "qty": 2, "price": {"amount": 5, "currency": "USD"}}]} for n in range(2)]  # fmt: skip
    result = onboard([write(tmp_path, "p.json", json.dumps({"parcels": lines}).encode())], "js", tmp_path / "site", NOW)
    fields = found(result)
    assert (fields["tracking_number"][0], fields["item_description"][0]) == ("ref.tracking", "title")
    assert any('Is "price.amount" the value of the line (item_value) or of one piece' in q for q in result["questions"])
    tabular = load_site(tmp_path / "site").partners["js"].profile.options["tabular"]
    assert tabular["rename"] == {"ref.tracking": "tracking_number", "title": "item_description", "price.currency": "currency"}  # fmt: skip


def test_a_sample_of_fixed_widths_is_told_as_such(tmp_path):
    line = "1Z999AA10123456784DANA EXAMPLE             55 SAMPLE PKWY 000004599USD\r\n"
    with pytest.raises(ConfigError) as told:
        onboard([write(tmp_path, "ws.dat", (line * 3).encode())], "ws", tmp_path / "site", NOW)
    assert 'format = "tabular"' in told.value.advice


FEED = FIXTURES / "profiles" / "own" / "mappings" / "acme_parcels" / "examples" / "feed.xml"
ONE = """<shipments batch="7"><sender><name>ACME TOYS LTD</name><street>12 INVENTED ROAD</street><city>TORONTO</city><state>ON</state><country>CA</country></sender>
<shipment><number>ACME000000001</number><weightKg>1.2</weightKg><to><name>ROBIN SAMPLE</name><address1>3310 LAKEVIEW DR</address1><city>ERIE</city><state>PA</state>
<zip>16501</zip><country>US</country></to><currency>USD</currency><goods><line><no>1</no><desc>WOODEN TOY</desc><price>5.00</price><qty>2</qty><madein>CA</madein></line>
<line><no>2</no><desc>WOOL HAT</desc><price>6.00</price><qty>1</qty><madein>CN</madein></line></goods></shipment></shipments>"""


def table_of(folder: Path) -> list[str]:
    return (folder / "map.csv").read_text("utf-8").splitlines()


def test_an_xml_that_nobody_reads_gets_its_row_and_a_mapping_folder(tmp_path):
    folder = tmp_path / "site"
    result = onboard([FEED], "acme", folder, NOW)
    assert (folder / "documents.csv").read_text("utf-8").splitlines() == [
        "root,namespace,type,unit,id,version,totals,many,aside",
        "ShipmentFeed,urn:acme:parcels:2,ACME_SHIPMENT_FEED,Parcels/Parcel,Header/BatchId,@version,Header/ParcelCount=#,Line,LineNo",
    ]
    own = folder / "mappings" / "acme_shipment_feed"
    rows = table_of(own)
    assert "shipment,(each),Parcel,,,,,,," in rows
    assert any(row.startswith("shipment,gross_weight_kg,Weight; .@unit,,kg,") for row in rows)
    assert any(row.startswith("shipment_initiator,(first),Shipper,") for row in rows)
    assert any(row.startswith("final_deliver_to_party,address_line_2,Address/Line/@rest,") for row in rows)
    assert [row for row in rows if row.startswith("#")] == [
        "# shipment,carrier_code,/Header/Transport,,upper,,,,,xx => XX", "# shipment,mode_of_transportation,,,,truck,,,,",
    ]  # fmt: skip
    assert {f"{folder}/documents.csv", f"{own}/map.toml", f"{own}/map.csv"} <= set(result["written"])
    assert any("Header/BatchId the number of the file" in question for question in result["questions"])
    assert check_all(folder) == []
    assert "ROBIN" not in json.dumps(result)


def test_the_questions_of_an_xml_answered_its_files_are_read(tmp_path):
    folder = tmp_path / "site"
    onboard([FEED], "acme", folder, NOW)
    table = folder / "mappings" / "acme_shipment_feed" / "map.csv"
    table.write_text(table.read_text("utf-8").replace("# shipment,mode", "shipment,mode"), "utf-8")
    toml = folder / "partners" / "acme.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[constants]\nknown_carrier_customer_flag = true\n", "utf-8")
    result = Checker(load_site(folder).only("acme"), parse_instant("2025-01-14T10:00:00Z")).file(FEED)
    assert (result["verdict"], result["shipments"]["accepted"]) == ("accept", 2)
    (message,) = result["messages"]
    expected = json.loads(FEED.with_suffix(".json").read_text("utf-8"))[0]
    for ours, theirs in zip(message["shipments"], expected["shipments"], strict=True):
        told = {
            name: value for name, value in theirs.items() if name not in ("security_scan", "final_deliver_to_party")
        }
        assert {name: ours[name] for name in told} == told


def test_what_the_names_do_not_tell_is_a_guess_that_is_not_in_force(tmp_path):
    folder = tmp_path / "site"
    result = onboard([write(tmp_path, "one.xml", ONE.encode())], "bob", folder, NOW)
    assert (folder / "documents.csv").read_text("utf-8").splitlines()[1] == "shipments,BOB_SHIPMENTS,shipment,no"
    rows = table_of(folder / "mappings" / "bob_shipments")
    guesses = [row for row in rows if row.startswith("# ")]
    assert any("number,,identifier" in row for row in guesses)
    assert "item,(each),goods/line,,,,,,," in rows
    assert any(row.startswith("item,total_value.currency,../../currency,") for row in rows)
    assert any(row.startswith("shipment_initiator,(first),/sender,") for row in rows)
    assert any("Is shipment one shipment?" in question for question in result["questions"])
    assert check_all(folder) == []


def test_a_day_of_arrival_without_a_port_is_the_same_day_in_every_port(tmp_path):
    sample = write(tmp_path, "feed.xml", ONE.replace('batch="7"', 'batch="7" arrivalDate="2025-03-04"').encode())
    onboard([sample], "acme", tmp_path / "site", NOW)
    (folder,) = (tmp_path / "site" / "mappings").glob("acme_*")
    (row,) = (line for line in table_of(folder) if "estimated_arrival_at" in line)
    assert "port_iso" in row
    assert "2025-03-04 => 2025-03-04T12:00:00Z" in row


def test_a_second_document_is_a_second_row(tmp_path):
    folder = tmp_path / "site"
    onboard([write(tmp_path, "one.xml", ONE.encode())], "bob", folder, NOW)
    text = (folder / "documents.csv").read_text("utf-8")
    (folder / "documents.csv").write_text("# by hand\n" + text, "utf-8")
    onboard([FEED], "acme", folder, NOW)
    lines = (folder / "documents.csv").read_text("utf-8").splitlines()
    assert (lines[0], lines[2]) == ("# by hand", text.splitlines()[1])
    assert [kind.root for kind in load_site(folder).own.documents.xml] == ["shipments", "ShipmentFeed"]


def test_a_document_that_the_site_reads_is_onboarded_as_a_message(tmp_path):
    folder = tmp_path / "site"
    onboard([FEED], "acme", folder, NOW)
    before = (folder / "documents.csv").read_text("utf-8")
    result = onboard([FEED], "acme2", folder, NOW)
    assert ["base table", "acme_shipment_feed: 2 shipments"] in result["facts"]
    assert (folder / "documents.csv").read_text("utf-8") == before


@pytest.mark.parametrize(("samples", "said"), [
    ((FEED.read_bytes(), ONE.encode()), "several documents"),
    ((b'<!DOCTYPE a [<!ENTITY b "c">]><a><b id="1"/></a>',), "DOCTYPE"),
    ((ONE.encode()[:-9],), "cannot be read"),
])  # fmt: skip
def test_xml_samples_that_cannot_be_drafted_are_told_and_nothing_is_written(tmp_path, samples, said):
    paths = [write(tmp_path, f"{number}.xml", data) for number, data in enumerate(samples)]
    with pytest.raises(ConfigError, match=said):
        onboard(paths, "bob", tmp_path / "site", NOW)
    assert not (tmp_path / "site").exists()


def test_an_xml_with_a_mark_at_its_start_is_no_fault(tmp_path):
    marked = write(tmp_path, "a.xml", b"\xef\xbb\xbf" + ONE.encode())
    onboard([marked], "bob", tmp_path / "site", NOW)
    assert (tmp_path / "site" / "mappings" / "bob_shipments").is_dir()


def drafted(tmp_path: Path, table: str | bytes, name: str = "t.csv") -> tuple[dict[str, str], str, str]:
    """Return what is renamed in force, the partner file, and all questions in one text."""
    data = table.encode() if isinstance(table, str) else table
    result = onboard([write(tmp_path, name, data)], "p", tmp_path / "site", NOW)
    tabular = load_site(tmp_path / "site").partners["p"].profile.options.get("tabular", {})
    return (
        tabular.get("rename", {}),
        (tmp_path / "site/partners/p.toml").read_text("utf-8"),
        " ".join(result["questions"]),
    )


@pytest.mark.parametrize(
    ("value", "weight", "mark", "hint"),
    [
        ("1,250", "1,250", None, 'decimal = "point"'), ("USD 1,250", "2", None, 'decimal = "point"'), ("5.00", "1,250", None, 'decimal = "point"'),
        ("24,90", "1,250", "comma", ""), ("24", "0,450", "comma", ""), ("1.018,50", "2", "comma", ""), ("1,018.50", "0.450", None, ""),
        ("1.250", "2", None, 'decimal = "comma"'), ("24.90", "1.250", None, ""),
    ],
)  # fmt: skip
def test_a_comma_that_may_part_thousands_is_a_question(tmp_path, value, weight, mark, hint):
    head = "hawb;consignee_name;description;value;currency;weight_kg\n"
    _, text, asked = drafted(tmp_path, f"{head}GW1;A B;Cup;{value};USD;{weight}\n")
    tabular = load_site(tmp_path / "site").partners["p"].profile.options["tabular"]
    assert tabular.get("decimal") == mark
    assert [line.partition("   #")[0] for line in text.splitlines() if line.startswith("# decimal")] == [
        f"# {hint}"
    ] * bool(hint)
    assert ("part thousands" in asked) is bool(hint)


ORDERS = "Order ID,Buyer Name,Buyer City,Buyer Zip,{}Item Name,Item Quantity,Item Weight (kg),Item Customs Value,Total Price,Currency,Country\n1,A B,Boise,83702,{}Cup,2,0.2,9.99,24.98,USD,US\n"


def test_a_guess_about_goods_of_who_paid_or_of_an_amount_is_not_in_force(tmp_path):
    ship = "Deliver Name,Deliver City,Deliver Zip,", "Casey Sample,Portland,97201,"
    renamed, text, asked = drafted(tmp_path, ORDERS.format(*ship))
    assert not {"weight_kg", "weight", "item_value", "unit_value"} & set(renamed.values())
    assert not {"Buyer City", "Buyer Zip"} & set(renamed)
    assert (renamed["Deliver City"], renamed["Deliver Zip"]) == ("consignee_city", "consignee_zip")
    assert '# "Total Price" = ' in text
    assert 'Is "Total Price" the value of the line (item_value) or of one piece (unit_value)' in asked
    assert "Item Weight (kg)" in asked


def test_who_paid_is_who_receives_where_nobody_else_is_named(tmp_path):
    renamed, text, _ = drafted(tmp_path, ORDERS.format("", ""))
    assert renamed.get("Buyer City") == "consignee_city" or '# "Buyer City" = "consignee_city"' in text


def test_ship_to_is_the_consignee_and_no_party_is_taken_for_another(tmp_path):
    head = "Order No,Ship To Name,Ship To City,Ship To State,Ship From Town,Vendor Country,Item Name,Value,Currency\n"
    fields = found(
        onboard(
            [write(tmp_path, "t.csv", (head + "1,A B,Portland,OR,Hanoi,VN,Cup,5.00,USD\n").encode())],
            "p",
            tmp_path / "site",
            NOW,
        )
    )
    assert (fields["consignee_city"][0], fields["consignee_state"][0], fields["shipper_city"][0]) == (
        "Ship To City",
        "Ship To State",
        "Ship From Town",
    )
    assert "Vendor Country" not in {
        fields[name][0] for name in ("consignee_country", "shipper_country") if name in fields
    }


def test_two_columns_that_compete_are_both_a_question(tmp_path):
    head = "Order No,Recipient,Item Name,Value,Currency,Wt in Kgs,Kgs Wt\n"
    renamed, text, asked = drafted(tmp_path, head + "1,A B,Cup,5.00,USD,0.4,0.5\n")
    assert "weight_kg" not in renamed.values()
    assert [f'# "{name}" = "weight_kg"' in text for name in ("Wt in Kgs", "Kgs Wt")] == [True, True]
    assert 'Columns "Wt in Kgs" and "Kgs Wt" may all mean weight_kg' in asked


def test_names_that_another_column_settles_or_that_nobody_knows_for_sure(tmp_path):
    head = "order-id,recipient-name,product-name,quantity-purchased,item-price,currency\n1,A B,Cup,3,30.00,USD\n"
    fields = found(onboard([write(tmp_path, "a.csv", head.encode())], "a", tmp_path / "site", NOW))
    assert fields["item_value"] == ("item-price", 0.98)
    renamed, text, asked = drafted(tmp_path, head.replace("quantity-purchased", "quantity"))
    assert renamed == {}
    assert '# "item-price" = "unit_value"' in text
    assert 'Is "item-price" the value of the line' in asked


def test_a_currency_that_only_the_first_row_of_an_order_has_is_asked_for(tmp_path):
    head = "order no,recipient,description,quantity,price,currency,country\n"
    _, text, asked = drafted(tmp_path, head + "1,A B,Cup,1,5.00,USD,US\n1,,Mug,1,6.00,,\n2,A C,Cup,1,5.00,USD,US\n")
    assert '# fill_down = ["currency"]   # an empty cell' in text
    assert "Only the first row of a shipment has currency." in asked
    (tmp_path / "b").mkdir()
    _, text, _ = drafted(tmp_path / "b", head + "1,A B,Cup,1,5.00,USD,US\n1,,Mug,1,6.00,USD,\n")
    assert "fill_down" not in text


def test_the_sheet_that_the_gateway_reads_is_the_one_that_is_looked_at(tmp_path):
    book = Workbook()
    book.active.append(["How to fill in", "this", "workbook"])
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("Parcels")
    sheet.append(["HAWB", "Consignee Name", "Description", "Value", "Currency"])
    sheet.append(["GWX1", "A B", "Cup", 5.5, "USD"])
    book.active = 1
    data = io.BytesIO()
    book.save(data)
    streamed = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(streamed, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb"<dimension [^>]*/>", b'<dimension ref="A1"/>', old.read(name)))
    fields = found(onboard([write(tmp_path, "b.xlsx", streamed.getvalue())], "xl", tmp_path / "site", NOW))
    assert {name: fields[name][0] for name in ("house_bill", "item_value")} == {
        "house_bill": "HAWB",
        "item_value": "Value",
    }
