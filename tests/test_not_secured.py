"""Customs notes that contradict a scan: not secured, several methods or statuses, a consignor that is known and is not."""

from __future__ import annotations

import pytest

from tests.drops import Drop, drop, sample
from tests.test_cargo_imp_notes import NOTES, noted
from tests.test_nothing_silent import BEFORE

HOUSE, DIRECT = sample("xml/03"), sample("xml/02")
FHL, FWB, FRI = (noted(sample(f"cargoimp/{n}")) for n in ("03", "02", "12"))


def with_note(data: bytes, content: str, code: str) -> bytes:
    note = f"<ram:IncludedCustomsNote><ram:ContentCode>{code}</ram:ContentCode><ram:Content>{content}</ram:Content></ram:IncludedCustomsNote>"
    at = data.rindex(b"</ram:IncludedCustomsNote>") + len(b"</ram:IncludedCustomsNote>")
    return data[:at] + note.encode() + data[at:]


def with_line(data: bytes, content: str, code: str) -> bytes:
    return data.replace(NOTES, NOTES + f"///{code}/{content}\r\n".encode())


@pytest.mark.parametrize(
    ("data", "secured", "not_secured"),
    [
        (HOUSE, b"<ram:DescriptionCode>SPX<", b"<ram:DescriptionCode>NSC<"),
        (DIRECT, b"<ram:DescriptionCode>SPX<", b"<ram:DescriptionCode>NSC<"),
        (FHL, b"\r\n/SPX\r\n", b"\r\n/ECC/NSC\r\n"),
        (FHL, b"///SS/SPX", b"///SS/NSC"),
        (FWB, b"SPH/SPX", b"SPH/NSC"),
        (FRI, b"///SS/SPX", b"///SS/NSC"),
    ],
)
def test_not_secured_is_told_beside_a_scan(data, secured, not_secured):
    assert "Q-NOT-SECURED" not in drop(data, name="m", now=BEFORE).rules()
    assert secured in data
    result = drop(data.replace(secured, not_secured, 1), name="m", now=BEFORE)
    assert "Q-NOT-SECURED" in result.rules()
    assert result.counts()[:2] == (1, 1)


@pytest.mark.parametrize(("data", "add"), [(HOUSE, with_note), (FHL, with_line), (FWB, with_line), (FRI, with_line)])
@pytest.mark.parametrize(
    ("code", "same", "other", "refused"), [("SM", "XRY", "ETD", 0), ("SS", "SPX", "SCO", 0), ("KP", "Y", "N", 1)]
)
def test_notes_that_contradict_each_other_are_told(data, add, code, same, other, refused):
    assert code in data.decode()
    assert "MAP-AMBIGUOUS" not in rules_about(drop(add(data, same, code), name="m", now=BEFORE), code)
    result = drop(add(data, other, code), name="m", now=BEFORE)
    assert "MAP-AMBIGUOUS" in rules_about(result, code)
    assert result.counts()[2] == refused


def rules_about(result: Drop, code: str) -> set[str]:
    return {f.rule for f in result.findings() if code in f.message}
