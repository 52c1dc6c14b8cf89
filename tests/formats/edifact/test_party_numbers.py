"""NAD C082, the number of a party and the agency that gave it (3055): identifiers, or a remark."""

from __future__ import annotations

import re

import pytest

from gateway.commands.mapping_tools import cover
from gateway.site import base_site
from tests.drops import Drop, drop, sample
from tests.test_edifact_cases import BEFORE, moved

SAMPLES = {"cuscar": "edifact/01", "ifcsum": "edifact/13", "iftmin": "edifact/15", "itmatt": "edifact/17"}
PARTY = re.compile(rb"NAD\+(CN|DP|UC)\+\+")


def numbered(name: str, identification: bytes) -> Drop:
    data = moved(sample(name))
    changed = PARTY.sub(rb"NAD+\1+" + identification + b"+", data, count=1)
    assert changed != data
    return drop(changed, now=BEFORE)


@pytest.mark.parametrize("name", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize(
    ("identification", "found"),
    [
        (b"31-424-2022::16", {"type": "duns", "value": "31-424-2022"}),
        (b"0614141000012::9", {"type": "gln", "value": "0614141000012"}),
        (b"AC 77:160:87", {"type": "account", "value": "AC77"}),
        (b"95123-00001::111", {"type": "cbp_assigned", "value": "95123-00001"}),
    ],
)
def test_the_number_of_a_party_is_passed_on(name, identification, found):
    result = numbered(name, identification)
    (message,) = result.messages()
    parties = [s["final_deliver_to_party"].get("identifiers") for s in message["shipments"]]
    assert [p for p in parties if p] == [[found]]
    assert "MAP-NOT-PASSED" not in result.rules()


@pytest.mark.parametrize("name", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize(
    "identification", [b"QX7734-A::999", b"QX7734-A", b"QX7734-A:160", b"9" * 35 + b"::ZZZ"], ids=["unknown", "none", "list only", "mutual"],
)  # fmt: skip
def test_a_number_of_an_agency_that_is_not_known_is_told_and_not_repeated(name, identification):
    result = numbered(name, identification)
    told = [f for f in result.findings() if f.rule == "MAP-NOT-PASSED"]
    assert [(f.target, f.personal, f.position.segment, f.position.element) for f in told] == [
        ("final_deliver_to_party.identifiers", True, "NAD", 2)
    ]
    assert result.outcome.counts.rejected == 0
    number = identification.partition(b":")[0]
    assert number not in b"".join(d.data for d in result.deliveries) + b"".join(result.answers.values())


@pytest.mark.parametrize("name", ["edifact/01", "edifact/13", "edifact/15"])
def test_tax_and_customer_numbers_stand_below_the_party(name):
    data = moved(sample(name))
    at = PARTY.search(data).start()
    end = data.index(b"'", at) + 1
    party = PARTY.sub(rb"NAD+\1+0614141000012::9+", data[at:end], count=1)
    rest = data[end:]
    if (cut := re.match(rb"\s*CTA[^']*'(\s*COM[^']*')*", rest)) and name != "edifact/01":
        party, rest = party + cut[0], rest[cut.end() :]
    more = b"RFF+XA:HRB7'RFF+VA:DE101010'RFF+IT:C-7'" if name == "edifact/01" else b"RFF+VA:DE101010'"
    changed = re.sub(
        rb"UNT\+(\d+)\+", lambda m: b"UNT+%d+" % (int(m[1]) + more.count(b"'")), data[:at] + party + more + rest
    )
    result = drop(changed, now=BEFORE)
    found = [s["final_deliver_to_party"].get("identifiers") for m in result.messages() for s in m["shipments"]]
    expected = [{"type": "gln", "value": "0614141000012"}, {"type": "tax_id", "value": "DE101010"}]
    if name == "edifact/01":
        expected.append({"type": "account", "value": "C-7"})
    assert [f for f in found if f] == [expected]


def test_a_number_of_an_unknown_agency_beside_a_tax_number_is_told():
    data = moved(sample("edifact/01"))
    at = PARTY.search(data).start()
    end = data.index(b"'", at) + 1
    party = PARTY.sub(rb"NAD+\1+QX7734::999+", data[at:end], count=1) + b"RFF+VA:DE101010'"
    changed = re.sub(rb"UNT\+(\d+)\+", lambda m: b"UNT+%d+" % (int(m[1]) + 1), data[:at] + party + data[end:])
    result = drop(changed, now=BEFORE)
    (told,) = [f for f in result.findings() if f.rule == "MAP-NOT-PASSED"]
    assert "agency or kind" in told.message and "QX7734" not in told.message
    found = [s["final_deliver_to_party"].get("identifiers") for m in result.messages() for s in m["shipments"]]
    assert [f for f in found if f] == [[{"type": "tax_id", "value": "DE101010"}]]


def test_every_party_of_every_table_reads_it():
    tables = base_site().partners["nrtx"].profile.tables
    rows = [(f.id, row) for f in tables.facts if f.format == "edifact" for row in tables.rows(f)[0]]
    named = {(table, row.level) for table, row in rows if row.target == "name"}
    assert named == {(table, row.level) for table, row in rows if row.target == "identifiers"} != set()


def test_cover_names_an_agency_without_an_entry(tmp_path):
    path = tmp_path / "m.edi"
    path.write_bytes(PARTY.sub(rb"NAD+\1+QX7734::999+", moved(sample("edifact/01")), count=1))
    (row,) = cover([path], base_site())
    assert {"table": "edifact_party_id", "code": "999", "count": 1} in row["codes"]


@pytest.mark.parametrize(
    "name", [SAMPLES[n] for n in ("cuscar", "ifcsum", "iftmin")], ids=["cuscar", "ifcsum", "iftmin"]
)
def test_a_mobile_telephone_is_read_where_no_other_is_given(name):
    def phone(*numbers: bytes) -> str:
        contact = b"".join(b"'COM+" + number for number in numbers)
        data, count = re.subn(rb"(NAD\+CN\+[^']*)'", rb"\1'CTA+IC" + contact + b"'", moved(sample(name)), count=1)
        assert count == 1
        result = drop(
            re.sub(rb"UNT\+\d+", lambda found: b"UNT+%d" % (int(found[0][4:]) + 1 + len(numbers)), data), now=BEFORE
        )
        found: str = result.messages()[0]["shipments"][0]["final_deliver_to_party"]["phone"]
        return found

    assert phone(b"2125550100:AL") == "2125550100"
    assert phone(b"2125550100:AL", b"2125550111:TE") == "2125550111"


@pytest.mark.parametrize("name", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("role", [b"OS", b"EX"])
def test_an_original_shipper_and_an_exporter_are_shippers_in_every_message(name, role):
    data = moved(sample(name))
    shippers = {s["shipment_initiator"]["name"] for s in drop(data, now=BEFORE).messages()[0]["shipments"]}
    result = drop(data.replace(b"NAD+CZ+", b"NAD+" + role + b"+"), now=BEFORE)
    assert {s["shipment_initiator"]["name"] for s in result.messages()[0]["shipments"]} == shippers
