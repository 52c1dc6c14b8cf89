"""Amend and cancel in every format: the canonical purpose is right, and the original is found or said not to be known."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.cancelling import is_absent, tell
from gateway.canonical.validate import validate_message
from gateway.check import parse_instant
from gateway.findings import Finding, Scope, Severity
from gateway.history import MemoryHistory
from gateway.results import ShipmentResult
from gateway.sharing import AT_ONCE
from tests.drops import FIXTURES, Drop, drop, sample
from tests.test_edifact_cases import moved

MAPPINGS = FIXTURES.parent / "mappings"


def example(path: str) -> bytes:
    return (MAPPINGS / path).read_bytes()


def edifact(name: str) -> dict[str, bytes]:
    data = moved(sample(name))

    def coded(code: str) -> bytes:
        """The same message with another function and another interchange number."""
        again = re.sub(rb"(BGM\+[^']*\+)9'", rb"\g<1>" + code.encode() + b"'", data, count=1)
        number = re.search(rb"UNZ\+1\+(\w+)'", data)
        assert number is not None and again != data
        return again.replace(number[1], b"Z" + code.encode() + number[1][2:])

    return {"original": data, "amend": coded("5"), "cancel": coded("1")}


def cargo_xml(name: str) -> dict[str, bytes]:
    data = sample(name)
    found = re.search(rb"<rsm:MessageHeaderDocument>\s*<ram:ID>([^<]+)</ram:ID>", data)
    assert found is not None and b">Creation<" in data

    def coded(word: bytes) -> bytes:
        return data.replace(b">Creation<", b">" + word + b"<").replace(found[1], found[1] + word[:1])

    return {"original": data, "amend": coded(b"Update"), "cancel": coded(b"Deletion")}


def x12(data: bytes, segment: str, number: int, codes: dict[str, str]) -> dict[str, bytes]:
    """codes: purpose -> code of the element. Each gets its own ISA13."""
    out = {}
    for place, (purpose, code) in enumerate(codes.items()):
        head, *rest = re.split(rf"(?m)^(?={segment}\*)".encode(), data, maxsplit=1)
        elements = rest[0].partition(b"~")[0].split(b"*")
        elements[number] = code.encode()
        text = head + b"*".join(elements) + b"~" + rest[0].partition(b"~")[2]
        control = re.search(rb"IEA\*1\*(\d{9})", text)
        assert control is not None
        out[purpose] = text.replace(control[1], b"9" + str(place).encode() + control[1][2:])
    return out


def itmatt() -> dict[str, bytes]:
    data = sample("xml/15")

    def coded(code: bytes) -> bytes:
        return data.replace(b'function="9"', b'function="' + code + b'"').replace(b"0301-0001", b"0301-009" + code)

    return {"original": data, "amend": coded(b"4"), "cancel": coded(b"1")}


def imp(original: str, amended: str, cancelled: str) -> dict[str, bytes]:
    return {"original": example(original), "amend": example(amended), "cancel": example(cancelled)}


def csv() -> dict[str, bytes]:
    data = example("tabular_csv/examples/two_items_one_parcel.csv")
    head, *rows = data.rstrip().split(b"\n")

    def coded(word: bytes) -> bytes:
        return b"\n".join([head + b",purpose", *(row + b"," + word for row in rows)]) + b"\n"

    return {"original": data, "amend": coded(b"Change"), "cancel": coded(b"void")}


def ace() -> dict[str, bytes]:
    data = example("tabular_borderconnect_json/examples/trip.ace")
    return {"original": data, "amend": data.replace(b'"CREATE"', b'"UPDATE"'), "cancel": data.replace(b'"CREATE"', b'"DELETE"')}  # fmt: skip


def wco() -> dict[str, bytes]:
    (path,) = (p for p in (MAPPINGS / "wco_declaration" / "examples").glob("*.xml"))
    data = path.read_bytes()
    found = re.search(rb"<(\w+:)?FunctionCode>9<", data)
    assert found is not None
    number = re.search(rb"FunctionalReferenceID>([^<]+)<", data)
    kept = number[1] if number else b"\0"

    def coded(code: bytes) -> bytes:
        return data.replace(found[0], found[0][:-2] + code + b"<").replace(kept, kept + code)

    return {"original": data, "amend": coded(b"4"), "cancel": coded(b"1")}


P12 = {"original": "00", "amend": "05", "cancel": "01"}
FORMATS: dict[str, tuple[dict[str, bytes], str]] = {
    "cuscar": (edifact("edifact/01"), "2024-12-30T10:00:00Z"),
    "ifcsum": (edifact("edifact/13"), "2024-12-30T10:00:00Z"),
    "iftmin": (edifact("edifact/15"), "2024-12-30T10:00:00Z"),
    "itmatt_edifact": (edifact("edifact/17"), "2024-12-30T10:00:00Z"),
    "xfzb": (cargo_xml("xml/03"), "2025-02-27T10:00:00Z"),
    "xfwb": (cargo_xml("xml/02"), "2025-02-27T10:00:00Z"),
    "itmatt": (itmatt(), "2025-02-28T10:00:00Z"),
    "fri": (imp("cargo_imp_fri/examples/house.txt", "cargo_imp_frc/examples/amended.txt", "cargo_imp_frx/examples/cancel.txt"), "2025-02-27T10:00:00Z"),
    "fxi": (imp("cargo_imp_fxi/examples/express.txt", "cargo_imp_fxc/examples/amended.txt", "cargo_imp_fxx/examples/cancel.txt"), "2025-02-27T10:00:00Z"),
    "856": (x12(sample("x12/15_856"), "BSN", 1, P12), "2025-01-14T10:00:00Z"),
    "856_order": (x12(example("x12_856_order/examples/two_orders.edi"), "BSN", 1, P12), "2025-01-14T10:00:00Z"),
    "csv": (csv(), "2025-01-14T10:00:00Z"),
    "ace_json": (ace(), "2025-01-14T10:00:00Z"),
    "wco": (wco(), "2025-01-14T10:00:00Z"),
}  # fmt: skip


def send(data: bytes, history: MemoryHistory, when: str) -> Drop:
    return drop(data, history, now=parse_instant(when), name="m")


def purposes(result: Drop) -> dict[str, str]:
    return {s["shipment_id"]: s.get("transmission_purpose", "original") for m in result.messages() for s in m["shipments"]}  # fmt: skip


def test_every_family_is_here():
    assert len(FORMATS) == 14


@pytest.mark.parametrize("purpose", ["amend", "cancel"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_change_and_a_cancellation_find_their_original(name, purpose):
    texts, when = FORMATS[name]
    history = MemoryHistory()
    original = purposes(send(texts["original"], history, when))
    assert original and set(original.values()) == {"original"}
    result = send(texts[purpose], history, when)
    assert purposes(result) == dict.fromkeys(original, purpose), result.findings()
    assert {m["transmission_purpose"] for m in result.messages()} == {purpose}
    assert "S321-AMEND-NF" not in result.rules()


@pytest.mark.parametrize("purpose", ["amend", "cancel"])
@pytest.mark.parametrize("name", FORMATS)
def test_without_its_original_it_is_passed_on_with_a_warning(name, purpose):
    texts, when = FORMATS[name]
    result = send(texts[purpose], MemoryHistory(), when)
    told = [f for f in result.findings() if f.rule == "S321-AMEND-NF"]
    assert len(told) == len(purposes(result)) > 0
    assert set(purposes(result).values()) == {purpose}


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_cancelled_can_be_sent_anew(name):
    texts, when = FORMATS[name]
    history = MemoryHistory()
    send(texts["original"], history, when)
    send(texts["cancel"], history, when)
    assert set(history.shipments(list(purposes(send(texts["cancel"], MemoryHistory(), when))))) == {None}


# --- a cancellation that names nothing but its shipment ----------------------------------------------------------

BARE = {
    "itmatt": b'<itmatt xmlns="urn:gateway:itmatt:1" messageId="X2" version="gateway-1" sender="GBA" recipient="USA" function="1">'
    b'<item id="LX123456785GB"/></itmatt>',
    "cuscar": b"UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250930:1200+IC000901++CUSCAR++1'UNH+1+CUSCAR:D:03A:UN'BGM+785+MAN25273001+1'"
    b"DTM+137:202509301155:203'TDT+20+XX901+4'CNI+1'RFF+HWB:GWH0000001'UNT+7+1'UNZ+1+IC000901'",
    "xfhl": cargo_xml("xml/05")["cancel"],
    "csv": b"tracking_number,purpose,mode,consignee_name,item_description,item_value,currency\nGWX0001,cancel,air,,,,\n",
}


@pytest.mark.parametrize("name", BARE)
def test_a_cancellation_needs_its_number_only(name):
    result = drop(BARE[name], now=parse_instant("2025-01-14T10:00:00Z"), name="m")
    assert result.outcome.counts.accepted == result.outcome.counts.found > 0, result.findings()
    assert set(purposes(result).values()) == {"cancel"}


# --- a cancellation whose other parts are damaged -----------------------------------------------------------------

PARTS = {
    "xfzb": "ram:Name ram:StreetName ram:CityName ram:CountryID ram:PostcodeCode ram:CountrySubDivisionID ram:URIID ram:TotalPieceQuantity "
    "ram:DeclaredValueForCustomsAmount ram:GrossWeightMeasure ram:PieceQuantity ram:Content",
    "xfwb": "ram:Name ram:StreetName ram:CityName ram:CountryID ram:PostcodeCode ram:ScheduledOccurrenceDateTime ram:TotalPieceQuantity",
    "itmatt": "name street city country state postcode",
    "wco": "Name CityName CountryCode Line CountrySubDivisionID PostcodeID TotalPackageQuantity StatisticalValueAmount QuantityQuantity",
}


def damaged(data: bytes, tag: str, text: bytes) -> bytes:
    """Replace what an element holds; text "": take it away."""
    name = tag.encode()
    put = rb"<" + name + rb"\g<1>>" + text + rb"</" + name + rb">" if text else b""
    again = re.sub(rb"<" + name + rb"((?:\s[^<>]*)?)>[^<>]+</" + name + rb">", put, data)
    assert again != data
    return again


@pytest.mark.parametrize("text", [b"", b"~?~"])
@pytest.mark.parametrize(("name", "tag"), [(name, tag) for name, tags in PARTS.items() for tag in tags.split()])
def test_a_cancellation_is_not_refused_for_its_parties_goods_or_values(name, tag, text):
    texts, when = FORMATS[name]
    result = send(damaged(texts["cancel"], tag, text), MemoryHistory(), when)
    assert result.outcome.counts.accepted == result.outcome.counts.found > 0, result.findings()
    for message in result.messages():
        assert validate_message(message) == ()


def test_what_is_left_out_of_a_cancellation_is_told_and_its_number_is_checked():
    texts, when = FORMATS["wco"]
    result = send(damaged(texts["cancel"], "CityName", b""), MemoryHistory(), when)
    told = {f.target: f.severity.value for f in result.findings() if f.rule == "MAP-NOT-PASSED"}
    assert told == {"final_deliver_to_party": "info", "shipment_initiator": "info"}
    (shipment,) = result.messages()[0]["shipments"]
    assert not {"final_deliver_to_party", "shipment_initiator"} & shipment.keys()
    result = send(damaged(texts["cancel"], "PostcodeID", b"~?~"), MemoryHistory(), when)
    assert {f.severity.value for f in result.findings() if f.target == "final_deliver_to_party"} == {"warning"}
    nameless = texts["cancel"].replace(b"<ID>GWH0001001</ID>", b"")
    assert send(nameless, MemoryHistory(), when).outcome.counts.rejected == 1
    texts, when = FORMATS["xfzb"]
    wrong = re.sub(rb"(<ram:TransportContractDocument>\s*<ram:ID>)[^<]+", rb"\g<1>999-12345670", texts["cancel"])
    assert wrong != texts["cancel"]
    assert "S321-ID-CHK" in {f.rule for f in send(wrong, MemoryHistory(), when).findings() if f.refuses}


def test_a_table_of_cancellations_needs_no_columns_for_parties_and_goods():
    head, when = b"tracking_number,purpose,mode\n", parse_instant("2025-01-14T10:00:00Z")
    result = drop(head + b"GWX0001,cancel,air\n", now=when, name="m")
    assert result.counts() == (1, 1, 0, 0), result.findings()
    assert {f.severity.value for f in result.findings() if f.rule == "CSV-MISSING-COLUMN"} == {"warning"}
    mixed = drop(head + b"GWX0001,cancel,air\nGWX0002,new,air\n", now=when, name="m")
    assert mixed.counts() == (2, 1, 1, 0)
    lines = b'{"tracking_number":"GWX0001","purpose":"cancel","mode":"air"}\n'
    assert drop(lines, now=when, name="m").counts() == (1, 1, 0, 0)
    assert drop(b"tracking_number,mode\nGWX0001,air\n", now=when, name="m").counts() == (1, 0, 1, 0)


def test_an_ace_deletion_names_its_number_only():
    bare = (
        b'{"data":"ACE_TRIP","operation":"DELETE","shipments":[{"operation":"%s","shipmentControlNumber":"GWXX0001"}]}'
    )
    when = parse_instant("2025-01-14T10:00:00Z")
    assert drop(bare % b"DELETE", now=when, name="m").counts() == (1, 1, 0, 0)
    assert "S321-NOT-321" in drop(bare % b"CREATE", now=when, name="m").rules()


SEVERAL = {
    "856_order": (example("x12_856_order/examples/two_orders.edi"), b"BSN*%s*", b"N1*SE*", b"N1*ST*TAYLOR EXAMPLE~\nN3*9 OAK AVE~\nN4*AKRON*OH*44301*US~\nN1*ST*ROBIN EXAMPLE~\nN3*9 ELM AVE~\nN4*AKRON*OH*44301*US~\n"),
    "310": (sample("x12/18"), b"B2A*%s", b"R4*L*", b"N1*CN*TAYLOR EXAMPLE~\nN3*9 OAK AVE~\nN4*AKRON*OH*44301*US~\n"),
    "204": (sample("x12/16"), b"B2A*%s", b"N7**", b"N1*SH*ONE LTD~\nN3*9 OAK AVE~\nN4*AKRON*OH*44301*US~\nN1*SH*TWO LTD~\nN3*9 ELM AVE~\nN4*AKRON*OH*44301*US~\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_a_cancellation_is_not_refused_for_several_parties_of_one_role(name):
    data, purpose, before, parties = SEVERAL[name]
    several = data.replace(before, parties + before, 1)
    count = re.search(rb"SE\*(\d+)", several)
    assert count is not None
    several = several.replace(count[0], b"SE*%d" % (int(count[1]) + parties.count(b"~")))
    result = {c: drop(several.replace(purpose % b"00", purpose % c), now=parse_instant("2025-01-14T10:00:00Z"), name="m") for c in (b"00", b"01")}  # fmt: skip
    assert "MAP-AMBIGUOUS" in result[b"00"].rules(), result[b"00"].findings()
    assert "MAP-AMBIGUOUS" not in result[b"01"].rules()
    assert result[b"01"].outcome.counts.rejected == 0, result[b"01"].findings()


DRAFT = {"house_bill_number": "B1", "items": [{"hts_number": "61"}, {}], "seller": {"name": "X"}, "package_count": 0}


@pytest.mark.parametrize(
    ("pointer", "absent"),
    [
        ("", False), ("/house_bill_number", False), ("/items/0/hts_number", False), ("/seller/name", False), ("/package_count", False),
        ("/buyer", True), ("/buyer/name", True), ("/seller/city", True), ("/items/1", True), ("/items/1/hts_number", True), ("/items/2", True),
        ("/items/x", True), ("/house_bill_number/0", True),
    ],
)  # fmt: skip
def test_what_a_pointer_leads_to_is_there_or_not(pointer, absent):
    assert is_absent(DRAFT, pointer) is absent


@pytest.mark.parametrize(
    ("target", "pointer", "value", "told"),
    [
        ("items.hts_number", "/items/0/hts_number", None, Severity.WARNING),  # it is there, and not as it should be
        ("items.hts_number", "/items/1/hts_number", "6", Severity.WARNING),
        ("items.hts_number", "/items/1/hts_number", None, None),  # nobody asks a cancellation for it
        ("house_bill_number", "/house_bill_number", None, Severity.ERROR),
        ("house_bill_number", "", None, Severity.ERROR),
        ("shipment_tracking_number", "/shipment_tracking_number", None, Severity.ERROR),
        ("", "", None, Severity.ERROR),
    ],
)
def test_an_error_of_a_cancellation_counts_where_it_is_about_the_number(target, pointer, value, told):
    finding = Finding("RULE", Severity.ERROR, Scope.SHIPMENT, "said", target=target, pointer=pointer, value=value)
    assert [f.severity for f in tell([finding], DRAFT)] == ([told] if told else [])
    remark = replace(finding, severity=Severity.INFO)
    assert tell([remark], DRAFT) == ([remark] if told else [])


def test_a_cancellation_without_a_number_and_an_unknown_purpose_are_refused():
    nameless = BARE["itmatt"].replace(b' id="LX123456785GB"', b"")
    assert drop(nameless, now=parse_instant("2025-01-14T10:00:00Z")).outcome.counts.rejected == 1
    unknown = drop(BARE["csv"].replace(b"cancel", b"perhaps"), now=parse_instant("2025-01-14T10:00:00Z"), name="m")
    assert unknown.outcome.counts.rejected == 1
    assert "CSV-PURPOSE" in unknown.rules()


def bills(*actions: str) -> Drop:
    """Drop a 309 of amendments: D deletes, R replaces the quantity, in the order given."""
    head, rest = sample("x12/04").split(b"LX*1~", 1)
    tail = rest[rest.index(b"SE*") :]
    body = b"".join(
        f"LX*{n}~M13*NRTX*0901*{action}*{n:08}*{'4' if action == 'R' else ''}*03*{'2' if action == 'R' else '3'}**NRTX~".encode()
        for n, action in enumerate(actions, 1)
    )
    tail = re.sub(rb"SE\*\d+", f"SE*{4 + 2 * len(actions)}".encode(), tail)
    head = re.sub(rb"(M10\*(?:[^*]*\*){7})3", rf"\g<1>{len(actions)}".encode(), head)
    return drop(head + body + tail, now=parse_instant("2025-01-14T10:00:00Z"))


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ("D", "cancel"),
        ("D" * 40, "cancel"),  # more than are settled together
        ("R" * 2, "amend"),
        ("DR", "amend"),
        ("RD", "amend"),
        ("D" * 40 + "R", "amend"),
        ("R" + "D" * 40, "amend"),
    ],
)
def test_the_envelope_says_what_all_shipments_are_for(actions, said):
    (message,) = bills(*actions).messages()
    assert (message["transmission_purpose"], len(message["shipments"])) == (said, len(actions))
    own = {"D": "cancel", "R": "amend"}
    assert [s["transmission_purpose"] for s in message["shipments"]] == [own[a] for a in actions]


def test_what_is_held_of_cancellations_is_bounded(monkeypatch):
    monkeypatch.setattr("gateway.settling.HELD", 100)
    (message,) = bills(*"D" * 40).messages()
    assert (message["transmission_purpose"], len(message["shipments"])) == ("amend", 40)


PARCEL = {
    "house_bill": "GWJ1", "mode": "air", "arrival_port": "2720", "arrival_date": "2025-03-04", "shipper_name": "INVENTED HOME GOODS CO",
    "shipper_address1": "19 PRETEND STREET", "shipper_city": "HANOI", "shipper_country": "VN", "consignee_name": "CASEY EXAMPLE",
    "consignee_address1": "14 MOCK LANE", "consignee_city": "PORTLAND", "consignee_state": "OR", "consignee_zip": "97201",
    "consignee_country": "US", "weight": "0.45", "weight_unit": "KG", "item_description": "STEEL KEY RING", "hts": "7326908688",
    "origin": "VN", "quantity": "2", "item_value": "9.00", "currency": "USD",
}  # fmt: skip


def table(*rows: dict[str, str]) -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)]
    return "\n".join((*lines, "")).encode()


def test_a_row_without_purpose_is_an_original_beside_others() -> None:
    """The message of several purposes is called an amendment; nobody may read that of a shipment that is none."""
    rows = [{**PARCEL, "purpose": "cancel"}, {**PARCEL, "house_bill": "GWJ2", "purpose": "amend"}, {**PARCEL, "house_bill": "GWJ3", "item_value": "8.00"}]  # fmt: skip
    (message,) = drop(table(*rows), name="m.csv").messages()
    assert message["transmission_purpose"] == "amend"
    assert [s["transmission_purpose"] for s in message["shipments"]] == ["cancel", "amend", "original"]


@pytest.mark.parametrize("purpose", ["original", "9", "NEW"])
def test_a_purpose_that_is_written_out_makes_no_other_content(purpose: str) -> None:
    history = MemoryHistory()
    drop(table(PARCEL), history, name="m.csv")
    assert drop(table({**PARCEL, "purpose": purpose}), history, name="n.csv").counts() == (1, 0, 0, 1)


# --- one shipment several times in a message -------------------------------------------------------------------

ACTIONS = {"original": "A", "amend": "R", "cancel": "D"}
CHANGES = st.tuples(st.sampled_from("123"), st.sampled_from(list(ACTIONS)), st.sampled_from(["9", "300", "500"]))


def amended(*changes: tuple[str, str, str]) -> bytes:
    """Return a 309 of amendments with the whole bill. changes: last digit of the bill, what it is for, value of its goods."""
    head, rest = sample("x12/04").split(b"LX*1~\n", 1)
    bill, tail = rest[rest.index(b"M11*") : rest.index(b"LX*2~")], rest[rest.index(b"GE*") :]
    body = head.replace(b"**3*Y~", b"**%d*Y~" % len(changes))
    for n, (digit, purpose, value) in enumerate(changes, 1):
        m13 = f"LX*{n}~\nM13*NRTX*0901*{ACTIONS[purpose]}*0045000{digit}*{'2' if purpose == 'amend' else ''}*11*1**NRTX~\n"
        own = bill.replace(b"00450001*", f"0045000{digit}*".encode()).replace(b"ZTRK000000001", f"ZTRK00000000{digit}".encode())  # fmt: skip
        body += m13.encode() + own.replace(b"610910*18*", f"610910*{value}*".encode())
    return body + b"SE*%d*0001~\n" % (body.count(b"~") - 1) + tail


def settled(changes: list[tuple[str, str, str]], batch: int, earlier: list[tuple[str, str, str]]) -> tuple[Any, ...]:
    """Return what becomes of bills that are compared with the past so many at once. earlier: sent before."""
    history, now = MemoryHistory(), parse_instant("2025-01-14T10:00:00Z")
    if earlier:
        drop(amended(*earlier).replace(b"*000000004*0*P", b"*000000003*0*P").replace(b"1*000000004~", b"1*000000003~"), history, now=now)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.settling.BATCH", batch)
        patch.setattr("gateway.settling.AT_ONCE", min(batch, AT_ONCE))
        result = drop(amended(*changes), history, now=now)
    shipments = [r for r in result.outcome.records if isinstance(r, ShipmentResult)]
    verdicts = [(s.verdict, [f.rule for f in s.findings if f.rule != "Q-QTY-MISMATCH"]) for s in shipments]
    assert len(verdicts) == len(changes)
    return verdicts, [m["shipments"] for m in result.messages()], history._shipments, history._days


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=12), st.lists(CHANGES, max_size=2))
def test_a_verdict_does_not_depend_on_how_many_are_settled_at_once(
    changes: list[tuple[str, str, str]], earlier: list[tuple[str, str, str]]
) -> None:
    one_by_one = settled(changes, 1, earlier)
    assert settled(changes, 2, earlier) == one_by_one
    assert settled(changes, 32, earlier) == one_by_one


@pytest.mark.parametrize(
    ("all_purposes", "told"),
    [
        (["cancel", "original"], [("accepted", False), ("accepted", False)]),
        (["cancel", "cancel"], [("accepted", False), ("accepted", True)]),
        (["cancel", "amend"], [("accepted", False), ("accepted", True)]),
        (["cancel", "original", "original"], [("accepted", False), ("accepted", False), ("rejected", False)]),
        (["amend", "original"], [("accepted", False), ("rejected", False)]),
    ],
)
def test_what_was_cancelled_in_the_message_is_gone_for_what_follows(all_purposes: list[str], told: list[tuple[str, bool]]) -> None:  # fmt: skip
    changes = [("1", purpose, str(n)) for n, purpose in enumerate(all_purposes, 1)]
    verdicts = settled(changes, 32, [("1", "original", "9")])[0]
    assert [(verdict, "S321-AMEND-NF" in rules) for verdict, rules in verdicts] == told


def test_a_cancelled_value_counts_no_more_for_what_follows() -> None:
    rows = [{**PARCEL, "item_value": "700.00", "purpose": "cancel"}, {**PARCEL, "house_bill": "GWJ2", "item_value": "600.00"}]  # fmt: skip
    history = MemoryHistory()
    drop(table({**PARCEL, "item_value": "700.00"}), history, name="earlier.csv")
    assert drop(table(*rows), history, name="m.csv").counts() == (2, 2, 0, 0)


def test_a_master_bill_is_the_number_of_one_shipment_of_a_message_only() -> None:
    direct = {**PARCEL, "house_bill": "", "master_bill": "999-12345675"}
    rows = [
        direct,
        {**direct, "consignee_name": "PAT SAMPLE", "item_value": "8.00"},
        {**direct, "master_bill": "999-12345686"},
    ]
    result = drop(table(*rows), name="m.csv")
    assert result.counts() == (3, 2, 1, 0)
    (said,) = [f.message for f in result.findings() if f.refuses]
    assert said == "The shipment has no number of its own: master bill 99912345675 is that of another shipment of this message."  # fmt: skip
    assert {f.rule for f in result.findings() if f.refuses} == {"S321-ID-1OF"}
    again = drop(
        table(direct, {**direct, "purpose": "cancel"}, {**direct, "consignee_name": "PAT SAMPLE"}), name="m.csv"
    )
    assert "S321-ID-1OF" not in again.rules()
