"""Postal advance data: receptacles (PREDES) join their items (ITMATT) in either order and in every form; every item is answered."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.check import parse_instant
from gateway.findings import Finding, Scope, Severity
from gateway.formats import postal
from gateway.history import MemoryHistory
from gateway.mapping.folder import MappingSet
from gateway.records import Interchange, InterchangeBegin, InterchangeEnd, MessageBegin, MessageEnd
from gateway.results import AckRequest, Records, ShipmentResult
from gateway.site import base_mappings
from gateway.spools import MemorySpool
from tests.drops import Drop, drop, profile_for, sample
from tests.formats.xml.support import events, findings, shape

NOW = parse_instant("2025-02-28T10:00:00Z")
ITEMS = sample("xml/15")  # LX123456785GB, UA102030405CN, HX555666772FR
XML = sample("xml-extra/03")  # the same three in two receptacles
JSON = sample("xml-extra/04")  # two of them
EDI_ITEMS = sample("edifact/17").replace(b":2025093011", b":2025022811").replace(b":20250929", b":20250227")
EDI = sample("edifact/18").replace(b":20251001", b":20250301")
RECEPTACLE = {"type": "receptacle_id", "value": "GBLALAUSJFKAAUN50273001010035"}
DESPATCH = {"type": "dispatch_id", "value": "GBLALAUSJFKAAUN50273"}


def send(data: bytes, history: MemoryHistory, **changes) -> Drop:
    return drop(data, history, now=NOW, **{"join_hours": 24, **changes})


def books(result: Drop) -> tuple[int, int, int, int, int]:
    c = result.outcome.counts
    assert c.balanced
    return c.found, c.accepted, c.rejected, c.joined, c.waiting


def shipments(result: Drop) -> dict[str, dict]:
    return {s["shipment_tracking_number"]: s for m in result.messages() for s in m["shipments"]}


@pytest.mark.parametrize(
    ("links", "waiting"), [(XML, 3), (JSON, 2)], ids=["xml", "json"]
)  # fmt: skip
def test_items_of_a_receptacle_wait_and_their_itmatt_is_completed(links, waiting):
    history = MemoryHistory()
    first = send(links, history)
    assert books(first) == (waiting, 0, 0, 0, waiting)
    assert first.rules() == {"GW-JOIN-PENDING"}
    second = send(ITEMS, history)
    assert books(second) == (3, 3, 0, 0, 0)
    item = shipments(second)["LX123456785GB"]
    assert item["master_bill_number"] == "GBLALAUSJFKAAUN50273"
    assert item["references"] == [RECEPTACLE, DESPATCH]
    assert item.get("conveyance_reference") == ("XX901" if links is XML else None)
    assert item["final_deliver_to_party"]["name"] == "TAYLOR EXAMPLE"


@pytest.mark.parametrize(
    ("arrival", "day"), [("2025-03-02T10:00:00Z", "2025-03-02"), ("2025-03-02T03:00:00Z", "2025-03-01")]
)
def test_the_day_of_the_law_is_the_day_at_the_port_of_the_flight(arrival, day):
    history = MemoryHistory()
    send(XML.replace(b'arrival="2025-03-02T10:00:00Z"', f'arrival="{arrival}"'.encode()), history)
    item = shipments(send(ITEMS, history))["LX123456785GB"]
    assert (item["first_us_port"], item["estimated_arrival_at"]) == ("4701", arrival)
    assert item["regime_verdict"]["as_of_date"] == day


def test_each_item_gets_its_own_receptacle():
    history = MemoryHistory()
    send(XML, history)
    got = shipments(send(ITEMS, history))
    assert {k: s["references"][0]["value"][15:23] for k, s in got.items()} == {
        "LX123456785GB": "50273001",
        "HX555666772FR": "50273001",
        "UA102030405CN": "50274002",
    }


def test_edifact_receptacles_and_items_join_and_the_references_of_both_are_kept():
    history = MemoryHistory()
    assert books(send(EDI, history)) == (3, 0, 0, 0, 3)
    result = send(EDI_ITEMS, history)
    assert books(result) == (3, 3, 0, 0, 0)
    item = shipments(result)["UA473124829CN"]
    assert item["conveyance_reference"] == "XX901"
    assert [r["type"] for r in item["references"]] == ["tracking", "receptacle_id", "dispatch_id"]


def test_the_item_that_was_delivered_before_its_receptacle_is_told_what_was_not_passed_on():
    history = MemoryHistory()
    send(ITEMS, history)
    result = send(XML, history)
    assert books(result) == (3, 0, 0, 3, 0)
    said = {f.rule: f.message for f in result.findings()}
    assert set(said) == {"JOIN-DONE", "JOIN-NOT-PASSED"}
    assert "master_bill_number" in said["JOIN-NOT-PASSED"]
    assert "references" in said["JOIN-NOT-PASSED"]


@pytest.fixture
def waiting_items(tmp_path):
    """A partner whose items wait for their despatch."""
    row = "shipment,master_bill_number,./@despatch,,s8,,yes,MAP-REQUIRED,no despatch yet,,\n"
    header = "level,target,source,when,transform,default,required,rule,message,example,note\n"
    (tmp_path / "postal_itmatt.csv").write_text(header + row, "utf-8")
    tables = MappingSet(base_mappings(), [tmp_path])
    return replace(profile_for(ITEMS), programs=tables.program, tables=tables, join_hours=24, join_formats=("itmatt",))


def test_a_partner_may_let_items_wait_for_their_receptacle(waiting_items):
    history = MemoryHistory()
    first = drop(ITEMS, history, now=NOW, profile=waiting_items)
    assert books(first) == (3, 0, 0, 0, 3)
    second = drop(XML, history, now=NOW, profile=waiting_items)
    assert books(second) == (3, 3, 0, 0, 0)
    item = shipments(second)["UA102030405CN"]
    assert item["final_deliver_to_party"]["name"] == "MORGAN SAMPLE"
    assert item["references"][0]["value"] == "GBLALAUSJFKAAUN50274002110012"
    assert len(item["items"]) == 2


def test_items_that_waited_are_amended_repeated_and_withdrawn_like_others(waiting_items):
    history = MemoryHistory()

    def sent(number: str, function: str, *changes: tuple[bytes, bytes]) -> Drop:
        data = ITEMS.replace(b"0301-0001", number.encode()).replace(b'function="9"', f'function="{function}"'.encode())
        for old, new in changes:
            assert old in data
            data = data.replace(old, new)
        return drop(data, history, now=NOW, profile=waiting_items)

    assert books(sent("0301-0001", "9")) == (3, 0, 0, 0, 3)
    assert books(sent("0301-0002", "1")) == (3, 0, 0, 3, 0)  # withdrawn while they wait
    assert books(sent("0301-0003", "9")) == (3, 0, 0, 0, 3)
    before = shipments(drop(XML, history, now=NOW, profile=waiting_items))
    assert len(before) == 3
    again = sent("0301-0004", "9")
    assert (books(again), again.outcome.counts.duplicate) == ((3, 0, 0, 0, 0), 3)
    amended = sent("0301-0005", "4", (b"Knitted wool scarf", b"Leather handbag"), (b"24.00", b"400.00"))
    assert books(amended) == (3, 3, 0, 0, 0)
    after = shipments(amended)
    for number, item in after.items():
        same = {name: value for name, value in before[number].items() if name not in _OF_VALUE}
        assert {name: value for name, value in item.items() if name not in _OF_VALUE} == same
        assert item["transmission_purpose"] == "amend"
    assert after["LX123456785GB"]["items"][0]["enhanced_product_description"] == "Leather handbag"
    assert books(sent("0301-0006", "1")) == (3, 3, 0, 0, 0)
    assert {i["transmission_purpose"] for i in shipments(sent("0301-0007", "9")).values()} == {"original"}


_OF_VALUE = ("transmission_purpose", "total_value", "fair_retail_value_usd", "items")


def test_items_sent_again_on_another_day_are_duplicates_although_the_law_is_that_of_the_day():
    history = MemoryHistory()
    send(ITEMS, history)
    again = drop(ITEMS.replace(b"0301-0001", b"0301-0002"), history, now=parse_instant("2025-03-01T10:00:00Z"))
    assert (again.outcome.counts.duplicate, again.outcome.counts.rejected) == (3, 0)
    other = drop(ITEMS.replace(b"0301-0001", b"0301-0003").replace(b"KNITWEAR", b"YARN"), history, now=NOW)
    assert (other.outcome.counts.duplicate, other.outcome.counts.rejected) == (2, 1)


def test_without_join_hours_a_receptacle_alone_is_refused():
    result = send(JSON, MemoryHistory(), join_hours=0)
    assert books(result) == (2, 0, 2, 0, 0)
    assert [f.rule for f in result.findings()].count("JOIN-OFF") == 1


def test_a_withdrawn_despatch_withdraws_no_item():
    history = MemoryHistory()
    send(ITEMS, history)
    result = send(XML.replace(b'function="9"', b'function="1"'), history)
    assert books(result) == (3, 0, 3, 0, 0)
    assert "ITMATT-FUNCTION" in result.rules()


def test_a_receptacle_number_that_is_none_still_joins_its_items_with_a_warning():
    history = MemoryHistory()
    first = send(JSON.replace(b"GBLALAUSJFKAAUN50273001010035", b"BAG-17"), history)
    assert books(first) == (2, 0, 0, 0, 2)
    item = shipments(send(ITEMS, history))["LX123456785GB"]
    assert item["references"] == [{"type": "receptacle_id", "value": "BAG-17"}]
    assert "master_bill_number" not in item


def test_the_wrong_item_number_is_refused_alone():
    result = send(JSON.replace(b"LX123456785GB", b"LX123456786GB"), MemoryHistory())
    assert books(result) == (2, 0, 1, 0, 1)
    assert [f.rule for f in result.findings() if f.position.xpath == "/predes/Item[1]/ItemId"] == ["S321-ID-CHK"]


# --- answers ----------------------------------------------------------------------------------------------------


def test_json_is_answered_in_json_item_by_item():
    result = send(JSON.replace(b"LX123456785GB", b"LX123456786GB"), MemoryHistory())
    answer = json.loads(result.answers["CUSRSP"])
    assert (answer["refersTo"], answer["status"]) == ("drop.edi", "partly")
    assert [(i["ItemId"], i["status"]) for i in answer["Item"]] == [
        ("LX123456786GB", "refused"),
        ("HX555666772FR", "waiting"),
    ]
    assert "S321-ID-CHK" in {reason["rule"] for reason in answer["Item"][0]["reason"]}
    assert ".cusrsp.json" in result.names


def test_a_damaged_json_file_is_answered_as_a_whole():
    result = send(JSON[:-20], MemoryHistory())
    assert (result.outcome.verdict, result.outcome.counts.accepted) == ("reject", 0)
    answer = json.loads(result.answers["CUSRSP"])
    assert answer["status"] == "refused"
    assert [r["rule"] for r in answer["reason"]] == ["JSON-SYNTAX"]


def test_predes_in_xml_is_answered_in_xml():
    tree = etree.fromstring(send(XML, MemoryHistory()).answers["CUSRSP"])
    assert tree.get("refersTo") == "PREDES-GB-20250301-0001"
    assert [i.get("status") for i in tree] == ["waiting"] * 3


def test_an_answer_never_repeats_a_personal_value_unless_the_partner_wants_it():
    finding = Finding("S321-ADDR-ZIP", Severity.ERROR, Scope.SHIPMENT, "ZIP SECRET9 is none.", personal=True)

    class Texts(dict):
        means = "The ZIP code is not usable."

    def said(*, echo: bool) -> str:
        profile = profile_for(ITEMS, acks={"echo_personal": echo})
        request = AckRequest(Records(MemorySpool()), Interchange("postal", 0), {}, {}, profile, lambda s: 1, NOW, {"S321-ADDR-ZIP": Texts()})  # fmt: skip
        return request.text_of(finding)

    assert said(echo=True) == "ZIP SECRET9 is none."
    assert "SECRET9" not in said(echo=False)


# --- the JSON reader --------------------------------------------------------------------------------------------

SEVERAL = JSON + b'\n[{"ReceptacleId": "R2", "Item": {"ItemId": "A \\u00e9", "n": [1.50, null, true]}}]\n'


def read(data: bytes, sizes=()) -> list:
    return events(data, "postal", sizes)


def test_several_objects_are_several_messages_and_values_keep_their_text():
    found = read(SEVERAL)
    shown = [e for e in shape(found) if isinstance(e, tuple) and e[0] == "unit"]
    assert len([e for e in found if isinstance(e, MessageBegin)]) == 2
    texts = [text for unit in shown for (*_,) in [unit[3]] for (_, text, _, _) in unit[3] if text]
    assert texts == ["LX123456785GB", "HX555666772FR", "A é", "1.50", "true"]


def test_every_value_is_found_in_its_bytes():
    for data in (SEVERAL, SEVERAL.replace(b"A \\u00e9", "A深é".encode())):
        for event in read(data):
            for node in event.node.walk() if hasattr(event, "node") else ():
                if node.text and node.text.isascii():
                    cut = data[node.offset : node.offset + node.length]
                    assert cut.strip(b'"') == node.text.encode()
                    assert data.count(b"\n", 0, node.offset) + 1 == node.line


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_chunks_give_what_the_whole_file_gives(sizes):
    assert shape(read(SEVERAL, itertools.cycle(sizes))) == shape(read(SEVERAL))
    assert shape(read(SEVERAL, itertools.repeat(1))) == shape(read(SEVERAL))


@given(st.integers(0, len(JSON) - 2), st.sampled_from(["cut", "flip", "double", "drop"]))
@settings(max_examples=80, deadline=None)
def test_damage_never_raises_and_loses_no_item_quietly(at, how):
    data = {
        "cut": JSON[:at], "flip": JSON[:at] + bytes([JSON[at] ^ 0x15]) + JSON[at + 1 :],
        "double": JSON[:at] + JSON[at : at + 9] + JSON[at:], "drop": JSON[:at] + JSON[at + 5 :],
    }[how]  # fmt: skip
    if not data.strip().startswith((b"{", b"[")):
        return  # another format's
    found = read(data)
    assert isinstance(found[-1], InterchangeEnd)
    units = sum(type(e).__name__ == "Unit" for e in found)
    assert units == 2 or any(f.refuses for f in findings(found))


@given(
    st.lists(
        st.sampled_from([b"{", b"}", b"[", b"]", b",", b":", b'"', b'"Item"', b'"ReceptacleId"', b'"ItemId"', b"1e5", b"null", b"\\", b"\n", b"\xff", b" "]),
        max_size=40,
    ).map(b"".join)
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_anything_at_all_ends_and_closes_what_it_opened(data):
    for start in (b"{", b"[", b'{"ReceptacleId": "R", "Item": [{"ItemId": "A"}, '):
        found = list(postal.read([start + data], profile_for(ITEMS)))
        kinds = [type(e) for e in found]
        assert (kinds[0], kinds[-1]) == (InterchangeBegin, InterchangeEnd)
        assert kinds.count(MessageBegin) == kinds.count(MessageEnd)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b'{"ReceptacleId": "R", "ReceptacleId": "S", "Item": []}', "JSON-DUP-KEY"),
        (b'{"ReceptacleId": "R", "Item": ' + b"[" * 100, "JSON-SYNTAX"),
        (b'{"ReceptacleId": "R"}', "JSON-SHAPE"),
        (b'{"ReceptacleId": "R", "Item": "\xff"}', "CSV-ENCODING"),
        (b"[]", "JSON-SHAPE"),
    ],
)
def test_what_cannot_be_read_is_said(text, rule):
    assert {f.rule for f in findings(read(text)) if f.refuses} == {rule}


def test_a_receptacle_without_items_is_no_error_and_an_unknown_object_is():
    assert findings(read(b'{"ReceptacleId": "R", "Item": []}')) == []
    result = send(JSON + b'{"Other": 1}', MemoryHistory())
    told = [(r.label, r.verdict) for r in result.outcome.records if isinstance(r, ShipmentResult)]
    assert [verdict for _, verdict in told] == ["waiting", "waiting", "rejected"]
    assert told[2][0] == "object 2"
    assert "JSON-SHAPE" in result.rules()


@pytest.mark.parametrize(
    ("bad", "found"),
    [(b'{"ContentPiece": [{"Description": "Kit"}]}', 1), (b'{"Item": [{"ItemId": "A"}, {"ItemId": "B"}]}', 2), (b'{"ReceptacleId": "R", "Item": [{"Id": "A"}]}', 1), (b"7", 1)],
)  # fmt: skip
def test_objects_that_are_not_read_are_counted_and_named(bad, found):
    result = send(b"[" + JSON + b"," + bad + b"]", MemoryHistory())
    assert books(result) == (2 + found, 0, found, 0, 2)
    assert all(r.label for r in result.outcome.records if isinstance(r, ShipmentResult))


def test_an_item_that_one_file_names_in_two_receptacles_is_told():
    history = MemoryHistory()
    data = EDI.replace(b"RFF+AAS:LV100000175CN", b"RFF+AAS:UA473124829CN")
    first = send(data, history)
    told = [(f.target, f.severity) for f in first.findings() if f.rule == "JOIN-DIFFERS"]
    assert told == [("references", Severity.WARNING)]
    assert books(first) == (3, 0, 0, 0, 3)
    again = send(EDI.replace(b"RFF+AAS:CE202509304GB", b"RFF+AAS:LV100000175CN"), MemoryHistory())
    assert [f.target for f in again.findings() if f.rule == "JOIN-DIFFERS"] == ["references"]
    assert "JOIN-DIFFERS" not in send(EDI, MemoryHistory()).rules() | send(XML, MemoryHistory()).rules()


def test_half_a_character_in_json_refuses_its_item_only():
    data = sample("xml-extra/05").replace(b"GBP", b"USD").replace(b"Plastic model kit", b"Plastic \\ud800 model kit", 1)
    result = send(data, MemoryHistory(), join_hours=0)
    assert "LX123456785GB" in shipments(result)
    assert "UA102030405CN" not in shipments(result)
    (lost,) = [f for f in result.findings() if f.rule == "CSV-ENCODING"]
    start = data.index(b'"Plastic \\ud800')
    assert (lost.position.offset, lost.position.line) == (start, data.count(b"\n", 0, start) + 1)


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        (b"UA473124829CN'", b"UA473124829CN+1'", {"UA473124829CN"}),
        (b"CE202509304GB'", b"CE202509304GB+1'", {"CE202509304GB"}),
        (b"GID+2+1:PX'\nRFF+AAS:CE202509304GB'", b"GID+2+1:PX+A+B+C+D+E+F'\nRFF+AAS:CE202509304GB'", {"CE202509304GB"}),
        (b"CNT+7:3.5:KGM'", b"CNT+7:3.5:KGM+1'", {"UA473124829CN", "CE202509304GB"}),  # of the whole receptacle
        (b"CNT+7:1.2:KGM'", b"CNT+7:1.2:KGM+1'", {"LV100000175CN"}),
        (b"RFF+AAS:UA473124829CN'\nGID+2", b"RFF'\nGID+2", {"GID 1 of CNI 1"}),
    ],
)  # fmt: skip
def test_a_syntax_error_in_an_item_of_a_receptacle_refuses_that_item(old, new, refused):
    assert old in EDI
    result = send(EDI.replace(old, new), MemoryHistory(), tolerance="strict", salvage="shipment")
    told = [r for r in result.outcome.records if isinstance(r, ShipmentResult)]
    faulty = {
        r.label if r.label in refused else r.id for r in told if any(f.rule.startswith("EDIFACT") for f in r.findings)
    }
    assert faulty == refused
    assert books(result) == (3, 0, len(refused), 0, 3 - len(refused))


def test_a_syntax_error_in_a_receptacle_without_items_is_no_fault_of_the_next_one():
    items = b"GID+1+1:PX'\nRFF+AAS:UA473124829CN'\nGID+2+1:PX'\nRFF+AAS:CE202509304GB'\n"
    data = EDI.replace(b"CNT+7:3.5:KGM'", b"CNT+7:3.5:KGM+1'").replace(items, b"").replace(b"UNT+25", b"UNT+21")
    result = send(data, MemoryHistory(), tolerance="strict", salvage="shipment")
    (item,) = (r for r in result.outcome.records if isinstance(r, ShipmentResult))
    assert {f.rule for f in item.findings} == {"GW-JOIN-PENDING"}
    assert [f.scope for f in result.findings() if f.rule == "EDIFACT-ELEM-TOO-MANY"] == [Scope.MESSAGE]


def test_a_list_of_values_where_one_is_read_refuses_its_item():
    both = sample("xml-extra/05")
    for old, new in (
        (b'"ItemId": "LX123456785GB"', b'"ItemId": ["LX123456785GB", "UA473124829CN"]'),
        (b'"TotalWeight": 0.420', b'"TotalWeight": [0.420, 0.5]'),
        (b'"Value": "24.00"', b'"Value": ["24.00", "99.00"]'),
        (b'"City": "BOISE"', b'"City": ["BOISE", "TUCSON"]'),
    ):
        assert old in both
        result = send(both.replace(old, new), MemoryHistory())
        assert books(result)[:3] == (2, 1, 1)
        assert [f.rule for f in result.findings() if f.refuses] == ["JSON-DUP-KEY"]
        same = new[: new.index(b"[")] + new[new.index(b"[") + 1 : new.index(b",")]
        assert books(send(both.replace(old, same), MemoryHistory()))[:3] == (2, 2, 0)
    lines = both.replace(b'"Street": "SAMPLE ST"', b'"Street": ["SAMPLE ST", "APT 2"]')
    sent = send(lines, MemoryHistory())
    assert books(sent)[:3] == (2, 2, 0)
    party = shipments(sent)["LX123456785GB"]["final_deliver_to_party"]
    assert (party["address_line_1"], party["address_line_2"], party.get("address_line_3")) == (
        "88 SAMPLE ST",
        "APT 2",
        None,
    )


@pytest.mark.parametrize(
    ("streets", "lines"),
    [
        (("88 SAMPLE ST", "APT 4"), ("88 SAMPLE ST", "APT 4", None)),
        (("88 SAMPLE ST", "APT 4", "REAR", "RING"), ("88 SAMPLE ST", "APT 4", "REAR RING")),
        (("88 SAMPLE ST|APT 4", "REAR"), ("88 SAMPLE ST", "APT 4", "REAR")),
        (("", "88 SAMPLE ST", "APT 4"), ("88 SAMPLE ST", "APT 4", None)),
    ],
)
def test_each_street_is_a_line_of_the_address(streets, lines):
    more = "".join(f"<street>{street}</street>" for street in streets).encode()
    sent = send(ITEMS.replace(b"<street>88 SAMPLE ST</street>", more), MemoryHistory(), join_hours=0)
    party = shipments(sent)["LX123456785GB"]["final_deliver_to_party"]
    assert tuple(party.get(f"address_line_{n}") for n in (1, 2, 3)) == lines
