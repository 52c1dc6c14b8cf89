"""How one partner's tables look: `[options.tabular]` of the partner file, and the header that a file itself shows.

    delimiter = ";"               "," ";" "tab" "|"; without it the header line decides (CSV-DELIM-DETECTED unless comma)
    encoding = "cp1252"           character set of the bytes; without it strict UTF-8
    header_row = 4                rows above it are title rows
    columns = ["house_bill", ...] the file has no header row; the names by position
    widths = [[1, 10], [11, 35]]  fixed widths, with columns: first position (from 1) and length
    records.SHP = ["house_bill"]  record types: the first cell names the type, the others the cells behind it
    record_order = ["HDR", "SHP", "ITM"]   outermost first; a row is made at each record of the last type
    trailer = { type = "TRL", SHP = 1, ITM = 2, sum = 3, of = "item_value" }   what the trailer counts, and in which cell
    rename = { "Sendungsnummer" = "tracking_number", "col 6" = "shipper_city" }   by name, or by place (from 1)
    values = { mode = "air", weight_unit = "KG" }   columns that the file does not have
    title = "MAWB: (?P<master_bill>[0-9-]+)"        values out of the title rows
    split = [{ column = "Consignee", pattern = "(?P<consignee_name>[^,]+), ..." }]
    add_up = ["weight_kg"]        each row has the weight of its own goods: the shipment has the sum (pieces too)
    group_by, fill_down, extra_columns = ["..."]    keys of a shipment; cells that repeat; columns read by own rows
    lists = { "to.contacts" = "type" }   JSON: a list of objects that a key tells apart: to.contacts.phone.value
    decimal = "comma"             1.234,50 ("point": 1,250 is 1250)      date_order = "dmy" or "mdy"      sheet = "Manifest"
    message_type = "orders"       which mapping reads the table; accept_empty = true

Column names are compared without blanks, punctuation and case; columns.csv holds the names in use.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gateway.errors import ConfigError, did_you_mean
from gateway.formats.tabular.patterns import compiled
from gateway.formats.tabular.rows import ABSENT, plain_name
from gateway.formats.tabular.vocabulary import (
    Column,
    is_unsure,
    key_meaning,
    meaning,
    other_names,
    told_beside,
    vocabulary,
)

DELIMITERS = (",", ";", "\t", "|")
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "bar": "|"}
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SHOWN = 60  # letters of a name that messages repeat
_HEADING = 200  # letters of a longest heading
_NEEDED = frozenset(("consignee_name", "item_description", "currency"))  # order exports have many columns besides
_LIKELY = 5  # letters of a name that may stand inside another one
KEYS = ("house_bill", "tracking_number", "order_number")
"""Columns whose equal values make rows one shipment; the first that the table has."""


@dataclass(frozen=True)
class Options:
    """`[options.tabular]` of one partner, see the module."""

    delimiter: str = ""
    encoding: str = ""
    header_row: int = 0
    columns: tuple[str, ...] = ()
    widths: tuple[tuple[int, int], ...] = ()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    record_order: tuple[str, ...] = ()
    trailer: Mapping[str, Any] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    split: tuple[Mapping[str, str], ...] = ()
    group_by: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)
    add_up: tuple[str, ...] = ()
    decimal: str = ""
    date_order: str = ""
    sheet: str = ""
    message_type: str = ""
    accept_empty: bool = False


def options_of(profile_options: Mapping[str, Any]) -> Options:
    """Return the options of a partner. Raises ConfigError for a key, pattern or character set that is not known."""
    raw: Mapping[str, Any] = profile_options.get("tabular") or {}
    _check(raw)
    known: dict[str, Any] = dict(raw)
    for name in ("columns", "add_up", "record_order"):
        if name in known:
            known[name] = tuple(known[name])
    for name in ("group_by", "fill_down", "extra_columns"):
        if name in known:
            known[name] = tuple(map(_own_name, known[name]))
    known["split"] = tuple({**rule, "column": _own_name(rule["column"])} for rule in raw.get("split", ()))
    known["rename"] = {_own_name(k): v for k, v in raw.get("rename", {}).items()}
    if "widths" in known:
        known["widths"] = tuple((int(start), int(length)) for start, length in known["widths"])
    if "records" in known:
        known["records"] = {k: tuple(v) for k, v in known["records"].items()}
        known.setdefault("record_order", tuple(known["records"]))
    known["delimiter"] = _WORDS.get(str(raw.get("delimiter", "")), str(raw.get("delimiter", "")))
    known["values"] = {k: str(v) for k, v in raw.get("values", {}).items()}
    return Options(**known)


def _own_name(name: str) -> str:
    """Return the name of a key of JSON as the reader has it; answers show it with its list: lines[].price.amount."""
    return name.rpartition("[].")[2]


def _check(raw: Mapping[str, Any]) -> None:
    """Raise ConfigError for what cannot be used."""
    for key in raw:
        if key not in Options.__dataclass_fields__:
            advice = did_you_mean(key, Options.__dataclass_fields__, "See docs/formats/tabular.md for every key.")
            raise ConfigError(f"options.tabular.{key} is not known.", advice)
    for pattern in (raw.get("title", ""), *(rule.get("pattern", "") for rule in raw.get("split", ()))):
        compiled(pattern)
    if any("column" not in rule for rule in raw.get("split", ())):
        raise ConfigError("options.tabular.split: column is missing.", 'Write { column = "Shipper", pattern = "..." }.')
    try:
        codecs.lookup(raw.get("encoding") or "utf-8")
    except LookupError:
        raise ConfigError(
            f"options.tabular.encoding {raw['encoding']} is not known.", 'Write for example "cp1252".'
        ) from None
    sums = [c.name for c in vocabulary()[0].values() if c.level == "shipment" and c.kind in ("weight", "number")]
    for name in raw.get("add_up", ()):
        if name not in sums:
            raise ConfigError(f"options.tabular.add_up: {name} cannot be added up.", f"Name one of {', '.join(sums)}.")
    if raw.get("widths") and len(raw["widths"]) != len(raw.get("columns", ())):
        raise ConfigError("options.tabular: widths and columns differ in number.", "Name each width in columns.")
    if raw.get("decimal", "") not in ("", "comma", "point") or raw.get("date_order", "") not in ("", "dmy", "mdy"):
        raise ConfigError("options.tabular: decimal or date_order is not known.", "Write comma or point; dmy or mdy.")


VALUES = ("item_value", "item_value_usd", "unit_value")
_WHOLE = {"arrival_time": "arrival_date"}
"""A column that tells a part -> the one whose cells hold all of it when it stands alone."""


class Header:
    """The columns of one table, told from its names.

    names: as received; standard: column of columns.csv per index, None for one of its own;
    growing: columns may be added later (JSON); settled: index -> column that the layout says another one is; unsure: index of the one amount that is of a line or of one piece; twice: (name, first index, second index) of names that mean the same column.
    """

    def __init__(self, names: list[str], options: Options, *, growing: bool = False) -> None:
        self.names = names
        self.standard: list[Column | None] = []
        self.twice: list[tuple[str, int, int]] = []
        self.known: dict[str, int] = {}
        self.growing = growing
        self._options = options
        self._rename = {plain_name(k): v for k, v in options.rename.items()}
        self.unsure = ABSENT
        self._beside = {} if growing else told_beside(names)
        self._alone = {} if growing else self._of_the_absent(names)
        self.settled = {} if growing else self._settled(names)
        for index, name in enumerate(names):
            self._learn(name, index)
        if not growing and sum(c is not None and c.name in VALUES for c in self.standard) > 1:
            self.unsure = ABSENT

    def add(self, name: str, shown: str = "") -> int:
        """Add a column behind the last one; return its index. shown: the column of the file that it comes out of."""
        self.names.append(shown or name)
        self._learn(name, len(self.names) - 1)
        return len(self.names) - 1

    def _of_the_absent(self, names: list[str]) -> dict[str, str]:
        """Return arrival_time -> arrival_date where a table has no day beside the time: then the cell holds both."""
        meant = {self._meaning(name, index) for index, name in enumerate(names)}
        return {part: whole for part, whole in _WHOLE.items() if whole not in meant}

    def _settled(self, names: list[str]) -> dict[int, str]:
        """Return the columns that mean what another one means, where the layout says which counts: a renamed one, or the one that is not in extra_columns."""
        alike: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            if meant := self._meaning(name, index):
                alike.setdefault(meant, []).append(index)
        found: dict[int, str] = {}
        for meant, indexes in ((m, i) for m, i in alike.items() if len(i) > 1):
            extra = {plain_name(name) for name in self._options.extra_columns}
            renamed = [i for i in indexes if self._renamed(names[i], i)]
            count = renamed or [i for i in indexes if plain_name(names[i]) not in extra]
            found |= dict.fromkeys(set(indexes).difference(count), meant) if count else {}
        return found

    def _meaning(self, name: str, index: int) -> str:
        if renamed := self._renamed(name, index):
            return renamed
        beside = self._beside.get(plain_name(name))
        return meaning(name) if beside is None else beside

    def means(self, name: str) -> str:
        """Return the standard column that a key means, by the partner's layout or as it is in use, else its plain name."""
        return self._rename.get(plain_name(name), "") or key_meaning(name)

    def _renamed(self, name: str, index: int) -> str:
        return self._rename.get(f"col{index + 1}") or self._rename.get(plain_name(name), "")

    def _learn(self, name: str, index: int) -> None:
        columns, plain = vocabulary()[0], plain_name(name)
        meant = self._meaning(name, index)
        if index in self.settled:
            plain, meant = "" if plain == plain_name(meant) else plain, ""
        if whole := self._alone.get(meant, ""):
            plain = "" if plain == plain_name(meant) else plain  # it is no part: rows for the part have nothing to read
            meant = whole
        self.standard.append(columns.get(meant))
        if (
            index not in self.settled
            and is_unsure(name)
            and plain not in self._beside
            and not self._renamed(name, index)
        ):
            self.unsure = index
        for key in dict.fromkeys((plain_name(meant), plain)):
            if not key:
                continue
            if key in self.known and self.known[key] != index:
                if key == (plain_name(meant) or plain):
                    self.twice.append((name, self.known[key], index))
                continue
            self.known[key] = index

    def index(self, name: str) -> int:
        """Return the index of a column, ABSENT when the table has none of that name."""
        return self.known.get(plain_name(name), ABSENT)

    def written(self, name: str) -> str:
        """Return a standard column as the file's own header writes it, "" when it has none of it (or writes it so too)."""
        index = self.index(name) if name in vocabulary()[0] else ABSENT
        given = " ".join(self.names[index].split())[:_SHOWN] if index < len(self.names) else ""
        return "" if given == name else given

    def has(self, name: str) -> bool:
        """True when the table has the column."""
        return self.index(name) != ABSENT

    def of_kind(self, *kinds: str) -> list[int]:
        """Return the indexes of all columns of these kinds."""
        return [i for i, c in enumerate(self.standard) if c is not None and c.kind in kinds]

    def keys(self) -> list[int]:
        """Return the indexes of the cells that make rows one shipment."""
        names = self._options.group_by or next(((k,) for k in KEYS if self.has(k)), ())
        return [self.index(n) for n in names if self.has(n)]

    def missing(self, *, currency: bool) -> list[tuple[str, bool]]:
        """Return (column, is an error) for needed columns that are not there. currency: the partner has a default.

        Where the rows say their purpose, each row is asked for itself: one that cancels has neither party nor goods.
        """
        needed = not self.has("purpose")
        found = [(str(rule["column"]), True) for rule in self._options.split if not self.has(rule["column"])]
        found += [(name, True) for name in self._options.group_by if not self.has(name) and not self.growing]
        if not any(self.has(k) for k in KEYS) and not self._options.group_by:
            found.append(("house_bill", True))
        found += [(n, needed) for n in ("consignee_name", "item_description") if not self.has(n)]
        if not any(self.has(n) for n in (*VALUES, "shipment_value")):
            found.append(("item_value", needed))
        elif not self.has("currency") and not self.has("item_value_usd"):
            found.append(("currency", needed and not currency))
        if self.has("weight") and not self.has("weight_unit"):
            found.append(("weight_unit", True))
        return found

    def own(self) -> set[str]:
        """Return the plain names of the columns that the partner's layout reads or says to know."""
        own = {plain_name(n) for n in (*self._options.extra_columns, *self._options.group_by)}
        return own | {plain_name(str(rule["column"])) for rule in self._options.split}

    def strangers(self, width: int) -> list[tuple[str, str]]:
        """Return (name, standard column or "") of the first `width` columns that no mapping of ours passes on."""
        own = self.own()
        found = []
        for number, (name, standard) in enumerate(list(zip(self.names, self.standard, strict=True))[:width], start=1):
            plain = plain_name(name)
            meant = self._rename.get(f"col{number}") or self._rename.get(plain, "")
            if not plain or plain in own or plain_name(meant) in own:
                continue
            if number - 1 in self.settled:
                continue
            if standard is None:
                found.append((name, ""))
            elif standard.name not in own and not self.passes(standard):
                found.append((name, standard.name))
        return found

    def nameless(self) -> list[int]:
        """Return the indexes of columns that have no name and that the partner's layout gives none; 100 at most."""
        if self.growing:
            return []
        own = self.own()
        empty = [i for i, name in enumerate(self.names) if not plain_name(name) and f"col{i + 1}" not in own]
        return [i for i in empty if not self._renamed("", i)][:100]

    def passes(self, column: Column) -> bool:
        """True when our mappings pass on what a column of this table holds."""
        return column.passed != "no" and (not column.passed or self.has(column.passed))

    def passes_own(self, column: Column) -> bool:
        """True when it is passed on, or the partner's layout says that rows of its own read it."""
        return self.passes(column) or plain_name(column.name) in self.own()

    def likely(self, name: str, width: int) -> str:
        """Return which of the first `width` names that nobody knows may mean a standard column, "" for none."""
        known = {plain_name(other) for other in (name, *other_names(name))} - {""}
        for own, standard in zip(self.names[:width], self.standard[:width], strict=True):
            plain = plain_name(own)
            inside = len(plain) >= _LIKELY and any(plain in other or other in plain for other in known)
            if standard is None and plain and (inside or get_close_matches(plain, known, 1, 0.8)):
                return own
        return ""

    def fit(self) -> int:
        """Return how many of the names are known columns."""
        return sum(c is not None for c in self.standard)


def looks_like_header(cells: list[str]) -> bool:
    """True when a row is a header: at least 2 known column names, and a third of all its filled cells or what each table needs."""
    filled = [c for c in cells if c.strip()]
    known = [found for c in filled if len(c) <= _HEADING and (found := meaning(c))]
    return len(known) >= 2 and (len(known) * 3 >= len(filled) or set(known) >= _NEEDED)


def detect_delimiter(lines: list[str]) -> str:
    """Return the delimiter that most lines hold equally often outside quotes; "" when there is none."""
    best, chosen = 0, ""
    for delimiter in DELIMITERS:
        counts = [re.sub(r'"[^"]*"', "", line).count(delimiter) for line in lines]
        most = max(counts, default=0)
        score = most * sum(c == most for c in counts)
        if most and score > best:
            best, chosen = score, delimiter
    return chosen
