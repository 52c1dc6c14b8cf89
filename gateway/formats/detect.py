"""What a dropped file is, told from its bytes and its name, before any reader touches it.

Detection goes by content; the name only raises a remark (FILE-EXT-MISMATCH) or keeps a file from being taken at all
(temporary names, paths). Character sets: BOMs are skipped, UTF-16 is transcoded, EBCDIC is held unless the partner
profile names it.
"""

from __future__ import annotations

import codecs
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from gateway.findings import NOTHING, Finding, Position, Scope, Severity, count_of
from gateway.formats import sniffers as sniffers_of
from gateway.openpgp import is_openpgp
from gateway.profile import Profile

HEAD = 65_536
"""Bytes of the beginning that detection looks at."""

TEMPORARY = (".filepart", ".part", ".partial", ".tmp", ".temp", ".swp", ".crdownload", ".uploading")
"""Endings that upload clients give a file until it is complete."""

OUR_SUFFIXES = (".receipt.json", ".rejects.csv", ".report.json")

_EBCDIC_ISA, _EBCDIC_UN = b"\xc9\xe2\xc1", b"\xe4\xd5"
_WRAPPERS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"-----BEGIN PGP", "a PGP message"),
    (b"%PDF", "a PDF document"),
)
_BOM = "ENC-BOM-SKIPPED"
_MARKED = frozenset((_BOM, "ENC-TRANSCODED"))
_XML = f"{NOTHING}: XML allows it."
_EXCEL = f"{NOTHING}: Excel begins each file of the kind CSV UTF-8 with it."
_EXTENSIONS = {
    "xml": ("cargo_xml", "postal", "wco_xml", "own"),
    "csv": ("tabular",),
    "json": ("tabular", "postal", "own"),
    "xlsx": ("tabular",),
    "edi": ("x12", "edifact", "cargo_imp", "cargo_xml", "postal", "wco_xml", "own"),  # any message, but no table
}  # fmt: skip
_WORDS = {
    "x12": ("X12", ".edi"),
    "edifact": ("EDIFACT", ".edi"),
    "cargo_imp": ("Cargo-IMP", ".txt"),
    "tabular": ("a table", ".csv"),
    "cargo_xml": ("Cargo-XML", ".xml"),
    "postal": ("postal data", ".xml"),
    "wco_xml": ("a WCO or UBL document", ".xml"),
    "own": ("a document of your own", ".xml"),
}
"""Format -> what a person calls it, and how its files are named."""


class Detection(msgspec.Struct, frozen=True):
    """What the head of a file tells.

    format: name of the format folder, "" when nothing fits. hold: the finding that sends the file to quarantine.
    skip: bytes of BOM; encoding: "" (bytes as they are) or the codec to transcode from; base and factor map offsets
    of the transcoded text back to the received file.
    """

    format: str = ""
    kind: str = ""  # for the receipt: "zip", "html", "none" ...
    hold: Finding | None = None
    findings: tuple[Finding, ...] = ()
    skip: int = 0
    encoding: str = ""
    factor: int = 1


_ESCAPES = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[xu]?[0-9a-f]{0,3}$)")  # the last one may have been cut


def check_name(name: str, *, depth: int = 0) -> Finding | None:
    """Return why a file under this name is not taken, None when the name is fine.

    name: as the client asked for it, "/" separated, or as the shell shows it: what cannot be printed and backslashes stand
    as escapes (\\x0a, \\x5c), which are no separators. depth: how many sub-folders the partner profile allows.
    """
    parts = _ESCAPES.sub("_", name).replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "~")) or "\0" in name:
        return _name_fault("SFTP-PATH", "The path leads out of the account's folder.", name)
    if len(parts) - 1 > depth:
        return _name_fault(
            "SFTP-PATH-DEPTH",
            f"The file lies in {count_of(len(parts) - 1, 'sub-folder')}; only the drop folder itself is read.",
            name,
        )
    last = parts[-1].lower()
    if last.endswith(TEMPORARY) or last.startswith("."):
        ending = next((t for t in TEMPORARY if last.endswith(t)), "a leading dot")
        return _name_fault("FILE-TEMP-NAME", f"The name is that of an unfinished upload ({ending}).", name)
    if last.endswith(OUR_SUFFIXES):
        return _name_fault("FILE-OUR-NAME", "The name is one of the gateway's own answers.", name)
    return None


def _name_fault(rule: str, message: str, name: str) -> Finding:
    return Finding(rule, Severity.ERROR, Scope.FILE, message, value=printable(name))


def first_bytes(chunks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return at least `size` bytes of a file, all of a shorter one, and its chunks from the first byte on."""
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= size:
            break
    return head, itertools.chain((head,), source)


def printable(text: str, limit: int = 200) -> str:
    """Return text without control and invisible characters, cut to `limit`: safe to show and to log."""
    return "".join(c if unicodedata.category(c)[0] != "C" else "?" for c in text[:limit])


def detect_for(head: bytes, name: str, profile: Profile) -> Detection:
    """Tell the format of a file of a partner: with the documents of its site, its character set and its format of last resort."""
    fallback = str(profile.options.get("format", ""))
    return detect(head, name, sniffers_of(profile.documents), profile.encoding, fallback)


def detect(
    head: bytes, name: str, sniffers: dict[str, Callable[[bytes], float]], encoding: str = "", fallback: str = ""
) -> Detection:
    """Tell the format of a file by its first HEAD bytes.

    sniffers: format name -> probability on content; encoding: the partner's forced character set ("" = by content);
    fallback: format of text that no sniffer knows (the partner's fixed-width files), "" = such a file is held.
    """
    if not head:
        return Detection(kind="none", hold=_held("FILE-EMPTY", "The file has no bytes."))
    kind = guess(head)
    wrapped = next((what for magic, what in _WRAPPERS if head.startswith(magic)), "")
    wrapped = wrapped or ("a PGP message" if is_openpgp(head) else "")
    if wrapped and not (wrapped == "a zip archive" and _is_workbook(head)):
        return Detection(
            kind=wrapped.split()[-2 if wrapped.endswith(("archive", "file", "message")) else -1],
            hold=_held("FILE-WRAPPED", f"The file is {wrapped}, not EDI, XML or CSV."),
        )
    skip, codec, factor, findings = _character_set(head, encoding)
    if codec == "ebcdic":
        hold = _held(
            "ENC-EBCDIC",
            "The file is in EBCDIC (a binary transfer from a mainframe): its first bytes are hex "
            + head[:3].hex(" ").upper()
            + ".",
        )
        return Detection(kind=guess(head.decode("cp037").encode("utf-8")) or "ebcdic", hold=hold)
    text = head[skip:]
    if codec:
        text = codecs.getincrementaldecoder(codec)("replace").decode(text).encode("utf-8")
    if not text.strip(b"\r\n\t \0"):
        return Detection(kind="none", hold=_held("FILE-EMPTY", "The file holds nothing but blanks."))
    if re.match(rb"\s*(<!--.*?-->\s*)*<(!DOCTYPE\s+html|html[\s>])", text, re.I | re.S):
        return Detection(
            kind="html",
            hold=_held("FILE-TYPE-HTML", "The file is a web page (HTML), perhaps a saved login or error page."),
        )
    scores = _scores(text, sniffers)
    if fallback in sniffers and (not scores or scores[0][0] <= 0) and b"\0" not in text:
        scores = [(0.1, fallback)]
    if not scores or scores[0][0] <= 0:
        return Detection(kind=kind or "unknown", hold=_no_format(text))
    fmt = scores[0][1]
    extension = name.lower().rpartition(".")[2]
    json = text.lstrip()[:1] in (b"{", b"[")
    if fmt not in _EXTENSIONS.get(extension, (fmt,)) or (
        extension in ("xml", "json") and json != (extension == "json")
    ):
        findings = [*findings, _misnamed(extension, fmt, ".json" if json else ".xlsx" if head[:2] == b"PK" else "")]
    if fmt == "tabular" and not json:
        findings = [replace(f, severity=Severity.INFO, fix=_EXCEL) if f.rule == _BOM else f for f in findings]
    elif skip and text.lstrip().startswith(b"<"):  # a mark before an XML document belongs to it, in UTF-8 and in UTF-16
        findings = [replace(f, severity=Severity.INFO, fix=_XML) if f.rule in _MARKED else f for f in findings]
    return Detection(fmt, fmt, None, tuple(findings), skip, codec, factor)


def _misnamed(extension: str, fmt: str, ending: str) -> Finding:
    """Return the remark on a name that belongs to another format. ending: of a file of this content, "" for that of its format."""
    words, usual = _WORDS.get(fmt, (fmt, ""))
    said = f"The name ends in .{extension}, but the content is {words}; the content decided."
    fix = f"Name the file after its format: {ending or usual}."
    return Finding("FILE-EXT-MISMATCH", Severity.WARNING, Scope.FILE, said, fix=fix)


def _is_workbook(head: bytes) -> bool:
    """True for a zip archive with the first parts of an office workbook (their order depends on the writer)."""
    return b"[Content_Types].xml" in head or b"xl/" in head or head[30:].startswith(b"docProps/")


def _scores(text: bytes, sniffers: dict[str, Callable[[bytes], float]]) -> list[tuple[float, str]]:
    """Return (score, format), best first; who is certain ends the asking."""
    scores: list[tuple[float, str]] = []
    for name, sniff in sniffers.items():
        scores.append((sniff(text), name))
        if scores[-1][0] >= 1:
            break
    return sorted(scores, reverse=True)


def guess(head: bytes) -> str:
    """Return what a file that is not read seems to be, for the receipt: "x12_309" where an ST stands, else ""."""
    found = re.search(rb"(?:^|[^A-Za-z0-9])ST([^A-Za-z0-9 \r\n])([0-9]{3})\1", head)
    return f"x12_{found[2].decode()}" if found else ""


def _character_set(head: bytes, encoding: str) -> tuple[int, str, int, list[Finding]]:
    """Return (bytes of BOM, codec to transcode from, bytes per character, remarks)."""
    if encoding:
        return (
            0,
            encoding,
            1,
            [_remark("ENC-PROFILE", f"The file was read in the character set of the profile ({encoding}).")],
        )
    if head.startswith(codecs.BOM_UTF8):
        return 3, "", 1, [_remark(_BOM, "A byte order mark (EF BB BF) before the data was skipped.", 3)]
    for bom, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(bom):
            return 2, codec, 2, [_remark("ENC-TRANSCODED", f"The file is in {codec.upper()}; it was read as such.", 2)]
    if len(head) >= 8 and head[1:8:2] == b"\0\0\0\0"[: len(head[1:8:2])] and 0 not in head[0:8:2]:
        return (
            0,
            "utf-16-le",
            2,
            [_remark("ENC-TRANSCODED", "The file is in UTF-16LE without a byte order mark; it was read as such.")],
        )
    if len(head) >= 8 and head[0:8:2] == b"\0\0\0\0" and 0 not in head[1:8:2]:
        return (
            0,
            "utf-16-be",
            2,
            [_remark("ENC-TRANSCODED", "The file is in UTF-16BE without a byte order mark; it was read as such.")],
        )
    if head.startswith((_EBCDIC_ISA, _EBCDIC_UN)):
        return 0, "ebcdic", 1, []
    return 0, "", 1, []


def _remark(rule: str, message: str, length: int = 0) -> Finding:
    place = Position(offset=0, length=length, line=1)
    return Finding(rule, Severity.WARNING, Scope.FILE, message, place)


def _held(rule: str, message: str) -> Finding:
    return Finding(rule, Severity.ERROR, Scope.FILE, message, Position(offset=0, line=1))


def _no_format(text: bytes) -> Finding:
    start = text.lstrip(b"\r\n\t ")[:80]
    if re.match(rb"ST[^A-Za-z0-9\r\n ][0-9]{3}", start) or re.match(rb"GS[^A-Za-z0-9\r\n ][A-Z]{2}", start):
        return _held(
            "X12-NO-ENVELOPE",
            f"The file starts with {start[:2].decode()}: ISA (and GS) are missing, so sender, receiver and separators are unknown.",
        )
    if re.match(rb"UNH[+:]", start):
        return _held(
            "EDIFACT-NO-ENVELOPE", "The file starts with UNH: UNB is missing, so sender and receiver are unknown."
        )
    return _held("FILE-TYPE-UNKNOWN", "The content is none of the formats the gateway reads.")


@dataclass
class Transcoded:
    """A chunk stream in a form readers can take: without BOM, in an ASCII-compatible character set."""

    chunks: Iterable[bytes]
    detection: Detection
    findings: list[Finding] = field(default_factory=list)

    def __iter__(self) -> Iterator[bytes]:
        skip, codec = self.detection.skip, self.detection.encoding
        decoder = codecs.getincrementaldecoder(codec)("replace") if codec else None
        for chunk in self.chunks:
            if skip:
                chunk, skip = chunk[skip:], max(0, skip - len(chunk))  # noqa: PLW2901
            yield decoder.decode(chunk).encode("utf-8") if decoder else chunk
        if decoder:
            rest = decoder.decode(b"", True)
            if rest:
                yield rest.encode("utf-8")
