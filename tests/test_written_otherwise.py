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
    assert said(result, "S321-SCHEMA")[0].startswith("Trip or voyage or flight number must have at most 20 characters")


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


# --- carriage, numbers, weights and equipment of EDIFACT ---------------------------------------------------------------

OWN = ("TDT+20+YY777+3++GWXX:172:182", "LOC+11+3004:77", "DTM+132:202503041200:203")


def test_a_bill_with_its_own_carriage_goes_with_all_of_it() -> None:
    shipment = only(drop(air(consignment(bill=OWN))))
    found = [
        shipment[f] for f in ("mode_of_transportation", "carrier_code", "carrier_code_type", "conveyance_reference")
    ]
    assert found == ["truck", "GWXX", "scac", "YY777"]
    assert (shipment["first_us_port"], shipment["estimated_arrival_at"]) == ("3004", "2025-03-04T12:00:00Z")
    assert shipment["regime_verdict"]["as_of_date"] == "2025-03-04"


def test_what_the_carriage_of_a_bill_leaves_out_is_that_of_the_header() -> None:
    shipment = only(drop(air(consignment(bill=("TDT+20+XX902+4",)))))
    found = [shipment[f] for f in ("carrier_code", "conveyance_reference", "first_us_port", "estimated_arrival_at")]
    assert found == ["XX", "XX902", "4701", "2025-03-03T18:30:00Z"]


FORWARDING = (
    "BGM+785+M1+9", "TDT+20+XX901+4++XX:172:3", "DTM+132:202503031830:203", "LOC+60+USJFK:139:6",
)  # fmt: skip
ONE = (
    "CNI+1+GWH1", "RFF+HWB:GWH1", "TDT+20+XX901+4++XX:172:3", "NAD+CZ+++SHENZHEN SAMPLE GOODS CO LTD+88 KEYUAN ROAD+SHENZHEN++518057+CN",
    "NAD+CN+++JORDAN SAMPLE+1200 TEST AVENUE+SPRINGFIELD+IL+62701+US", "GID+1+1:CT", "LOC+27+CN:162:5", "MOA+40:24.90:USD", "PIA+5+6109100012:HS",
    "FTX+AAA+++COTTON KNIT T-SHIRTS MENS", "MEA+AAE+G+KGM:0.450",
)  # fmt: skip


def forwarding(old: str = "", new: str = "", kind: str = "IFCSUM:D:03A:UN") -> bytes:
    body = [line for line in (*FORWARDING, *ONE) if "IFTMIN" not in kind or not line.startswith("CNI")]
    assert not old or old in body
    at = len(body) - 1 - body[::-1].index(old) if old else -1
    lines = [part for n, line in enumerate(body) for part in (new.split("'") if n == at else [line])]
    return air(lines, head=(), kind=kind)


def test_a_consignment_with_its_own_carriage_goes_with_all_of_it() -> None:
    shipment = only(
        drop(
            forwarding(
                "TDT+20+XX901+4++XX:172:3", "TDT+20+YY777+3++GWXX:172:182'DTM+132:202503041200:203'LOC+60+3004:77"
            )
        )
    )
    found = [shipment[f] for f in ("mode_of_transportation", "carrier_code", "conveyance_reference", "first_us_port")]
    assert found == ["truck", "GWXX", "YY777", "3004"]
    assert shipment["estimated_arrival_at"] == "2025-03-04T12:00:00Z"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TDT+20+XX901+4++XX:172:3", "TDT+20+XX901+4++XX:172:3'RFF+MWB:999-12345675"),
        ("LOC+60+USJFK:139:6", "LOC+60+USJFK:139:6'RFF+MWB:999-12345675"),
        ("RFF+HWB:GWH1", "RFF+HWB:GWH1'RFF+MWB:99912345675"),
        ("RFF+HWB:GWH1", "RFF+HWB:GWH1'RFF+BM:99912345675"),
    ],
    ids=["carriage of the consignment", "carriage in the header", "consignment", "BM beside a house bill"],
)
def test_the_master_bill_is_read_wherever_it_may_stand(old: str, new: str) -> None:
    assert only(drop(forwarding(old, new)))["master_bill_number"] == "99912345675"


def test_bm_beside_a_house_bill_is_the_master_of_a_cuscar_too() -> None:
    head = ("BGM+785+MAN1+9", "TDT+20+XX901+1++OCNL:172:182", "LOC+60+2709:77", "DTM+132:202503031830:203")
    shipment = only(drop(air(consignment(bill=("RFF+BM:OCNV123456",)), head=head)))
    assert (shipment["house_bill_number"], shipment["master_bill_number"]) == ("GWH0000001", "OCNV123456")


@pytest.mark.parametrize("kind", ["IFCSUM:D:03A:UN", "IFTMIN:D:03A:UN"])
def test_containers_and_seals_of_a_consignment_are_passed_on(kind: str) -> None:
    last = ONE[-1]
    shipment = only(drop(forwarding(last, f"{last}'EQD+CN+CSQU3054383'SEL+S77", kind)))
    found = [(r["type"], r["value"]) for r in shipment["references"]]
    assert ("container", "CSQU3054383") in found and ("seal", "S77") in found


@pytest.mark.parametrize("measure", ["MEA+WT++KGM:0.450", "MEA+AAI++GRM:450", "MEA+WT+G+KGM:0.450"])
def test_a_weight_of_which_no_more_is_said_is_the_gross_weight(measure: str) -> None:
    for data in (
        air(consignment(goods=[measure if s.startswith("MEA") else s for s in GOODS])),
        forwarding(ONE[-1], measure),
        forwarding(ONE[-1], measure, "IFTMIN:D:03A:UN"),
    ):
        assert only(drop(data))["gross_weight_kg"] == "0.450"


@pytest.mark.parametrize(
    ("quantities", "found", "told"),
    [
        (("QTY+52:12:PCE", "QTY+1:36:PCE"), ("36", "PCE"), 0),
        (("QTY+52:12:PCE",), ("3", "CT"), 1),
        (("QTY+21:36:PCE",), ("36", "PCE"), 0),
    ],
)
def test_pieces_in_each_package_are_not_the_pieces_of_the_line(
    quantities: tuple[str, ...], found: tuple[str, str], told: int
) -> None:
    result = drop(air(consignment(goods=("GID+1+3:CT", *GOODS[1:], *quantities))))
    item = only(result)["items"][0]
    assert (item["quantity"], item["quantity_unit"]) == found
    assert len(said(result, "MAP-NOT-PASSED")) == told
