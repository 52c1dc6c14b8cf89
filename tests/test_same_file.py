"""One file in other forms: what is in it stays what it is, in another wrapping, other separators, another character set.

Each change is one that programs on the way make, and says nothing: line breaks added, taken away or wrapped, a Ctrl-Z or byte order
mark, UTF-16, other separators that the header names, comments and CDATA, quotes, columns in another order. Counts, errors
and the canonical messages must be those of the file as it was; remarks may be others.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree

from gateway.check import Checker
from gateway.site import base_site
from tests.drops import FIXTURES, SAMPLES_NOW

Change = Callable[[bytes], bytes]

_BOM = b"\xef\xbb\xbf"

_OTHERS = (
    *("h09", "h10", "h22", "04_tab_utf16", "12_utf16le"),  # UTF-16: a byte more at an end is half a character
    *("h12", "h13", "h19", "14_empty", "37_isa_short"),  # what is wrong with them is their form
    *("06_record_types", "07_hostile_cells"),  # needs a partner's layout; a quote is open to the end of the file
)


def _wrapped(width: int, line_break: bytes) -> Change:
    """Return what breaks a file into records of one width, as mainframes do."""

    def change(data: bytes) -> bytes:
        flat = _without_breaks(data.removeprefix(_BOM))
        if re.search(rb"[\r\n]", flat):
            return data
        bom = data[: len(_BOM)] if data.startswith(_BOM) else b""  # editors write it before what is wrapped already
        return bom + line_break.join(flat[at : at + width] for at in range(0, len(flat), width))

    return change


def _terminator(data: bytes) -> bytes:
    if data[:3] == b"UNA":
        return data[8:9]
    return data[105:106] if data[:3] == b"ISA" else b"'"


def _without_breaks(data: bytes) -> bytes:
    """Return the segments without what stands between them; the file as it is where line breaks end or split segments."""
    end = _terminator(data)
    flat = re.sub(re.escape(end) + rb"[\r\n]+", lambda found: found[0][:1], data).rstrip(b"\r\n")
    return data if end in b"\r\n" or re.search(rb"[\r\n]", flat) else flat


def _separators(element: bytes, component: bytes, terminator: bytes) -> Change:
    """Return what writes an X12 file with other separators; a file that holds one of them in its data stays as it is."""

    def change(data: bytes) -> bytes:
        old, new = data[3:4] + data[104:106], element + component + terminator
        if data[:3] != b"ISA" or old[2:] in b"\r\n" or set(new) - set(old) & set(data):
            return data
        return _without_breaks(data).translate(bytes.maketrans(old, new))

    return change


def _una(data: bytes) -> bytes:
    """Write a UNA where there is none, and leave out one that says the usual."""
    if data.startswith(b"UNA:+.? '"):
        return data[9:].lstrip(b"\r\n")
    return b"UNA:+.? '" + data if data.startswith((b"UNB+UNOA", b"UNB+UNOC")) else data


def _anew(encoding: str) -> Change:
    """Return what writes an XML document anew."""

    def change(data: bytes) -> bytes:
        try:
            document = etree.fromstring(data, etree.XMLParser(resolve_entities=False, remove_blank_text=True))
        except etree.XMLSyntaxError:
            return data
        again: bytes = etree.tostring(document, encoding=encoding, xml_declaration=True)
        return data if b"<!DOCTYPE" in data else again

    return change


def _in_text(inside: bytes) -> Change:
    """Return what writes texts of XML in another way; {}: the text behind its first two letters."""

    def other(found: re.Match[bytes]) -> bytes:
        return b">" + found[1][:2] + inside.replace(b"{}", found[1][2:]) + b"</"

    return lambda data: data if b"<!" in data else re.sub(rb">([A-Za-z0-9 ]{3,})</", other, data)


def _table(change: Callable[[list[list[str]]], list[list[str]]], **how: Any) -> Change:
    """Return what writes a CSV file anew."""

    def anew(data: bytes) -> bytes:
        try:
            rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        except UnicodeDecodeError:
            return data
        if len({len(row) for row in rows}) != 1:
            return data
        text = io.StringIO(newline="")
        csv.writer(text, **how).writerows(change(rows))
        return text.getvalue().encode()

    return anew


def _utf16(data: bytes) -> bytes:
    return data.decode().encode("utf-16") if data.isascii() else data


def _envelope(before: bytes) -> Change:
    """Return what puts an envelope before each Cargo-IMP message; {0} is its identifier, {1} its name, {2} its version."""

    def change(data: bytes) -> bytes:
        answers = data.startswith((b"FNA", b"FMA"))  # the message it repeats is part of it
        return re.sub(
            rb"(?m)^(F[A-Z]{2})((?:/\d+)?)$",
            lambda found: before.replace(b"{0}", found[0]).replace(b"{1}", found[1]).replace(b"{2}", found[2]),
            data.replace(b"\r\n", b"\n"),
            count=1 if answers else 0,
        )

    return change


SITATEX = (
    b"=HEADER\nRCV,2025/03/01 10:15\n=PRIORITY\nQK\n=DESTINATION TYPE B\nSTX,GWYXXXX\nSTX,LAXFWXX\n"
    b"=ORIGIN\nHKGFFXX\n=DBLSIG\nXX\n=MSGID\n010815\n"
)
ENDS: dict[str, Change] = {
    "no last line break": lambda data: data.rstrip(b"\r\n"),
    "CRLF": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "CRLF but the last": lambda data: data.replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n"),
    "Ctrl-Z": lambda data: data + b"\x1a",
    "byte order mark": lambda data: _BOM + data.removeprefix(_BOM),
}
SEGMENTS: dict[str, Change] = {
    "no line breaks": _without_breaks,
    "records of 80": _wrapped(80, b"\r\n"),
    "records of 72": _wrapped(72, b"\n"),
    "UTF-16": _utf16,
    "blank lines before": lambda data: b"\r\n\r\n" + data,
}
FORMS: dict[str, tuple[str, dict[str, Change]]] = {
    "x12": (".edi", SEGMENTS | {
        "other separators": _separators(b"|", b":", b"'"),
        "control characters": _separators(b"\x1d", b"\x1f", b"\x1c"),
        "a line for each segment": _separators(b"|", b":", b"\n"),
    }),
    "edifact": (".edi", SEGMENTS | {"UNA": _una}),
    "cargoimp": (".txt", {
        "UTF-16": _utf16,
        "blank lines before": SEGMENTS["blank lines before"],
        "Type B": _envelope(b"QK GWYXXXX LAXFWXX\n.HKGFFXX 010815\n{0}"),
        "SITATEX": _envelope(SITATEX + b"=TEXT\n{0}"),
        "SITATEX, blank lines": _envelope(SITATEX + b"=SMI\n\n=TEXT\n\n\n{0}"),
        "SITATEX, SMI too": _envelope(SITATEX + b"=SMI\n{1}\n=TEXT\n{0}"),
        "SITATEX, SMI": _envelope(SITATEX + b"=SMI\n{0}\n=TEXT"),
        "SITATEX, version in the text": _envelope(SITATEX + b"=SMI\n{1}\n=TEXT\n{2}"),
        "SITATEX without =TEXT": _envelope(SITATEX + b"{0}"),
    }),
    "xml": (".xml", {
        "written anew": _anew("UTF-8"),
        "UTF-16": _anew("UTF-16"),
        "comments": _in_text(b"<!-- here -->{}"),
        "CDATA": _in_text(b"<![CDATA[{}]]>"),
    }),
    "csv": (".csv", {
        "all in quotes": _table(lambda rows: rows, quoting=csv.QUOTE_ALL),
        "semicolons": _table(lambda rows: rows, delimiter=";"),
        "columns the other way round": _table(lambda rows: [row[::-1] for row in rows]),
        "header in capitals": _table(lambda rows: [[name.upper() for name in rows[0]], *rows[1:]]),
        "UTF-16": _utf16,
    }),
}  # fmt: skip

FILES = [
    path
    for folder, (ending, _) in FORMS.items()
    for path in sorted((FIXTURES / folder).glob(f"*{ending}"))
    if not path.name.startswith(_OTHERS)
]


def _said(path: Path) -> tuple[Any, ...]:
    """Return what became of a file: its counts, the errors, the messages without what is said of the file."""
    result = Checker(base_site(), SAMPLES_NOW).file(path)
    errors = sorted({f["rule"] for f in result["findings"] if f["severity"] == "error"})
    own = ("message_id", "source", "created_at")
    messages = [{name: value for name, value in one.items() if name not in own} for one in result.get("messages", ())]
    verdict = result["verdict"].replace("accept_with_warnings", "accept")
    return verdict, result["shipments"], errors, msgspec.json.encode(messages, order="sorted")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_in_another_form_is_the_same_file(tmp_path: Path, path: Path) -> None:
    data = path.read_bytes()
    expected = _said(path)
    for how, change in (ENDS | FORMS[path.parent.name][1]).items():
        changed = change(data)
        if changed != data:
            other = tmp_path / path.name
            other.write_bytes(changed)
            assert _said(other) == expected, how


@pytest.mark.parametrize("folder", FORMS)
def test_each_form_changes_some_files(folder: str) -> None:
    files = [path.read_bytes() for path in FILES if path.parent.name == folder]
    assert len(files) >= 5
    for how, change in (ENDS | FORMS[folder][1]).items():
        assert any(change(data) != data for data in files), how
