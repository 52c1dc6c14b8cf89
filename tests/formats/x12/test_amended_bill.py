"""A 309 bill with both M13 (amendment) and M11 (the bill): they must name the same bill."""

from __future__ import annotations

import re

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, sample

TABLES = {"truck": b"*J*", "ocean": b"*O*"}


def amended(m13: str, m11: str, mode: bytes = b"*J*") -> Drop:
    """Drop the first bill of the amendment sample with another M13 and other numbers in its M11.

    m13: elements 03 to 10; m11: number, consolidated bill, its issuer and the issuer, as `01*11*12*13`.
    """
    number, consolidated, issuer, of = m11.split("*")
    data = sample("x12/04").replace(b"M10*NRTX*J*CA**", b"M10*NRTX" + mode + b"CA*9074729*SAMPLE")
    data = re.sub(rb"M13\*NRTX\*0901\*A[^~]*~", b"M13*NRTX*0901*" + m13.encode() + b"~", data, count=1)
    bill = f"M11*{number}*80107*2*PCS*1.2*K***13**{consolidated}*{issuer}*{of}".rstrip("*")
    data = re.sub(rb"M11\*00450001[^~]*~", bill.encode() + b"~", data, count=1)
    return drop(data, now=SAMPLES_NOW)


def told(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "X12-M13-BILL"]


@pytest.mark.parametrize("mode", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("m13", "m11"),
    [
        ("A*00459999**11*1**NRTX", "00450001**NRTX*"),
        ("D*00459999**11*1**NRTX", "00450001**NRTX*"),
        ("R*00450001*4*11*1**OTHR", "00450001**NRTX*"),
        ("A*450001**11*1**NRTX", "00450001**NRTX*"),  # leading zeros count
    ],
)
def test_an_amendment_of_another_bill_is_refused(mode, m13, m11):
    result = amended(m13, m11, mode)
    assert len(told(result)) == 1
    assert "00450001" in told(result)[0]
    assert b"00450001" not in b"".join(d.data for d in result.deliveries)
    (finding,) = [f for f in result.findings() if f.rule == "X12-M13-BILL"]
    assert (finding.position.segment, finding.position.element) == ("M13", 4)


@pytest.mark.parametrize("mode", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("m13", "m11"),
    [
        ("A*00450001**11*1**NRTX", "00450001**NRTX*"),
        ("A*NRTX00450001**11*1**NRTX", "00450001**NRTX*"),  # the issuer before the number is one issuer
        ("A*00450001**11*1**NRTX", "NRTX00450001**NRTX*"),
        ("A*MSTR7781**11*1*H1*OCNV*NRTX", "H1*MSTR7781*NRTX*OCNV"),  # a portion of a consolidated shipment
    ],
)
def test_the_same_bill_in_another_spelling_is_taken(mode, m13, m11):
    assert told(amended(m13, m11, mode)) == []


def test_an_amendment_of_a_portion_without_its_bill_is_told():
    data = sample("x12/04").replace(
        b"M13*NRTX*0901*D*00450002**03*3**NRTX~", b"M13*NRTX*0901*D*00450002**03*3*H7*NRTX*NRTX~"
    )
    (finding,) = [f for f in drop(data, now=SAMPLES_NOW).findings() if f.rule == "MAP-AMBIGUOUS"]
    assert "H7" in finding.message
