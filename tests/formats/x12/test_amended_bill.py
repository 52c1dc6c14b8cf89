"""A 309 bill with both M13 (amendment) and M11 (the bill): they must name the same bill."""

from __future__ import annotations

import re

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, sample

TABLES = {"truck": b"*J*", "ocean": b"*O*"}


def manifest(mode: bytes) -> bytes:
    """Return the amendment sample as a manifest of another mode."""
    data = sample("x12/04").replace(b"M10*NRTX*J*CA**", b"M10*NRTX" + mode + b"CA*9074729*SAMPLE")
    return data.replace(b"**3*Y~", b"**3*Y*L~")


def amended(m13: str, m11: str, mode: bytes = b"*J*") -> Drop:
    """Drop the first bill of the amendment sample with another M13 and other numbers in its M11.

    m13: elements 03 to 10; m11: number, consolidated bill, its issuer and the issuer, as `01*11*12*13`.
    """
    number, consolidated, issuer, of = m11.split("*")
    data = re.sub(rb"M13\*NRTX\*0901\*A[^~]*~", b"M13*NRTX*0901*" + m13.encode() + b"~", manifest(mode), count=1)
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


def alone(m13: str, mode: bytes) -> Drop:
    """Drop the amendment sample with another M13 where its deletion stands, without a bill."""
    old = b"M13*NRTX*0901*D*00450002**03*3**NRTX"
    return drop(manifest(mode).replace(old, b"M13*NRTX*0901*" + m13.encode()), now=SAMPLES_NOW)


@pytest.mark.parametrize("mode", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("m13", "said"),
    [
        ("R*00450002**03*2**NRTX", "M13-03 R stands without its bill, and the new quantity (M13-05) is missing."),
        *((f"{code}*00450002**03*2**NRTX", f"M13-03 {code} stands without its bill: the whole bill (M11 and what follows) must be sent with it.") for code in "ANS"),
    ],
)  # fmt: skip
def test_an_amendment_without_the_bill_that_it_needs_is_told_as_that_and_nothing_else(mode, m13, said):
    result = alone(m13, mode)
    refusing = [f for f in result.findings() if f.refuses]
    assert [(f.rule, f.message, f.position.segment, f.position.element) for f in refusing] == [("X12-M13-ALONE", said, "M13", 3)]  # fmt: skip
    assert result.counts() == (3, 2, 1, 0)


@pytest.mark.parametrize(
    ("m13", "rule"), [("U*00450002**03*2**NRTX", "X12-ELE-CODE"), ("R*00450002*X*03*2**NRTX", "X12-ELE-CHAR")]
)
def test_a_fault_of_an_amendment_alone_is_no_missing_bill(m13, rule):
    assert [f.rule for f in alone(m13, b"*J*").findings() if f.refuses] == [rule]


@pytest.mark.parametrize("m13", ["D*00450002**03*3**NRTX", "R*00450002*4*03*2**NRTX"])
def test_a_deletion_and_a_new_quantity_stand_alone(m13):
    assert alone(m13, b"*J*").counts() == (3, 3, 0, 0)


def test_a_bill_that_lacks_something_is_told_so_beside_a_fault_of_its_amendment():
    data = re.sub(rb"N1\*CN\*[^~]*~\n(N[34][^~]*~\n)+", b"", sample("x12/04").replace(b"*A*00450001*", b"*A*00459999*"))
    data = data.replace(b"SE*21*", b"SE*18*")
    assert {"X12-M13-BILL", "S321-ROLE-REQ"} <= {f.rule for f in drop(data, now=SAMPLES_NOW).findings() if f.refuses}


@pytest.mark.parametrize("mode", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("m13", "differs"),
    [
        ("R*00450001*5*11*1**NRTX", True),
        ("A*00450001*5*11*1**NRTX", True),
        ("D*00450001*5*11*1**NRTX", False),  # what is deleted needs no quantity
        ("R*00450001*2*11*1**NRTX", False),
        ("R*00450001*02*11*1**NRTX", False),
        ("A*00450001**11*1**NRTX", False),
    ],
)
def test_a_new_quantity_that_is_not_that_of_the_bill_is_told(mode, m13, differs):
    result = amended(m13, "00450001**NRTX*", mode)
    told = [(f.message, f.severity.value) for f in result.findings() if f.rule == "X12-M13-QTY"]
    said = "The amendment (M13-05) gives 5 pieces, the bill itself (M11-03) 2: both were passed on."
    assert told == ([(said, "warning")] if differs else [])
    assert result.counts()[1] == 3
