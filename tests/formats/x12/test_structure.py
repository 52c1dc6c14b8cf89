"""Which segment may stand where; trees, units, missing segments, policy."""

from __future__ import annotations

import csv
import re
from importlib.resources import files
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Scope, Severity
from gateway.formats.x12.layout import load_table, supported_versions
from gateway.formats.x12.policy import policy_rows
from gateway.formats.x12.structure import Matcher, SyntaxPolicy
from gateway.records import Node
from tests.drops import SAMPLES_NOW, drop, sample
from tests.formats.x12.sets import FIXTURES, SEPARATORS, Reading, read, sample_sets

HEAD = "M10*NRTX*J*CA***T1**2*W~P4*0901*20250115***1430~"
BILL = (
    "LX*{n}~M11*0045000{n}*80107*2*PCS*1.2*K***13***NRTX~N9*2I*1Z{n}~N1*SH*MAPLE LANE GOODS~N3*410 CARDINAL CT~"
    "N4*MISSISSAUGA*ON*L4Z1A1*CA~N1*CN*JORDAN EXAMPLE~N3*905 BIRCH AVE~N4*COLUMBUS*OH*43004*US~VID*TL**TRL5501~"
    "N10*1*SHIRT**A*610910*18*K*0.4**PCS*CN*US*USD~N10*1*MUG**A*691200*07*K*0.8**PCS*CN*US*USD~"
)
ONE = HEAD + BILL.format(n=1)
TWO = ONE + BILL.format(n=2)
STRICT = SyntaxPolicy(tolerance="strict")
SALVAGE = SyntaxPolicy(salvage="shipment")


def _tags(node: Node) -> list[str]:
    return [n.tag for n in node.walk()]


def _good_samples() -> list[str]:
    names = [f"{n:02d}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)]
    return [path.name for name in names for path in (FIXTURES / "x12").glob(f"{name}_*.edi")]


@pytest.mark.parametrize("name", _good_samples())
def test_the_clean_samples_have_no_finding(name: str) -> None:
    (sample,) = sample_sets(FIXTURES / "x12" / name)
    reading = read(sample.segments, sample.set_id, sample.version, separators=sample.separators)
    assert reading.findings == []
    assert len(reading.units) == sum(segment[0] == "LX" for segment in sample.segments)


def test_loops_hang_under_their_first_segment() -> None:
    reading = read(TWO)
    assert reading.findings == []
    first, second = reading.units
    assert _tags(first) == ["LX", "M11", "N9", "N1", "N3", "N4", "N1", "N3", "N4", "VID", "N10", "N10"]
    shipper, consignee = first.children["N1"]
    assert shipper.children["N4"][0].element(1) == "MISSISSAUGA"
    assert consignee.children["N4"][0].element(1) == "COLUMBUS"
    assert [n.element(2) for n in second.children["VID"][0].children["N10"]] == ["SHIRT", "MUG"]
    assert second.parent.tag == "P4"
    assert second.parent.parent is reading.root


def test_a_completed_unit_is_not_kept_under_its_parent() -> None:
    reading = read(TWO)
    assert _tags(reading.root) == ["ST", "M10", "P4"]
    assert reading.matcher.units == 2


def test_a_new_p4_takes_the_place_of_the_old_one_only_after_its_last_unit() -> None:
    second = "P4*0708*20250116***0800~"
    seen: list[tuple[str, str, int]] = []
    table = load_table("309", "005020")
    assert table is not None
    root = Node("ST", ["ST", "309", "0001"], 0, 10, 1, 1)
    matcher = Matcher(table, root, SEPARATORS, "LX")
    for position, text in enumerate((ONE + second + BILL.format(n=2)).rstrip("~").split("~"), 2):
        elements = text.split("*")
        assert matcher.feed(Node(elements[0], elements, position, 1, 1, position)) == []
        if matcher.completed is not None:
            seen.append((matcher.completed.element(1), root.children["P4"][0].element(1), matcher.context))
    assert matcher.end(Node("SE", ["SE"], 99, 2, 1, 99)) == []
    assert matcher.completed is not None
    seen.append((matcher.completed.element(1), root.children["P4"][0].element(1), matcher.context))
    assert seen == [("1", "0901", 1), ("2", "0708", 2)]
    assert matcher.completed.parent is root.children["P4"][0]


def test_an_address_without_its_n1_is_never_given_to_the_party_before() -> None:
    reading = read(ONE.replace("N1*CN*JORDAN EXAMPLE~", ""))
    assert reading.codes() == [("N3", 10, "7"), ("N4", 11, "7")]
    (unit,) = reading.units
    (shipper,) = unit.children["N1"]
    assert _tags(shipper) == ["N1", "N3", "N4"]
    assert shipper.children["N4"][0].element(1) == "MISSISSAUGA"
    assert unit.children["VID"][0].children["N10"][1].element(2) == "MUG"


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("VID*", "ZZ9*A~VID*", [("ZZ9", 13, "1")]),
        ("VID*", "K1*NOTE~VID*", [("K1", 13, "6")]),
        ("VID*", "n1*SH*A~VID*", [("n1", 13, "1")]),
        ("LX*1~", "LX*1~N3*1 ELM ST~", [("N3", 5, "2")]),
        ("N10*1*MUG", "M12*61**0712~N10*1*MUG", [("M12", 15, "7")]),
        ("N9*2I", "M11*2*80107*2*PCS*1.2*K******NRTX~N9*2I", [("M11", 6, "5")]),
        ("P4*0901*20250115***1430~", "", [("P4", 3, "3")]),
        ("LX*1~", "", [("LX", 4, "3")]),
        ("M10*NRTX*J*CA***T1**2*W~P4*0901*20250115***1430~", "", [("M10", 2, "3"), ("P4", 2, "3")]),
    ],
)
def test_each_structure_fault_is_said_once_with_its_code(old: str, new: str, codes: list[tuple[str, int, str]]) -> None:
    assert read(ONE.replace(old, new)).codes() == codes


def test_an_empty_set_and_a_set_without_bills() -> None:
    assert read("").codes() == [("M10", 2, "3"), ("P4", 2, "3")]
    assert read(HEAD).codes() == [("LX", 4, "3")]
    assert read(HEAD).findings[0].ack == {"AK304": "3", "CBP": "003"}


def test_a_set_that_was_cut_off_is_not_told_what_is_missing() -> None:
    reading = read(HEAD)
    assert reading.matcher.end(None) == []


def test_a_loop_over_its_limit_is_one_finding_for_each_turn_too_many() -> None:
    text = HEAD + "LX*1~M11*1*80107*2*PCS*1.2*K***13***NRTX~" + "N1*CN*A~N3*B~" * 22
    reading = read(text)
    assert reading.codes() == [("N1", 46, "4"), ("N1", 48, "4")]
    assert read(text.replace("N1*CN*A~N3*B~" * 22, "N1*CN*A~" * 6), version="004010").codes() == [("N1", 11, "4")]


def test_counts_start_again_in_the_next_turn_of_the_loop_around() -> None:
    bill = "LX*1~" + "N1*CN*A~N3*B~N3*C~" * 20
    assert read(HEAD + bill * 3).findings == []


def test_segments_too_many_are_not_in_the_tree() -> None:
    reading = read(ONE.replace("N3*905 BIRCH AVE~", "N3*A~N3*B~N3*C~"))
    consignee = reading.units[0].children["N1"][1]
    assert [n.element(1) for n in consignee.children["N3"]] == ["A", "B"]
    assert reading.codes() == [("N3", 13, "5")]


def test_the_seal_and_vehicle_segments_have_the_place_of_their_release() -> None:
    car = "LX*1~VID*TL**T1~VC*VIN1~N10*1*CAR~"
    assert read("M10*OCNL*O*SG***12E***W~P4*2709*20250120~" + car, version="004010").findings == []
    later = "LX*1~VID*TL**T1~N10*1*CAR~VC*VIN1~MAN*CP*1Z~"
    assert read(HEAD + later).findings == []
    assert [f.rule for f in read(HEAD + car).findings] == ["X12-SEG-UNEXPECTED"]


def test_the_consist_of_004010_has_lx_and_later_ones_do_not() -> None:
    head = "M10*NRTX*J*CA***T1***S~P4*0901*20250115~"
    assert read(head + "LX*1~VID*TL**T1~MBL*NRTX*1*A~MBL*NRTX*2*A~VID*TL**T2~", "358", "004010").findings == []
    assert read(head + "VID*TL**T1~MBL*NRTX*1*A~MBL*NRTX*2*A~VID*TL**T2~", "358", "005020").findings == []
    reading = read(head + "VID*TL**T1~MBL*NRTX*1*A~MBL*NRTX*2*A~", "358", "005020")
    assert _tags(reading.root) == ["ST", "M10", "P4", "VID", "MBL", "MBL"]
    assert reading.units == []
    assert read(head + "LX*1~", "358", "005020").codes() == [("LX", 4, "6")]


# --- findings -----------------------------------------------------------------------------------------------------


def _only(reading: Reading) -> tuple[Severity, Scope, str]:
    (finding,) = reading.findings
    return finding.severity, finding.scope, finding.rule


BAD_TYPE = ONE.replace("***13***", "***99***")
LONG_TEXT = ONE.replace("N10*1*SHIRT", "N10*1*" + "SHIRT " * 10 + "X")


@pytest.mark.parametrize(
    ("text", "lenient", "strict", "salvage"),
    [
        (BAD_TYPE, ("error", "shipment"), ("error", "message"), ("error", "shipment")),
        (LONG_TEXT, ("warning", "shipment"), ("error", "message"), ("warning", "shipment")),
        (ONE.replace("*18*K", "*7*K"), ("warning", "shipment"), ("error", "message"), ("warning", "shipment")),
        (
            ONE.replace("BIRCH AVE", "BIRCH\u2019S"),
            ("warning", "shipment"),
            ("error", "message"),
            ("warning", "shipment"),
        ),
        (ONE.replace("43004*US", "43004*US**"), ("warning", "shipment"), ("error", "message"), ("warning", "shipment")),
        (ONE.replace("00450001", "0045000112345"), ("error", "message"), ("error", "message"), ("error", "shipment")),
        (ONE.replace("***NRTX~", "~"), ("error", "message"), ("error", "message"), ("error", "shipment")),
        (ONE.replace("VID*", "ZZ9*A~VID*"), ("error", "message"), ("error", "message"), ("error", "shipment")),
        (ONE.replace("20250115", "20250230"), ("error", "message"), ("error", "message"), ("error", "message")),
        (ONE.replace("*J*", "*??*"), ("error", "message"), ("error", "message"), ("error", "message")),
        (ONE.replace("LX*1~", "LX*A~"), ("error", "message"), ("error", "message"), ("error", "shipment")),
    ],
)
def test_what_a_fault_refuses_depends_on_its_place_and_the_partner(
    text: str, lenient: tuple[str, str], strict: tuple[str, str], salvage: tuple[str, str]
) -> None:
    found = [_only(read(text, policy=policy))[:2] for policy in (SyntaxPolicy(), STRICT, SALVAGE)]
    assert [(severity.value, scope.value) for severity, scope in found] == [lenient, strict, salvage]


def test_a_tolerated_fault_still_names_its_code_for_the_997() -> None:
    (finding,) = read(LONG_TEXT).findings
    assert finding.rule == "X12-LEN-LONG"
    assert finding.ack == {"AK304": "8", "AK403": "5"}
    (finding,) = read(ONE.replace("43004*US", "43004*US**")).findings
    assert (finding.rule, finding.ack) == ("X12-TRAILING-SEP", {})


def test_a_finding_says_where_what_and_what_was_expected() -> None:
    (finding,) = read(BAD_TYPE).findings
    assert (
        finding.message
        == 'M11-09: "99" is not a code of element 582 (Bill of Lading Type Code); 13 means Section 321, by truck 35 too.'
    )
    assert finding.value == "99"
    place = finding.position
    assert (place.segment, place.segment_position, place.loop, place.element, place.data_element) == (
        "M11",
        5,
        "LX",
        9,
        "582",
    )
    start = BAD_TYPE.index("M11*") + 12
    assert (place.offset, place.length) == (start, BAD_TYPE.index("~N9") + 12 - start)


def test_customs_numbers_are_named_where_there_is_one() -> None:
    (finding,) = read(ONE.replace("*1.2*K*", "*1.2*X*")).findings
    assert finding.ack == {"AK304": "8", "AK403": "7", "CBP": "021"}


@pytest.mark.parametrize(
    ("old", "new"), [("JORDAN EXAMPLE", "J\u00d6RDAN"), ("905 BIRCH AVE", "905 B\u00cfRCH"), ("43004", "43\u00a0004")]
)
def test_personal_values_are_marked_and_stay_out_of_the_message(old: str, new: str) -> None:
    (finding,) = read(ONE.replace(old, new)).findings
    assert finding.personal
    assert finding.value == new
    assert new not in finding.message


def test_lower_case_tags_are_folded_only_when_the_partner_may() -> None:
    text = ONE.replace("N1*CN", "n1*CN").replace("N3*905", "n3*905")
    assert read(text).rules() == ["X12-SEG-UNKNOWN", "X12-SEG-UNKNOWN", "X12-SEG-SEQUENCE"]
    reading = read(text, policy=SyntaxPolicy(fold_case=True))
    assert reading.rules() == ["X12-CASE-FOLDED", "X12-CASE-FOLDED"]
    assert all(finding.severity is Severity.WARNING for finding in reading.findings)
    assert _tags(reading.units[0].children["N1"][1]) == ["N1", "N3", "N4"]


def test_unknown_segments_are_a_remark_for_partners_who_may_send_them() -> None:
    reading = read(ONE.replace("VID*", "ZZ9*A~VID*"), policy=SyntaxPolicy(ignore_unknown_segments=True))
    assert _only(reading) == (Severity.WARNING, Scope.SHIPMENT, "X12-SEG-UNKNOWN")
    assert "ZZ9" not in _tags(reading.units[0])


def test_a_known_segment_in_lower_case_is_never_ignored() -> None:
    text = HEAD + "LX*1~N1*SH*MAPLE LANE GOODS~n1*CN*JORDAN EXAMPLE~N3*905 BIRCH AVE~N4*COLUMBUS*OH*43004*US~"
    reading = read(text, policy=SyntaxPolicy(ignore_unknown_segments=True))
    assert (reading.findings[0].severity, reading.findings[0].rule) == (Severity.ERROR, "X12-SEG-UNKNOWN")
    assert _tags(reading.units[0]) == ["LX", "N1"], "the consignee's address is not the shipper's"


def test_every_rule_of_the_policy_stands_in_the_catalogue() -> None:
    text = files("gateway").joinpath("catalogue").joinpath("x12.csv").read_text("utf-8")
    catalogue = {row["rule"] for row in csv.DictReader(text.splitlines())}
    assert {row["rule"] for row in policy_rows()} <= catalogue


# --- versions -----------------------------------------------------------------------------------------------------


def test_versions_are_known_or_not_never_guessed() -> None:
    for version in supported_versions():
        for set_id in ("309", "358"):
            assert load_table(set_id, version) is not None
    assert load_table("309", "003040") is None
    assert load_table("309", "005020USCBP") is load_table("309", "005020")
    assert load_table("309", "") is None
    assert load_table("850", "005020") is None
    assert load_table("../309", "005020") is None


@pytest.mark.parametrize("version", ["005030", "005040", "005050"])
def test_a_bill_of_the_releases_after_005020_need_not_name_pieces_and_weight(version: str) -> None:
    data = sample("x12/01").replace(b"005020", version.encode())
    assert drop(data, now=SAMPLES_NOW).outcome.verdict == "accept"
    result = drop(data.replace(b"*2*PCS*1.2*K***13", b"*******13"), now=SAMPLES_NOW)
    assert result.outcome.counts.accepted == 2
    assert result.segments("999")[1:5] == [f"AK1*AQ*1*{version}", "AK2*309*0001", "IK5*A", "AK9*A*1*1*1"]
    half = drop(data.replace(b"*2*PCS*1.2*K***13", b"*2**1.2*K***13", 1), now=SAMPLES_NOW)  # P0304
    assert "X12-ELE-CONDITION" in half.rules()


@pytest.mark.parametrize("version", ["004060", "005010", "005020", "006050"])
def test_parcel_numbers_of_goods_are_read_since_004050(version: str) -> None:
    """MAN below N10 was refused in 004060 as a segment of another set."""
    data = sample("x12/01").replace(b"005020", version.encode()).decode()
    head, _, rest = data.partition("N10*")
    line, mark, rest = rest.partition("~")
    data = f"{head}N10*{line}{mark}MAN*CP*LPX0000001~{rest}"
    count = int(re.search(r"SE\*(\d+)", data)[1])
    result = drop(data.replace(f"SE*{count}", f"SE*{count + 1}").encode(), now=SAMPLES_NOW)
    assert not [r for r in result.rules() if r.startswith("X12-SEG")]
    references = result.messages()[0]["shipments"][0]["references"]  # beside N9 2I
    assert {"type": "tracking", "value": "LPX0000001"}.items() <= next(
        r for r in references if r["value"] == "LPX0000001"
    ).items()


def test_functional_ids_are_in_the_table() -> None:
    for set_id, ids in (("309", ["AQ", "SO"]), ("358", ["BD", "SO"])):
        table = load_table(set_id, "004010")
        assert table is not None
        assert table.functional_ids == ids


def test_a_partners_own_table_goes_first() -> None:
    own = load_table("309", "004010")
    assert own is not None
    assert load_table("309", "005020XYZ", {("309", "005020XYZ"): own}) is own
    assert load_table("309", "005020XYZ", {("309", "005020"): own}) is own
    assert load_table("309", "005020", {("358", "005020"): own}) is not own


# --- any input ----------------------------------------------------------------------------------------------------

_TAGS = [
    *("M10", "P4", "LX", "M11", "M13", "N9", "N1", "N3", "N4", "PER", "M12", "R4", "VID", "N10", "H1", "H2", "MAN"),
    *("NM1", "DMG", "VEH", "n1", "ZZZ", "K1", "MBL", ""),
]
_CELLS = st.sampled_from(["", "A", "1", "SH", "TL", "20250115", "NRTX", "x^y", "A>B"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(_TAGS), st.lists(_CELLS, max_size=5)), max_size=40),
    st.sampled_from([("309", "004010", "LX"), ("309", "006050", "LX"), ("358", "005020", ""), ("358", "004010", "LX")]),
    st.sampled_from([SyntaxPolicy(), STRICT, SyntaxPolicy(fold_case=True, salvage="shipment")]),
)
def test_any_segments_in_any_order_end_in_the_tree_or_in_a_finding(
    segments: list[tuple[str, list[str]]], kind: tuple[str, str, str], policy: SyntaxPolicy
) -> None:
    set_id, version, unit = kind
    taken: set[int] = set()

    def watched(parent: Node, node: Node) -> None:
        taken.add(node.offset)
        take(parent, node)

    take = Node.take
    with mock.patch.object(Node, "take", watched):
        reading = read([[tag, *cells] for tag, cells in segments], set_id, version, policy=policy, unit=unit)
    codes = ("1", "2", "5", "6", "7")
    refused = {finding.position.offset for finding in reading.findings if finding.ack.get("AK304") in codes}
    for node in reading.nodes:  # units and P4 pages hang by their parent alone
        assert (node.offset in taken or node.parent is not None) != (node.offset in refused)
    for unit_node in reading.units:
        assert unit_node.parent is not None
    assert len(reading.units) == reading.matcher.units
