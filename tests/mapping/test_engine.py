"""A compiled table on small trees: levels, bindings, alternatives, conditions, inheritance, overrides, places."""

from __future__ import annotations

import pytest

from gateway.errors import MappingError
from gateway.findings import Severity
from gateway.formats.tree import RootNode
from gateway.formats.x12 import DIALECT
from gateway.mapping.codes import CodeTables
from gateway.mapping.compile import Compiler
from gateway.mapping.overriding import effective_rows
from gateway.mapping.program import CompiledProgram
from gateway.mapping.table import Row, read_table
from gateway.mapping.transforms.registry import TRANSFORMS, Transform
from gateway.records import Group, Interchange, Message, Node, Separators
from gateway.site import base_site

HEADER = "level,target,source,when,transform,default,required,rule,message,example,note\n"
CODES = CodeTables({"mode": b"code,value\nJ,truck\n"})
SEPARATORS = Separators("*", ">", "~")


def tree(text: str) -> tuple[Message, Node]:
    """Build a message from lines: ST first, header segments, then LX and what stands below it; N3, N4 hang under N1."""
    root = RootNode("ST", ["ST", "309", "0001"], 0, 11, 1, 1, separators=SEPARATORS, envelope={"ISA06": "NRTX"})
    unit, party, offset = None, None, 0
    for number, line in enumerate(text.split(), 2):
        elements = line.split("*")
        node = Node(elements[0], elements, offset, len(line), number, number)
        offset += len(line) + 1
        if node.tag == "LX":
            unit, node.parent = node, root
        elif node.tag in ("N3", "N4") and party is not None:
            party.take(node)
        else:
            (unit or root).take(node)
            party = node if node.tag == "N1" else None
    assert unit is not None
    facts = Interchange("x12", 0, separators=SEPARATORS)
    message = Message("x12_309", "309", "005020", "0001", 0, root, facts, Group(0), envelope={"ISA06": "NRTX"})
    return message, unit


def program(rows: str, *overrides: str) -> CompiledProgram:
    base, *own = [
        read_table((HEADER + text).encode(), name).rows
        for name, text in [("base.csv", rows), *((f"own{n}.csv", o) for n, o in enumerate(overrides))]
    ]
    compiler = Compiler(DIALECT, CODES, "LX")
    return CompiledProgram("t", "1", ("LX",), compiler.blocks(effective_rows(base, *own)), DIALECT)


def mapped(rows: str, text: str, *overrides: str):
    message, unit = tree(text)
    profile = base_site().partners["gwsender"].profile
    return program(rows, *overrides).run(message, unit, profile)


def draft(rows: str, text: str, *overrides: str) -> dict:
    found = mapped(rows, text, *overrides).draft
    return {k: v for k, v in found.items() if k not in ("known_carrier_customer_flag", "security_scan")}


BIND = "shipment,(each),LX,,,,,,,,\n"


def test_the_first_alternative_with_a_value_wins():
    rows = BIND + "shipment,house_bill_number,M11.09,,,,,,,,\nshipment,house_bill_number,M11.01,,,,,,,,\n"
    assert draft(rows, "LX*1 M11*B1") == {"house_bill_number": "B1"}
    assert draft(rows, "LX*1 M11*B1********B9") == {"house_bill_number": "B9"}


def test_what_a_transform_of_a_package_raises_is_told_and_does_not_stop_the_file(monkeypatch):
    own = Transform("halved", lambda value: f"{int(value) / 0}", False, (0, 0), "decimal", False, ())
    monkeypatch.setitem(TRANSFORMS, "halved", own)
    found = mapped(BIND + "shipment,gross_weight_kg,M11.03,,halved,,,,,,\n", "LX*1 M11*B1**1.5")
    assert "gross_weight_kg" not in found.draft
    assert "look at the arguments in the mapping table" in found.findings[0].message


def test_a_value_that_cannot_be_used_is_a_finding_and_does_not_fall_through():
    rows = BIND + (
        "shipment,package_count,M11.03,,count,,,S321-QTY-ZERO,pieces {value},,\n"
        "shipment,package_count,M11.04,,count,,,,,,\n"
    )
    found = mapped(rows, "LX*1 M11*B1**X*7")
    assert "package_count" not in found.draft
    (finding,) = found.findings
    assert (finding.target, finding.value, finding.position.segment, finding.position.element) == (
        "package_count", "X", "M11", 3,
    )  # fmt: skip


def test_a_condition_chooses_the_row():
    rows = BIND + (
        "shipment,package_unit,,M11.04=CTN|BOX,,PCS,,,,,\n"
        "shipment,package_unit,M11.04,M11.05 present and M11.04!=XX,lower,,,,,,\n"
    )
    assert draft(rows, "LX*1 M11*B**1*BOX") == {"package_unit": "PCS"}
    assert draft(rows, "LX*1 M11*B**1*BAG*9") == {"package_unit": "bag"}
    assert draft(rows, "LX*1 M11*B**1*BAG") == {}
    assert draft(rows, "LX*1 M11*B**1*XX*9") == {}


def test_a_default_stands_in_only_for_what_is_missing():
    rows = BIND + "shipment,package_unit,M11.04,,upper,PCS,,,,,\n"
    assert draft(rows, "LX*1 M11*B**1*bag") == {"package_unit": "BAG"}
    assert draft(rows, "LX*1 M11*B") == {"package_unit": "PCS"}


@pytest.mark.parametrize(("required", "severity"), [("yes", Severity.ERROR), ("warn", Severity.WARNING)])
def test_a_required_target_without_value_is_told(required, severity):
    rows = BIND + f"shipment,house_bill_number,M11.01,,,,{required},S321-ID-1OF,no bill number,,\n"
    (finding,) = mapped(rows, "LX*1").findings
    assert (finding.rule, finding.severity, finding.message) == ("S321-ID-1OF", severity, "No bill number.")


def test_values_of_the_message_are_inherited_unless_the_shipment_has_its_own():
    rows = "message,carrier_code,M10.01,,,,yes,,,,\n" + BIND + "shipment,carrier_code,M11.12,,,,,,,,\n"
    assert draft(rows, "M10*NRTX LX*1 M11*B") == {"carrier_code": "NRTX"}
    assert draft(rows, "M10*NRTX LX*1 M11*B***********OWN") == {"carrier_code": "OWN"}


PARTY = (
    "seller,(first),N1[ST|CN],,,,{0},S321-ROLE-REQ,no seller,,\nseller,name,N1.02,,,,,,,,\nseller,city,N4.01,,,,,,,,\n"
)


def test_the_order_of_qualifiers_is_the_preference():
    text = "LX*1 N1*CN*CARL N4*CITYC N1*ST*STAN N4*CITYS"
    assert draft(BIND + PARTY.format(""), text)["seller"] == {"name": "STAN", "city": "CITYS"}
    assert draft(BIND + PARTY.format(""), text.replace("*ST*", "*XX*"))["seller"] == {"name": "CARL", "city": "CITYC"}


def test_a_row_of_the_shipment_may_write_one_field_of_a_party_and_the_party_keeps_the_others():
    """How a value is read that stands beside the party: it took the place of the whole party."""
    text = "M10*555 LX*1 N1*CN*CARL N4*CITYC N1*N1*NORA N4*CITYN"
    own = "shipment,seller.city,N1[N1]/N4.01,,,,,,,,\n"
    assert draft(BIND + PARTY.format("yes") + own, text)["seller"] == {"name": "CARL", "city": "CITYN"}
    found = mapped(BIND + PARTY.format("yes") + own, text)
    place = found.locate("/seller/city").position
    assert text[place.offset :][: place.length] == "CITYN"
    of_header = "message,seller.phone,M10.01,,,,,,,,\n"
    assert draft(BIND + PARTY.format("") + own + of_header, text)["seller"] == {"name": "CARL", "city": "CITYN", "phone": "555"}  # fmt: skip
    assert draft(BIND + PARTY.format("") + own + of_header, text.replace("*CN*", "*XX*"))["seller"] == {"city": "CITYN", "phone": "555"}  # fmt: skip


def test_a_party_of_which_a_row_of_the_shipment_writes_a_field_is_missed_all_the_same():
    own = "shipment,seller.city,N1[N1]/N4.01,,,,,,,,\n"
    (finding,) = mapped(BIND + PARTY.format("yes") + own, "LX*1 N1*N1*NORA N4*CITYN").findings
    assert (finding.rule, finding.pointer) == ("S321-ROLE-REQ", "/seller")


def test_what_such_a_row_reads_is_as_personal_as_the_field():
    own = "shipment,seller.phone,N1[N1]/N4.01,,phone,,,,,,\n"
    found = mapped(BIND + PARTY.format("") + own, "LX*1 N1*CN*CARL N1*N1*NORA N4*SECRET").findings
    assert found and all(f.personal and "SECRET" not in f.message for f in found)


def test_a_value_of_the_header_is_placed_at_the_header_though_the_shipment_has_a_row_for_it():
    rows = "message,carrier_code,M10.01,,,,yes,,,,\n" + BIND + "shipment,carrier_code,M11.12,,,,,,,,\n"
    text = "M10*NRTX LX*1 M11*B"
    place = mapped(rows, text).locate("/carrier_code").position
    assert text[place.offset : place.offset + place.length] == "NRTX"


def test_a_party_that_must_be_there_is_told_at_the_shipment():
    finding, other = mapped(BIND + PARTY.format("yes"), "LX*1 N1*XX*X").findings
    assert other.rule == "MAP-PARTY-ROLE"  # N1*XX is read by nobody
    assert (finding.rule, finding.pointer, finding.position.segment) == ("S321-ROLE-REQ", "/seller", "LX")


ITEMS = (
    "item,(each),N10,,,,,,,,\n"
    "item,(continue),N10.02,N10.01 absent and N10.06 absent,,,,,,,\n"
    "item,enhanced_product_description,N10.02,,,,,,,,\n"
    "item,quantity,N10.01,,decimal,,,,,,\n"
)


def test_each_line_is_an_item_and_a_line_of_text_only_carries_on():
    found = draft(BIND + ITEMS, "LX*1 N10*2*COTTON N10**SHIRTS N10*1*HAT")["items"]
    assert found == [
        {"line_number": 1, "enhanced_product_description": "COTTON SHIRTS", "quantity": "2"},
        {"line_number": 2, "enhanced_product_description": "HAT", "quantity": "1"},
    ]


def test_the_same_reference_stands_once():
    rows = BIND + (
        "reference,(each),N9,,,,,,,,\nreference,type,N9.01,,const seal,,,,,,\nreference,value,N9.02,,,,,,,,\n"
        "reference,(each),VID,VID.04 present,,,,,,,\nreference,type,VID.04,,const seal,,,,,,\nreference,value,VID.04,,,,,,,,\n"
    )
    found = draft(rows, "LX*1 N9*SN*S1 N9*SN*S2 VID*TL***S1")["references"]
    assert found == [{"type": "seal", "value": "S1"}, {"type": "seal", "value": "S2"}]


def test_a_refusal_takes_the_first_condition_that_holds():
    rows = BIND + (
        "shipment,(refuse),M12.01,M12 present,,,yes,S321-NOT-321,in-bond ({value}),,\n"
        "shipment,(refuse),M11.09,M11.09=10|11,,,warn,S321-NOT-321,type {value},,\n"
    )
    (first,) = mapped(rows, "LX*1 M11*B********10 M12*61").findings
    assert (first.message, first.value, first.severity) == ("In-bond (61).", "61", Severity.ERROR)
    (second,) = mapped(rows, "LX*1 M11*B********10").findings
    assert (second.message, second.severity) == ("Type 10.", Severity.WARNING)
    assert mapped(rows, "LX*1 M11*B********13").findings == []


def test_the_first_goods_line_that_a_program_sees_is_refused_like_the_next():
    rows = BIND + ITEMS + "item,(refuse),N10.01,N10.01=0,,,yes,S321-NOT-321,no pieces ({value}),,\n"
    message, unit = tree("LX*1 N10*0*COTTON N10*2*HAT N10*0*SCARF")
    one, profile = program(rows), base_site().partners["gwsender"].profile
    told = [[f.pointer for f in one.run(message, unit, profile).findings] for _ in range(2)]
    assert told[0] == told[1]
    assert len(told[0]) == 2


def test_the_first_line_that_a_program_sees_may_carry_on_nothing():
    message, unit = tree("LX*1 N10**COTTON N10**SHIRTS")
    one, profile = program(BIND + ITEMS), base_site().partners["gwsender"].profile
    found = [one.run(message, unit, profile).draft["items"] for _ in range(2)]
    assert found == [[{"line_number": 1, "enhanced_product_description": "COTTON SHIRTS"}]] * 2


def test_a_partners_rows_replace_all_rows_of_their_target():
    base = BIND + "shipment,package_unit,M11.04,,upper,PCS,,,,,\nshipment,port_of_lading,M11.02,,,,,,,,\n"
    own = "shipment,package_unit,M11.05,,lower,,,,,,\n"
    assert draft(base, "LX*1 M11*B*80107*1*CTN*BAG", own) == {"package_unit": "bag", "port_of_lading": "80107"}
    none = "shipment,port_of_lading,(none),,,,,,,,\n"
    assert draft(base, "LX*1 M11*B*80107*1*CTN", none) == {"package_unit": "CTN"}


def test_values_are_placed_at_the_byte():
    text = "M10*NRTX LX*1 M11*B1*80107 N1*ST*STAN N4*CITYS N10*2*HAT"
    rows = "message,carrier_code,M10.01,,,,,,,,\n" + BIND + PARTY.format("") + ITEMS
    found = mapped(rows + "shipment,port_of_lading,M11.02,,,,,,,,\n", text)
    for pointer, raw in (
        ("/carrier_code", "NRTX"), ("/port_of_lading", "80107"), ("/seller/city", "CITYS"), ("/items/0/quantity", "2"),
    ):  # fmt: skip
        place = found.locate(pointer).position
        assert text[place.offset : place.offset + place.length] == raw, pointer


def test_partner_settings_and_the_envelope_can_be_read():
    rows = BIND + (
        "shipment,house_bill_issuer,envelope.ISA06,,,,,,,,\n"
        "shipment,master_bill_number,M11.01,profile.bill_is_master=false,,,,,,,\n"
    )
    assert draft(rows, "LX*1 M11*B1") == {"house_bill_issuer": "NRTX", "master_bill_number": "B1"}


@pytest.mark.parametrize(
    ("row", "column", "advice"),
    [
        ("shipmnt,house_bill_number,M11.01,,,,,,,,", "level", "shipment"),
        ("shipment,house_bil_number,M11.01,,,,,,,,", "target", "house_bill_number"),
        ("shipment,house_bill_number,M11.01,,uper,,,,,,", "transform", "upper"),
        ("shipment,house_bill_number,M11.01,,code nowhere,,,,,,", "transform", ""),
        ("shipment,house_bill_number,.01,,,,,,,,", "source", "N1.02"),
        ("shipment,house_bill_number,M11.01,M11 exists,,,,,,,", "when", "present"),
        ("shipment,house_bill_number,M11.01,,,,maybe,,,,", "required", "yes"),
        ("shipment,house_bill_number,M11.01,,keep,,,,,,", "transform", ""),
    ],
)
def test_a_row_that_cannot_be_compiled_says_where_and_what_to_write(row, column, advice):
    with pytest.raises(MappingError) as told:
        program(BIND + row + "\n")
    assert (told.value.file, told.value.line, told.value.column) == ("base.csv", 3, column)
    assert advice in told.value.advice


@pytest.mark.parametrize(
    ("target", "source", "transform", "advice"),
    [
        ("gross_weight_kg", "M11.05; M11.06", "implied 3 | kg", "with source M11.05: when M11.06=K|KG and transform implied 3 | kg K; when M11.06=L|LB and transform implied 3 | kg L; so for other units"),
        ("gross_weight_kg", "M11.05; .06", "trim | kg", "with source M11.05: when M11.06=K|KG and transform trim | kg K;"),
        ("house_bill_number", "M11.01; M11.11", "identifier", "write a row for each"),
        ("house_bill_number", "M11.01; M11.11", "upper", "put join space before it"),
        ("house_bill_number", "M11.01; M11.11", "trim | join space", "put join space first, or name one source"),
        ("gross_weight_kg", "M11.05; M11.06", "decimal", "write a row for each"),
    ],
)  # fmt: skip
def test_a_transform_of_one_value_in_a_row_with_several_says_what_helps(target, source, transform, advice):
    rows = [Row("t.csv", 2, "shipment", target, source, transform=transform)]
    with pytest.raises(MappingError, match="takes one value, the row has 2") as told:
        Compiler(DIALECT, CODES, "M11").blocks(rows)
    assert advice in told.value.advice
    assert ("join" in told.value.advice) is ("join" in advice)
    kilograms = [part.partition(" and transform ") for part in told.value.advice.split("when ")[1:]]
    for when, _, steps in kilograms:
        one = steps.partition(";")[0]
        Compiler(DIALECT, CODES, "M11").blocks([Row("t.csv", 2, "shipment", target, "M11.05", when, one)])


@pytest.mark.parametrize(
    ("target", "transform", "said"),
    [("gross_weight_kg", "date CCYYMMDD", "makes a date"), ("estimated_arrival_at", "decimal", "makes a decimal"), ("package_count", "kg K", "makes a decimal")],
)  # fmt: skip
def test_a_transform_whose_result_the_field_cannot_hold_is_refused_at_load(target, transform, said):
    rows = [Row("t.csv", 2, "shipment", target, "M11.05", transform=transform)]
    with pytest.raises(MappingError, match=said):
        Compiler(DIALECT, CODES, "M11").blocks(rows)
