"""pyx12 as a second opinion: same maps, same sets; we agree, or the difference is a known fault of pyx12."""

from __future__ import annotations

import io
import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.formats.x12.elements import TRAILING
from gateway.formats.x12.layout import supported_versions
from gateway.records import Separators
from tests.formats.x12.sets import FIXTURES, SampleSet, read, sample_sets

MAPS = Path(str(files("gateway.formats.x12"))) / "maps"
Error = tuple[int, str, str]  # position in the set, element ("" = segment), code


def _sets() -> list[tuple[str, SampleSet]]:
    paths = sorted([*(FIXTURES / "x12").glob("*.edi"), *(FIXTURES / "cases").glob("*.edi")])
    return [
        (f"{path.stem}-{number}", sample)
        for path in paths
        for number, sample in enumerate(sample_sets(path))
        if sample.set_id in ("309", "358") and sample.version[:6] in supported_versions()
    ]


SETS = dict(_sets())


@pytest.fixture(scope="module")
def map_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """One pyx12 map folder for each (set, layout): ST01 is not part of pyx12's key, so 309 and 358 cannot share one."""
    control = files("pyx12").joinpath("map")
    folders = {}
    for layout in set(supported_versions().values()):
        for set_id in ("309", "358"):
            folder = tmp_path_factory.mktemp(f"{set_id}_{layout}")
            for name in ("dataele.xml", "codes.xml", f"{set_id}.xml"):
                shutil.copy(MAPS / layout / name, folder)
            icvn = _icvn(layout)
            for name in ("x12.control.00401.xml", "x12.control.00501.xml"):
                (folder / name).write_bytes(control.joinpath(name).read_bytes())
            maps = [f'<map vriic="{layout}" fic="{fic}">{set_id}.xml</map>' for fic in ("AQ", "BD", "SO")]
            maps.append(f'<map vriic="" fic="">x12.control.{icvn}.xml</map>')
            (folder / "maps.xml").write_text(f'<maps><version icvn="{icvn}">{"".join(maps)}</version></maps>')
            folders[set_id, layout] = folder
    return folders


def _icvn(layout: str) -> str:
    return "00401" if layout < "005010" else "00501"


def _ask_pyx12(sample: SampleSet, folder: Path, layout: str) -> tuple[bool, set[Error]]:
    """Return pyx12's verdict and errors for one set in a clean envelope of our own."""
    import pyx12.params
    import pyx12.x12n_document

    s = _usual(sample)
    icvn = _icvn(layout)
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "A".ljust(15), "ZZ", "B".ljust(15), "250303", "0915"]
    isa += [s.repetition or "U" if icvn == "00501" else "U", icvn, "000000001", "0", "P", s.component]
    body = [
        isa,
        ["GS", "AQ" if sample.set_id == "309" else "BD", "AA", "BB", "20250303", "0915", "1", "X", layout],
        ["ST", sample.set_id, "0001"],
        *sample.segments,
        ["SE", str(len(sample.segments) + 2), "0001"],
        ["GE", "1", "1"],
        ["IEA", "1", "000000001"],
    ]
    text = "".join(s.element.join(elements) + s.segment for elements in body)
    report = io.StringIO()
    good = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(text), io.StringIO(), None, fd_json=report, map_path=str(folder)
    )
    errors: set[Error] = set()
    for segment in json.loads(report.getvalue())["interchanges"][0]["groups"][0]["transactions"][0]["segments"]:
        position = segment["seg_count"]
        errors |= {(position, "", error["err_cde"]) for error in segment["errors"]}
        for element in segment["elements"]:
            errors |= {(position, str(element["ele_pos"]), error["err_cde"]) for error in element["errors"]}
    return good, errors


def _usual(sample: SampleSet) -> Separators:
    """Return * ~ > (pyx12 takes no control characters in ISA) unless the data holds one of them."""
    data = "".join("".join(elements) for elements in sample.segments)
    return (
        sample.separators if any(c in data for c in "*~>") else Separators("*", ">", "~", sample.separators.repetition)
    )


def _ask_us(sample: SampleSet) -> tuple[bool, set[Error]]:
    reading = read(sample.segments, sample.set_id, sample.version, separators=sample.separators)
    errors: set[Error] = set()
    for finding in reading.findings:
        place = finding.position
        if finding.ack.get("AK304") not in ("8", None):
            errors.add((place.segment_position or 0, "", finding.ack["AK304"]))
        elif "AK403" in finding.ack:
            errors.add((place.segment_position or 0, str(place.element), finding.ack["AK403"]))
        else:
            errors.add((place.segment_position or 0, str(place.element), TRAILING))
    return not errors, errors


# Name of the sample set -> (errors only we give, errors only pyx12 gives, why). Row numbers: x12 reference 5.5.
PYX12_FAULTS: dict[str, tuple[set[Error], set[Error], str]] = {
    "S012_element_sep_in_description-0": (
        {(23, "4", "2"), (23, "13", "2"), (23, "14", "3")},
        {(23, "", "8"), (23, "2", "6"), (23, "7", "7")},
        "rows 13, 14: rules and surplus elements have no AK4; blanks at the end of a text and a second error for one "
        "element are not reported by us",
    ),
    "S023_n1_n3_n4_lower-0": (set(), {(12, "", "1")}, "row 26: reported again at the next segment that is found"),
    "S068_n3_n4_without_n1-0": (
        {(9, "", "7"), (10, "", "7")},
        {(9, "", "1"), (10, "", "5")},
        "row 12: N3 is known and only out of place; the N4 after it belongs to the same party, not to the shipper",
    ),
    "S070_n4_with_empty_tail-0": (
        {(11, "5", TRAILING)},
        {(11, "", "8"), (11, "", "SEG1")},
        "row 15: pyx12 refuses trailing separators",
    ),
    "S071_no_lx_loop-0": (
        {(4, "", "3")},
        {(3, "", "3")},
        "row 5.1: a segment missing at the end is put at the last one",
    ),
    "42_bad_n1_code-0": (
        {(22, "1", "7")},
        {(22, "", "1"), (23, "", "1"), (24, "", "5")},
        "row 10: a bad code in a first, required element makes the segment unknown",
    ),
    "52_repetition_separator-0": ({(6, "2", "12")}, set(), "row 18: repetition is not understood"),
}


@pytest.mark.parametrize("name", SETS)
def test_pyx12_and_our_tables_agree_on_every_sample_or_the_fault_of_pyx12_is_known(
    name: str, map_folders: dict[tuple[str, str], Path]
) -> None:
    sample = SETS[name]
    layout = supported_versions()[sample.version[:6]]
    good, theirs = _ask_pyx12(sample, map_folders[sample.set_id, layout], layout)
    fine, ours = _ask_us(sample)
    only_ours, only_theirs, _ = PYX12_FAULTS.get(name, (set(), set(), ""))
    assert (ours - theirs, theirs - ours) == (only_ours, only_theirs)
    assert good == (not theirs)
    assert fine == (not ours)


def test_the_list_of_known_faults_names_only_samples_that_exist() -> None:
    assert set(PYX12_FAULTS) <= set(SETS)
    assert len(SETS) > 60


BASE = """M10*NRTX*J*CA***T1**1*W~P4*0901*20250115***1430~LX*1~M11*00450001*80107*2*PCS*1.2*K***13***NRTX~
N9*2I*1Z1~N1*CN*JORDAN EXAMPLE~N3*905 BIRCH AVE~N4*COLUMBUS*OH*43004*US~VID*TL**TRL5501~
N10*1*SHIRT**A*610910*18*K*0.4**PCS*CN*US*USD"""

# change of BASE -> (what we say, what pyx12 says when that is different)
CHANGES: list[tuple[str, str, set[Error], set[Error] | None]] = [
    ("COLUMBUS", "COLUMBUS", set(), None),
    ("P4*0901*20250115***1430~", "", {(3, "", "3")}, {(n, "", "1") for n in range(3, 11)} | {(10, "", "3")}),  # row 11
    ("M10*NRTX*J*CA***T1**1*W~", "", {(2, "", "3")}, None),
    ("N3*905 BIRCH AVE~", "N3*A~N3*B~N3*C~", {(10, "", "5")}, None),
    ("VID*TL**TRL5501~", "", {(10, "", "2")}, {(10, "", "1")}),  # row 12
    ("~N9*2I", "~M11*2*80107*2*PCS*1.2*K******NRTX~N9*2I", {(6, "", "5")}, None),
    ("N9*2I*1Z1~", "N9*2I*1Z1~M13*NRTX*0901*A*1*****NRTX~", {(7, "", "7")}, {(7, "", "1")}),  # row 12
    ("*US*USD", "*US", {(11, "13", "2")}, {(11, "", "8")}),  # row 13
    ("N9*2I*1Z1", "N9*2I*1Z1*A>B", {(6, "3", "6")}, None),  # row 17
    ("*2*PCS", "*5.*PCS", set(), {(5, "3", "6")}),  # row 21
    ("*2*PCS", "*-1*PCS", set(), None),  # row 20
    ("*2*PCS", "*2A*PCS", {(5, "3", "6")}, None),
    ("TRL5501", "", {(10, "3", "1"), (10, "2", TRAILING)}, {(10, "", "SEG1"), (10, "3", "1")}),  # row 15
    ("TL**TRL5501", "TL**12345678901234567", {(10, "3", "5")}, None),
    ("*13***NRTX", "*13", {(5, "12", "1")}, None),
    ("20250115", "20251315", {(3, "2", "8")}, None),
    ("1430", "2560", {(3, "5", "9")}, None),
    ("LX*1", "LX*A", {(4, "1", "6")}, None),
]


@pytest.mark.parametrize(("old", "new", "ours", "theirs"), CHANGES)
def test_one_change_gives_one_fault(
    old: str, new: str, ours: set[Error], theirs: set[Error] | None, map_folders: dict[tuple[str, str], Path]
) -> None:
    text = BASE.replace("\n", "").replace(old, new)
    segments = [part.split("*") for part in text.split("~")]
    sample = SampleSet("309", "005020", "AQ", Separators("*", ">", "~", "^"), segments)
    _, found = _ask_pyx12(sample, map_folders["309", "005020"], "005020")
    assert _ask_us(sample)[1] == ours
    assert found == (ours if theirs is None else theirs)
