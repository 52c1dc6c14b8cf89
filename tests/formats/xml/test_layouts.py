"""Units whose elements came before are read by a pattern and mapped by texts: the same as if the parser had read each element.

Both ways are compared: of every sample, and of documents made of whatever a house or a postal item may hold.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Finding
from gateway.formats import format_module
from gateway.formats.xml import layouts
from gateway.formats.xml.known import KnownNode
from gateway.formats.xml.missing import notes_of, notes_of_known
from gateway.formats.xml.nodes import XmlNode
from gateway.mapping import forms
from gateway.mapping.folder import MappingSet
from gateway.profile import Profile
from gateway.records import MessageEnd, Unit
from gateway.site import base_mappings, base_site
from tests.drops import chunks_of
from tests.formats.of_known_kinds import said

ROOT = Path(__file__).parents[3]
PROFILE = base_site().partners["gwsender"].profile
MAPPINGS = MappingSet(base_mappings())
SAMPLES = sorted([*(ROOT / "fixtures/xml").glob("*.xml"), *(ROOT / "fixtures/xml-extra").glob("*.xml")])
UNITS = re.compile(rb"[ \t\r\n]*<(\w+:)?(IncludedHouseConsignment|item)[ >].*</(\w+:)?\2>", re.S)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch)


def at_once(patch: pytest.MonkeyPatch) -> None:
    """Let layouts and functions for them be made when they come for the first time."""
    patch.setattr("gateway.formats.xml.runs._families", {})
    patch.setattr(layouts, "_OFTEN", 1)
    patch.setattr(forms, "_OFTEN", 1)


def flat(node: XmlNode) -> list[tuple[Any, ...]]:
    return [
        (n.xpath(), n.here(), n.elements, n.attributes, n.line, n.offset, n.number, list(n.children or ()))
        for n in node.walk()
        if isinstance(n, XmlNode)
    ]


def story(data: bytes, folder: str, sizes: Iterable[int] = (), profile: Profile = PROFILE) -> tuple[list[Any], int]:
    """Return all that the reader says of a file, and what is made of each unit; and how many of these were of known layouts."""
    told: list[Any] = []
    known = 0
    kept: list[XmlNode] = []
    for event in format_module(folder).read(chunks_of(data, sizes), profile, (0, 1)):
        if isinstance(event, Unit):
            known += isinstance(event.node, KnownNode)
            made = said(MAPPINGS, event, profile)
            kept.append(event.node)
            told.append((event.number, event.role, event.label, made, flat(event.node) if event.number % 2 else 0))
        elif isinstance(event, Finding):
            told.append(event)
        else:
            told.append((type(event).__name__, event.segments if isinstance(event, MessageEnd) else 0))
    return [*told, [flat(node) for node in kept]], known


def check(data: bytes, folder: str, sizes: Iterable[int] = ()) -> int:
    """Compare both ways; return how many units were of known layouts."""
    sizes = list(sizes)
    quick, known = story(data, folder, sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.formats.xml.runs._closing", lambda units: None)  # the parser is fed with all as it comes
        assert story(data, folder, sizes) == (quick, 0)
    return known


def folder_of(data: bytes) -> str:
    name = max(("cargo_xml", "postal", "wco_xml"), key=lambda one: format_module(one).sniff(data[:2048]))
    return name if format_module(name).sniff(data[:2048]) else "cargo_xml"


def repeated(data: bytes, times: int) -> bytes:
    """Return a document with all its units several times."""
    found = UNITS.search(data)
    return data if found is None else data[: found.start()] + found[0] * times + data[found.end() :]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_become_the_same_both_ways(path):
    data = path.read_bytes()[:200_000]
    for one, sizes in ((data, ()), (data, (7,)), (repeated(data, 3), ()), (repeated(data, 3), (999, 64))):
        check(one, folder_of(one), sizes)


@pytest.mark.parametrize(("name", "at_least"), [("05_xfhl_3houses_v3", 6), ("15_itmatt_gateway_profile", 6)])
def test_units_that_come_again_are_of_known_layouts(name, at_least):
    data = repeated((ROOT / f"fixtures/xml/{name}.xml").read_bytes(), 4)
    assert check(data, folder_of(data)) >= at_least


# --- documents of whatever a unit may hold ----------------------------------------------------------------------------

XFHL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rsm:HouseManifest xmlns:rsm="iata:housemanifest:1" xmlns:ram="iata:datamodel:3">\n<rsm:MessageHeaderDocument>'
    "<ram:ID>M1</ram:ID><ram:TypeCode>785</ram:TypeCode><ram:IssueDateTime>2025-03-01T08:15:00Z</ram:IssueDateTime><ram:PurposeCode>Creation</ram:PurposeCode>"
    "<ram:VersionID>3.00</ram:VersionID><ram:SenderParty><ram:PrimaryID>TDVAGT03GWSENDER/HKG1</ram:PrimaryID></ram:SenderParty></rsm:MessageHeaderDocument><rsm:MasterConsignment>"
    '<ram:IncludedTareGrossWeightMeasure unitCode="KGM">9</ram:IncludedTareGrossWeightMeasure><ram:TotalPieceQuantity>9</ram:TotalPieceQuantity>'
    "<ram:TransportContractDocument><ram:ID>999-12345675</ram:ID></ram:TransportContractDocument>{}</rsm:MasterConsignment></rsm:HouseManifest>"
)
ITMATT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<itmatt xmlns="urn:gateway:itmatt:1" messageId="I1" version="gateway-1" sender="GBA" recipient="USA" '
    'created="2025-03-01T08:00:00Z" function="9">{}</itmatt>'
)
PREDES = (
    '<predes xmlns="urn:gateway:predes:1" messageId="P1" version="gateway-1" sender="GBA" recipient="USA" created="2025-03-01T08:00:00Z" function="9">'
    '<receptacle id="R1">{}</receptacle><receptacle id="R2">{}</receptacle></predes>'
)
TEXTS = (
    "COTTON SHIRT", " Knitted  scarf ", "1 A ST|APT 4", "1 A ST\nAPT 4", "é 漢字 \u00a0", "\U0001f600", "A &amp; B", "A > B", "", "  ", "<!-- x -->A", "A<!-- x -->B",
    "<![CDATA[A </item> </ram:IncludedHouseConsignment>]]>", "<?pi x?>A", "A\tB", "A\rB", "A\r\nB", "&#65;", "2.500", "x" * 50, "\x7f", "KGM",
)  # fmt: skip
BETWEEN = ("", "\n", "\n  ", " ", "\r\n", "<!-- <item id='1'></item> -->", "<?pi?>", "stray", "\u00a0")


ABOVE = (
    "<ram:FinalDestinationLocation><ram:ID>LAX</ram:ID></ram:FinalDestinationLocation>", "<ram:OriginLocation><ram:ID>SZX</ram:ID></ram:OriginLocation>",
    "<ram:TransportContractDocument><ram:ID>999-12345686</ram:ID></ram:TransportContractDocument>", "</rsm:MasterConsignment><rsm:MasterConsignment>",
    '</rsm:MasterConsignment><rsm:MasterConsignment xmlns:ram="urn:other">',
    "</rsm:MasterConsignment><rsm:MessageHeaderDocument><ram:PurposeCode>Deletion</ram:PurposeCode></rsm:MessageHeaderDocument><rsm:MasterConsignment>",
)  # fmt: skip


def house(draw: random.Random, form: random.Random) -> str:
    """Return a house, mostly as usual. form: decides what it has, draw: what that says."""

    def text(usual: str) -> str:
        return draw.choice(TEXTS) if draw.random() < 0.03 else usual

    def between() -> str:
        return draw.choice(BETWEEN) if draw.random() < 0.02 else "\n "

    unit = draw.choice(("KGM", "KGM", "LBR", "", "GRM", "K&amp;M")) if draw.random() < 0.1 else "KGM"
    parts = [
        f"<ram:SequenceNumeric>{text('1')}</ram:SequenceNumeric>",
        f'<ram:GrossWeightMeasure unitCode="{unit}">{text("1.5")}</ram:GrossWeightMeasure>',
        f"<ram:TotalPieceQuantity>{text('3')}</ram:TotalPieceQuantity>",
        f"<ram:SummaryDescription>{text('MUG')}</ram:SummaryDescription>",
        f"<ram:TransportContractDocument>{between()}<ram:ID>{text(f'GWH{draw.randint(1, 999)}')}</ram:ID></ram:TransportContractDocument>",
        "<ram:OriginLocation><ram:ID>HKG</ram:ID></ram:OriginLocation>",
        f"<ram:FinalDestinationLocation><ram:ID>{text('LAX')}</ram:ID></ram:FinalDestinationLocation>",
        "<ram:HandlingSPHInstructions><ram:DescriptionCode>SPX</ram:DescriptionCode></ram:HandlingSPHInstructions>",
        "".join(f"<ram:IncludedCustomsNote>{between()}<ram:ContentCode>{text(code)}</ram:ContentCode><ram:Content>{text('N1')}</ram:Content><ram:SubjectCode>{text(draw.choice(('CNE', 'ISS')))}</ram:SubjectCode></ram:IncludedCustomsNote>" for code in form.choice(("T", "RA", "TK"))),
        f"<ram:ConsignorParty><ram:Name>{text('ADA')}</ram:Name><ram:PostalStructuredAddress><ram:StreetName>{text('1 A ST')}</ram:StreetName></ram:PostalStructuredAddress></ram:ConsignorParty>",
        f"<ram:AssociatedParty><ram:Name>BO</ram:Name><ram:RoleCode>{text('CB')}</ram:RoleCode></ram:AssociatedParty>",
        "<ram:Strange/>", '<ram:OriginLocation xmlns="urn:x"><ID>JFK</ID></ram:OriginLocation>', "<ram:OriginLocation strange='1'/>", "<ram:GrossWeightMeasure/>",
    ]  # fmt: skip
    chosen = [part for part, often in zip(parts, (9, 9, 9, 9, 10, 9, 9, 7, 4, 2, 1, 0, 0, 0, 0), strict=True) if form.random() < often / 9]  # fmt: skip
    if form.random() < 0.15:
        chosen.insert(form.randint(0, len(chosen)), form.choice(parts))
    own = "".join(f"{between()}{part}" for part in chosen)
    return f"{between()}<ram:IncludedHouseConsignment>{own}{between()}</ram:IncludedHouseConsignment>"


def item(draw: random.Random, form: random.Random) -> str:
    """Return a postal item, likewise."""

    def text(usual: str) -> str:
        return draw.choice(TEXTS) if draw.random() < 0.03 else usual

    def given(usual: str) -> str:
        odd = ("", " ", "A &amp; B", "é", "a\tb", "a>b", "24,90", "0")
        return draw.choice(odd) if draw.random() < 0.03 else usual

    def party(name: str) -> str:
        some = [
            f"<name>{text('ADA')}</name>",
            f"<street>{text('1 A ST')}</street>",
            "<street>APT 4</street>",
            f"<city>{text('LEEDS')}</city>",
        ]
        some += [f"<state>{text('OH')}</state>", f"<postcode>{text('43004')}</postcode>", f"<country>{text('US')}</country>", "<phone>+441134960000</phone>"]  # fmt: skip
        own = [part for part, often in zip(some, (9, 9, 1, 9, 8, 9, 9, 1), strict=True) if form.random() < often / 9]
        return f"<{name}>{''.join(own)}</{name}>"

    pieces = "".join(
        f'<contentPiece number="{n}" quantity="{given("1")}" declaredValue="{given("5.00")}" currency="USD" netWeight="{given("60")}" hs="691200" origin="CN">{text("MUG")}</contentPiece>\n'
        for n in range(form.choice((1, 1, 2, 2, 3, 0)))
    )
    quote = form.choice('"""\'')
    head = f'<item id="{given("LX000000014GB")}" grossWeight={quote}{given("2600")}{quote} weightUnit="{given("GRM")}" totalValue="{given("110.00")}" currency="USD"'
    head += form.choice((" strange='1'", ' xml:lang="en"', " ")) if form.random() < 0.05 else ""
    parties = [party("sender"), party("addressee")] if form.random() < 0.9 else [party("addressee")]
    return f"\n{head}>{''.join(parties)}{pieces}</item>" if form.random() < 0.97 else "<item/>"


def made(draw: random.Random) -> bytes:
    """Return a document whose units have a few forms."""
    kind, count, forms_of = draw.choice("hip"), draw.choice((1, 3, 6, 12, 90)), draw.randint(1, 5)

    def units(count: int) -> str:
        one, some = house if kind == "h" else item, []
        for _ in range(count):
            some.append(one(draw, random.Random(draw.randint(1, forms_of))))
            if kind == "h" and draw.random() < 0.05:  # what stands above the units changes between them
                some.append(draw.choice(ABOVE))
        return "".join(some)

    if kind == "p":
        text = PREDES.format(units(count // 2), units(count // 2))
    else:
        text = (XFHL if kind == "h" else ITMATT).format(units(count))
    if draw.random() < 0.1:
        text = text.replace("MUG", draw.choice(("MUG\ufffe", "MUG\x01", "MUG & CUP", "MUG ]]> CUP")), 1)
    data = text.encode()
    if draw.random() < 0.1:
        data = data[: draw.randint(0, len(data))]
    return data


@given(seed=st.integers(0, 2**32), sizes=st.lists(st.sampled_from((1, 50, 700, 5_000, 70_000)), max_size=3))
@settings(max_examples=60, deadline=None)
def test_documents_become_the_same_both_ways(seed, sizes):
    data = made(random.Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        at_once(patch)
        check(data, folder_of(data), [size for size in sizes if size > 1 or len(data) < 5_000])


# --- single cases -----------------------------------------------------------------------------------------------------

HOUSE = (
    '\n<ram:IncludedHouseConsignment>{}<ram:GrossWeightMeasure unitCode="KGM">1</ram:GrossWeightMeasure><ram:TotalPieceQuantity>1</ram:TotalPieceQuantity>'
    "<ram:SummaryDescription>MUG</ram:SummaryDescription>{}<ram:TransportContractDocument><ram:ID>H1</ram:ID></ram:TransportContractDocument></ram:IncludedHouseConsignment>"
)
PLAIN = HOUSE.format("<ram:SequenceNumeric>1</ram:SequenceNumeric>", "")


def rules(data: bytes) -> list[str]:
    return [one.rule for one in story(data, "cargo_xml")[0] if isinstance(one, Finding)]


def test_a_second_element_of_one_is_told_of_each_house():
    twice = HOUSE.format("", "<ram:SummaryDescription>CUP</ram:SummaryDescription>")
    data = XFHL.format(PLAIN * 4 + twice * 6).encode()
    assert check(data, "cargo_xml") == 2  # the first of each form makes the layout of the plain ones
    assert rules(data).count("XML-TWICE") == 6


def test_houses_in_a_comment_are_none():
    hidden = f"<ram:IncludedHouseConsignment/><!-- {PLAIN}{PLAIN}{PLAIN} -->"
    data = XFHL.format(PLAIN * 4 + hidden + PLAIN * 2).encode()
    check(data, "cargo_xml")
    assert sum(isinstance(one, tuple) and len(one) == 5 for one in story(data, "cargo_xml")[0]) == 7


def test_what_is_missing_in_one_form_only_is_told():
    data = XFHL.format(PLAIN * 4 + HOUSE.format("", "") * 4).encode()
    assert check(data, "cargo_xml") >= 4
    assert any(one.rule == "XML-MISSING" and "SequenceNumeric" in one.message for one in story(data, "cargo_xml")[0] if isinstance(one, Finding))  # fmt: skip


NOTE = "<ram:IncludedCustomsNote><ram:ContentCode>{}</ram:ContentCode><ram:Content>{}</ram:Content></ram:IncludedCustomsNote>"


@pytest.mark.parametrize("said", ["1234", "  ", "\n 1234 ", ""])
def test_customs_notes_are_read_by_the_texts_of_a_house(said):
    house = PLAIN.replace("</ram:Inc", f"{NOTE.format('XX', said)}{NOTE.format(' YY ', 'N1')}</ram:Inc")
    data = XFHL.format(house * 6).encode()
    units = [one.node for one in format_module("cargo_xml").read([data], PROFILE, (0, 1)) if isinstance(one, Unit)]
    known = [unit for unit in units if isinstance(unit, KnownNode)]
    assert len(known) >= 4
    for unit in known:
        quick, plain = ([(*facts, place()) for *facts, place in look(unit, "IncludedCustomsNote")] for look in (notes_of_known, notes_of))  # fmt: skip
        assert quick == plain
        assert [facts[1:3] for facts in quick] == [("XX", said.strip()), ("YY", "N1")]
