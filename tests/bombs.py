"""Files made to hurt a reader: small to send or quick to write, and without end for who reads them trustingly.

    BOMBS["x12_segment"](path)      writes one; most have some 30 MB, the long run makes them larger

Each ends in a verdict, within the memory and the seconds of processor time that tests/test_bombs.py grants.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.site import data_folder

MEGA = 1_000_000
BOMBS: dict[str, Callable[[int], Iterator[bytes]]] = {}
"""name -> size in MB -> the pieces of the file."""

_FIXTURES = data_folder() / "fixtures"


def bomb(make: Callable[[int], Iterator[bytes]]) -> Callable[[int], Iterator[bytes]]:
    """Register a bomb under its function's name."""
    BOMBS[make.__name__] = make
    return make


def write(name: str, path: Path, megabytes: int) -> None:
    """Write a bomb to a file."""
    with path.open("wb") as file:
        file.writelines(BOMBS[name](megabytes))


def _parted(name: str, mark: bytes) -> tuple[bytes, bytes]:
    """Return a fixture before and from a mark on."""
    data = (_FIXTURES / name).read_bytes()
    at = data.index(mark)
    return data[:at], data[at:]


def _repeat(block: bytes, megabytes: int) -> Iterator[bytes]:
    many = block * max(1, 65_536 // len(block))
    for _ in range(megabytes * MEGA // len(many)):
        yield many


# --- X12


def _x12() -> tuple[bytes, bytes]:
    return _parted("x12/01_309_truck_5020_s321.edi", b"N1*")


@bomb
def x12_one_segment(megabytes: int) -> Iterator[bytes]:
    """One segment with one element that never ends."""
    head, tail = _x12()
    yield head + b"N3*"
    yield from _repeat(b"A", megabytes)
    yield b"~" + tail


@bomb
def x12_elements(megabytes: int) -> Iterator[bytes]:
    """Millions of elements in one segment."""
    head, tail = _x12()
    yield head + b"N3"
    yield from _repeat(b"*1", megabytes)
    yield b"~" + tail


@bomb
def x12_wide_segments(megabytes: int) -> Iterator[bytes]:
    """Segments just below the longest that is read, each of a hundred thousand elements."""
    head, tail = _x12()
    yield head
    yield from _repeat(b"N3" + b"*1" * 130_000 + b"~", megabytes)
    yield tail


@bomb
def x12_components(megabytes: int) -> Iterator[bytes]:
    """A hundred thousand components and repetitions in each element."""
    head, tail = _x12()
    yield head
    yield from _repeat(b"N3*" + b":1>1^" * 40_000 + b"~", megabytes)
    yield tail


@bomb
def x12_unknown_segments(megabytes: int) -> Iterator[bytes]:
    """Millions of segments that the set does not know: one finding each, unless somebody stops counting."""
    head, tail = _x12()
    yield head
    yield from _repeat(b"ZZZ*1~", megabytes)
    yield tail


@bomb
def x12_empty_segments(megabytes: int) -> Iterator[bytes]:
    """Nothing but terminators."""
    head, tail = _x12()
    yield head
    yield from _repeat(b"~", megabytes)
    yield tail


@bomb
def x12_repeated_parties(megabytes: int) -> Iterator[bytes]:
    """One shipment with millions of parties."""
    head, tail = _x12()
    yield head
    yield from _repeat(b"N1*SH*A~N3*STREET~N4*TORONTO*ON*M5V2T6*CA~", megabytes)
    yield tail


@bomb
def x12_bad_sets(megabytes: int) -> Iterator[bytes]:
    """Hundreds of thousands of empty sets, each with its own faults and its own lines in a 997."""
    data = (_FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
    at = data.index(b"ST*")
    yield data[:at]
    yield from _repeat(b"ST*309*0001~SE*9*0002~", megabytes)
    yield data[data.index(b"GE*") :]


@bomb
def x12_groups(megabytes: int) -> Iterator[bytes]:
    """Functional groups without end, none with a trailer."""
    data = (_FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
    at, end = data.index(b"GS*"), data.index(b"ST*")
    yield data[:at]
    yield from _repeat(data[at:end], megabytes)
    yield data[data.index(b"IEA*") :]


@bomb
def x12_interchanges(megabytes: int) -> Iterator[bytes]:
    """Interchange headers one behind the other."""
    data = (_FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
    yield from _repeat(data[: data.index(b"GS*")], megabytes)


@bomb
def x12_empty_interchanges(megabytes: int) -> Iterator[bytes]:
    """Interchanges with nothing in them: each has answers of its own."""
    data = (_FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
    yield from _repeat(data[: data.index(b"GS*")] + b"IEA*0*" + data.split(b"*")[13] + b"~\n", megabytes)


@bomb
def x12_noise(megabytes: int) -> Iterator[bytes]:
    """An interchange and then what is no interchange: almost an ISA, again and again."""
    yield (_FIXTURES / "x12/01_309_truck_5020_s321.edi").read_bytes()
    yield from _repeat(b"ISA*ISA", megabytes)


# --- EDIFACT


def _edifact() -> tuple[bytes, bytes]:
    return _parted("edifact/01_cuscar_d03a_air_3hawb.edi", b"NAD+")


@bomb
def edifact_one_segment(megabytes: int) -> Iterator[bytes]:
    """One segment with one element that never ends."""
    head, tail = _edifact()
    yield head + b"FTX+AAA+++"
    yield from _repeat(b"A", megabytes)
    yield b"'" + tail


@bomb
def edifact_elements(megabytes: int) -> Iterator[bytes]:
    """Millions of elements in one segment."""
    head, tail = _edifact()
    yield head + b"FTX"
    yield from _repeat(b"+1", megabytes)
    yield b"'" + tail


@bomb
def edifact_components(megabytes: int) -> Iterator[bytes]:
    """A hundred thousand components in each element."""
    head, tail = _edifact()
    yield head
    yield from _repeat(b"FTX+AAA+" + b":1" * 100_000 + b"'", megabytes)
    yield tail


@bomb
def edifact_releases(megabytes: int) -> Iterator[bytes]:
    """Release characters that release one another."""
    head, tail = _edifact()
    yield head + b"FTX+AAA+++"
    yield from _repeat(b"?", megabytes)
    yield b"'" + tail


@bomb
def edifact_unknown_segments(megabytes: int) -> Iterator[bytes]:
    """Millions of segments that the message does not know."""
    head, tail = _edifact()
    yield head
    yield from _repeat(b"ZZZ+1'", megabytes)
    yield tail


@bomb
def edifact_repeated_parties(megabytes: int) -> Iterator[bytes]:
    """One message with millions of parties."""
    head, tail = _edifact()
    yield head
    yield from _repeat(b"NAD+CZ+++SOMEBODY'", megabytes)
    yield tail


@bomb
def edifact_messages(megabytes: int) -> Iterator[bytes]:
    """Hundreds of thousands of empty messages, each with its own faults."""
    data = (_FIXTURES / "edifact/01_cuscar_d03a_air_3hawb.edi").read_bytes()
    yield data[: data.index(b"UNH+")]
    yield from _repeat(b"UNH+1+CUSCAR:D:03A:UN'UNT+9+2'", megabytes)
    yield data[data.index(b"UNZ+") :]


@bomb
def edifact_interchanges(megabytes: int) -> Iterator[bytes]:
    """Interchange headers one behind the other."""
    data = (_FIXTURES / "edifact/01_cuscar_d03a_air_3hawb.edi").read_bytes()
    yield from _repeat(data[: data.index(b"UNH+")], megabytes)


# --- XML


def _xml() -> tuple[bytes, bytes]:
    return _parted("xml/03_xfzb_clean_v3.xml", b"</")


@bomb
def xml_laughs(megabytes: int) -> Iterator[bytes]:
    """A billion laughs: entities that hold entities."""
    rows = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    yield f'<?xml version="1.0"?><!DOCTYPE House [<!ENTITY l0 "ha">{rows}]><House>&l11;</House>'.encode()


@bomb
def xml_quadratic(megabytes: int) -> Iterator[bytes]:
    """One long entity, named very often."""
    yield b'<?xml version="1.0"?><!DOCTYPE House [<!ENTITY a "' + b"A" * 60_000 + b'">]><House>'
    yield from _repeat(b"&a;", megabytes)
    yield b"</House>"


@bomb
def xml_entity_in_dtd(megabytes: int) -> Iterator[bytes]:
    """Parameter entities that grow while the DTD is read."""
    rows = "".join(f'<!ENTITY % p{n} "{f"&#37;p{n - 1};" * 10}">' for n in range(1, 10))
    yield f'<?xml version="1.0"?><!DOCTYPE House [<!ENTITY % p0 "ha">{rows}%p9;]><House/>'.encode()


@bomb
def xml_attributes(megabytes: int) -> Iterator[bytes]:
    """A million attributes at one element."""
    head, tail = _xml()
    yield head + b"<A"
    number = 0
    while number * 12 < megabytes * MEGA:
        yield b"".join(b' a%d="1"' % n for n in range(number, number + 1000))
        number += 1000
    yield b"/>" + tail


@bomb
def xml_depth(megabytes: int) -> Iterator[bytes]:
    """Elements in elements in elements."""
    head, tail = _xml()
    yield head
    yield from _repeat(b"<a>", megabytes)
    yield tail


@bomb
def xml_text(megabytes: int) -> Iterator[bytes]:
    """One text that never ends."""
    head, tail = _xml()
    yield head + b"<a>"
    yield from _repeat(b"A", megabytes)
    yield b"</a>" + tail


@bomb
def xml_comment(megabytes: int) -> Iterator[bytes]:
    """One comment that never ends."""
    head, tail = _xml()
    yield head + b"<!--"
    yield from _repeat(b"A", megabytes)
    yield b"-->" + tail


@bomb
def xml_siblings(megabytes: int) -> Iterator[bytes]:
    """Millions of elements in one shipment."""
    head, tail = _xml()
    yield head
    yield from _repeat(b"<a>1</a>", megabytes)
    yield tail


@bomb
def xml_names(megabytes: int) -> Iterator[bytes]:
    """Elements of which each has another name."""
    head, tail = _xml()
    yield head
    number = 0
    while number * 12 < megabytes * MEGA:
        yield b"".join(b"<n%d/>" % n for n in range(number, number + 1000))
        number += 1000
    yield tail


@bomb
def xml_namespaces(megabytes: int) -> Iterator[bytes]:
    """Namespaces without end at one element."""
    head, tail = _xml()
    yield head + b"<A"
    number = 0
    while number * 20 < megabytes * MEGA:
        yield b"".join(b' xmlns:p%d="u%d"' % (n, n) for n in range(number, number + 1000))
        number += 1000
    yield b"/>" + tail


@bomb
def xml_prolog(megabytes: int) -> Iterator[bytes]:
    """Blanks before the root without end."""
    yield b'<?xml version="1.0"?>'
    yield from _repeat(b" \n", megabytes)
    yield (_FIXTURES / "xml/03_xfzb_clean_v3.xml").read_bytes().partition(b"?>")[2]


# --- tables


def _csv() -> tuple[bytes, bytes]:
    data = (_FIXTURES / "csv/01_clean_utf8.csv").read_bytes()
    at = data.index(b"\n") + 1
    return data[:at], data[at:]


@bomb
def csv_quote(megabytes: int) -> Iterator[bytes]:
    """A quote that is never closed."""
    head, tail = _csv()
    yield head + b'"'
    yield from _repeat(b"no end\n", megabytes)
    yield tail


@bomb
def csv_quotes(megabytes: int) -> Iterator[bytes]:
    """A quote opened on every line."""
    head, tail = _csv()
    yield head
    yield from _repeat(b'a,"b\n', megabytes)
    yield tail


@bomb
def csv_line(megabytes: int) -> Iterator[bytes]:
    """One line that never ends."""
    head, tail = _csv()
    yield head
    yield from _repeat(b"A", megabytes)
    yield b"\n" + tail


@bomb
def csv_columns(megabytes: int) -> Iterator[bytes]:
    """Millions of columns in one row."""
    head, tail = _csv()
    yield head
    yield from _repeat(b"1,", megabytes)
    yield b"\n" + tail


@bomb
def csv_header(megabytes: int) -> Iterator[bytes]:
    """Millions of columns in the header."""
    head, tail = _csv()
    yield head.rstrip()
    yield from _repeat(b",a", megabytes)
    yield b"\n" + tail


@bomb
def csv_blank_lines(megabytes: int) -> Iterator[bytes]:
    """Nothing but line ends."""
    head, tail = _csv()
    yield head + tail
    yield from _repeat(b"\n", megabytes)


@bomb
def csv_one_shipment(megabytes: int) -> Iterator[bytes]:
    """One shipment of hundreds of thousands of goods lines."""
    head, tail = _csv()
    yield head
    yield from _repeat(tail.partition(b"\n")[0] + b"\n", megabytes)


@bomb
def json_depth(megabytes: int) -> Iterator[bytes]:
    """Arrays in arrays in arrays."""
    yield b'[{"a":'
    yield from _repeat(b"[", megabytes)


@bomb
def json_objects(megabytes: int) -> Iterator[bytes]:
    """Objects in objects in objects."""
    yield b'[{"a":'
    yield from _repeat(b'{"a":', megabytes)


@bomb
def json_number(megabytes: int) -> Iterator[bytes]:
    """A number with millions of digits, which takes its square in time to read."""
    yield b'[{"tripNumber":'
    yield from _repeat(b"9", megabytes)
    yield b"}]"


@bomb
def json_exponent(megabytes: int) -> Iterator[bytes]:
    """Short numbers that are enormous when they are written out."""
    text = (_FIXTURES / "csv/09_borderconnect_ace_trip.json").read_bytes()
    at = text.index(b'"value"') if b'"value"' in text else text.index(b'"quantity"')
    colon = text.index(b":", at) + 1
    end = min(text.index(b",", colon), text.index(b"}", colon))
    yield text[:colon] + b" 1e999999999" + text[end:]


@bomb
def json_string(megabytes: int) -> Iterator[bytes]:
    """A string that never ends."""
    yield b'[{"tripNumber":"'
    yield from _repeat(b"A", megabytes)
    yield b'"}]'


@bomb
def json_keys(megabytes: int) -> Iterator[bytes]:
    """One object of a million keys."""
    yield b'[{"a":1'
    number = 0
    while number * 10 < megabytes * MEGA:
        yield b"".join(b',"k%d":1' % n for n in range(number, number + 1000))
        number += 1000
    yield b"}]"


@bomb
def json_twice(megabytes: int) -> Iterator[bytes]:
    """One object of a million keys, the last of which stands there twice."""
    *pieces, end = json_keys(megabytes)
    yield from pieces
    yield b',"z":1,"z":2' + end


@bomb
def json_letters(megabytes: int) -> Iterator[bytes]:
    """An array of small objects with letters beyond ASCII: their places are counted in bytes."""
    yield b"["
    yield from _repeat('{"note":"É"},\n'.encode(), megabytes)
    yield b'{"note":"end"}]'


@bomb
def json_array(megabytes: int) -> Iterator[bytes]:
    """A trip with millions of empty shipments."""
    text = (_FIXTURES / "csv/09_borderconnect_ace_trip.json").read_bytes()
    at = text.index(b"[", text.index(b'"shipments"')) + 1
    yield text[:at]
    yield from _repeat(b"{},", megabytes)
    yield text[at:]


def _zip(parts: dict[str, Iterator[bytes]]) -> bytes:
    """Return a zip archive; only its packed bytes are held."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in parts.items():
            with archive.open(name, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
    return packed.getvalue()


def _workbook(sheet: Iterator[bytes], strings: Iterator[bytes] | None = None) -> bytes:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    office = "http://schemas.openxmlformats.org"
    main = f'xmlns="{office}/spreadsheetml/2006/main"'
    relation = f"{office}/officeDocument/2006/relationships"
    package = f'xmlns="{office}/package/2006/relationships"'
    types = (
        f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>'
    )
    parts: dict[str, Iterator[bytes]] = {
        "[Content_Types].xml": iter([types.encode()]),
        "_rels/.rels": iter(
            [
                f'<Relationships {package}><Relationship Id="r1" Type="{relation}/officeDocument" '
                'Target="xl/workbook.xml"/></Relationships>'.encode()
            ]
        ),
        "xl/workbook.xml": iter(
            [
                f'<workbook {main} xmlns:r="{relation}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
                "</workbook>".encode()
            ]
        ),
        "xl/_rels/workbook.xml.rels": iter(
            [
                f'<Relationships {package}><Relationship Id="r1" Type="{relation}/worksheet" '
                f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{relation}/sharedStrings" '
                'Target="sharedStrings.xml"/></Relationships>'.encode()
            ]
        ),
        "xl/sharedStrings.xml": strings or iter([f"<sst {main}><si><t>a</t></si></sst>".encode()]),
        "xl/worksheets/sheet1.xml": sheet,
    }
    return _zip(parts)


_MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def _around(head: bytes, middle: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from middle
    yield tail


@bomb
def xlsx_blanks(megabytes: int) -> Iterator[bytes]:
    """A workbook whose sheet is a thousand times larger than the file."""
    blanks = _repeat(b" " * 4096, megabytes * 30)
    yield _workbook(_around(b"<worksheet " + _MAIN + b"><sheetData>", blanks, b"</sheetData></worksheet>"))


@bomb
def xlsx_cells(megabytes: int) -> Iterator[bytes]:
    """A row with millions of cells, packed to nothing."""
    cells = _repeat(b'<c t="s"><v>0</v></c>', megabytes * 10)
    around = _around(b"<worksheet " + _MAIN + b'><sheetData><row r="1">', cells, b"</row></sheetData></worksheet>")
    yield _workbook(around)


@bomb
def xlsx_rows(megabytes: int) -> Iterator[bytes]:
    """Millions of rows, packed to nothing."""
    rows = _repeat(b"<row><c><v>1</v></c></row>", megabytes * 10)
    yield _workbook(_around(b"<worksheet " + _MAIN + b"><sheetData>", rows, b"</sheetData></worksheet>"))


@bomb
def xlsx_far_cell(megabytes: int) -> Iterator[bytes]:
    """One cell in the last column of the last row: everything before it is empty, and is made up by who is not careful."""
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield _workbook(iter([b"<worksheet " + _MAIN + b"><sheetData>" + cell + b"</sheetData></worksheet>"]))


@bomb
def xlsx_strings(megabytes: int) -> Iterator[bytes]:
    """Shared strings without end."""
    strings = _around(b"<sst " + _MAIN + b">", _repeat(b"<si><t>a</t></si>", megabytes * 10), b"</sst>")
    yield _workbook(iter([b"<worksheet " + _MAIN + b"><sheetData/></worksheet>"]), strings)


@bomb
def xlsx_entities(megabytes: int) -> Iterator[bytes]:
    """Entities in the sheet."""
    rows = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)).encode()
    sheet = b'<!DOCTYPE x [<!ENTITY l0 "ha">' + rows + b"]><worksheet " + _MAIN
    yield _workbook(iter([sheet + b"><sheetData><row><c><v>&l11;</v></c></row></sheetData></worksheet>"]))


# --- Cargo-IMP


def archive_of_names(count: int) -> bytes:
    """An archive whose directory names one empty part again and again: 50 bytes each, and ten times that in memory."""
    first, name = b"[Content_Types].xml", b"xl/a"
    sizes = bytes(12)
    local = b"PK\3\4\x14" + bytes(9) + sizes + len(first).to_bytes(2, "little") + bytes(2) + first
    entry = b"PK\1\2\x14\0\x14" + bytes(9) + sizes
    directory = entry + len(first).to_bytes(2, "little") + bytes(16) + first
    directory += (entry + len(name).to_bytes(2, "little") + bytes(16) + name) * count
    end = b"PK\5\6" + bytes(8) + len(directory).to_bytes(4, "little") + len(local).to_bytes(4, "little") + bytes(2)
    return local + directory + end


@bomb
def xlsx_names(megabytes: int) -> Iterator[bytes]:
    """A workbook of hundreds of thousands of parts."""
    yield archive_of_names(megabytes * 20_000)


@bomb
def imp_line(megabytes: int) -> Iterator[bytes]:
    """One line that never ends."""
    yield b"FHL/4\r\nMBI/999-12345675YYZJFK/T3K6.9\r\nTXT/"
    yield from _repeat(b"A", megabytes)


@bomb
def imp_lines(megabytes: int) -> Iterator[bytes]:
    """One message of millions of lines."""
    yield b"FHL/4\r\nMBI/999-12345675YYZJFK/T3K6.9\r\n"
    yield from _repeat(b"HBS/H1/YYZJFK/1/K1//A\r\n", megabytes)


@bomb
def imp_stray(megabytes: int) -> Iterator[bytes]:
    """A message, an end, and then lines that belong to nothing."""
    yield b"FHL/4\r\nMBI/999-12345675YYZJFK/T3K6.9\r\nQK GWYXXXX\r\n"
    yield from _repeat(b"X\r\n", megabytes)


@bomb
def imp_messages(megabytes: int) -> Iterator[bytes]:
    """Identifier lines one behind the other."""
    yield from _repeat(b"FHL/4\r\n", megabytes)
