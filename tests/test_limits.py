"""How much is told and kept of one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import echoes, limits
from gateway.check import gather
from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.cargo_imp import split
from gateway.history import MemoryHistory
from gateway.limits import Telling
from gateway.results import MessageFinding, Outcome
from gateway.site import base_site, data_folder
from gateway.translate import translate
from tests.fuzz.run import limited

FIXTURES = data_folder() / "fixtures"
X12 = (FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
EDIFACT = (FIXTURES / "edifact/01_cuscar_d03a_air_3hawb.edi").read_bytes()


def judged(data: bytes) -> tuple[Outcome, list[dict]]:
    profile = base_site().profile_for(data)
    return gather(translate([data], profile, datetime(2025, 3, 3, 10, tzinfo=UTC), MemoryHistory(), name="a.edi"))


def rules(outcome: Outcome) -> list[str]:
    return [r.finding.rule for r in outcome.records.telling() if isinstance(r, MessageFinding)]


def fault(severity: Severity) -> Finding:
    return Finding("RULE", severity, Scope.MESSAGE, "said")


def test_what_is_not_told_is_counted_with_its_worst_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 2)
    telling = Telling()
    given = [Severity.INFO, Severity.WARNING, Severity.INFO, Severity.ERROR, Severity.INFO]
    assert [telling.lets(fault(s)) for s in given] == [True, True, False, False, False]
    rest = telling.rest()
    assert rest is not None
    assert (rest.rule, rest.severity, rest.scope) == ("FILE-MORE-FINDINGS", Severity.ERROR, Scope.MESSAGE)
    assert rest.message.startswith("3 more findings")
    assert telling.rest() is None


def test_a_file_that_has_told_enough_tells_one_finding_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE", 3)
    telling = Telling()
    told = 0
    for _ in range(10):
        told += sum(telling.lets(fault(Severity.ERROR)) for _ in range(4))
        telling.rest()
    assert told == 3 + 9


def test_a_rule_that_comes_for_the_first_time_is_told_behind_thousands_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST", 2)
    telling, other = Telling(), Finding("OTHER", Severity.ERROR, Scope.MESSAGE, "said")
    given = [fault(Severity.ERROR)] * 4 + [other, fault(Severity.ERROR), other]
    assert [telling.lets(f) for f in given] == [True, True, False, False, True, False, False]


def test_an_error_that_is_not_told_refuses_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 2)
    head, _, tail = X12.partition(b"M10*")
    outcome, messages = judged(head + b"N1*XX~" * 0 + b"ZZZ*1~" * 5 + b"M10*" + tail)
    assert rules(outcome).count("X12-SEG-UNKNOWN") == 2
    assert "FILE-MORE-FINDINGS" in rules(outcome)
    assert outcome.verdict == "reject"
    assert messages == []


@pytest.mark.parametrize(("data", "mark", "more", "rule"), [
    (X12, b"N1*", b"N1*SH*A~N3*STREET~", "X12-LIMIT"),
    (EDIFACT, b"NAD+", b"NAD+CZ+++SOMEBODY'", "EDIFACT-LIMIT"),
])  # fmt: skip
def test_a_shipment_has_so_many_segments_and_no_more(
    data: bytes, mark: bytes, more: bytes, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.formats.x12.reader.SEGMENTS", 500)
    monkeypatch.setattr("gateway.formats.edifact.reader.SEGMENTS", 500)
    head, _, tail = data.partition(mark)
    outcome, _ = judged(head + more * 100 + mark + tail)
    assert rule not in rules(outcome)
    outcome, messages = judged(head + more * 600 + mark + tail)
    assert rules(outcome).count(rule) == 1
    assert messages == []
    assert outcome.counts.balanced


def test_a_file_of_too_many_interchanges_is_held_and_nothing_of_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.reading.INTERCHANGES", 2)
    several = [X12.replace(b"*000000001*", b"*%09d*" % n).replace(b"*000000001~", b"*%09d~" % n) for n in (1, 2, 3)]
    outcome, messages = judged(b"".join(several[:2]))
    assert outcome.verdict != "quarantine"
    assert messages
    outcome, messages = judged(b"".join(several))
    assert outcome.verdict == "quarantine"
    assert rules(outcome)[-1] == "FILE-INTERCHANGES"
    assert messages == []
    assert outcome.counts.balanced
    assert outcome.counts.accepted == 0


def test_a_line_without_end_is_kept_in_part_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "MAX_LINE", 100)
    pieces = [b"FHL/4\r\nTXT/", *[b"A" * 64] * 10, b"\r\nHBS/H1\r\n"]
    (text,) = split.split_messages(pieces)
    assert text.too_long
    assert [line.text[:4] for line in text.lines] == ["FHL/", "TXT/", "HBS/"]
    assert len(text.lines[1].text) == 100
    assert text.lines[1].length == 4 + 640
    assert text.lines[2].offset == 7 + 644 + 2


def test_answers_of_many_interchanges_need_one_file_handle(tmp_path: Path) -> None:
    from gateway.shell.spool import FileSpool

    with FileSpool(tmp_path / "spool") as spool:
        marks = []
        for number in range(300):
            marks.append(spool.mark())
            spool.append(b"%d" % number * (number * 40 + 1))
        before = len(list(Path("/proc/self/fd").iterdir()))
        readings = [spool.since(mark) for mark in marks]
        assert [next(reading)[:1] for reading in readings] == [
            b"%d" % n if n < 10 else str(n)[:1].encode() for n in range(300)
        ]
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert [len(r) for r in spool] == [len(b"%d" % n * (n * 40 + 1)) for n in range(300)]
        assert sum(1 for _ in readings[7]) == 292


def test_thousands_of_findings_of_one_shipment_are_told_once_each_in_linear_time() -> None:
    found = [Finding("RULE", Severity.WARNING, Scope.SHIPMENT, f"said {n}", Position(line=n)) for n in range(60_000)]
    with limited(30):
        assert echoes.tidy(found * 2) == found
