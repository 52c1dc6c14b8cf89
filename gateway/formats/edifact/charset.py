"""Character sets of UNB S001.0001 and what to do when the bytes are not what was declared.

UNA and UNB are ASCII whatever the set, and service characters are below 0x80 in all sets but UNOX, so segments are
split as bytes and decoded afterwards. Not read: S001.0133 = EBCDIC, UCS-2, UCS-4 (the interchange is refused).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CODECS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859_1", "UNOD": "iso8859_2", "UNOE": "iso8859_5",
    "UNOF": "iso8859_7", "UNOG": "iso8859_3", "UNOH": "iso8859_4", "UNOI": "iso8859_6", "UNOJ": "iso8859_8",
    "UNOK": "iso8859_9", "UNOL": "iso8859_15", "UNOW": "utf_8", "UNOX": "iso2022_jp_2", "UNOY": "utf_8",
    "IATA": "ascii", "IATB": "ascii", "KECA": "cp949",
}  # fmt: skip
"""Syntax identifier -> codec. UNOL, KECA: unverified. UNOX: by partner option `unox_codec`."""

_ENCODED = {"4": "cp850", "7": "utf_8"}
"""S001.0133 (syntax 4) -> codec, where it is another one than that of the character set."""

UNREADABLE_ENCODINGS = {"3": "EBCDIC (500)", "5": "UCS-2", "6": "UCS-4", "8": "UTF-16"}
"""S001.0133 codes whose bytes cannot be split as ASCII."""


@dataclass(frozen=True, slots=True)
class Charset:
    """How the bytes of one interchange become text. declared: S001.0001; codec: a Python codec name."""

    declared: str
    codec: str
    known: bool = True

    @property
    def escapes(self) -> bool:
        """True for ISO 2022: service characters may stand inside escape sequences."""
        return self.codec.startswith("iso2022")

    def plain(self, text: str) -> bool:
        """True when the bytes of a text are its letters in every character set."""
        return text.isascii() and not (self.escapes and ("\x1b" in text or _SHIFT_OUT in text))

    def decode(self, raw: bytes, *, utf8_before: bool = False) -> tuple[str, str]:
        """Return the text and why it is not as declared: "", "utf-8", "cp1252" or "invalid".

        utf8_before: an earlier segment of the interchange was UTF-8 although something else was declared.
        """
        if self.codec == "utf_8":
            try:
                return raw.decode("utf-8"), ""
            except UnicodeDecodeError:
                return raw.decode("cp1252", "replace"), "invalid"
        if self.escapes:
            if _SHIFT_OUT.encode() in raw and not raw.startswith(_KOREAN):
                raw = _KOREAN + raw  # named once, before the first letter of the file
            try:
                return raw.decode(self.codec), ""
            except UnicodeDecodeError:
                return raw.decode(self.codec, "replace"), "invalid"
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if utf8_before or self._is_utf8(raw, text):
                return text, "utf-8"
        if self.codec in ("ascii", "iso8859_1") and (self.codec == "ascii" or any(0x80 <= byte < 0xA0 for byte in raw)):
            return raw.decode("cp1252", "replace"), "cp1252"
        try:
            return raw.decode(self.codec), ""
        except UnicodeDecodeError:
            return raw.decode(self.codec, "replace"), "invalid"

    def _is_utf8(self, raw: bytes, text: str) -> bool:
        """Tell whether bytes that can be UTF-8 are: two letters may look so by chance (PÓŁKA in UNOD, NESTLÉ® in UNOC).

        They are where the text has letters of the declared set (or the sign for a lost one), or the bytes some that no
        letter of the set has, or follow one another as those of Western letters do not.
        """
        western = self.codec in ("ascii", "iso8859_1")
        if any(0x80 <= byte < 0xA0 or (western and byte >= 0xE0) for byte in raw) or "\ufffd" in text:
            return True
        try:
            text.encode("cp1252" if self.codec == "ascii" else self.codec)
        except UnicodeEncodeError:
            return False
        return True


def charset_of(identifier: str, forced: str = "", unox: str = "", encoding: str = "") -> Charset:
    """Return the character set of a syntax identifier; forced: the file was transcoded to UTF-8 before; encoding: 0133.

    Unknown identifiers are read as ISO 8859-1 (known = False: the caller says so).
    """
    if forced:
        return Charset(identifier, "utf_8")
    if identifier == "UNOX" and unox:
        return Charset(identifier, unox)
    codec = CODECS.get(identifier)
    return Charset(identifier, _ENCODED.get(encoding) or codec or "iso8859_1", codec is not None)


_ASCII_AGAIN = re.compile(r"\x1b(?:\([BJ]|\$\)C)")
_KOREAN = b"\x1b$)C"  # names the letters of a shift in ISO 2022-KR; the shift itself opens and closes them
_SHIFT_OUT, _SHIFT_IN = "\x0e", "\x0f"


def open_escape(raw: str) -> bool:
    """True when an ISO 2022 escape sequence or shift is still open at the end of `raw`."""
    if raw.rfind(_SHIFT_OUT) > raw.rfind(_SHIFT_IN):
        return True
    last = raw.rfind("\x1b")
    return last >= 0 and not _ASCII_AGAIN.match(raw, last)
