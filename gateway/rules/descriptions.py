"""Descriptions of goods: vague words, texts that say nothing, other scripts; and goods that never were eligible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.parties import is_latin
from gateway.rules.tables import Exclusion, Tables, Vague, gist, normal

_SAYING_NOTHING = """
    X PC PCS PIECE PIECES SET SETS PACK PAIR PAIRS LOT BOX CARTON CTN CTNS UNIT OF STC
    NEW USED BRAND VARIOUS ASSORTED MISC MISCELLANEOUS MIXED DIFFERENT OTHER GENERAL SOME
"""
_FILLERS = frozenset(_SAYING_NOTHING.split())
"""Words that say nothing of the goods behind them."""

_AT_THE_END = re.compile(r"(?: X ?[0-9]+| [0-9]+ ?(?:X|PCS?|PIECE|SET|PAIR|PACK|UNIT)?)+")


def check_item(
    item: dict[str, Any], index: int, tables: Tables, *, documents: bool = False, usd: Decimal | None = None
) -> Iterator[Finding]:
    """Yield what is wrong with the description of one goods line.

    documents: that is all that needs to be said. usd: what the shipment is worth, where that is at most `tables.small_usd`.
    """
    text = str(item.get("enhanced_product_description", ""))
    pointer, target = f"/items/{index}/enhanced_product_description", "items.enhanced_product_description"
    if not text:
        return
    found = None if documents else vague(text, tables)
    if found is not None:
        better = f'write for example "{found.advice[0]}" or "{found.advice[1]}"'
        yield Finding(
            "S321-DESC-VAGUE",
            Severity.ERROR,
            Scope.SHIPMENT,
            f'"{text[:60]}" does not say what the goods are; {better}.',
            target=target,
            pointer=pointer,
            value=text,
        )
    elif len(re.sub(r"[\W\d_]", "", text)) < 3 or text.replace(".", "") == item.get("hts_number"):
        yield Finding(
            "S321-DESC-VAGUE",
            Severity.ERROR,
            Scope.SHIPMENT,
            f'"{text[:60]}" is not a description of goods.',
            target=target,
            pointer=pointer,
            value=text,
        )
    if not is_latin(text):
        yield Finding(
            "Q-NON-LATIN",
            Severity.WARNING,
            Scope.SHIPMENT,
            "The description holds letters that are not Latin; CBP needs English.",
            target=target,
            pointer=pointer,
            value=text,
        )
    for exclusion in tables.exclusions:
        sure = excluded(item, text, exclusion)
        if sure is None or (usd is not None and usd <= exclusion.above_usd):
            continue
        never = "" if exclusion.above_usd else ", so Section 321 never applies"
        rule, said = f"S321-EXCL-{exclusion.name}", f"{exclusion.reason}{never}."
        if not sure:
            rule, said = "Q-EXCL-WORD", f"{_if(text, exclusion)}: {said}"
        severity = Severity.ERROR if sure else Severity.WARNING
        said = f"Goods line {index + 1}: {said}"
        yield Finding(rule, severity, Scope.SHIPMENT, said, target=target, pointer=pointer, value=text)
        break


def _if(text: str, exclusion: Exclusion) -> str:
    if exclusion.kind == "may_hts":
        return "if the full tariff number says so, which six digits leave open"
    word = next(w for w in normal(text).split() if w in exclusion.words)
    return f"if the goods are what this word of it says ({word})"


def vague(text: str, tables: Tables) -> Vague | None:
    """Return the vague term a whole text is, after capitals, punctuation, plurals and words of quantity are taken off."""
    last = normal(text).rpartition(" ")[2]
    if last.isalpha() and last not in tables.vague_ends and last not in _FILLERS:
        return None  # nearly every text
    plain = gist(text)
    found = tables.vague.get(plain)
    if found is not None or not plain:
        return found
    words = (
        _AT_THE_END.sub("", plain).split()
        if plain[-1].isdigit() or plain.rpartition(" ")[2] in _FILLERS
        else plain.split()
    )
    at = next((n for n, word in enumerate(words) if word not in _FILLERS and not _counts(word)), len(words))
    if at == len(words):
        return tables.vague.get("GOOD") if any(w in _FILLERS for w in words) else None
    return tables.vague.get(" ".join(words[at:])) if at or len(words) < len(plain.split()) else None


def _counts(word: str) -> bool:
    """True for a number of pieces: 2, X2, 2X, 10PCS."""
    digits = word.strip("X").removesuffix("PCS").removesuffix("PC")
    return digits.isdigit() or word == "X"


def excluded(item: dict[str, Any], text: str, exclusion: Exclusion) -> bool | None:
    """Return whether a goods line surely falls under an excluded class, None when it does not.

    By tariff number; of a text without one by a word of the class that names the goods, alone or with words that may stand
    beside it. It is not sure (False) where a pack or a thing is named last (wine box, tobacco pipe), nor with other words
    (a dress, champagne) where the word of the class ends the text or its part before the first comma.
    """
    number = str(item.get("hts_number", ""))
    if exclusion.kind == "hts":
        return True if number and number.startswith(exclusion.match) else None
    if exclusion.kind == "may_hts":
        return False if number in exclusion.match else None
    words, match = normal(text).split(), exclusion.words
    if number or match.isdisjoint(words):
        return None
    parts = [words, *(normal(part).split() for part in _COMMA.split(text))]
    others = {w for w in words if w not in match and not w[0].isdigit() and w != "X"}
    if others <= exclusion.fitting:
        return exclusion.kind == "text" and any(_is_told(p, exclusion) for p in parts if not match.isdisjoint(p))
    return False if any(_goods(part, exclusion)[0] in match for part in parts[:2]) else None


_COMMA = re.compile(",(?![0-9])")


def _is_told(words: list[str], exclusion: Exclusion) -> bool:
    """True when words of a class and those that may stand beside them name the goods, not an empty pack or a thing.

    In English the last noun is the goods: PIPE TOBACCO, BOX OF CIGARS, WINE 6 BOTTLES; but WINE BOX. A pack is full where
    something is said of what is in it: WINE BOTTLE 750ML, CIGAR BOX OF 25.
    """
    goods, full = _goods(words, exclusion)
    return goods in exclusion.words or (full and goods in exclusion.packs)


def _goods(words: list[str], exclusion: Exclusion) -> tuple[str, bool]:
    """Return the last noun of a text, without the numbers, measures and adjectives behind it; and whether they tell a content."""
    full = False
    for at in range(len(words) - 1, -1, -1):
        word, before = words[at], words[at - 1] if at else ""
        unit = word.lstrip("0123456789X")
        if word in exclusion.measures or (word[0].isdigit() and unit in exclusion.measures) or word == "OF":
            full = True
        elif word in exclusion.words or not (
            word[0].isdigit()
            or word == "X"
            or word in exclusion.beside
            or (word in exclusion.packs and before[:1].isdigit())
        ):
            return word, full
    return "", False
