"""The same fact written in another way that the references allow: it reaches the output, or somebody is told."""

from __future__ import annotations

import pytest

from tests.drops import SAMPLES_NOW, drop, sample
from tests.test_beyond_samples import BILL, GOODS, LINE, air, bill, consignment, only, said, truck

# --- nothing is cut without a word -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voyage", "vessel", "expected"),
    [("012E", "EVER SAMPLE", "012E EVER SAMPLE"), ("012E", "EVER SAMPLE OF THE SEAS", "012E")],
)
def test_a_vessel_stands_behind_its_voyage_as_a_whole_or_not_at_all(voyage: str, vessel: str, expected: str) -> None:
    head = (f"M10*NRTX*O*SG*9074729*{vessel}*{voyage}***W*L", "P4*2709*20250303")
    goods = ("VID*CN*CSQU*3054383", LINE)
    assert only(drop(truck(bill(goods=goods), head=head)))["conveyance_reference"] == expected


def test_a_voyage_is_never_cut() -> None:
    head = ("M10*NRTX*O*SG*9074729*EVER SAMPLE*ABCDEFGHIJKLMNOPQRSTUV***W*L", "P4*2709*20250303")
    result = drop(truck(bill(goods=("VID*CN*CSQU*3054383", LINE)), head=head, version="006050"))
    assert result.outcome.verdict == "reject"
    assert said(result, "S321-SCHEMA")[0].startswith("conveyance_reference must have at most 20 characters")


def test_further_names_are_cut_with_a_warning() -> None:
    names = f"N2*{'CARE OF ' * 6}*{'FLOOR ' * 9}~\n"
    data = sample("x12/15").replace(b"N3*12 ELM ST APT 4~", names.encode() + b"N3*12 ELM ST APT 4~")
    result = drop(data.replace(b"SE*58*", b"SE*59*"), now=SAMPLES_NOW)
    first = result.messages()[0]["shipments"][0]
    assert len(first["final_deliver_to_party"]["attention_care_of"]) == 70
    assert said(result, "Q-TRUNC") == ["A text of 101 characters was cut: its field holds 70."]


@pytest.mark.parametrize(("sent", "unit", "told"), [("ct", "CT", 0), ("CARTON", None, 2)])
def test_a_word_is_no_code_of_a_package(sent: str, unit: str | None, told: int) -> None:
    result = drop(air(consignment(goods=(f"GID+1+1:{sent}", *GOODS[1:]))))
    shipment = only(result)
    assert (shipment.get("package_unit"), shipment["items"][0].get("quantity_unit")) == (unit, unit)
    assert len(said(result, "MAP-NOT-PASSED")) == told


@pytest.mark.parametrize(("second", "unit"), [("CT", "CT"), ("BX", None)])
def test_packages_of_two_kinds_have_no_unit_in_common(second: str, unit: str | None) -> None:
    more = (f"GID+2+3:{second}", *GOODS[1:])
    shipment = only(drop(air(consignment(goods=(*GOODS, *more)))))
    assert (shipment["package_count"], shipment.get("package_unit")) == (4, unit)
    assert [item["quantity_unit"] for item in shipment["items"]] == ["CT", second]


# --- numbers of a 309 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "issuer", "house"),
    [("NRTX00450001", "NRTX", "00450001"), ("nrtx00450001", "NRTX", "00450001"), ("XYZ77", "XYZ", "77"), ("NRTX", "NRTX", "NRTX"), ("XYZ77", "NRTX", "XYZ77")],
)  # fmt: skip
def test_the_issuer_before_a_bill_number_is_no_part_of_it(number: str, issuer: str, house: str) -> None:
    shipment = only(drop(truck(bill(bill=f"M11*{number}*80107*2*PCS*1.2*K***13***{issuer}"))))
    found = (shipment["house_bill_number"], shipment["house_bill_issuer"], shipment["shipment_id"])
    assert found == (house, issuer, issuer + house)


def test_a_deletion_names_the_same_bill() -> None:
    head = ("M10*NRTX*J*CA***NRTX25A01***Y", "P4*0901*20250303***1430")
    shipment = only(drop(truck(["LX*1", "M13*NRTX*0901*D*NRTX00450001**03*3**NRTX"], head=head)))
    assert (shipment["house_bill_number"], shipment["shipment_id"]) == ("00450001", "NRTX00450001")


@pytest.mark.parametrize(
    ("references", "marks", "number", "told"),
    [
        ((), "1Z5R89390357567127", "1Z5R89390357567127", 0),
        ((), "RR 4731 2482 9GB", "RR473124829GB", 0),
        ((), "BOX 1 OF 2", None, 0),
        (("N9*2I*TRK1",), "1Z5R89390357567127", "TRK1", 0),
        (("N9*CN*PRO1",), "1Z5R89390357567127", "1Z5R89390357567127", 0),
        (("N9*CN*PRO1", "N9*CN*PRO2"), "", "PRO1", 1),
    ],
)
def test_marks_that_are_a_parcel_number_are_its_number(
    references: tuple[str, ...], marks: str, number: str | None, told: int
) -> None:
    line = LINE.replace("COTTON T-SHIRT**", f"COTTON T-SHIRT*{marks}*")
    result = drop(truck(bill(references=references, goods=("VID*TL**TRL5501", line))))
    assert only(result).get("shipment_tracking_number") == number
    assert len(said(result, "MAP-AMBIGUOUS")) == told


def test_marks_that_differ_are_no_number_of_the_whole_bill() -> None:
    lines = [LINE.replace("**A*", f"*{n}*A*", 1) for n in ("1Z5R89390357567127", "RR473124829GB")]
    result = drop(truck(bill(references=(), goods=("VID*TL**TRL5501", *lines))))
    assert "shipment_tracking_number" not in only(result)


@pytest.mark.parametrize(("other", "told"), [("OCNVMSTR7781", 0), ("MSTR7781", 0), ("OCNVMSTR9999", 1)])
def test_two_master_bills_of_a_bill_are_told(other: str, told: int) -> None:
    consolidated = BILL.replace("***NRTX", "**MSTR7781*NRTX*OCNV")
    result = drop(truck(bill(bill=consolidated, references=(f"N9*MB*{other}",))))
    assert only(result)["master_bill_number"] == "OCNVMSTR7781"
    assert len(said(result, "MAP-AMBIGUOUS")) == told
