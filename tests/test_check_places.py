"""What `gateway check` shows of a finding: the place in the words of the format, and the value as it was sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.mapping.transforms import numbers
from gateway.mapping.transforms.dates import _port_iso
from gateway.mapping.transforms.registry import Unusable

FIXTURES = Path(__file__).parent.parent / "fixtures"


def shown(*args: str) -> str:
    return CliRunner().invoke(app, ["check", "--as-of", "2025-03-03T10:00:00Z", *args]).output


def test_a_cell_is_shown_with_row_and_column():
    said = shown(
        str(FIXTURES / "csv" / "08_business_errors_dups.csv"),
        "--profile",
        str(FIXTURES / "profiles" / "tabular"),
        "--partner",
        "plain",
    )
    assert 'line 4, row 4, column "' in said


def test_an_element_is_shown_with_its_path():
    said = shown(str(FIXTURES / "xml" / "09_xfzb_business_errors.xml"))
    assert ", /HouseWaybill/MasterConsignment/TransportContractDocument/ID\n" in said


def test_a_comma_that_may_part_thousands_is_said_to_be_uncertain():
    with pytest.raises(Unusable, match="may part thousands or decimals"):
        numbers.number("1,025")


def test_a_day_that_is_none_is_named_as_it_was_sent():
    with pytest.raises(Unusable, match=r'^"2025-02-30" is not a day'):
        _port_iso("2025-02-30", "UTC")
