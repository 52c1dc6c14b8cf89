"""Where elements start: as expat says, however the file is split, in every character set, around comments and CDATA."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.xml.tags import StartTags
from gateway.records import Unit
from tests.drops import chunks_of, drop
from tests.formats.xml.support import events

FIXTURES = Path(__file__).parents[3] / "fixtures"
XML = sorted((FIXTURES / "xml").glob("*.xml"))
LIST = (FIXTURES / "xml" / "05_xfhl_3houses_v3.xml").read_bytes()
PIECES = (
    "<a>",
    "</a>",
    "<!-- <b> -- -->",
    "<![CDATA[<c>]]]]>",
    "<?p <d>?>",
    "<e f='>'/>",
    "x",
    "é",
    "😀",
    "\n",
    "<!-->-->",
)


def starts(data: bytes, sizes=(), *, wide: bool = False) -> list[int]:
    tags = StartTags(wide=wide)
    for chunk in chunks_of(data, sizes):
        tags.feed(chunk)
    return list(tags.found)


def by_expat(data: bytes) -> list[int]:
    found: list[int] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: found.append(parser.CurrentByteIndex)
    parser.Parse(data, True)
    return found


def readable(path: Path) -> bool:
    data = path.read_bytes()
    if b"<!DOCTYPE" in data or b"\0" in data or b"UTF-7" in data:
        return False
    try:
        return bool(by_expat(data))
    except expat.ExpatError:
        return False


READABLE = [path for path in XML if readable(path)]


def test_most_samples_are_compared():
    assert len(READABLE) > 20


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.stem[:40])
def test_as_another_parser_says(path):
    data = path.read_bytes()
    base = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    assert [at + base for at in starts(data[base:])] == by_expat(data)


@given(st.lists(st.sampled_from(PIECES)), st.lists(st.integers(1, 9), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_pieces_in_any_chunks(pieces, sizes):
    text, told, at = "", [], 0
    for piece in pieces:
        if piece.startswith(("<a", "<e")):
            told.append(at)
        text += piece
        at += len(piece.encode("utf-16-le")) // 2
    data = text.encode()
    assert starts(data, itertools.cycle(sizes), wide=True) == told
    assert starts(data, itertools.cycle(sizes)) == starts(data)
    if data.isascii():
        assert starts(data) == told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_the_byte_is_that_of_the_file_as_it_came(encoding):
    text = LIST.decode().replace("JORDAN", "JÖRDÄN").replace("GW089S003", "")
    declared = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    text = text.replace('encoding="UTF-8"', f'encoding="{declared}"')
    data = ("\ufeff" if encoding.startswith("utf-16") else "").encode(encoding) + text.encode(encoding)
    result = drop(data, name="list.xml")
    places = [f.position for f in result.findings() if f.position.xpath]
    assert places
    for place in places:
        tag = data[place.offset :].decode(encoding.removesuffix("-sig"), "ignore")
        assert tag.startswith((f"<ram:{place.segment}", f"<rsm:{place.segment}")), place


def test_every_node_of_a_list_knows_its_byte():
    nodes = [n for e in events(LIST) if isinstance(e, Unit) for n in e.node.walk()]
    assert len(nodes) > 50
    assert all(LIST[n.offset :].startswith((f"<ram:{n.tag}".encode(), f"<rsm:{n.tag}".encode())) for n in nodes)
    assert [n.offset for n in nodes] == sorted({n.offset for n in nodes})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_cut_is_at_the_end_of_the_file(encoding):
    text = LIST.decode().replace("JORDAN", "JÖRDÄN😀")
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-le")}"')[: len(text) // 2]
    data = ("\ufeff" if encoding.startswith("utf-16") else "").encode(encoding) + text.encode(encoding)
    (cut,) = [f for f in drop(data, name="list.xml").findings() if f.rule == "FILE-TRUNCATED"]
    assert cut.position.offset == len(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_remark_on_the_bytes_counts_as_elements_do(encoding):
    text = LIST.decode().replace("JORDAN", "JÖRDÄN😀").rstrip()
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-le")}"')
    data = ("\ufeff" if encoding.startswith("utf-16") else "").encode(encoding) + text.encode(encoding)
    noise = "\x1a\n".encode(encoding)
    (told,) = [f for f in drop(data + noise, name="list.xml").findings() if f.rule == "FILE-TRAILING-NOISE"]
    assert told.position.offset == len(data)
