"""The rule tables as data: regime rows, vague terms, fake names, ports, exclusions; read from CSV texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import msgspec

from gateway.moments import is_day
from gateway.shipped import table_rows


class Regime(msgspec.Struct, frozen=True):
    """One row of regime.csv. start inclusive, end exclusive ("" = open), ISO dates; origins: ("*",) or codes; negated."""

    rule_id: str
    start: str
    end: str
    origins: tuple[str, ...]
    negated: bool
    channel: str
    verdict: str
    entry_types: tuple[str, ...]
    duty_method: str
    citation: str
    entries: str = ""  # the entry types in words, the end of a sentence

    def covers(self, day: str, origin: str, channel: str) -> bool:
        """True when the row rules a day, a country of origin and a channel."""
        if not (self.start <= day and (not self.end or day < self.end)) or self.channel not in ("*", channel):
            return False
        return self.origins == ("*",) or (origin in self.origins) != self.negated


class Vague(msgspec.Struct, frozen=True):
    """One vague description with two better ones. term: as it stands in the table; texts are compared by their `gist`."""

    term: str
    advice: tuple[str, str]


class Exclusion(msgspec.Struct, frozen=True):
    """One class of goods that never was eligible. kind: hts (prefixes) or text (words); may_hts (whole numbers) and may_text warn only.

    words: the matches as a set; beside, packs, measures: words that may stand beside those of a text: with others it may be
    something else (a dress, champagne); fitting: all of these, and things that one uses with such goods. packs: what they are
    put into, which may as well be empty. above_usd: of the whole shipment; what is worth no more is exempt.
    """

    name: str
    kind: str
    match: tuple[str, ...]
    words: frozenset[str]
    beside: frozenset[str]
    packs: frozenset[str]
    measures: frozenset[str]
    fitting: frozenset[str]
    above_usd: Decimal
    reason: str
    citation: str


@dataclass(frozen=True)
class Tables:
    """All tables of one rulebook."""

    regimes: tuple[Regime, ...]
    regime_words: Mapping[str, str]  # regime_words.csv
    vague: Mapping[str, Vague]
    vague_ends: frozenset[str]  # words that a vague text may end with, in any of its forms
    fake_names: frozenset[str]
    fake_addresses: frozenset[str]
    suffixes: Mapping[str, str]
    ports: frozenset[str]
    districts: frozenset[str]
    zones: Mapping[str, str]
    zip_states: Mapping[str, frozenset[str]]
    states: frozenset[str]
    mexican: Mapping[str, str]  # letters of a name or another code -> ISO 3166-2:MX
    exclusions: tuple[Exclusion, ...]
    small_usd: Decimal  # up to here the value of a shipment decides whether some goods are exempt
    consolidators: frozenset[str]
    hubs: frozenset[tuple[str, str]]
    hours: Mapping[str, float]
    turns: frozenset[str]  # days on which the law changes, and those before them
    looked_up: dict[tuple[str, frozenset[str], str], Regime | None] = field(default_factory=dict)  # regime_of's memory
    plain_items: set[int] = field(default_factory=set)  # hashes (64 bits) of goods lines known to be in order

    def zone(self, port: str) -> str:
        """Return the time zone of a port: of its own row, else of its district (the first two digits), else UTC."""
        return self.zones.get(port) or self.zones.get(port[:2]) or "UTC"

    @classmethod
    def load(cls, texts: Mapping[str, str]) -> Tables:
        """Build from CSV texts: name of the file without .csv -> text."""
        rows = {name: list(table_rows(text)) for name, text in texts.items()}
        ports = frozenset(r["code"] for r in rows["schedule_d"])
        vague = {gist(r["term"]): Vague(r["term"], (r["advice_1"], r["advice_2"])) for r in rows["vague_terms"]}
        ends = {normal(r["term"]).rpartition(" ")[2] for r in rows["vague_terms"]} | {
            g.rpartition(" ")[2] for g in vague
        }
        zip_states = {r["code"]: frozenset(r["value"].split(";")) for r in rows["zip_state"]}
        said = {r["what"]: r["words"] for r in rows["regime_words"]}
        regimes = tuple(_regime(r, said) for r in rows["regime"])
        return cls(
            regimes=regimes,
            regime_words=said,
            turns=_turns(regimes),
            vague=vague,
            vague_ends=frozenset(ends | {f"{word}S" for word in ends} | {"S"}),
            fake_names=frozenset(normal(r["name"]) for r in rows["fake_names"]),
            fake_addresses=frozenset(normal(r["text"]) for r in rows["fake_addresses"]),
            suffixes={r["word"]: r["short"] for r in rows["usps_suffix"]},
            ports=ports,
            districts=frozenset(p[:2] for p in ports),
            zones={r["code"]: r["value"] for r in rows["port_zone"]},
            zip_states=zip_states,
            states=frozenset().union(*zip_states.values()),
            mexican={letters(r["code"]): r["value"] for r in rows["mx_state"]},
            exclusions=tuple(map(_exclusion, rows["exclusions"])),
            small_usd=max((Decimal(r["above_usd"] or 0) for r in rows["exclusions"]), default=Decimal(0)),
            consolidators=frozenset(normal(r["name"]) for r in rows["consolidators"]),
            hubs=frozenset((normal(r["address"]), r["postal_code"][:5]) for r in rows["hubs"]),
            hours={r["mode"]: float(r["hours_before"]) for r in rows["timing"]},
        )  # fmt: skip


def _exclusion(row: Mapping[str, str]) -> Exclusion:
    beside, packs, things, measures = (
        frozenset(filter(None, row[name].split("|"))) for name in ("beside", "packs", "things", "measures")
    )
    match, above = tuple(row["match"].split("|")), Decimal(row["above_usd"] or 0)
    return Exclusion(
        row["class"], row["kind"], match, frozenset(match), beside, packs, measures, beside | packs | things | measures,
        above, row["reason"], row["citation"],
    )  # fmt: skip


def _turns(regimes: tuple[Regime, ...]) -> frozenset[str]:
    days = {date.fromisoformat(day) for r in regimes for day in (r.start, r.end) if is_day(day)}
    return frozenset(d.isoformat() for day in days for d in (day, day - timedelta(days=1)))


def _regime(row: Mapping[str, str], said: Mapping[str, str]) -> Regime:
    origin = row["origin"]
    negated = origin.startswith("!")
    types = tuple(row["allowed_entry_types"].split("|"))
    return Regime(
        row["rule_id"], row["from"], row["to"], tuple(origin.lstrip("!").split("|")), negated, row["channel"],
        row["verdict"], types, row["duty_method"], row["citation"], _entries(types, said),
    )  # fmt: skip


def _entries(types: tuple[str, ...], said: Mapping[str, str]) -> str:
    """Return entry types in words: entry types 01 or 03, or the worksheet of the postal informal entry."""
    numbers = [t for t in types if t not in said]
    words = [f"entry type{'s' * (len(numbers) > 1)} {' or '.join(numbers)}"] if numbers else []
    return ", or ".join([*words, *(said[t] for t in types if t in said)])


_PLAIN = bytes(ord(c.upper()) if (c := chr(code)).isalnum() and code < 128 else 32 for code in range(256))


@lru_cache(2048)
def normal(text: str) -> str:
    """Return text in capitals, without accents, strokes, punctuation and what cannot be seen, single blanks: the form in which texts are compared.

    >>> normal("Łukasz  O'Brien-Jørgensen")
    'LUKASZ O BRIEN JORGENSEN'
    """
    if text.isascii():
        return b" ".join(text.encode().translate(_PLAIN).split()).decode()
    folded = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in folded if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(re.sub(r"[^\w]+|_", " ", kept.upper().translate(_LETTERS)).split())


_PLAIN_LINES = _PLAIN[:10] + b"\n" + _PLAIN[11:]


def normals(texts: Sequence[str]) -> list[str]:
    """Return what `normal` makes of each of many texts, all of them at once where they are ASCII.

    >>> normals(["9 Mill Ln.", "", "O'Brien"])
    ['9 MILL LN', '', 'O BRIEN']
    """
    joined = "\n".join(texts)
    if not joined.isascii() or joined.count("\n") != len(texts) - 1:
        return list(map(normal, texts))
    plain = joined.encode().translate(_PLAIN_LINES).decode()
    lines = plain.split("\n")
    if "  " in plain or " \n" in plain or "\n " in plain or plain[:1] == " " or plain[-1:] == " ":
        return [" ".join(line.split()) for line in lines]
    return lines


def _letters() -> dict[int, str]:
    """Return the Latin capitals that Unicode does not take apart: as those write them who do not have them."""
    letters = {ord(c): plain for c, plain in zip("ÆŒÐÞŊẞƏ", ("AE", "OE", "D", "TH", "N", "SS", "E"), strict=True)}
    for code in range(0xC0, 0x250):
        before, found, _ = unicodedata.name(chr(code), "").partition(" WITH ")
        if found and before.startswith("LATIN CAPITAL LETTER ") and not unicodedata.decomposition(chr(code)):
            letters[code] = before.rpartition(" ")[2]  # with a stroke, a hook or a tail
    return letters


_LETTERS = _letters()


def letters(text: str) -> str:
    """Return the letters and digits of a text, in capitals and without accents: Q. Roo is QROO."""
    return normal(text).replace(" ", "")


def gist(text: str) -> str:
    """Return the words of a text in capitals, without the signs of plural and genitive: men's APPARELS is MEN APPAREL."""
    return " ".join(
        w[:-1] if len(w) > 3 and w[-1] == "S" and w[-2] not in "SU" else w for w in normal(text).split() if w != "S"
    )


def lint_regimes(regimes: tuple[Regime, ...], origins: tuple[str, ...] = ("CN", "HK", "CA", "DE")) -> list[str]:
    """Return overlaps and gaps between the first and the last date, per origin and channel."""
    days = sorted({d for r in regimes for d in (r.start, r.end) if d})
    faults = []
    for origin in origins:
        for channel in ("postal", "non_postal"):
            for day in days:
                rows = [r.rule_id for r in regimes if r.covers(day, origin, channel)]
                if len(rows) != 1:
                    faults.append(f"{day} {origin} {channel}: {'no row' if not rows else 'rows ' + ' and '.join(rows)}")
    return faults
