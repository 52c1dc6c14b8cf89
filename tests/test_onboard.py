"""Onboarding: what samples tell is drafted with a confidence; what they do not tell is asked; nothing live is touched."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from gateway.check import parse_instant
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
