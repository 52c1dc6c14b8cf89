"""Text with a release character: splitting at unreleased separators, dropping and adding releases.

    "MEN?'S ?+ BOYS+2"  split at +  ->  "MEN?'S ?+ BOYS", "2"      unrelease("MEN?'S ?+ BOYS") -> "MEN'S + BOYS"

Parts keep their release characters until the last split is done; X12 has none (release "") and pays nothing.
"""

from __future__ import annotations


def split_released(text: str, separator: str, release: str) -> list[str]:
    """Return the parts of `text` between unreleased separators, release characters still in place.

    A separator is released when an odd number of release characters stands before it.

    >>> split_released("A?+B??+C", "+", "?")
    ['A?+B??', 'C']
    """
    if not separator:
        return [text]
    parts = text.split(separator)
    if not release or release not in text:
        return parts
    whole: list[str] = []
    held = ""
    for part in parts:
        held = held + separator + part if held else part
        if ends_released(held, release):
            continue
        whole.append(held)
        held = ""
    if held:
        whole.append(held)
    return whole


def ends_released(text: str, release: str) -> bool:
    """True when the character after `text` would be released: an odd number of release characters at its end."""
    return text[-1:] == release and (len(text) - len(text.rstrip(release))) % 2 == 1


def unrelease(text: str, release: str) -> str:
    """Return the text as meant: each release character dropped, the character after it kept.

    >>> unrelease("WHY?? O?'NEIL", "?")
    "WHY? O'NEIL"
    """
    if not release or release not in text:
        return text
    out: list[str] = []
    characters = iter(text)
    for character in characters:
        out.append(next(characters, release) if character == release else character)
    return "".join(out)


def released(text: str, specials: str, release: str) -> str:
    """Return the text with a release character before each of `specials` (which hold the release character too)."""
    if not any(character in text for character in specials):
        return text
    return "".join(release + character if character in specials else character for character in text)
