"""M11-09: 13 is Section 321, by truck 35 too (CBP's list, CSMS 64824427); what is filed in another way is not delivered."""

from __future__ import annotations

import pytest

from tests.drops import SAMPLES_NOW, drop, sample

TRUCK, CREW, OCEAN = "x12/01_", "x12/02_", "x12/07_"


def judged(name: str, code: bytes) -> set[str]:
    """Return the rules by which the shipments of a sample are refused when their bills have this type."""
    data = sample(name)
    assert b"*13*" in data
    return {f.rule for f in drop(data.replace(b"*13*", b"*" + code + b"*"), now=SAMPLES_NOW).findings() if f.refuses}


@pytest.mark.parametrize(
    ("name", "code"), [(TRUCK, b"13"), (TRUCK, b"35"), (CREW, b"35"), (OCEAN, b"13"), (OCEAN, b"23")]
)
def test_a_bill_of_section_321_is_delivered(name: str, code: bytes) -> None:
    assert judged(name, code) == set()


@pytest.mark.parametrize(
    ("name", "code"), [*((TRUCK, c) for c in (b"12", b"18", b"34", b"83", b"84", b"85")), *((OCEAN, c) for c in (b"35", b"36", b"37", b"38"))]
)  # fmt: skip
def test_what_is_filed_in_another_way_is_refused_and_named(name: str, code: bytes) -> None:
    assert judged(name, code) == {"S321-NOT-321"}


def test_a_code_of_no_list_is_refused() -> None:
    assert judged(TRUCK, b"99") == {"X12-ELE-CODE"}
