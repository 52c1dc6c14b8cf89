"""The answers of every sample: readable by others, counted right, for the right people, and without personal data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Severity
from gateway.formats.x12.ack_824 import reference
from gateway.formats.x12.policy import is_personal
from gateway.history import MemoryHistory
from tests.drops import NOW, SAMPLES_NOW, Drop, drop, sample, x12_drop, x12_samples
from tests.formats.x12.replies import ask_pyx12, recount, write_maps
from tests.formats.x12.tokens import damaged, nodes

SAMPLES = x12_samples()
X12_ANSWERS = ("TA1", "997", "999", "824", "355")
PLAIN = sample("x12/01")


def _drop(path: Path, **changes: object) -> Drop:
    now = SAMPLES_NOW if path.parent.name == "x12" else NOW
    return drop(path.read_bytes(), name=path.name, now=now, **changes)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_maps(tmp_path_factory.mktemp("maps"))


def _interchanges(answer: bytes) -> Iterator[bytes]:
    for part in re.split(rb"(?m)^(?=ISA)", answer):
        if part:
            yield part


# --- others can read them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
@pytest.mark.parametrize("functional", ["997", "999"])
def test_pyx12_accepts_every_997_and_999(path: Path, functional: str, maps: Path) -> None:
    answers = _drop(path, acks={"functional": functional}).answers
    for answer in _interchanges(answers.get(functional, b"")):
        assert ask_pyx12(answer, maps) == (True, []), answer.decode()


@pytest.mark.parametrize("count", [b"7", b"007", b"999999", b"1000000", b"9" * 40, b"-1", b"1.0", b""])
@pytest.mark.parametrize("functional", ["997", "999"])
def test_a_wrong_count_of_sets_is_repeated_only_where_the_answer_can_hold_it(
    count: bytes, functional: str, maps: Path
) -> None:
    answer = drop(
        PLAIN.replace(b"GE*1*", b"GE*" + count + b"*"), now=SAMPLES_NOW, acks={"functional": functional}
    ).answers[functional]
    assert ask_pyx12(answer, maps) == (True, []), answer.decode()
    told = count.decode() if count.isdigit() and len(count) < 7 else "1"
    assert f"\nAK9*R*{told}*1*0*5~" in answer.decode()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"ST*309*0001~", b"ST*309*0001*005020USCBP~", "AK2*309*0001"),  # ST-03; AK2-03 came with 005010
        (b"N9*2I*1ZTRK000000001~", b"N9*2I*1Z*****BM>1>CN>2>CN>3>CN~", "AK4*7**3*BM 1 CN 2 CN 3 CN"),  # a composite has no number
        (b"*K***13***NRTX~\nN9*2I*1ZTRK000000001", b"*K***`^1***NRTX~\nN9*2I*1ZTRK000000001", "AK4*9*582*5*  1"),
    ],
)  # fmt: skip
def test_a_997_holds_what_its_release_has(old: bytes, new: bytes, said: str, maps: Path) -> None:
    assert PLAIN.count(old) == 1
    data = PLAIN.replace(b"*^*00501*", b"*:*00501*").replace(old, new)
    dropped = drop(data, now=SAMPLES_NOW, acks={"functional": "997"})
    assert ask_pyx12(dropped.answers["997"], maps) == (True, [])
    assert said in dropped.segments("997")


def test_the_number_of_a_composite_is_left_out_of_824_and_999_too() -> None:
    old, new = b"N9*2I*1ZTRK000000001~", b"N9*2I*1Z*****BM>1>CN>2>CN>3>CN~"
    dropped = drop(PLAIN.replace(old, new), now=SAMPLES_NOW)
    assert "IK4*7**13*BM 1 CN 2 CN 3 CN" in dropped.segments("999")
    assert [s.split("*")[3:] for s in dropped.segments("824") if s.startswith("TED")] == [
        ["N9", "6", "7", "", "BM 1 CN 2 CN 3 CN"]
    ]
    half = drop(PLAIN.replace(old, b"N9*2I*1Z*****BM>1>CN~"), now=SAMPLES_NOW).segments("999")
    assert "CTX*SITUATIONAL TRIGGER*N9*6*LX*7>4*127" in half


def test_a_text_that_is_too_long_for_ted_goes_on_in_nte() -> None:
    data = PLAIN.replace(b"A*610910*18*K*0.4**PCS*CN*US*USD~\nN10*1*PHONE CASE PLASTIC*1ZTRK000000001", b"A*610910**K*0.4**PCS*CN*US*USD~\nN10*1*PHONE CASE PLASTIC*1ZTRK000000001")  # fmt: skip
    said = drop(data, now=SAMPLES_NOW).segments("824")
    at = next(n for n, s in enumerate(said) if s.startswith("TED"))
    assert said[at].split("*")[2] == "N10-06: element 602 (Customs Shipment Value) is needed here:"
    assert said[at + 1] == "NTE*ZZZ*N10-06 and N10-13 go together; whole dollars without a point"
    assert said[at + 2].startswith("NTE*ZZZ*X12-ELE-CONDITION: ")
    assert said[at + 3].startswith("NTE*ZZZ*")  # the mend is not cut either


@pytest.mark.parametrize(("version", "room"), [("004010", 30), ("004040", 30), ("004060", 50), ("006050", 50)])
def test_an_824_names_a_long_number_as_long_as_its_release_has_room(version: str, room: int) -> None:
    number = "420432159261290100830435" + "0123456789"  # ZIP code and parcel, as the post writes them: 34 digits
    data = PLAIN.replace(b"*X*005020~", f"*X*{version}~".encode()).replace(b"*18*K", b"*950*K", 1)
    if version < "004040":  # the 309 itself has no room either: the text does
        data = data.replace(b"N9*2I*1ZTRK000000001~", f"N9*2I**{number}~".encode())
    data = data.replace(b"N9*2I*1ZTRK000000001~", f"N9*2I*{number}~".encode())
    said = drop(data, now=SAMPLES_NOW).segments("824")
    assert [s for s in said if s.startswith("REF")] == [f"REF*2I*{number[:room]}"]


def test_a_ta1_names_a_number_even_where_isa_has_none() -> None:
    answer = drop(PLAIN.replace(b"000000001", b" " * 9), now=SAMPLES_NOW).segments("TA1")
    assert answer == ["TA1*000000000*250115*0930*R*018"]


def test_pyx12_is_asked_in_earnest(maps: Path) -> None:
    assert sum("999" in _drop(p, acks={"functional": "999"}).answers for p in SAMPLES) > 70
    for old, new in ((b"*A*1*1*1~", b"*Q*1*1*1~"), (b"SE*6*", b"SE*7*"), (b"AK1*AQ", b"AK1*AQQQ")):
        answer = x12_drop("01").answers["999"]
        assert old in answer
        assert ask_pyx12(answer.replace(old, new), maps)[0] is False


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_counts_and_control_numbers_of_every_answer_add_up(path: Path) -> None:
    for application_for in ("refused", "all"):
        answers = _drop(path, acks={"ta1": "always", "application_for": application_for}).answers
        for kind in X12_ANSWERS:
            assert recount(answers.get(kind, b"")) == []


def test_counts_of_answers_to_damaged_files_add_up() -> None:
    for name in ("01", "34", "41", "53", "54", "22"):
        for data in damaged(sample(f"x12/{name}"), 40, seed=7 + int(name)):
            dropped = drop(data, now=SAMPLES_NOW)
            for kind in X12_ANSWERS:
                assert recount(dropped.answers.get(kind, b"")) == [], data


def test_the_recount_notices_a_wrong_count() -> None:
    answer = x12_drop("53").answers["999"]
    for old, new in ((b"SE*12", b"SE*11"), (b"GE*1*", b"GE*2*"), (b"IEA*1*", b"IEA*0*"), (b"IK5*A~\n", b"")):
        assert old in answer
        assert recount(answer.replace(old, new, 1))


# --- control numbers ----------------------------------------------------------------------------------------------


def test_control_numbers_rise_and_never_repeat_in_a_history() -> None:
    history = MemoryHistory()
    isa: list[int] = []
    gs: list[int] = []
    for name in ("01", "41", "53", "34", "07", "55"):
        for kind, answer in x12_drop(name, history).answers.items():
            if kind in X12_ANSWERS:
                isa += [int(n) for n in re.findall(rb"(?m)^ISA.{87}(\d{9})", answer)]
                gs += [int(n) for n in re.findall(rb"(?m)^GS(?:\*[^*]*){5}\*(\d+)\*", answer)]
    assert len(isa) > 10
    # counters are per partner: 07 is another partner's
    assert sorted(isa) == sorted([*range(1, len(isa)), 1])
    assert len(gs) == len(isa) - 1  # the TA1 of 34 has no group


# --- who gets which -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [str(n) for n in (10, 11, 12, 13, 14, *range(20, 30))])
def test_answers_are_never_answered(name: str) -> None:
    for ta1 in ("requested", "always"):
        dropped = x12_drop(name, acks={"ta1": ta1, "application_for": "all"})
        assert not set(dropped.answers) & set(X12_ANSWERS)
        assert "receipt" in dropped.answers


def test_an_answer_in_a_group_of_shipments_is_counted_but_not_answered() -> None:
    ack = sample("x12/20").decode()
    body = ack[ack.index("ST*997") : ack.index("GE*")].encode()
    alone = PLAIN[: PLAIN.index(b"ST*309")] + body + PLAIN[PLAIN.index(b"GE*") :]
    assert "999" not in drop(alone, now=SAMPLES_NOW).answers
    twice = alone.replace(b"GE*1*", body.replace(b"*0001~", b"*0002~") + b"GE*2*")
    assert not set(drop(twice, now=SAMPLES_NOW).answers) & set(X12_ANSWERS)
    mixed = PLAIN.replace(b"ST*309*0001", body.replace(b"0001", b"0077") + b"ST*309*0001").replace(b"GE*1*", b"GE*2*")
    dropped = drop(mixed, now=SAMPLES_NOW)
    assert recount(dropped.answers["999"]) == []
    assert "AK2*997" not in dropped.answers["999"].decode()
    assert "AK2*309*0001" in dropped.answers["999"].decode()


def test_answers_go_back_to_the_sender_under_the_name_of_the_receiver() -> None:
    for kind, answer in x12_drop("41").answers.items():
        if kind in X12_ANSWERS:
            assert answer[:70] == b"ISA*00*          *00*          *ZZ*S321GATEWAY    *02*NRTX           *"
            assert b"GS*" not in answer or re.search(rb"GS\*..\*S321GATEWAY\*NRTX\*20250114\*1000\*", answer)


def test_test_data_is_answered_with_test_data() -> None:
    answers = drop(PLAIN.replace(b"*0*P*>", b"*0*T*>"), now=SAMPLES_NOW).answers
    assert b"*0*T*>~" in answers["999"]


@pytest.mark.parametrize(
    ("acks", "kinds"),
    [
        ({}, {"999", "824", "355"}),
        ({"functional": "none"}, {"824", "355"}),
        ({"functional": "997"}, {"997", "824", "355"}),
        ({"application": "none"}, {"999"}),
        ({"application": "824"}, {"999", "824"}),
        ({"application": "355"}, {"999", "355"}),
        ({"ta1": "always"}, {"TA1", "999", "824", "355"}),
    ],
)
def test_the_partner_gets_the_answers_it_asked_for(acks: dict[str, str], kinds: set[str]) -> None:
    assert set(x12_drop("41", acks=acks).answers) & set(X12_ANSWERS) == kinds


@pytest.mark.parametrize(
    ("version", "kind"), [("004010", "997"), ("004060", "997"), ("005010", "999"), ("006050", "999")]
)
def test_the_version_of_the_group_tells_which_acknowledgment_it_gets(version: str, kind: str) -> None:
    data = sample("x12/01")
    assert data.count(b"005020") == 1
    answers = drop(data.replace(b"005020", version.encode()), now=SAMPLES_NOW).answers
    assert {"997", "999"} & set(answers) == {kind}


def test_names_of_answers_tell_kind_and_interchange() -> None:
    assert x12_drop("01").names == [".999.edi", ".receipt.json"]
    assert x12_drop("34").names == [".1.999.edi", ".2.ta1.edi", ".rejects.csv", ".report.json", ".receipt.json"]


def test_the_separators_of_the_sender_are_used_when_they_are_safe() -> None:
    answer = x12_drop("35").answers["999"].decode()
    first, second = re.split(r"(?m)^(?=ISA)", answer)[1:]
    assert first.startswith("ISA*") and first.splitlines()[1].startswith("GS*FA*")
    assert second.startswith("ISA|") and second.splitlines()[1].startswith("GS|FA|")
    assert x12_drop("49").answers["999"].decode().splitlines()[0][105] == "~"  # hex 15 is not


# --- what they say of a set and its group -------------------------------------------------------------------------


def test_everything_that_can_be_wrong_with_a_set_has_room_in_one_answer() -> None:
    faulty = PLAIN.replace(b"ST*309*0001", b"ST*856*01").replace(b"*0001~", b"*0002~")
    dropped = drop(re.sub(rb"SE\*\d+", b"SE*9", faulty), now=SAMPLES_NOW)
    assert [s for s in dropped.segments("999") if s[:3] in ("IK5", "AK9")] == ["IK5*R*3*4*5*7*18", "AK9*R*1*1*0"]


def test_a_tag_that_is_too_long_is_cut_in_the_answer(maps: Path) -> None:
    dropped = drop(PLAIN.replace(b"LX*2~", b"ABCDE*1~\nLX*2~"), now=SAMPLES_NOW)
    assert next(s for s in dropped.segments("999") if s.startswith("IK3")).startswith("IK3*ABC*")
    assert ask_pyx12(dropped.answers["999"], maps) == (True, [])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b"ABC", ["IK5*R*5", "AK9*R*1*1*0"]),
        (b"AB", ["IK5*E*5", "AK9*E*1*1*1"]),
        (b"C", ["IK5*E*5", "AK9*E*1*1*1"]),
        (b"", ["IK5*A", "AK9*A*1*1*1"]),
    ],
)
def test_a_set_whose_shipments_all_fall_by_syntax_is_refused_where_others_are_salvaged(
    broken: bytes, said: list[str]
) -> None:
    lx = b"LX*%d~\n"
    head, one, two = (PLAIN[: PLAIN.index(lx % 1)], *re.findall(rb"(?s)LX\*\d~.*?(?=LX\*2|SE\*)", PLAIN))
    three = two.replace(b"LX*2", b"LX*3").replace(b"00450002", b"00450003").replace(b"000000002", b"000000003")
    bills = [
        re.sub(rb"(M11\*(?:[^*]*\*){5})K", rb"\1X", text) if name in broken else text
        for name, text in zip((b"A", b"B", b"C"), (one, two, three), strict=True)
    ]
    tail = PLAIN[PLAIN.index(b"SE*") :].replace(b"SE*28", b"SE*%d" % (28 + three.count(b"~")))
    data = b"".join((head.replace(b"**2*W", b"**3*W"), *bills, tail))
    dropped = drop(data, now=SAMPLES_NOW, salvage="shipment")
    assert dropped.counts()[:3] == (3, 3 - len(broken), len(broken))
    assert [s for s in dropped.segments("999") if s[:3] in ("IK5", "AK9")] == said


@pytest.mark.parametrize(("functional", "tag"), [("997", "AK5"), ("999", "IK5")])
def test_a_remark_that_the_partner_file_makes_an_error_refuses_the_set(functional: str, tag: str) -> None:
    wrong = re.sub(rb"(M10\*(?:[^*~]*\*){7})[^*~]*", rb"\g<1>7", PLAIN)
    dropped = drop(
        wrong, now=SAMPLES_NOW, acks={"functional": functional}, severities={"X12-BILL-COUNT": Severity.ERROR}
    )
    assert "X12-BILL-COUNT" in dropped.rules()
    assert dropped.messages() == []
    assert [s for s in dropped.segments(functional) if s[:3] in (tag, "AK9")] == [f"{tag}*R*5", "AK9*R*1*1*0"]


@pytest.mark.parametrize(("functional", "tag"), [("997", "AK5"), ("999", "IK5")])
def test_a_control_character_in_a_control_number_refuses_the_set(functional: str, tag: str) -> None:
    odd = PLAIN.replace(b"*0001~", b"*00\x0701~")
    dropped = drop(odd, now=SAMPLES_NOW, acks={"functional": functional})
    assert dropped.counts()[1] == 0
    assert dropped.messages() == []
    assert {f.target for f in dropped.findings()} == {"message_id", "source.control_numbers.message"}
    assert f"{tag}*R*5" in dropped.segments(functional)


@pytest.mark.parametrize(
    ("name", "old", "new", "rule", "kind", "said"),
    [
        ("x12/01", b"SE*", b"SE*9", "X12-SE-COUNT", "999", b"\nIK5*A~\nAK9*A*1*1*1~"),
        ("x12/01", b"GE*1*", b"GE*9*", "X12-GE-COUNT", "999", b"\nIK5*A~\nAK9*A*9*1*1~"),
        ("x12/01", b"IEA*1*", b"IEA*9*", "X12-IEA-COUNT", "TA1", b"*E*021~"),
        ("edifact/01", b"UNT+", b"UNT+9", "EDIFACT-UNT-COUNT", "CONTRL", b"GWRECEIVER:ZZ+7'\nUNT+3+"),
        ("edifact/02", b"UNE+1", b"UNE+9", "EDIFACT-UNE-COUNT", "CONTRL", b"CBPTEST:ZZ+7'\nUNT+3+"),
        ("edifact/01", b"UNZ+", b"UNZ+9", "EDIFACT-UNZ-COUNT", "CONTRL", b"GWRECEIVER:ZZ+7'\nUNT+3+"),
    ],
)
def test_what_the_partner_file_makes_a_remark_refuses_nothing_in_the_answer(
    name: str, old: bytes, new: bytes, rule: str, kind: str, said: bytes
) -> None:
    data = sample(name)
    assert data.count(old) == 1
    dropped = drop(data.replace(old, new), now=SAMPLES_NOW, severities={rule: Severity.WARNING})
    assert rule in dropped.rules()
    assert said in dropped.answers[kind]


def test_a_qualifier_that_holds_a_separator_of_the_answer_stands_in_it_as_a_blank() -> None:
    """Segments that end with a line feed are answered with the usual separators: * is one of them now."""
    data = PLAIN.replace(b"~\n", b"\n").replace(b"*", b"|")
    assert data.count(b"|02|NRTX") == 1
    (isa, ta1, *_) = drop(data.replace(b"|02|NRTX", b"|*2|NRTX"), now=SAMPLES_NOW).answers["TA1"].split(b"~\n")
    assert (len(isa), isa.count(b"*"), ta1.split(b"*")[4]) == (105, 16, b"R")


def test_no_two_824_have_one_reference() -> None:
    """A drop of its own or one out of an archive, with any number of refused sets."""
    receipts = (
        "20250303T100000123456-7f3a9c",
        "20250303T100000123456-7f3a9c-0001",
        "20250303T100000123456-7f3a9c-0002",
    )
    made = {reference(receipt, number) for receipt in receipts for number in range(1, 1001)}
    assert len(made) == 3000
    assert max(map(len, made)) == 30


# --- what they must not say ---------------------------------------------------------------------------------------


def _personal_texts(data: bytes) -> set[str]:
    """Return names and addresses of a file, as words that could be found in an answer.

    A tracking number (REF*2I) names the parcel: the 824 must say it, as it must say a bill's number.
    """
    found = set()
    for node in nodes(data):
        if node.tag == "REF" and node.elements[1] == "2I":
            continue
        for number, text in enumerate(node.elements[1:], 1):
            wide = node.tag in ("N1", "N2", "N3", "PER", "NM1", "DMG", "REF", "VEH") and is_personal(node.tag, number)
            if wide and len(text) > 5 and not text.isdigit():
                found.add(text)
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_names_and_addresses_stand_in_no_answer(path: Path) -> None:
    data = path.read_bytes()
    if path.name.startswith(("S016", "S018")):
        data = data.decode("utf-16" if "S016" in path.name else "cp037").encode()
    data = data.replace(b"JORDAN EXAMPLE", b"JORDAN OTHERMAN")  # the first stands in examples of the catalogue
    texts = _personal_texts(data)
    now = SAMPLES_NOW if path.parent.name == "x12" else NOW
    for kind, answer in drop(data, now=now, acks={"application_for": "all", "ta1": "always"}).answers.items():
        said = answer.decode("utf-8")
        assert not [t for t in texts if t in said], kind


def test_personal_values_are_left_out_of_x12_and_masked_elsewhere_unless_the_partner_allows_it() -> None:
    long_name = "RILEY PLACEHOLDER" + " OF A LONG NAME" * 8
    data = PLAIN.replace(b"RILEY PLACEHOLDER", long_name.encode())
    hidden, shown = drop(data, now=SAMPLES_NOW), drop(data, now=SAMPLES_NOW, acks={"echo_personal": True})
    for kind, answer in hidden.answers.items():
        assert "PLACEHOLDER" not in answer.decode(), kind
    assert "IK4*2*93*5~" in hidden.answers["999"].decode()
    assert f"IK4*2*93*5*{long_name[:99].rstrip()}~" in shown.answers["999"].decode()
    assert hidden.rejects()[0]["value"] == "R***E"
    assert shown.rejects()[0]["value"] == long_name
    assert hidden.report()["findings"][0]["value"] == "R***E"


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("xml/03", b"JORDAN EXAMPLE"),
        ("xml/15", b"TAYLOR EXAMPLE"),
        ("xml/14", b"JORDAN EXAMPLE"),
        ("xml-extra/01", b"CASEY EXAMPLE"),
        ("cargoimp/03", b"JORDAN EXAMPLE"),
        ("cargoimp/02", b"PAT SAMPLE"),
        ("cargoimp/12", b"JORDAN EXAMPLE"),
        ("edifact/01", b"JORDAN SAMPLE"),
        ("csv/01", b"JORDAN EXAMPLE"),
        ("x12/01", b"RILEY PLACEHOLDER"),
    ],
)
@pytest.mark.parametrize(("instead", "shown"), [(b"ZEBRA" * 40, "Z***A"), (b"UNKNOWN", "U***N")])
def test_what_is_said_of_a_name_shows_it_masked_in_every_family(
    name: str, person: bytes, instead: bytes, shown: str
) -> None:
    data = sample(name)
    assert person in data
    dropped = drop(data.replace(person, instead), now=SAMPLES_NOW, name="m")
    told = [f for f in dropped.findings() if f.value is not None and f.value in instead.decode()]
    assert told
    assert all(f.personal for f in told)
    assert shown in {row["value"] for row in dropped.rejects()}
    for kind in ("rejects", "report", "receipt", "999", "824", "355", "CONTRL", "APERAK", "XFNM"):
        assert b"ZEBRA" not in dropped.answers.get(kind, b""), kind


# --- what senders write into them ---------------------------------------------------------------------------------

_NASTY = st.text(st.sampled_from("*>~^|:!'\"\\\r\n\t\0\x1a\x15é€中 AB1<&,;=+-@"), min_size=1, max_size=40)


_MOST = {"IK3": 4, "IK4": 4, "TED": 7, "NTE": 2, "K1": 2, "M11": 12, "LX": 1, "OTI": 11, "REF": 2, "IK5": 6, "AK9": 9}
"""Tag -> elements that a line may have at most; AK9 and IK5 carry codes of ours only."""


def _in_other_separators(value: str) -> bytes:
    """Return sample 41 with the value in M11-09; the separators are | and !, so all of ours may stand in the value."""
    table = str.maketrans({"*": "|", "~": "!", ">": "\x1d", "^": "\x1e"})
    text = sample("x12/41").decode().translate(table)
    assert "K|||99|||NRTX" in text
    return text.replace("K|||99|||NRTX", f"K|||{value}|||NRTX").encode("utf-8", "replace")


@settings(max_examples=80, deadline=None)
@given(_NASTY.filter(lambda t: not set(t) & set("|!\r\n")))
def test_no_value_breaks_an_answer(value: str) -> None:
    dropped = drop(_in_other_separators(f"9{value}9"), now=SAMPLES_NOW)
    for kind in ("999", "824", "355"):
        answer = dropped.answers[kind]
        assert recount(answer) == []
        for line in answer.splitlines():
            assert line.isascii()
            assert not [c for c in line if c < 32]
            tag, *elements = line[:-1].split(b"*")
            assert len(elements) <= _MOST.get(tag.decode(), 16), line
            assert not (tag not in (b"ISA",) and b">" in line.replace(b"*>*", b""))
    assert dropped.rejects()
    assert dropped.report()["findings"]
    assert dropped.counts()[0] == 2


def test_a_value_with_our_separators_leaves_them_out() -> None:
    answers = drop(_in_other_separators("9*~9"), now=SAMPLES_NOW).answers
    assert "IK4*9*582*5*9  9~" in answers["999"].decode()


# --- several applications of one sender ---------------------------------------------------------------------------


def _groups(answer: bytes) -> list[tuple[str, ...]]:
    """Return GS01, GS02, GS03, GS08 and how many sets each group of an answer holds."""
    found: list[list[str]] = []
    for line in answer.decode().splitlines():
        parts = line[:-1].split("*")
        if parts[0] == "GS":
            found.append([parts[1], parts[2], parts[3], parts[8]])
        elif parts[0] == "GE":
            found[-1].append(parts[1])
    return [tuple(one) for one in found]


def _several(*groups: tuple[str, str, str, str]) -> bytes:
    """Return an interchange with one refused 309 in each group. groups: GS01, GS02, GS03 and GS08."""
    head, rest = sample("x12/44").split(b"GS*", 1)
    body = rest[rest.index(b"ST*") : rest.index(b"GE*")].replace(b"*18.50*", b"*0*")
    one = [f"GS*{code}*{sender}*{receiver}*20250115*0930*{n}*X*{version}~\n".encode() + body + b"GE*1*%d~\n" % n for n, (code, sender, receiver, version) in enumerate(groups, 1)]  # fmt: skip
    return head + b"".join(one) + b"IEA*%d*%s~\n" % (len(groups), head.split(b"*")[13])


def test_each_application_is_answered_in_a_group_of_its_own(maps: Path) -> None:
    data = _several(
        ("AQ", "BRANCH1", "OURS", "005020"), ("AQ", "BRANCH1", "OURS", "005020"), ("AQ", "BRANCH2", "OURS", "005020"),
        ("AQ", "BRANCH2", "OURS2", "006050"), ("SO", "BRANCH2", "OURS2", "004010"), ("AQ", "BRANCH2", "OURS2", "004040"),
    )  # fmt: skip
    answers = drop(data, now=SAMPLES_NOW, acks={"application_for": "all"}).answers
    ours = "005010X231A1"
    assert _groups(answers["999"]) == [("FA", "OURS", "BRANCH1", ours, "2"), ("FA", "OURS", "BRANCH2", ours, "1"), ("FA", "OURS2", "BRANCH2", ours, "1")]  # fmt: skip
    assert _groups(answers["997"]) == [("FA", "OURS2", "BRANCH2", "004010", "2")]
    to = [("OURS", "BRANCH1", "005020", "2"), ("OURS", "BRANCH2", "005020", "1"), ("OURS2", "BRANCH2", "006050", "1"), ("OURS2", "BRANCH2", "004010", "1"), ("OURS2", "BRANCH2", "004040", "1")]  # fmt: skip
    assert _groups(answers["824"]) == [("AG", *one) for one in to]
    assert _groups(answers["355"]) == [("SO" if one[2] < "004030" else "AZ", *one) for one in to]
    for kind in ("997", "999", "824", "355"):
        assert recount(answers[kind]) == []
    numbers = re.findall(rb"GS\*(?:[^*]*\*){5}(\d+)\*", b"".join(answers[k] for k in ("997", "999", "824", "355")))
    assert len(set(numbers)) == len(numbers) == 14
    for kind in ("997", "999"):
        assert ask_pyx12(answers[kind], maps) == (True, []), answers[kind].decode()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_envelope_of_an_answer_is_that_of_its_newest_group_wherever_it_stands(order: tuple[int, int]) -> None:
    groups = (("SO", "BRANCH1", "OURS", "004010"), ("AQ", "BRANCH2", "OURS", "005020"))
    answers = drop(_several(*(groups[n] for n in order)), now=SAMPLES_NOW, acks={"application_for": "all"}).answers
    said = {kind: answers[kind].split(b"\n")[0].split(b"*")[11:13] for kind in ("997", "999", "824", "355")}
    assert said == {"997": [b"U", b"00401"], **{key: [b"^", b"00501"] for key in ("999", "824", "355")}}
    old = drop(_several(groups[0], groups[0]), now=SAMPLES_NOW).answers
    assert {old[kind].split(b"*")[12] for kind in ("824", "355")} == {b"00401"}
