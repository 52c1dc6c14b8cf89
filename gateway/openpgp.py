"""Whether a file is an OpenPGP message as gpg writes it without --armor: bytes, not text.

    85 01 0c 03 KEYID... 01       encrypted for a key     (packet 1, version 3, algorithm)
    8c 0d 04 09 03 ...            encrypted by a passphrase (packet 3, version 4, cipher)
    a3 01 ...                     compressed, which is signed (packet 8)
    90 0d 03 00 ...               signed                   (packet 4)

Looked at closely: the first byte alone may begin a text in EBCDIC or in UTF-8. Source: RFC 9580, sections 4.2 and 5.
"""

from __future__ import annotations

_PUBLIC = frozenset((1, 2, 3, 16, 18, 22, 25, 26))  # algorithms that encrypt
_CIPHERS = range(1, 14)
_KEY_ID = 8


def is_openpgp(head: bytes) -> bool:
    """Return whether these first bytes of a file begin an OpenPGP message."""
    tag, body = _packet(head[:64])
    if tag == 1:
        if body[:1] == b"\x03":
            return len(body) > _KEY_ID + 1 and body[_KEY_ID + 1] in _PUBLIC
        return body[:1] == b"\x06" and len(body) > 1 and body[1] in (0, 21, 33)  # length of the key's name
    if tag == 3:
        return body[:1] in (b"\x04", b"\x05", b"\x06") and len(body) > 1 and (body[0] > 4 or body[1] in _CIPHERS)
    if tag == 8:
        return head[:1] == b"\xa3" and body[:1] in (b"\x01", b"\x02", b"\x03")
    return tag == 4 and body[:1] in (b"\x03", b"\x06") and len(body) > 1 and body[1] in (0, 1)


def _packet(head: bytes) -> tuple[int, bytes]:
    """Return number and content of the first packet; 0 when the bytes are none."""
    if len(head) < 4 or not head[0] & 0x80:
        return 0, b""
    first = head[0]
    if not first & 0x40:  # the old form: two bits say how long the length is
        size = (1, 2, 4, 0)[first & 3]
        return (first >> 2) & 15, head[1 + size :]
    size = 1 if head[1] < 192 or 224 <= head[1] < 255 else 2 if head[1] < 224 else 5
    return first & 63, head[1 + size :]
