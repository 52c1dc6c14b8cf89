"""Segments to interchanges, messages and shipments; every envelope fault with its CONTRL code and place."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.envelope_peek import peek_sender
from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.service import sniff
from gateway.profile import Identity
from gateway.records import (
    Acknowledged,
    GroupBegin,
    GroupEnd,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    MessageEnd,
    Unit,
)
from tests.formats.edifact.samples import (
    CASES,
    FILES,
    bills,
    case,
    errors,
    events,
    findings,
    fixture,
    interchange,
    message,
    pieces,
    rules,
    units,
    values,
)

EXPECTED = {  # file -> (interchanges, messages, shipments, error rules)
    "01": (1, 1, 3, []), "02": (1, 1, 2, []), "03": (1, 1, 2, []), "04": (1, 1, 1, []), "05": (1, 1, 1, []),
    "06": (1, 1, 1, []), "07": (1, 1, 1, []), "08": (2, 2, 2, []), "09": (1, 1, 1, ["EDIFACT-UNT-COUNT"]),
    "10": (1, 1, 3, ["EDIFACT-TRUNCATED"]), "11": (1, 3, 3, ["EDIFACT-ELEM-MISSING"]),
    "12": (1, 1, 3, []), "13": (1, 1, 2, []), "14": (1, 1, 2, []), "15": (1, 1, 1, []), "16": (1, 1, 0, []),
    "17": (1, 1, 3, []), "18": (1, 1, 3, []), "28": (1, 1, 1, []), "29": (1, 1, 1, []), "30": (1, 1, 1, []),
    **{str(n): (1, 1, 0, []) for n in range(19, 28)},
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_each_sample_gives_its_messages_shipments_and_errors(path):
    interchanges, messages, shipments, rules_expected = EXPECTED[path.name[:2]]
    seen = events(path.read_bytes())
    kinds = [type(e) for e in seen]
    assert kinds.count(InterchangeBegin) == kinds.count(InterchangeEnd) == interchanges
    assert kinds.count(MessageBegin) == kinds.count(MessageEnd) == messages
    assert kinds.count(Unit) == shipments
    assert [f.rule for f in seen if isinstance(f, Finding) and f.refuses] == rules_expected


@pytest.mark.parametrize("path", [*FILES, *CASES], ids=lambda p: p.stem)
def test_events_are_nested_and_the_same_in_any_split(path):
    data = path.read_bytes()
    whole = [shape(e) for e in events(data)]
    assert [shape(e) for e in events(pieces(data, itertools.repeat(1)))] == whole
    rng = random.Random(1)
    assert [shape(e) for e in events(pieces(data, (rng.randint(1, 70) for _ in itertools.count())))] == whole
    assert_nested(events(data))


def shape(event: object) -> object:
    if isinstance(event, Unit):
        return event.number, event.label, [(n.tag, n.elements, n.offset, n.position) for n in event.node.walk()]
    if isinstance(event, MessageBegin | MessageEnd):
        return type(event).__name__, event.message.index, getattr(event, "segments", 0)
    return event


def assert_nested(seen: list[object]) -> None:
    open_: list[type] = []
    ends = {InterchangeEnd: InterchangeBegin, GroupEnd: GroupBegin, MessageEnd: MessageBegin}
    for event in seen:
        if isinstance(event, InterchangeBegin | GroupBegin | MessageBegin):
            open_.append(type(event))
        elif type(event) in ends:
            assert open_.pop() is ends[type(event)]
        elif isinstance(event, Unit):
            assert open_ == [InterchangeBegin, GroupBegin, MessageBegin]
    assert open_ == []


def test_segments_hang_where_the_structure_says():
    unit = units(fixture("01_"))[1]
    assert unit.node.tag == "CNI"
    (rff,) = unit.node.children["RFF"]
    assert rff.children["TDT"][0].children["RFF"][0].element(1) == "MWB:999-12345675"
    assert [g.children["MOA"][0].element(1) for g in rff.children["GID"]] == ["40:31.00:USD", "40:15.50:USD"]
    root = unit.message.root
    assert root.children["TDT"][0].children["LOC"][1].element(1) == "60"
    assert "CNI" not in root.children


def test_two_references_under_one_consignment_are_one_shipment():
    (unit,) = units(fixture("29_"))
    assert [n.element(1) for n in unit.node.children["RFF"]] == ["MWB:999-12345675", "HWB:GWH0000001"]
    (finding,) = findings(fixture("29_"))
    assert (finding.rule, finding.severity, finding.scope) == ("EDIFACT-SEG-MISSING", Severity.WARNING, Scope.SHIPMENT)
    (strict,) = findings(fixture("29_"), tolerance="strict")
    assert (strict.severity, strict.scope, dict(strict.ack)) == (
        Severity.ERROR,
        Scope.MESSAGE,
        {"CONTRL": "13", "UCS": "13"},
    )


def test_facts_of_the_envelope():
    seen = events(fixture("02_"))
    facts = seen[0].interchange
    assert (facts.sender_id, facts.sender_qualifier, facts.receiver_id) == ("GWXX", "ZZ", "CBPTEST")
    assert (facts.control_number, facts.version, facts.test, facts.date) == ("71", "UNOA:4", True, "20250930")
    group = next(e.group for e in seen if isinstance(e, GroupBegin))
    assert (group.functional_id, group.control_number, group.version, group.sender) == (
        "CUSCAR",
        "71",
        "D.03B",
        "GWXX:ZZ",
    )
    opened = next(e.message for e in seen if isinstance(e, MessageBegin))
    assert (opened.format, opened.version, opened.implementation, opened.unit) == (
        "edifact_cuscar",
        "D.03B",
        "UN",
        "CNI",
    )
    assert opened.envelope["UNB0004"] == "GWXX"
    assert events(fixture("01_"))[0].interchange.ack_requested


def test_service_characters_in_the_references_of_the_envelope_are_meant_as_released():
    group = ["UNG+CUSCAR+A?+1:ZZ+B:ZZ+250930:1200+G?+1+UN+D:03A", *message(bills(1)), "UNE+1+G?+1"]
    data = interchange(group, unb="UNB+UNOC:3+A?:1:Z?+Z+B?'S:ZZ+250930:1200+REF?+1", end="UNZ+1+REF?+1")
    assert rules(data) == []
    facts = events(data)[0].interchange
    assert (facts.sender_id, facts.sender_qualifier, facts.receiver_id) == ("A:1", "Z+Z", "B'S")
    assert facts.control_number == "REF+1"
    assert peek_sender(data) == ("Z+Z", "A:1")
    assert rules(data.replace(b"UNZ+1+REF?+1", b"UNZ+1+REF1")) == ["EDIFACT-UNZ-REF"]


def test_a_message_that_is_one_shipment_is_handed_out_whole():
    (unit,) = units(fixture("15_"))
    assert unit.node is unit.message.root
    assert unit.node.children["BGM"][0].element(2) == "GWSI0015"


def swap(old: str, new: str, *messages: list[str]) -> bytes:
    data = interchange(*(messages or (message(bills(1, 2)),)))
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


ENVELOPE_FAULTS = [
    ("sender missing", "GWSENDER:ZZ", "", "EDIFACT-UNB-MISSING", {"CONTRL": "13", "UCI": "UNB:3:1"}),
    ("recipient missing", "GWRECEIVER:ZZ", "", "EDIFACT-UNB-MISSING", {"CONTRL": "13", "UCI": "UNB:4:1"}),
    ("date missing", "250930:1200", ":1200", "EDIFACT-UNB-MISSING", {"CONTRL": "13", "UCI": "UNB:5:1"}),
    ("time missing", "250930:1200", "250930", "EDIFACT-UNB-MISSING", {"CONTRL": "13", "UCI": "UNB:5:2"}),
    ("syntax version missing", "UNOC:3", "UNOC", "EDIFACT-UNB-MISSING", {"CONTRL": "13", "UCI": "UNB:2:2"}),
    ("bad date", "250930:1200", "251330:1200", "EDIFACT-UNB-DATE", {"CONTRL": "12", "UCI": "UNB:5:1"}),
    ("year of none", "250930:1200", "00010101:1200", "EDIFACT-UNB-DATE", {"CONTRL": "12", "UCI": "UNB:5:1"}),
    ("bad time", "250930:1200", "250930:2500", "EDIFACT-UNB-TIME", {"CONTRL": "12", "UCI": "UNB:5:2"}),
    ("syntax 9", "UNOC:3", "UNOC:9", "EDIFACT-SYNTAX-VERSION", {"CONTRL": "2", "UCI": "UNB:2:2"}),
    ("UTF-16", "UNOC:3", "UNOY:4::8", "EDIFACT-ENCODING", {"CONTRL": "46", "UCI": "UNB:2:4"}),
    ("count", "UNZ+1+", "UNZ+2+", "EDIFACT-UNZ-COUNT", {"CONTRL": "29", "UCI": "UNZ:2"}),
    ("reference", "UNZ+1+REF1", "UNZ+1+REF2", "EDIFACT-UNZ-REF", {"CONTRL": "28", "UCI": "UNZ:3"}),
    ("outside", "UNH+1", "BGM+1'\nUNH+1", "EDIFACT-SEG-OUTSIDE", {"CONTRL": "33", "UCI": "BGM"}),
    ("security", "UNH+1", "USH+1'\nUNH+1", "EDIFACT-SECURITY", {"CONTRL": "27", "UCI": "USH"}),
    ("package", "UNH+1", "UNO+1'\nUNH+1", "EDIFACT-ENVELOPE", {"CONTRL": "47", "UCI": "UNO"}),
    ("unknown message", "CUSCAR:D", "INVOIC:D", "EDIFACT-MSG-UNKNOWN", {"CONTRL": "17", "UCM": "UNH:3:1"}),
    ("version", ":D:03A", ":1:911", "EDIFACT-VERSION", {"CONTRL": "17", "UCM": "UNH:3:2"}),
    ("release", ":D:03A", ":D:3A", "EDIFACT-RELEASE", {"CONTRL": "17", "UCM": "UNH:3:3"}),
    ("agency missing", ":03A:UN", ":03A", "EDIFACT-UNH-MISSING", {"CONTRL": "13", "UCM": "UNH:3:4"}),
    ("reference missing", "UNH+1", "UNH+", "EDIFACT-UNH-MISSING", {"CONTRL": "13", "UCM": "UNH:2"}),
    ("type missing", "CUSCAR:D", ":D", "EDIFACT-UNH-MISSING", {"CONTRL": "13", "UCM": "UNH:3:1"}),
    ("UNT count", "UNT+26", "UNT+25", "EDIFACT-UNT-COUNT", {"CONTRL": "29", "UCM": "UNT:2"}),
    ("UNT reference", "UNT+26+1", "UNT+26+9", "EDIFACT-UNT-REF", {"CONTRL": "28", "UCM": "UNT:3"}),
    ("UNT reference empty", "UNT+26+1", "UNT+26", "EDIFACT-UNT-REF", {"CONTRL": "28", "UCM": "UNT:3"}),
    ("UNT missing", "UNT+26+1'\n", "", "EDIFACT-UNT-MISSING", {"CONTRL": "13", "UCM": "UNT"}),
    ("BGM missing", "BGM+785+MAN1+9'\n", "", "EDIFACT-SEG-MISSING", {"CONTRL": "13", "UCS": "1"}),
    ("amount", "24.90", "2X4", "EDIFACT-ELEM-TYPE", {"CONTRL": "37", "UCS": "13", "UCD": "2:2"}),
    ("qualifier", "RFF+MWB:", "RFF+:", "EDIFACT-ELEM-MISSING", {"CONTRL": "13", "UCS": "4", "UCD": "2:1"}),
]


@pytest.mark.parametrize(
    ("old", "new", "rule", "ack"), [f[1:] for f in ENVELOPE_FAULTS], ids=[f[0] for f in ENVELOPE_FAULTS]
)
def test_a_fault_is_an_error_with_its_contrl_code_and_place(old, new, rule, ack):
    found = [f for f in errors(swap(old, new)) if f.rule == rule]
    assert [dict(f.ack) for f in found[:1]] == [ack]
    assert "  " not in found[0].message
    at = found[0].position
    assert at.offset is not None
    tag, *place = (ack.get("UCI") or ack.get("UCM") or "").split(":")  # there the tag counts as element 1
    if place:
        assert (at.segment, str((at.element or 0) + 1), str(at.component)) == (
            tag,
            place[0],
            (place[1:] or ["None"])[0],
        )


def test_every_fault_leaves_the_shipments_readable():
    for name, old, new, rule, _ in ENVELOPE_FAULTS:
        if rule != "EDIFACT-MSG-UNKNOWN" and name != "type missing":
            assert len(units(swap(old, new))) == 2, name


def test_the_right_partner_is_checked():
    known = {"senders": (Identity("OTHER", "ZZ"),), "receivers": (Identity("GWRECEIVER", "14"),)}
    found = errors(interchange(message(bills(1))), **known)
    assert [(f.rule, f.ack["CONTRL"]) for f in found] == [("EDIFACT-SENDER", "23"), ("EDIFACT-RECEIVER", "7")]


def test_test_data_is_remarked_or_refused():
    data = swap("+REF1", "+REF1++++++1")
    assert rules(data) == ["ENV-TEST-IN-PROD"]
    (refused,) = errors(data, allow_test=False)
    assert dict(refused.ack) == {"CONTRL": "25", "UCI": "UNB:12"}


@pytest.mark.parametrize("when", ["250930:1200", "20250930:1200"])
def test_dates_of_six_and_eight_digits_are_good(when):
    assert rules(swap("250930:1200", when)) == []


def test_seconds_in_unb_are_a_warning():
    assert rules(swap("250930:1200", "250930:120059")) == ["EDIFACT-UNB-SECONDS"]


def test_a_missing_unz_refuses_unless_the_partner_is_excused():
    data = case("S079")
    (finding,) = findings(data)
    assert (finding.severity, finding.scope, dict(finding.ack)) == (
        Severity.ERROR,
        Scope.INTERCHANGE,
        {"CONTRL": "13", "UCI": "UNZ"},
    )
    (excused,) = findings(data, options={"accept_missing_unz": True})
    assert excused.severity is Severity.WARNING
    cut = data[:-40]
    assert "EDIFACT-TRUNCATED" in [f.rule for f in errors(cut, options={"accept_missing_unz": True})]


def test_a_bad_interchange_does_not_take_the_next_one_down():
    data = interchange(message(bills(1)), end="") + interchange(message(bills(2)))
    seen = events(data)
    assert [e.interchange.index for e in seen if isinstance(e, InterchangeEnd)] == [0, 1]
    assert [f.rule for f in seen if isinstance(f, Finding)] == ["EDIFACT-UNZ-MISSING"]
    assert [u.label for u in units(data)] == ["CNI 1", "CNI 2"]
    cut = interchange(message(bills(1)))[:-60] + b"UNA:+.? '" + interchange(message(bills(2)))
    assert len([e for e in events(cut) if isinstance(e, InterchangeEnd)]) == 2


def test_groups_are_counted_and_checked():
    group = "UNG+CUSCAR+A:ZZ+B:ZZ+250930:1200+G{n}+UN+D:03A"
    body = [group.format(n=1), *message(bills(1)), "UNE+1+G1", group.format(n=2), *message(bills(2), "2"), "UNE+1+G2"]
    assert rules(interchange(body, end="UNZ+2+REF1")) == []
    assert rules(interchange(body, end="UNZ+1+REF1")) == ["EDIFACT-UNZ-COUNT"]

    def changed(old: str, new: str) -> bytes:
        return interchange([s.replace(old, new) for s in body if s.replace(old, new)], end="UNZ+2+REF1")

    for old, new, ack in [
        ("UNE+1+G2", "UNE+5+G2", {"CONTRL": "29", "UCF": "UNE:2"}),
        ("UNE+1+G2", "UNE+1+GX", {"CONTRL": "28", "UCF": "UNE:3"}),
        ("UNE+1+G1", "", {"CONTRL": "13", "UCF": "UNE"}),
        ("G2", "G1", {"CONTRL": "26", "UCF": "UNG:6"}),
    ]:
        (finding,) = errors(changed(old, new))
        assert (finding.scope, dict(finding.ack)) == (Scope.GROUP, ack)


def test_mixed_and_empty_envelopes_are_refused():
    group = ["UNG+CUSCAR+A:ZZ+B:ZZ+250930:1200+G1+UN+D:03A", *message(bills(1)), "UNE+1+G1"]
    assert "EDIFACT-GROUP-MIXED" in rules(interchange(group, message(bills(2), "2")))
    assert "EDIFACT-GROUP-MIXED" in rules(interchange(message(bills(2), "2"), group))
    assert rules(interchange()) == ["EDIFACT-EMPTY"]
    assert rules(interchange([group[0], "UNE+0+G1"], end="UNZ+1+REF1")) == ["EDIFACT-GROUP-EMPTY", "EDIFACT-EMPTY"]


def test_a_reference_used_twice_is_code_26():
    (finding,) = errors(interchange(message(bills(1)), message(bills(2))))
    assert (finding.rule, finding.ack["CONTRL"]) == ("EDIFACT-UNH-REF-DUP", "26")


def test_consignments_outside_a_message_are_counted_in_the_finding():
    data = swap("UNH+1+CUSCAR:D:03A:UN'\n", "")
    (finding,) = [f for f in errors(data) if f.rule == "EDIFACT-SEG-OUTSIDE"]
    assert "2 of them CNI" in finding.message


def test_errors_of_one_message_are_capped():
    body = [*bills(1), *["MOA+40:X:USD"] * 150]
    found = errors(interchange(message(body)))
    assert len(found) == 101
    assert found[-1].rule == "EDIFACT-TOO-MANY-ERRORS"


def test_salvage_refuses_only_the_shipment_with_the_fault():
    (finding,) = errors(interchange(message(bills(1, 2))).replace(b"RFF+HWB:GWH2", b"RFF+:GWH2"), salvage="shipment")
    assert finding.scope is Scope.SHIPMENT


def test_a_finding_of_a_shipment_comes_before_its_unit():
    data = interchange(message([*bills(1), "XXX+1", *bills(2)[len(bills()) :]]))
    kinds = [e.rule if isinstance(e, Finding) else e.label for e in events(data) if isinstance(e, Finding | Unit)]
    assert kinds == ["EDIFACT-SEG-UNKNOWN", "CNI 1", "CNI 2"]


def test_acknowledgments_are_read_not_translated():
    assert answer("19_") == [("interchange", "IC000001", "A")]
    assert answer("20_") == [("interchange", "IC000010", "R")]
    assert answer("21_") == [("status", "2", "R"), ("interchange", "IC000011", "A")]
    assert answer("23_") == [("group", "71", "R"), ("interchange", "71", "A")]
    assert answer("24_") == [("status", "IC000001", "A")]
    assert answer("25_")[-1] == ("status", "IC000012", "P")
    assert answer("26_") == [("status", "MAN25273001", "A")]
    assert answer("27_")[0] == ("status", "GWH0000122", "R")


def answer(name: str) -> list[tuple[str, str, str]]:
    return [(e.kind, e.control_number, e.result) for e in events(fixture(name)) if isinstance(e, Acknowledged)]


def test_memory_is_that_of_one_shipment():
    seen = 0
    for event in _stream(3000):
        if isinstance(event, Unit):
            seen += 1
            assert len(event.message.root.children) == 4
            assert event.message.context == len(bills())
    assert seen == 3000


def _stream(count: int):
    from gateway.formats.edifact.reader import EdifactReader
    from tests.formats.edifact.samples import profile

    def chunks():
        yield interchange(message(bills()), end="").replace(b"UNT+6+1'\n", b"")
        for n in range(1, count + 1):
            yield "".join(f"{line.format(n=n)}'" for line in bills(0)[len(bills()) :]).encode()

    return EdifactReader(profile()).read(chunks())


@pytest.mark.parametrize(
    ("head", "least", "most"),
    [
        (b"UNB+UNOC:3+A", 1.0, 1.0), (b"\xef\xbb\xbf\r\nUNA:+.? 'UNB+UNOC:3", 1.0, 1.0), (b"UNB\x1dUNOB\x1f1", 1.0,
        1.0),
        (b"Received: x\n\nUNB+UNOC:3+A'UNH+1+C", 0.5, 0.9), (b"ISA*00*", 0, 0), (b"<xml/>", 0, 0), (b"a,b\nUNA,1", 0,
        0),
        (b"ISA'00'          'UNB'", 0, 0), (b"", 0, 0),
    ],
)  # fmt: skip
def test_the_beginning_of_a_file_tells_edifact(head, least, most):
    assert least <= sniff(head) <= most


CUTS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(["cut", "double", "swap", "drop-segment"])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(CUTS)
def test_damage_never_raises_and_never_loses_a_consignment_quietly(cuts):
    data = fixture("01_")
    for share, size, how in cuts:
        at = int(share * len(data))
        if how == "cut":
            data = data[:at] + data[at + size :]
        elif how == "double":
            data = data[: at + size] + data[at:]
        elif how == "swap":
            data = data[:at] + data[at + size : at + 2 * size] + data[at : at + size] + data[at + 2 * size :]
        else:
            segments = data.split(b"'")
            del segments[int(share * len(segments)) : int(share * len(segments)) + 1]
            data = b"'".join(segments)
    seen = events(data)
    assert_nested(seen)
    begun = len(re.findall(rb"(?:^|['\n])CNI\+", data))
    handed = sum(isinstance(e, Unit) for e in seen)
    told = [f for f in seen if isinstance(f, Finding)]
    assert handed >= begun or told
    if data != fixture("01_") and len(data) < len(fixture("01_")) - 200:
        assert told


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 1500))
def test_random_bytes_in_a_good_file_never_raise(noise, at):
    data = fixture("03_")
    assert_nested(events(data[:at] + noise + data[at:]))


def test_values_keep_their_text():
    unit = units(case("S051"))[0]
    assert values(unit, "MOA") == [["40:-24.90:USD"]]


def test_a_message_of_another_agency_is_told_and_refused_by_strict_partners():
    data = interchange(message(bills(1), identifier="CUSCAR:D:03A:RT"))
    (finding,) = findings(data)
    assert (finding.rule, finding.severity, finding.value) == ("EDIFACT-AGENCY", Severity.WARNING, "RT")
    (finding,) = errors(data, tolerance="strict")
    assert finding.ack == {"CONTRL": "17", "UCM": "UNH:3:4"}
