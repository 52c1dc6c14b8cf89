"""A value that no row can use is told, whatever the transform and the format; it never vanishes without a word."""

from __future__ import annotations

import pytest

from gateway.check import parse_instant
from gateway.findings import Severity
from gateway.mapping.transforms import Unusable, registry, transform
from gateway.mapping.transforms.registry import TRANSFORMS
from tests.drops import SAMPLES_NOW, drop, sample
from tests.mapping.test_engine import BIND, mapped
from tests.mapping.test_transforms import ARGS, TABLES
from tests.test_edifact_cases import moved

BEFORE = parse_instant("2025-02-27T10:00:00Z")


def not_passed(rows: str, text: str) -> list[str]:
    return [f.target for f in mapped(BIND + rows, text).findings if f.rule == "MAP-NOT-PASSED"]


def test_a_value_of_another_shape_is_told_with_its_place():
    found = mapped(BIND + "shipment,package_unit,M11.04,,shape alnum 3,,,,,,\n", "LX*1 M11*B**1*BOXES")
    (finding,) = found.findings
    assert (finding.rule, finding.severity, finding.value) == ("MAP-NOT-PASSED", Severity.WARNING, "BOXES")
    assert (finding.target, finding.position.segment, finding.position.element) == ("package_unit", "M11", 4)
    assert "package_unit" not in found.draft


def test_a_default_does_not_hide_a_value_that_was_not_used():
    rows = "shipment,package_unit,M11.04,,shape alnum 3,PCS,,,,,\n"
    assert not_passed(rows, "LX*1 M11*B**1*BOXES") == ["package_unit"]
    assert mapped(BIND + rows, "LX*1 M11*B**1*BOXES").draft["package_unit"] == "PCS"
    assert not_passed(rows, "LX*1 M11*B**1") == []


def test_an_alternative_that_takes_the_value_leaves_nothing_to_tell():
    rows = "shipment,package_unit,M11.04,,shape digits 3,,,,,,\nshipment,package_unit,M11.04,,upper,,,,,,\n"
    assert not_passed(rows, "LX*1 M11*B**1*box") == []


def test_a_code_that_is_dropped_is_told_and_the_step_that_lost_it_counts():
    assert not_passed("shipment,carrier_code_type,M11.04,,code mode empty,,,,,,\n", "LX*1 M11*B**1*X") == [
        "carrier_code_type"
    ]
    assert not_passed("shipment,package_unit,M11.04,,drop 1 | shape digits 1,,,,,,\n", "LX*1 M11*B**1*XY") == [
        "package_unit"
    ]
    assert not_passed("shipment,package_unit,M11.04,,drop 1 | shape digits 1,,,,,,\n", "LX*1 M11*B**1*X") == []
    assert not_passed("shipment,package_unit,M11.04,,only digits 1,,,,,,\n", "LX*1 M11*B**1*X") == []


def test_the_other_values_of_a_row_do_not_stand_for_the_first():
    party = "final_deliver_to_party,(first),N1,,,,,,,,\nfinal_deliver_to_party,postal_code,N4.03; .02,,zip,,,,,,\n"
    assert not_passed(party, "LX*1 N1*CN N4*RENO*NV") == []


def test_what_a_person_wrote_is_not_repeated():
    party = "final_deliver_to_party,(first),N1,,,,,,,,\nfinal_deliver_to_party,phone,N1.02,,phone,,,,,,\n"
    (finding,) = mapped(BIND + party, "LX*1 N1*CN*NONE").findings
    assert (finding.rule, finding.personal) == ("MAP-NOT-PASSED", True)
    assert "NONE" not in finding.message


PARTS = {
    "bill", "bill_alone", "into_us", "into_us_day", "into_us_time", "care_of", "contact", "drop", "dtm_day", "written_day", "keep", "lines", "lines_from", "master_bill", "only", "other_than", "parcel_number", "replace",
    "product_ids", "product_list", "same_bill", "same_pieces", "split", "tariff", "weight_unit", "imp_unit",
}  # fmt: skip
"""Transforms whose nothing says that the part they take is not there; dtm_day, written_day: the moment with its zone is in another field; into_us: no leg arrives there;
parcel_number: marks are no number of a parcel as a rule."""


def test_transforms_that_may_give_nothing_without_a_word_are_these():
    assert {name for name, found in registry().items() if found.part} == PARTS


@pytest.mark.parametrize("name", sorted(set(registry()) - PARTS))
@pytest.mark.parametrize("text", ["?", "x", "--", "N/A", "0"])
def test_any_other_transform_makes_something_of_a_text_or_it_is_told(name, text):
    """Through a whole row: a value, a remark or a finding."""
    found = registry()[name]
    try:
        made = found.bind(ARGS.get(name, ()), TABLES)([text, ""] if found.many else text)
    except Unusable:
        return
    if not made:
        words = {
            " ": "space",
            "/": "slash",
            "-": "dash",
            "x12_party_id": "mode",
            "edifact_party_id": "mode",
        }  # tables of the small engine
        args = " ".join(words.get(a, a) for a in ARGS.get(name, ()))
        source = "M11.01; .09" if name in ("party_id", "agency_id") else "M11.01"
        rows = f"shipment,house_bill_number,{source},,{name} {args},,,,,,\n"
        assert not_passed(rows, f"LX*1 M11*{text}") == ["house_bill_number"], made


def test_a_transform_of_a_package_that_gives_nothing_is_told():
    @transform("A => ", name="lost_for_a_test")
    def lost(value: str) -> str:
        """Nothing at all."""
        return ""

    try:
        rows = "shipment,package_unit,M11.04,,lost_for_a_test,,,,,,\n"
        assert not_passed(rows, "LX*1 M11*B**1*BOX") == ["package_unit"]
    finally:
        del TRANSFORMS["lost_for_a_test"]


CASES = {
    "FIRMS code": ("x12/01", b"P4*0901*20250115***1430~", b"P4*0901*20250115**Y25*1430~", "location_of_goods_firms"),
    "port of lading": ("x12/01", b"M11*00450001*80107*", b"M11*00450001*TORONTO*", "port_of_lading"),
    "airport": ("xml/03", b"<ram:ID>HKG</ram:ID>", b"<ram:ID>H1</ram:ID>", "foreign_port"),
    "flight": ("cargoimp/12", b"LAX", b"QQQ", "first_us_port"),
    "port of the bill": ("edifact/01", b"LOC+11+USJFK", b"LOC+11+USXYZ", "first_us_port"),
}


@pytest.mark.parametrize(("name", "old", "new", "target"), CASES.values(), ids=CASES)
def test_in_every_format(name, old, new, target):
    data = sample(name)
    assert old in data
    result = drop(data.replace(old, new), now=SAMPLES_NOW if name[:3] == "x12" else BEFORE)
    assert target in {f.target for f in result.findings() if f.rule == "MAP-NOT-PASSED"}


def test_numbers_of_kinds_without_a_place_in_the_model_are_no_loss():
    result = drop(sample("x12/01").replace(b"N9*2I*", b"N9*ZZ*"), now=SAMPLES_NOW)
    assert "MAP-NOT-PASSED" not in {f.rule for f in result.findings()}


def test_the_bills_own_port_counts_before_that_of_the_header():
    data = moved(sample("edifact/01"))
    assert data.count(b"LOC+11+USJFK") > 1
    result = drop(data.replace(b"LOC+11+USJFK", b"LOC+11+USLAX", 1), now=parse_instant("2024-12-30T10:00:00Z"))
    ports = [s["first_us_port"] for m in result.messages() for s in m["shipments"]]
    assert sorted(set(ports)) == ["2720", "4701"]
