"""What the receiver says reaches the sender once, in its dialect; unknown, late and repeated answers are handled."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import pyx12.x12file

from gateway.profile import Identity
from gateway.responding import Origin, responses_of, status_files
from gateway.responses import Response, ResponseError, read_responses
from gateway.shell import members
from gateway.shell.folders import parse_instant
from tests.drops import profile_for, sample
from tests.formats.x12.replies import recount
from tests.shell.site_support import Place
from tests.test_reload import run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "site")


AT = "2026-01-15T12:30:00Z"


def test_a_309_is_answered_with_a_350_that_pyx12_can_read(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    first, second = place.shipments()
    place.respond(
        "r1.json",
        Response(first, "released", code="1C", text="RELEASED", at=AT),
        Response(second, "rejected", code="470", text="INVALID ORIGIN", at=AT),
    )
    place.run()
    data = place.read(".350.edi").decode()
    segments = [s.get_seg_id() for s in pyx12.x12file.X12Reader(io.StringIO(data))]
    assert segments == ["ISA", "GS", "ST", "M10", "P4", "X4", "K1", "X4", "K1", "SE", "GE", "IEA"]
    x4 = [line.split("*") for line in data.splitlines() if line.startswith("X4")]
    assert [(x[1], x[5], x[6], x[7]) for x in x4] == [
        (first.removeprefix("NRTX"), "20260115", "1230", "1C"),
        (second.removeprefix("NRTX"), "20260115", "1230", "1H"),
    ]
    assert "K1*REJECTED 470 INVALID ORIGIN~" in data
    told = json.loads(place.read(".json"))
    assert [(r["shipment_id"], r["status"], r["file"]) for r in told["responses"]] == [
        (first, "released", "good-309.edi"),
        (second, "rejected", "good-309.edi"),
    ]
    assert place.read(".csv").startswith(b"\xef\xbb\xbf")
    assert place.answer("r1.json")["passed_on"] == 2
    assert place.problems() == []


def status_350(data: bytes, *responses: Response) -> list[str]:
    """Return the 350 that the sender of a 309 gets, in lines, after counting it again."""
    origin = Origin("R1", "a.edi", "x12_309", lambda: iter((data,)))
    files = dict(status_files(responses, origin, profile_for(data), parse_instant(AT), lambda name: 1))
    answer = b"".join(files[".350.edi"])
    assert recount(answer) == []
    return answer.decode().replace("~", "").splitlines()


def test_a_350_says_a_status_once() -> None:
    told = Response("OCNVHBL00001", "released", text="RELEASED"), Response("OCNVHBL00001", "hold", text="EXAM")
    assert [line for line in status_350(two_ports(), *told) if line[:2] == "K1"] == ["K1*RELEASED", "K1*HOLD EXAM"]


def two_ports() -> bytes:
    return sample("x12/07").replace(b"LX*2~", b"P4*2704*20250122*2*Y259~\nLX*2~").replace(b"SE*34*", b"SE*35*")


def test_a_350_names_each_bill_under_its_own_port() -> None:
    first, second = Response("OCNVHBL00001", "released", code="1C", at=AT), Response("OCNVHBL00002", "released", code="1C", at=AT)  # fmt: skip
    ports = ["P4*2709*20250120*2*Y258", "P4*2704*20250122*2*Y259"]
    for told in ((first, second), (second, first)):
        lines = [line for line in status_350(two_ports(), *told) if line[:2] in ("P4", "X4")]
        assert [line[:12] for line in lines] == [ports[0][:12], "X4*HBL00001*", ports[1][:12], "X4*HBL00002*"]
        assert lines[::2] == ports
    assert [line for line in status_350(two_ports(), second) if line[:2] == "P4"] == ports[1:]
    three = status_350(two_ports(), second, first, Response("OCNVHBL00002", "hold", code="1H"))
    assert [line[:2] for line in three if line[:2] in ("P4", "X4")] == ["P4", "X4", "P4", "X4", "X4"]


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (Response("OCNVHBL00002", "released", quantity="2"), "2"),
        (Response("OCNVHBL00002", "released", quantity=1), "1"),
        (Response("OCNVHBL00002", "released"), "3"),  # M11-03
        (Response("OCNVHBL00003", "released"), ""),
    ],
)
def test_a_350_says_how_many_pieces_it_is_about(told: Response, written: str) -> None:
    data = sample("x12/07").replace(b"SE*34*", b"LX*3~\nM13*OCNL*2709*D*HBL00003**03*1**OCNV~\nSE*36*")
    (x4,) = [line.split("*") for line in status_350(data, told) if line.startswith("X4")]
    assert x4[2] == written


def test_the_quantity_of_a_350_is_handed_on() -> None:
    data = sample("x12/10").replace(b"X4*00450001*2*", b"X4*00450001*7*").replace(b"X4*00450002*2*", b"X4*00450002**")
    assert [(r.shipment_id, r.quantity) for r in responses_of(data, profile_for(data))] == [
        ("NRTX00450001", "7"),
        ("NRTX00450002", ""),
    ]


@pytest.mark.parametrize(("version", "code"), [("004010", "SO"), ("004040", "AU"), ("005020", "AU")])
def test_a_350_stands_in_the_group_of_its_release(version: str, code: str) -> None:
    data = sample("x12/07").replace(b"*X*004010", f"*X*{version}".encode())
    if version != "004010":
        data = data.replace(b"GS*SO*", b"GS*AQ*")
    (gs,) = [line.split("*") for line in status_350(data, Response("OCNVHBL00001", "hold")) if line.startswith("GS*")]
    assert (gs[1], gs[8]) == (code, version)


def test_the_words_of_a_350_are_whole() -> None:
    text = "INTENSIVE EXAMINATION AT THE CONTAINER EXAMINATION STATION " + "X" * 40
    k1 = [line[3:] for line in status_350(sample("x12/07"), Response("OCNVHBL00001", "hold", text=text)) if line.startswith("K1")]  # fmt: skip
    assert k1 == ["HOLD INTENSIVE EXAMINATION AT", "THE CONTAINER EXAMINATION", "STATION", "X" * 30]


def test_other_dialects_get_json_and_csv(place: Place) -> None:
    place.drop("good-xfzb.xml")
    place.run()
    (number,) = place.shipments()
    place.respond("r.json", Response(number, "hold", text="=cmd|' /C calc'!A0"))
    place.run()
    assert json.loads(place.read(".json"))["responses"][0]["status"] == "hold"
    assert b"\"'=cmd" in place.read(".csv")
    assert not [n for n in place.names() if n.endswith(".350.edi")]


def test_what_was_said_before_is_not_said_again_and_unknown_shipments_are_told_to_a_person(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    first = place.shipments()[0]
    one = Response(first, "hold", code="1A", at=AT)
    place.respond("r1.json", one, one, Response("NOBODY1", "released"))
    place.run()
    assert place.answer("r1.json")["repeated"] == 1
    assert place.answer("r1.json")["unknown"] == ["NOBODY1"]
    place.respond("r2.json", one, Response(first, "released", code="1B", at=AT))
    place.run()
    assert (place.answer("r2.json")["passed_on"], place.answer("r2.json")["repeated"]) == (1, 1)
    assert len([n for n in place.names() if n.endswith(".350.edi")]) == 2
    place.run()
    assert place.problems() == []


def test_a_decision_without_a_time_is_passed_on_when_it_changes_the_last_one(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    first = place.shipments()[0]
    for number, status in enumerate(("hold", "hold", "released", "hold"), 1):
        place.respond(f"r{number}.json", Response(first, status))
        place.run()
    passed = [place.answer(f"r{number}.json")["passed_on"] for number in (1, 2, 3, 4)]
    assert passed == [1, 0, 1, 1]
    place.respond("r5.json", Response(first, "released"), Response(first, "released"), Response(first, "hold"))
    place.run()
    assert (place.answer("r5.json")["passed_on"], place.answer("r5.json")["repeated"]) == (2, 1)
    assert place.problems() == []


def test_the_same_decision_about_a_shipment_that_was_sent_again_is_passed_on(place: Place) -> None:
    place.drop("good-xfzb.xml")
    place.run()
    (number,) = place.shipments()
    place.respond("r1.json", Response(number, "rejected", code="S04"))
    place.run()
    update = (place.folder / "samples" / "good-xfzb.xml").read_bytes().replace(b">Creation<", b">Update<")
    (place.folder / "samples" / "update.xml").write_bytes(update)
    place.drop("update.xml")
    place.run()
    assert place.shipments() == [number, number]
    place.respond("r2.json", Response(number, "rejected", code="S04"))
    place.run()
    place.respond("r3.json", Response(number, "rejected", code="S04"))
    place.run()
    assert [place.answer(f"r{n}.json")["passed_on"] for n in (1, 2, 3)] == [1, 1, 0]


def test_two_partners_with_one_number_are_told_apart_by_the_originator_or_not_at_all(place: Place) -> None:
    place.drop("good-309.edi")
    place.drop("good-309.edi", "inbox2")
    place.run()
    first = place.shipments()[0]
    place.respond("r1.json", Response(first, "released"))
    place.run()
    assert place.answer("r1.json")["unknown"] == [first]
    place.respond("r2.json", Response(first, "released", originator_code="OTHR01"))
    place.run()
    assert json.loads(place.read(".json", "othertest"))["responses"][0]["shipment_id"] == first
    assert not [n for n in place.names("northtest") if ".status-" in n]


def test_a_crash_while_responses_are_shared_out_passes_each_on_once(place: Place, monkeypatch) -> None:
    place.drop("good-309.edi")
    place.drop("good-xfzb.xml", "inbox2")
    place.run()
    place.respond("r1.json", *(Response(s, "released", at=AT) for s in place.shipments()))
    real, calls = members.put_member, []

    def stop(*args: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(members, "put_member", stop)
        place.run()
    place.run()
    for partner in ("northtest", "othertest"):
        assert (
            len([n for n in place.names(partner) if ".status-" in n and n.endswith(".json") and "receipt" not in n])
            == 1
        )
    assert place.problems() == []


def test_a_partner_cannot_play_the_receiver(place: Place) -> None:
    place.site.partners["northtest"] = replace(
        place.site.partners["northtest"], profile=replace(place.site.partners["northtest"].profile, unwrap=("zip",))
    )
    place.drop("good-309.edi")
    place.run()
    import zipfile

    with zipfile.ZipFile(place.folder / "inbox" / "x.zip", "w") as archive:
        archive.writestr(
            "s.json",
            b'{"gateway_status":1,"responses":[{"shipment_id":"'
            + place.shipments()[0].encode()
            + b'","status":"released"}]}\n',
        )
    (place.folder / "inbox" / "x.zip.done").touch()
    place.run()
    assert not [n for n in place.names() if ".status-" in n]
    assert place.problems() == []


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"responses":[{"shipment_id":"A","status":"fine"}]}',
        b'{"responses":[{"shipment_id":"A","status":"hold","at":"noon"}]}',
        b'{"responses":[{"shipment_id":"A","status":"hold","quantity":"all"}]}',
        b"ISA*00*",
    ],
)
def test_what_is_no_response_file_is_held_and_nobody_is_told(place: Place, data: bytes) -> None:
    with pytest.raises(ResponseError):
        read_responses(data)
    place.respond("bad.json", data=data)
    place.run()
    assert place.answer("bad.json")["verdict"] == "quarantine"
    assert place.problems() == []


def test_the_simulated_receiver_answers_once_and_alike_for_one_seed(place: Place) -> None:
    for name in ("good-309.edi", "bad-309.edi", "good-xfzb.xml", "good-cuscar.edi"):
        place.drop(name)
    place.run()
    first = json.loads(run("simulate-cbp", str(place.folder), "--seed", "7", "--json"))
    assert first["shipments"] == len(place.shipments())
    said = [(r.shipment_id, r.status) for r in read_responses(Path(first["written"]).read_bytes())]
    assert json.loads(run("simulate-cbp", str(place.folder), "--seed", "7", "--json"))["written"] == ""
    (place.folder / "responses" / "answers" / ".simulated.json").unlink()
    again = json.loads(run("simulate-cbp", str(place.folder), "--seed", "7", "--json"))
    assert [(r.shipment_id, r.status) for r in read_responses(Path(again["written"]).read_bytes())] == said


def test_the_answers_of_the_receiver_are_no_files_of_the_partner(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    place.respond("r.json", *(Response(s, "released") for s in place.shipments()))
    place.run()
    assert json.loads(run("report", "northtest", str(place.folder), "--json"))["totals"]["files"] == 1


def test_the_simulated_receiver_releases_nothing_that_was_taken_back(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    (path,) = (place.folder / "out").glob("*.json")
    message = json.loads(path.read_bytes())
    for shipment in message["shipments"]:
        shipment["transmission_purpose"] = "cancel"
    path.write_text(json.dumps(message))
    for seed in map(str, range(5)):
        found = json.loads(run("simulate-cbp", str(place.folder), "--seed", seed, "--json"))
        assert {r.status for r in read_responses(Path(found["written"]).read_bytes())} == {"accepted"}
        (place.folder / "responses" / "answers" / ".simulated.json").unlink()


def test_x12_and_edifact_answers_are_passed_on_like_json(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    first, second = (s.removeprefix("NRTX") for s in place.shipments())
    told = sample("x12/10").replace(b"00450001", first.encode()).replace(b"00450002", second.encode())
    place.respond("r.edi", data=told)
    place.run()
    found = json.loads(place.read(".json"))["responses"]
    assert [(r["shipment_id"], r["status"], r["code"], r["text"], r["at"]) for r in found] == [
        ("NRTX" + first, "released", "1C", "RELEASED SECTION 321", "2025-01-15T15:02:00Z"),
        ("NRTX" + second, "hold", "1A", "HELD FOR EXAMINATION", "2025-01-15T15:02:00Z"),
    ]


def test_an_answer_to_a_whole_trip_answers_each_of_its_shipments(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    trip = json.loads(next((place.folder / "out").glob("*.json")).read_bytes())["shipments"][0]["conveyance_reference"]
    refused = sample("x12/13")
    place.respond("r1.edi", data=refused)
    place.respond("r2.edi", data=refused.replace(b"NRTX25A01", trip.encode()))
    place.run()
    assert place.answer("r1.edi")["unknown"] == ["NRTX25A01"]  # nobody sent that trip: told to a person
    assert {(r["shipment_id"], r["status"]) for r in json.loads(place.read(".json"))["responses"]} == {
        (number, "rejected") for number in place.shipments()
    }


def test_an_answer_finds_its_shipment_however_the_number_is_spelled_and_names_it_as_it_was_sent(place: Place) -> None:
    sample_file = place.folder / "samples" / "good-309.edi"
    data = sample_file.read_bytes()
    (number,) = set(re.findall(rb"M11\*(\w+)\*", data)[:1])
    own = (number[:3] + b" " + number[3:]).decode()
    sample_file.write_bytes(data.replace(number, own.encode()))
    place.drop("good-309.edi")
    place.run()
    first, *_ = place.shipments()
    assert first == f"NRTX{own}", "delivered as sent"
    place.respond("r1.json", Response(f"nrtx-{number.decode()}", "released", code="1C", at=AT))
    place.run()
    assert json.loads(place.read(".json"))["responses"][0]["shipment_id"] == first, "as its sender knows it"
    assert f"X4*{own}*" in place.read(".350.edi").decode()
    place.respond("r2.json", Response(first, "released", code="1C", at=AT))
    place.run()
    assert place.answer("r2.json")["repeated"] == 1


def partial(place: Place, refused: list[str], counts: str) -> bytes:
    """Return a 355 that accepts the trip of the delivered shipments in part."""
    trip = json.loads(next((place.folder / "out").glob("*.json")).read_bytes())["shipments"][0]["conveyance_reference"]
    head, rest = sample("x12/12").replace(b"NRTX25A01", trip.encode()).split(b"LX*2~", 1)
    tail = rest[rest.index(b"K3*") :].replace(b"PART MANIFEST BILLS 00003 ACC 00002 REJ 00001", counts.encode())
    bills = b"".join(b"LX*%d~\nM11*%s*80107*2*PCS*1.2*K***13***NRTX~\nK1*S04 VALUE OVER 800~\n" % (n, number.removeprefix("NRTX").encode()) for n, number in enumerate(refused, 1))  # fmt: skip
    data = head + bills + tail
    return data.replace(b"SE*11*", b"SE*%d*" % (data.count(b"~") - 4))


@pytest.mark.parametrize("gap", ["", "-"])
def test_a_trip_that_was_accepted_in_part_answers_the_bills_that_are_not_named_too(place: Place, gap: str) -> None:
    place.drop("good-309.edi")
    place.run()
    first, second = place.shipments()
    place.respond(
        "r.edi",
        data=partial(place, [f"{second[:8]}{gap}{second[8:]}"], "PART MANIFEST BILLS 00002 ACC 00001 REJ 00001"),
    )
    place.run()
    told = {r["shipment_id"]: r["status"] for r in json.loads(place.read(".json"))["responses"]}
    assert told == {first: "accepted", second: "rejected"}
    assert (place.answer("r.edi")["passed_on"], place.answer("r.edi")["unknown"]) == (2, [])
    assert "left_out" not in place.answer("r.edi")
    assert place.problems() == []


@pytest.mark.parametrize(
    ("refused", "counts", "why"),
    [
        ([1], "PART MANIFEST BILLS 00003 ACC 00002 REJ 00001", "the answer is about 3 shipments, 2 of it were delivered"),
        ([1], "PART MANIFEST BILLS 00002 ACC 00000 REJ 00002", "the answer counts 2 refused, and names 1"),
        ([1], "PART MANIFEST BILLS 00002 ACC 00002 REJ 00001", "the answer does not count what it accepts and what it refuses"),
        ([1], "PART", "the answer does not count what it accepts and what it refuses"),
        ([], "PART MANIFEST BILLS 00002 ACC 00001 REJ 00001", "the answer counts 1 refused, and names 0"),
        (["NRTX77777777"], "PART MANIFEST BILLS 00002 ACC 00001 REJ 00001", "NRTX77777777 of the answer is none of its shipments"),
        ([], "ACC MANIFEST BILLS 00003 ACC 00003 REJ 00000", "the answer is about 3 shipments, 2 of it were delivered"),
        ([], "ACC MANIFEST BILLS 00002 ACC 00001 REJ 00001", "the answer accepts the trip, and counts 1 refused"),
        ([1], "ACC MANIFEST BILLS 00002 ACC 00002 REJ 00000", "the answer accepts the trip, and names 1 refused"),
        ([1], "ACC", "the answer accepts the trip, and names 1 refused"),
        ([], "ACC MANIFEST BILLS 00002 ACC 00001 REJ 00000", "the answer does not count what it accepts and what it refuses"),
        ([], "REJ MANIFEST BILLS 00001 ACC 00000 REJ 00001", "the answer is about 1 shipments, 2 of it were delivered"),
        ([1], "REJ MANIFEST BILLS 00002 ACC 00001 REJ 00001", "the answer refuses the trip, and counts 1 accepted"),
    ],
)  # fmt: skip
def test_a_trip_whose_counts_do_not_agree_is_told_to_a_person(
    place: Place, refused: list[int | str], counts: str, why: str
) -> None:
    place.drop("good-309.edi")
    place.run()
    numbers = [place.shipments()[n] if isinstance(n, int) else n for n in refused]
    data = partial(place, numbers, counts)
    place.respond("r.edi", data=data)
    place.run()
    answer = place.answer("r.edi")
    status = "rejected" if counts.startswith("REJ") else "accepted"
    assert [(one["status"], one["why"]) for one in answer["left_out"]] == [(status, why)]
    assert answer["passed_on"] == sum(n in place.shipments() for n in numbers)  # those that are named are answered
    assert "RESPONSE-IN-PART" in place.alerts()


@pytest.mark.parametrize(
    "counts",
    ["ACC", "REJ", "ACC MANIFEST BILLS 00002 ACC 00002 REJ 00000", "REJ MANIFEST BILLS 00003 ACC 00000 REJ 00003"],
)
def test_a_trip_whose_counts_agree_with_its_word_answers_all_of_its_bills(place: Place, counts: str) -> None:
    place.drop("good-309.edi")
    place.run()
    place.respond("r.edi", data=partial(place, [], counts))
    place.run()
    told = [r["status"] for r in json.loads(place.read(".json"))["responses"]]
    assert told == ["accepted" if counts.startswith("ACC") else "rejected"] * 2
    assert "left_out" not in place.answer("r.edi")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x12/12", [("", "accepted", ""), ("NRTX00450002", "rejected", "S04")]),
        ("edifact/27", [("GWH0000122", "rejected", "GW0321"), ("GWH0000123", "rejected", "GW0110"), ("", "rejected", "")]),
        ("x12/28", [("NRTX00450001", "accepted", "IA"), ("NRTX00450002", "rejected", "IR"), ("NRTX00450003", "accepted", "IE")]),
    ],
)  # fmt: skip
def test_what_other_dialects_answer(name: str, expected: list[tuple[str, str, str]]) -> None:
    profile = profile_for(b"", senders=(Identity("*"),), receivers=(Identity("*"),))
    assert [(r.shipment_id, r.status, r.code) for r in responses_of(sample(name), profile)] == expected


@pytest.mark.parametrize(
    ("name", "said"), [("x12/01", "reports shipments"), ("x12/20", "answers no shipment"), ("xml/03", "neither")]
)
def test_files_that_answer_nothing(name: str, said: str) -> None:
    profile = profile_for(b"", senders=(Identity("*"),), receivers=(Identity("*"),))
    with pytest.raises(ResponseError, match=said):
        responses_of(sample(name), profile)
