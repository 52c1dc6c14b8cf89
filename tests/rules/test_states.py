"""States of Mexico: what people write becomes the code of ISO 3166-2, which CBP asks for; in every format."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.canonical.model import PARTY_ROLES
from gateway.canonical.validate import ShipmentValidator, load_schema
from gateway.formats.x12.values import _longer
from gateway.mapping.transforms import registry
from gateway.mapping.transforms.codes import _iso
from gateway.rules.folder import load_rulebook
from gateway.rules.states import read_states
from gateway.site import base_mappings
from tests.canonical.samples import party, shipment
from tests.drops import drop, profile_for, sample
from tests.test_beyond_samples import BILL, CONSIGNEE, bill, truck

TABLES = load_rulebook(base_mappings()).tables
ROWS = list(csv.DictReader((base_mappings() / "codes" / "mx_state.csv").read_text("utf-8").splitlines()))
ISO = {s["code"][3:] for s in _iso("3166-2") if s["code"].startswith("MX-")}
NAMES = [(s["code"][:2], s["name"]) for s in _iso("3166-2") if s["code"][:2] in ("US", "CA", "MX")]
VALIDATOR = ShipmentValidator("carrier")


def read(state: str, country: str = "MX") -> tuple[str, list[str]]:
    """Return a shipper's state as the rules leave it, and what they say of it."""
    draft = {"shipment_initiator": {"country_code": country, "state_province": state}}
    found = read_states(draft, TABLES)
    return draft["shipment_initiator"]["state_province"], [f.message for f in found]


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ("NL", "NLE", True), ("N.L.", "NLE", True), ("DF", "DIF", True), ("GTO", "GUA", True), ("CHI", "CHH", True), ("CDMX", "CMX", True), ("TAMPS", "TAM", True),
        ("NUEVO LEON", "NLE", False), ("Nuevo León", "NLE", False), ("COAHUILA", "COA", False), ("Edo. de México", "MEX", False),
        ("NLE", "NLE", False), ("DIF", "DIF", False), ("COL", "COL", False),
    ],
)  # fmt: skip
def test_a_state_of_mexico_becomes_its_iso_code(given, code, told):
    said = [f'State "{given}" was read as {code}, its code in ISO 3166-2:MX.']
    assert read(given) == (code, said if told else [])


@pytest.mark.parametrize("given", ["QR", "QRO", "CL", "CM", "MC", "SL", "MX", "NA", "XX"])
def test_what_two_lists_read_otherwise_is_not_guessed(given):
    assert read(given) == (given, [])


@pytest.mark.parametrize(("country", "state"), [("CA", "NL"), ("US", "MI"), ("BR", "DF"), ("ES", "CO")])
def test_the_states_of_other_countries_stay(country, state):
    assert read(state, country) == (state, [])


def test_every_party_is_read():
    draft = {role: {"country_code": "MX", "state_province": "NL"} for role in PARTY_ROLES}
    said = {f.pointer for f in read_states(draft, TABLES)}
    assert said == {f"/{role}/state_province" for role in PARTY_ROLES}
    assert {p["state_province"] for p in draft.values()} == {"NLE"}


def test_the_lists_of_mexican_codes_agree():
    (pattern,) = [
        then["properties"]["state_province"]["pattern"]
        for rule in load_schema()["$defs"]["party"]["allOf"]
        if rule["if"]["properties"]["country_code"].get("const") == "MX" and (then := rule["then"])
    ]
    codes = set(re.findall(r"[A-Z]{3}", pattern))
    assert codes == ISO | {"DIF"}  # the Federal District, before it was Mexico City
    assert {code for element, code in _longer() if element == "156"} == codes
    assert {row["value"] for row in ROWS} == codes
    assert not codes & set(TABLES.mexican)  # a code of ISO never becomes another


def _fits(state: str, country: str) -> bool:
    draft = shipment(shipment_initiator=party(country_code=country, state_province=state))
    read_states(draft, TABLES)
    return VALIDATOR.errors(draft) == ()


@given(st.sampled_from(NAMES), st.sampled_from([str, str.lower, str.upper]))
def test_every_code_that_a_name_becomes_satisfies_the_schema(place, case):
    country, name = place
    if country == "US" and name.startswith(("Virgin Islands", "United States")):
        return
    assert _fits(registry()["state"].bind((), None)(case(name)), country)


@given(st.sampled_from(ROWS), st.sampled_from(["state", "region"]), st.sampled_from([str, str.lower, str.upper]))
def test_every_form_of_the_table_satisfies_the_schema(row, transform, case):
    assert _fits(registry()[transform].bind((), None)(case(row["code"])), "MX")


# --- in every format --------------------------------------------------------------------------------------------------

UBL_ON = b"<cbc:CountrySubentityCode>ON</cbc:CountrySubentityCode><cac:Country><cbc:IdentificationCode>CA"
UBL_MX = b"<cbc:CountrySubentityCode>%s</cbc:CountrySubentityCode><cac:Country><cbc:IdentificationCode>MX"
WCO_CN = b"<CityName>GUANGZHOU</CityName>\n          <CountryCode>CN</CountryCode>"
WCO_MX = b"<CityName>MONTERREY</CityName>\n          <CountryCode>MX</CountryCode>\n          <CountrySubDivisionID>MX-%s</CountrySubDivisionID>"
XFZB_CN = b"<ram:CountryID>CN</ram:CountryID>\n        </ram:PostalStructuredAddress>"
XFZB_MX = b"<ram:CountryID>MX</ram:CountryID>\n          <ram:CountrySubDivisionID>%s</ram:CountrySubDivisionID>\n        </ram:PostalStructuredAddress>"
CSV = sample("csv/01").replace(b"mawb,", b"mode,mawb,").replace(b"\n999-", b"\ntruck,999-")
WCO = sample("xml/14").replace(
    b"US</CountryCode>", b"US</CountryCode>\n          <CountrySubDivisionID>NY</CountrySubDivisionID>"
)
FORMATS = {
    "table": (CSV, b"GUANGZHOU,,510000,CN", b"MONTERREY,%s,64000,MX"),
    "309": (sample("x12/01"), b"N4*MISSISSAUGA*ON*L4Z1A1*CA~", b"N4*MONTERREY*%s*64000*MX~"),
    "CUSCAR": (sample("edifact/01"), b"SHENZHEN++518057+CN", b"MONTERREY+%s+64000+MX"),
    "XFZB": (sample("xml/03"), XFZB_CN, XFZB_MX),
    "WCO": (WCO, WCO_CN, WCO_MX),
    "ITMATT": (
        sample("xml/15"),
        b"<city>LEEDS</city><country>GB",
        b"<city>MONTERREY</city><state>%s</state><country>MX",
    ),
    "UBL": (sample("xml-extra/01"), UBL_ON, UBL_MX),
    "FWB": (sample("cargoimp/02"), b"LOC/SHENZHEN\r\n/CN/518000", b"LOC/MONTERREY/%s\r\n/MX/64000"),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("written", [b"NLE", b"NL"])
def test_a_mexican_shipper_is_delivered_from_every_format(name, written):
    data, old, new = FORMATS[name]
    assert old in data
    data = data.replace(old, new % written)
    result = drop(data, profile=profile_for(data, severities={"S321-REGIME": "off"}))
    states = {s["shipment_initiator"].get("state_province") for m in result.messages() for s in m["shipments"]}
    assert "NLE" in states
    assert not result.rules() & {"S321-ADDR-STATE", "X12-LEN-LONG"}
    assert ("CODE-STATE-MX" in result.rules()) is (written == b"NL")


def test_three_letters_of_another_country_refuse_the_shipment_not_the_set():
    good, bad = (
        bill(),
        bill(
            number=2,
            bill=BILL.replace("00450001", "00450002"),
            parties=["N1*SH*A CO", "N3*1 B ST", "N4*LAREDO*NLE*78040*US", *CONSIGNEE],
        ),
    )
    result = drop(truck(good, bad))
    assert {f.rule for f in result.findings() if f.refuses} == {"S321-ADDR-STATE"}
    assert (result.outcome.counts.accepted, result.outcome.counts.rejected) == (1, 1)


def test_three_letters_that_are_no_state_are_too_long():
    names = ["N1*SH*A CO", "N3*1 B ST", "N4*MONTERREY*ABC*64000*MX", *CONSIGNEE]
    assert "X12-LEN-LONG" in drop(truck(bill(parties=names))).rules()
