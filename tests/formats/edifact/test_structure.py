"""Structure tables, the matcher and the segment layouts."""

from __future__ import annotations

import random
import re

import pytest

from gateway.findings import Scope, Severity
from gateway.formats.delimited import split_released
from gateway.formats.edifact.structure.checks import Checker
from gateway.formats.edifact.structure.layouts import layouts, patterns, positions
from gateway.formats.edifact.structure.policy import SyntaxPolicy
from gateway.formats.edifact.structure.tables import Group, Row, kind_of, kinds, load_table, release_key, table_tags
from gateway.records import Node, Separators
from tests.drops import drop, sample
from tests.formats.edifact.samples import HEAD, bills, errors, findings, interchange, message, rules, units, values

PLAIN = Separators("+", ":", "'", release="?", decimal="")


@pytest.mark.parametrize("name", sorted({k.table for k in kinds()}))
def test_each_table_is_well_formed(name):
    def check(group: Group) -> None:
        assert isinstance(group.rows[0], Row)
        assert group.rows[0].mandatory
        assert group.rows[0].max == 1
        assert all(r.max > 0 for r in group.rows if isinstance(r, Row))
        for row in group.rows:
            if isinstance(row, Group):
                check(row)

    root = load_table(name)
    check(root)
    assert root.rows[0].tag == "UNH"
    assert root.rows[-1].tag == "UNT"
    assert all(re.fullmatch("[A-Z]{3}", tag) for tag in table_tags(name))


CBP = {("DOC", 99), ("RFF", 99)}
"""Below CNI and EQD: what CBP's ACE truck manifest has beside the directory; its LOC below EQD repeats too."""


def test_cuscar_d03a_and_d03b_differ_only_in_dangerous_goods_and_what_cbp_adds():
    old, new = (
        [(r.tag, r.max) for r in _rows(load_table("cuscar_d03a"))],
        [(r.tag, r.max) for r in _rows(load_table("cuscar_d03b"))],
    )
    seals, consignment = new.index(("SEL", 9)) + 1, new.index(("CNI", 1)) + 1
    assert {new.pop(consignment), new.pop(seals)} == CBP
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [
        (("LOC", 1), ("LOC", 9)),
        (("DGS", 9), ("DGS", 99)),
    ]


def _rows(group: Group):
    for row in group.rows:
        yield from _rows(row) if isinstance(row, Group) else [row]


@pytest.mark.parametrize(
    ("release", "table", "exact"),
    [("95B", "cuscar_d95b", True), ("96B", "cuscar_d95b", False), ("97B", "cuscar_d03a", False), ("99B",
    "cuscar_d03a", False),
     ("02B", "cuscar_d03a", True), ("03A", "cuscar_d03a", True), ("03B", "cuscar_d03b", True), ("16A", "cuscar_d03b",
     True),
     ("25A", "cuscar_d03b", False), ("92A", "cuscar_d95b", False)],
)  # fmt: skip
def test_a_directory_chooses_the_table(release, table, exact):
    kind = kind_of("CUSCAR", release)
    assert (kind.table, kind.exact) == (table, exact)


def test_directories_are_ordered_by_time():
    assert sorted(["03A", "95B", "24A", "99A", "00B"], key=release_key) == ["95B", "99A", "00B", "03A", "24A"]


def test_unknown_messages_have_no_kind_and_contrl_has_any_version():
    assert kind_of("INVOIC", "96A") is None
    assert kind_of("CONTRL", "3").exact
    assert kind_of("IFCSUM", "03A", "PREDES").role == "parts"


def test_a_table_that_stands_in_is_a_warning_and_in_strict_a_refusal():
    data = interchange(message(bills(1), identifier="CUSCAR:D:99B:UN"))
    (finding,) = findings(data)
    assert (finding.rule, finding.severity) == ("EDIFACT-RELEASE-NEAR", Severity.WARNING)
    assert errors(data, tolerance="strict")[0].ack["CONTRL"] == "17"
    assert finding.fix == "Send CUSCAR of D.95B, D.02B to D.03A or D.03B to D.24A, or ask us to add D.99B."
    (postal,) = findings(interchange(message(bills(1), identifier="IFCSUM:D:03B:UN:ITMATT")))[:1]
    assert postal.fix.startswith("Send IFCSUM of D.03A,")


def test_an_unknown_segment_closes_no_group():
    body = bills(1)
    body.insert(body.index("GID+1+1:CT") + 1, "ZZZ+1")
    data = interchange(message(body))
    assert [(f.rule, f.severity, f.scope) for f in findings(data)] == [
        ("EDIFACT-SEG-UNKNOWN", Severity.WARNING, Scope.SHIPMENT)
    ]
    (unit,) = units(data)
    gid = unit.node.children["RFF"][0].children["GID"][0]
    assert list(gid.children) == ["ZZZ", "FTX", "MEA", "MOA", "CST", "LOC"]
    assert errors(data, tolerance="strict")[0].ack == {"CONTRL": "15", "UCS": str(body.index("ZZZ+1") + 2)}


def test_unknown_segments_can_be_ignored():
    data = interchange(message([*bills(1), "ZZZ+1"]))
    (finding,) = findings(data, ignore_unknown_segments=True, tolerance="strict")
    assert (finding.severity, finding.scope) == (Severity.INFO, Scope.SHIPMENT)


def test_a_segment_out_of_place_hangs_where_it_is_known_and_is_said():
    body = bills(1)
    body.append("DTM+132:20251001:102")  # belongs to the header, TDT or NAD, not behind GID
    data = interchange(message(body))
    assert rules(data) == ["EDIFACT-SEG-POSITION"]
    assert values(units(data)[0], "DTM") == [["132:20251001:102"]]


def test_a_consignment_in_an_odd_place_is_still_a_shipment():
    data = interchange(message([*bills(1), "AUT+X", *bills(2)[len(HEAD) :]]))
    assert rules(data) == ["EDIFACT-SEG-POSITION"]
    assert [u.label for u in units(data)] == ["CNI 1", "CNI 2"]


def test_too_many_repetitions_are_counted():
    body = [*HEAD[:2], *["DTM+137:20250930:102"] * 9, *HEAD[2:], *bills(1)[len(HEAD) :]]
    (finding,) = findings(interchange(message(body)))
    assert (finding.rule, finding.ack["CONTRL"]) == ("EDIFACT-SEG-REPEAT", "35")
    parties = ["NAD+CA+XX"] * 100
    (finding,) = findings(interchange(message([*HEAD[:3], *parties, *HEAD[3:], *bills(1)[len(HEAD) :]])))
    assert (finding.rule, finding.ack["CONTRL"]) == ("EDIFACT-GROUP-REPEAT", "36")


def test_small_letters_and_odd_tags_are_code_15():
    for odd in ("cst+1", "NEIL+1200 TEST AVENUE+AUSTIN", "S SHIRTS"):  # the end of O'NEIL and MEN'S SHIRTS
        data = interchange(message([*bills(1), odd]))
        (finding,) = errors(data)
        assert (finding.rule, finding.ack["CONTRL"], finding.scope) == ("EDIFACT-TAG", "15", Scope.MESSAGE)
        (finding,) = errors(data, salvage="shipment", ignore_unknown_segments=True)
        assert (finding.rule, finding.scope) == ("EDIFACT-TAG", Scope.SHIPMENT)


def test_a_missing_goods_item_names_the_segment_before_the_gap():
    body = [s for s in bills(1) if not s.startswith(("GID", "FTX", "MEA", "MOA", "CST", "LOC"))]
    data = interchange(message(body))
    (finding,) = errors(data, tolerance="strict")
    assert finding.ack == {"CONTRL": "13", "UCS": str(len(body) + 1)}


def look(text: str, separators: Separators = PLAIN, release: str = "03A", **policy: object) -> list[tuple[str, str]]:
    checker = Checker(release, separators, SyntaxPolicy(**policy), upper_only=text.startswith("FTX+LOW"))
    node = Node(text[:3], split_released(text, separators.element, separators.release), 0, len(text), 1, 9)
    return [(f.ack["CONTRL"], f.ack.get("UCD", "")) for f in checker.check(node, None) or ()]


LOOKS = [
    ("RFF+HWB:X", []), ("RFF", [("13", "2:1")]), ("RFF+", [("13", "2:1")]), ("RFF+:X", [("13", "2:1")]),
    ("MOA+40:24.90:USD", []), ("MOA+40:24,90:USD", []), ("MOA+40:-1:USD", []), ("MOA+40:1.2.3", [("19", "2:2")]),
    ("MOA+40:1,234.50", [("19", "2:2")]), ("MOA+40:ABC", [("37", "2:2")]), ("MOA+40", []), ("MOA+40:.5", []),
    ("MOA+40:" + "9" * 35, []), ("MOA+40:-" + "9" * 33 + ".99", []), ("MOA+40:" + "9" * 36, [("39", "2:2")]),
    ("CNI+9999+X", []), ("CNI+10000+X", [("39", "2")]), ("CNI", []), ("COM+x:EM", []), ("COM+x", [("13", "2:2")]),
    ("DTM+137:202509301155:203", []), ("DTM+137", []), ("DTM+137::", []), ("LOC+27+CN:162:5", []),
    ("NAD+CN+++" + "A" * 35 + "+S+C++1+US", []), ("NAD+CN+++" + "A" * 36, [("39", "5:1")]),
    ("NAD+CN+++A:B:C:D:E+S:T:U:V", []), ("NAD+CN+++A:B:C:D:E:1:X", [("16", "5:7")]), ("NAD+CN++++++++US+X", [("16",
    "11:1")]),
    ("NAD+CN+++++++++", []), ("GID+1+1:CT+2:PX", []), ("GID+1+X:CT", [("37", "3:1")]), ("CST++6109100012:122", []),
    ("DGS+IMD+3:1+12", [("40", "4:1")]), ("XYZ+ANY", []), ("FTX+AAA+++" + "A" * 512, []), ("FTX+LOW+++low", [("21",
    "2:1")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LOOKS, ids=[t[:24] for t, _ in LOOKS])
def test_a_segment_is_checked_against_its_layout(text, expected):
    found = look(text)
    if expected and expected[0][0] in ("16", "21") and ":" in expected[0][1]:
        assert [code for code, _ in found] == [expected[0][0]]
    else:
        assert found == expected


def test_released_characters_do_not_count_for_the_length():
    assert look("RFF+HWB:" + "?+" * 70) == []
    assert look("RFF+HWB:" + "A" * 69 + "??") == []
    assert look("RFF+HWB:" + "?'" * 71) == [("39", "2:2")]


def test_repetitions_are_checked_one_by_one():
    v4 = Separators("+", ":", "'", "*", "?", "")
    assert look("GID+1+1:PX*2:CT", v4) == []
    assert look("GID+1+1:PX*X:CT", v4, version="4") == [("37", "3:1")]


def test_a_repetition_that_nobody_reads_is_not_lost_in_silence():
    v4 = Separators("+", ":", "'", "*", "?", "")
    assert look("FTX+AAA+++COTTON * KNIT", v4) == [("16", "5")]
    assert look("FTX+AAA+++COTTON ?* KNIT", v4) == []
    assert look("FTX+AAA+++COTTON * KNIT") == []  # data in syntax 3
    assert look("RFF+HWB:1*HWB:2", v4) == [("16", "2")]
    assert look("MOA+40:24.90:USD*40:10.00:USD", v4) == [("16", "2")]
    assert look("GID+1+1:PX*2:CT*3:CT*4:CT*5:CT", v4) == []  # as often as the directory writes C213
    assert look("GID+1+1:PX*2:CT*3:CT*4:CT*5:CT*6:CT", v4) == [("16", "3")]
    assert look("GID+1+1:PX+2:CT*3:CT*4:CT*5:CT*6:CT", v4) == [("16", "4")]
    assert look("CST+1+I:1*610910:122+X", v4) == [("16", "3")]  # what stands behind it is in the way


def test_repetitions_are_read_as_the_elements_that_older_syntax_writes():
    def read(tariff: str, syntax: str) -> list[str]:
        data = interchange(message([s.replace("CST+1+6109100012:122", tariff) for s in bills(1)]))
        assert tariff.encode() in data
        (unit,) = units(re.sub(rb"UNO([A-C]):3", rb"UNO\1:" + syntax.encode(), data))
        (segment,) = (node for node in unit.node.walk() if node.tag == "CST")
        return segment.elements

    assert read("CST+1+I:1*6109100012:122", "4") == read("CST+1+I:1+6109100012:122", "3")
    assert read("CST+1+I:1*6109100012:122", "4") == ["CST", "1", "I:1", "6109100012:122"]


@pytest.mark.parametrize("channels", ["+?+1 555 010 0100:TE+A@EXAMPLE.ORG:EM", "+?+1 555 010 0100:TE*A@EXAMPLE.ORG:EM"])
def test_several_channels_of_one_com_are_segments_of_their_own(channels):
    contact = ["CTA+IC", f"COM{channels}"]
    lines = [part for s in bills(1) for part in ([s, *contact] if s.startswith("NAD+CN") else [s])]
    data = re.sub(rb"UNO([A-C]):3", rb"UNO\1:" + (b"4" if "*" in channels else b"3"), interchange(message(lines)))
    assert errors(data) == []
    (unit,) = units(data)
    told = [node for node in unit.node.walk() if node.tag == "COM"]
    assert [node.elements[1:] for node in told] == [["?+1 555 010 0100:TE"], ["A@EXAMPLE.ORG:EM"]]
    assert len({node.position for node in told}) == 1  # one segment for the count in UNT
    places = [node.offset + node.start_of(1) for node in told]
    assert [data[at:][: len(node.elements[1])].decode() for at, node in zip(places, told, strict=True)] == [
        node.elements[1] for node in told
    ]
    assert [f.ack["UCD"] for f in errors(data.replace(b"A@EXAMPLE.ORG:EM", b"A@EXAMPLE.ORG"))] == (
        ["2:2"] if "*" in channels else ["3:2"]
    )
    assert [
        f.rule for f in errors(data.replace(b"@EXAMPLE.ORG:EM", b"@EXAMPLE.ORG:EM" + channels[-17:].encode() * 2))
    ] == (["EDIFACT-ELEM-REPEAT"] if "*" in channels else ["EDIFACT-ELEM-TOO-MANY"])


def test_a_repetition_too_many_refuses_the_message_and_names_its_place():
    data = interchange(message([s.replace("ON SHIRTS", "ON * SHIRTS") for s in bills(1)]))
    assert b"ON * SHIRTS" in data
    assert errors(data) == []
    (finding,) = errors(re.sub(rb"UNO([A-C]):3", rb"UNO\1:4", data))
    assert (finding.rule, finding.ack["UCD"], finding.scope) == ("EDIFACT-ELEM-REPEAT", "5", Scope.MESSAGE)


def test_numbers_that_a_directory_writes_as_text_have_the_announced_mark_too():
    comma, point = (Separators("+", ":", "'", release="?", decimal=mark) for mark in ",.")
    for text in ("MEA+AAE+G+KGM:{}", "QTY+1:{}"):
        at = text.format("1,250"), text.format("1.250")
        place = "4:2" if text.startswith("MEA") else "2:2"
        assert look(at[0], comma) == look(at[1], point) == []
        assert look(at[1], comma) == look(at[0], point) == [("19", place)]
        assert look(at[0]) == look(at[1]) == []  # no UNA: both marks
        assert look(text.format("1.250,5"), comma) == [("19", place)]


def test_only_the_announced_decimal_mark_counts():
    comma = Separators("+", ":", "'", release="?", decimal=",")
    assert look("MOA+40:24,90", comma) == []
    assert look("MOA+40:24.90", comma) == [("19", "2:2")]
    assert look("MOA+40:1.250", Separators("+", ":", "'", decimal=".")) == []
    assert look("MOA+40:1,250", Separators("+", ":", "'", decimal=".")) == [("19", "2:2")]


def test_lengths_of_old_directories_are_shorter():
    assert look("RFF+HWB:" + "A" * 36, release="95B") == [("39", "2:2")]
    assert look("RFF+HWB:" + "A" * 36, release="03A") == []


@pytest.mark.parametrize(
    ("release", "text", "longest"),
    [("95B", "NAD+CN+{}", 35), ("96A", "NAD+CN+{}", 35), ("95B", "LOC+9+:::{}", 17), ("96A", "LOC+9+:::{}", 70), ("99A", "LOC+9+:::{}", 256), ("99B", "LOC+9+:::{}", 256)],
)  # fmt: skip
def test_a_party_number_and_the_name_of_a_place_are_as_long_as_their_directory_has_them(release, text, longest):
    """3039 has 35 from D.94B on (17 in D.93A), 3224 70 from D.96A on; both were refused above 17."""
    assert look(text.format("A" * longest), release=release) == []
    assert [code for code, _ in look(text.format("A" * (longest + 1)), release=release)] == ["39"]


def test_pattern_and_piecewise_check_agree():
    for text, expected in LOOKS:
        if not expected and text[:3] in layouts("03A"):
            node = Node(text[:3], text.split("+"), 0, 0, 1, 1)
            assert Checker("03A", PLAIN, SyntaxPolicy())._look(node, None, text) == []


def test_element_numbers_have_their_places():
    at = positions("03A")
    assert at["NAD"]["3036"] == ((4, 1), (4, 2), (4, 3), (4, 4), (4, 5))
    assert at["NAD"]["3229"] == ((7, 1),)
    assert at["GID"]["7224"] == ((2, 1),)
    assert at["MEA"]["6314"] == ((3, 2),)
    assert at["BGM"]["1225"] == ((3, 0),)
    assert positions("95B")["NAD"]["3229"] == ((7, 0),)


@pytest.mark.parametrize("release", ["03A", "95B"])
def test_what_the_pattern_lets_pass_has_no_fault_piece_by_piece(release):
    r = random.Random(release)
    signs = [
        PLAIN,
        *(Separators("+", ":", "'", release="?", decimal=d) for d in ",."),
        Separators("+", ":", "'", "*", "?", ""),
    ]
    odd = ["", "A", "1", "1.5", "1,5", "-1", ".5", "5.", "1.2.3", "-", "A" * 40, "9" * 40, " ", "*", "\u00e9"]
    passed = 0
    for _ in range(3000):
        tag, separators = r.choice(list(layouts(release))), r.choice(signs)
        elements = []
        for element in layouts(release)[tag][: r.randrange(10)]:
            given = element.components[: r.randrange(1, len(element.components) + 1)]
            fit = ["".join(r.choices("123" if c.kind == "n" else "ABC", k=r.randrange(c.shortest, min(c.longest, 40) + 1))) for c in given]  # fmt: skip
            elements.append(":".join(text if r.random() < 0.7 else r.choice(odd) for text in fit))
        text = "+".join([tag, *elements])
        checker = Checker(release, separators, SyntaxPolicy(strict=True))
        if patterns(release, separators)[tag].fullmatch(text):
            passed += 1
            assert checker._look(Node(tag, text.split("+"), 0, 0, 1, 1), None, text) == [], (text, separators)
    assert passed > 500


def test_small_letters_in_unoa_are_told_once_and_refuse_the_message_not_its_first_shipment():
    data = sample("edifact/02").replace(b"ROBIN SPECIMEN", b"Robin Specimen").replace(b"ALEX EXAMPLE", b"Alex Example")
    (said,) = (
        f for f in drop(data, salvage="shipment", tolerance="strict").findings() if f.rule == "EDIFACT-CHARACTER"
    )
    assert (said.scope, said.severity) == (Scope.MESSAGE, Severity.ERROR)
    (said,) = (f for f in drop(data).findings() if f.rule == "EDIFACT-CHARACTER")
    assert (said.scope, said.severity) == (Scope.MESSAGE, Severity.WARNING)


CUT_TEXTS = [
    ("ALEX EXAMPLE", "ALEX + EXAMPLE", "EDIFACT-ELEM-TOO-MANY", "11"),
    ("AUSTIN", "AUSTIN: MUELLER", "EDIFACT-ELEM-TOO-MANY", "7:2"),
    ("COTTON SHIRTS", "COTTON + SHIRTS", "EDIFACT-ELEM-LONG", "6"),
    ("COTTON SHIRTS", "COTTON + A + B + SHIRTS", "EDIFACT-ELEM-TOO-MANY", "8"),
    ("COTTON SHIRTS", "A:B:C:D:E: SHIRTS", "EDIFACT-ELEM-TOO-MANY", "5:6"),
    ("COTTON SHIRTS", "COTTON SHIRTS+BAG", "EDIFACT-LANGUAGE", "6"),
    ("COTTON SHIRTS", "COTTON SHIRTS + NO", "EDIFACT-LANGUAGE", "6"),
    ("COTTON SHIRTS", "COTTON SHIRTS+2", "EDIFACT-LANGUAGE", "6"),
    ("COTTON SHIRTS", "COTTON SHIRTS + B + CD", "EDIFACT-LANGUAGE", "6"),
]


@pytest.mark.parametrize(("old", "new", "rule", "place"), CUT_TEXTS)
def test_what_stands_behind_an_unreleased_separator_refuses_with_either_tolerance(old, new, rule, place):
    def data(text: str) -> bytes:
        return interchange(message([s.replace(old, text) for s in bills(1)]))

    for tolerance in ("lenient", "strict"):
        finding = errors(data(new), tolerance=tolerance)[0]
        assert (finding.rule, finding.ack["UCD"], finding.scope) == (rule, place, Scope.MESSAGE)
        assert "is not read" in finding.message
        mark = ":" if rule == "EDIFACT-ELEM-TOO-MANY" and ":" in place else "+"
        assert finding.fix.startswith(f"Write ?{mark} for a {mark} in a text")
    assert errors(data(new), salvage="shipment")[0].scope is Scope.SHIPMENT
    assert findings(data(re.sub("[+:]", r"?\g<0>", new))) == []


@pytest.mark.parametrize("code", ["EN", "en", "ZH", "ENG", "chi", "zho", "DE ", "fra+1"])
def test_a_language_behind_a_text_is_one(code):
    body = [s.replace("COTTON SHIRTS", f"COTTON SHIRTS+{code}") for s in bills(1)]
    assert findings(interchange(message(body))) == []


def test_a_language_of_no_text_is_the_senders_own():
    assert look("CNI+1+A1:9:X:QQQ") == []


@pytest.mark.parametrize(
    ("release", "text", "place"),
    [
        ("03A", "TDT+20++3++++++9", "11"), ("11A", "TDT+20++3++++++9+X", "12"), ("24A", "TDT+20++3++++++9+X+X", "13"),
        ("03A", "BGM+785+M+9+AB", "6"), ("13A", "BGM+785+M+9+AB+2", "7"), ("24A", "BGM+785+M+9+AB+2+EN", "8"),
        ("95B", "GID+1+1+2+3", "6"), ("97A", "GID+1+1+2+3+4+5", "8"), ("96A", "NAD+CN++++A+C++1+US", "11"),
    ],
)  # fmt: skip
def test_elements_that_later_directories_have_are_no_fault(release, text, place):
    assert look(text, release=release) == []
    assert look(text + "+X", release=release) == [("16", place)]


@pytest.mark.parametrize(
    ("text", "place", "length", "since"),
    [
        ("NAD+CN+++{}+A+C++1+US", "5:1", 70, "08B"), ("NAD+CN+++A+{}+C++1+US", "6:1", 256, "17A"), ("CNI+1+{}", "3:1", 70, "08B"),
        ("BGM+785+{}+9", "3:1", 70, "08B"), ("TDT+20+V+1+++++9:::{}", "9:4", 70, "05B"), ("LOC+11+USLAX+{}", "4:1", 35, "06A"),
    ],
)  # fmt: skip
def test_a_data_element_is_as_long_as_in_the_directory_of_its_message(text, place, length, since):
    short = {"256": 35, "70": 35, "35": 25}[str(length)]
    before = f"{int(since[:2]) - (since[2] == 'A'):02}{'AB'[since[2] == 'A']}"
    assert look(text.format("X" * length), release=since) == look(text.format("X" * short), release=before) == []
    assert look(text.format("X" * (length + 1)), release=since) == [("39", place)]
    assert look(text.format("X" * (short + 1)), release=before) == [("39", place)]


def test_the_fourth_line_of_a_street_is_read_in_older_directories_too():
    assert look("NAD+CN+++A+1:2:3:4+C++1+US", release="96A") == []
    assert positions("96A")["NAD"]["3042"] == ((5, 1), (5, 2), (5, 3), (5, 4))
