"""Descriptions of goods: vague words, texts that say nothing, other scripts; and goods that never were eligible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.parties import is_latin
from gateway.rules.tables import Exclusion, Tables, Vague, normal

_QUANTITY = re.compile(
    r"^(?:\d+\s*(?:X|PC|PCS|PIECE|PIECES|SET|SETS|PACK|PACKS)?\s+)+|\s+\d+\s*(?:PC|PCS|PIECES|SETS|X)?$"
)


def check_item(item: dict[str, Any], index: int, tables: Tables, *, documents: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with the description of one goods line. documents: that is all that needs to be said."""
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
        if excluded(item, text, exclusion):
            yield Finding(
                f"S321-EXCL-{exclusion.name}",
                Severity.ERROR,
                Scope.SHIPMENT,
                f"Goods line {index + 1}: {exclusion.reason}, so Section 321 never applies.",
                target=target,
                pointer=pointer,
                value=text,
            )
            break


def vague(text: str, tables: Tables) -> Vague | None:
    """Return the vague term a whole text is, after capitals, punctuation and quantity words are taken off."""
    plain = normal(text)
    return tables.vague.get(plain) or tables.vague.get(_QUANTITY.sub("", plain).strip())


def excluded(item: dict[str, Any], text: str, exclusion: Exclusion) -> bool:
    """True when a goods line falls under an excluded class; by tariff number, else by a word of a text without one."""
    number = str(item.get("hts_number", ""))
    if exclusion.kind == "hts":
        return bool(number) and number.startswith(exclusion.match)
    words = normal(text).split()
    return not number and bool(words) and words[-1] in exclusion.match
