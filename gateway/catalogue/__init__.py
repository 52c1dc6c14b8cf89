"""The rule catalogue: for every rule id what it means, why it matters, how to mend it, and its code in each ack dialect.

The CSV files beside this module are its source, one per area; rule ids are unique over all of them. wording/FORMAT.csv
says for one format how to mend what many formats share, in the words of that format (segment and element names), and
its codes where the acknowledgments of that format have codes of their own.
"""

from __future__ import annotations

from functools import cache

import msgspec

from gateway.shipped import files, table_rows


class Rule(msgspec.Struct, frozen=True):
    """One row. severity and scope are defaults; ta1, ak5, ak9, ted, cbp, contrl, aperak, xfnm: codes, "" = none."""

    rule: str
    severity: str
    scope: str
    title: str
    means: str
    why: str
    fix: str
    example: str
    citation: str
    since: str
    ta1: str
    ak5: str
    ak9: str
    ted: str
    cbp: str
    contrl: str
    aperak: str
    xfnm: str
    note: str

    def codes(self) -> str:
        """Return the codes of the acknowledgments in words, "" without any."""
        named = (
            ("TA105", self.ta1), ("AK502", self.ak5), ("AK905", self.ak9), ("TED01", self.ted), ("CBP", self.cbp),
            ("CONTRL", self.contrl), ("APERAK", self.aperak), ("XFNM", self.xfnm),
        )  # fmt: skip
        return ", ".join(f"{name} {value}" for name, value in named if value)


_WORDED_AS = {
    "tabular": ("csv", "json", "xlsx"),
    "postal_json": ("itmatt_json", "predes_json"),
    "postal": ("itmatt", "predes"),
    "wco_xml": ("wco", "ubl"),
}
"""Formats whose names do not begin with that of their wording."""
_OF_X12 = "~"
"""End of an example that is a segment of X12: it tells a sender of another format nothing."""
_OF_309 = frozenset(("LX", "M10", "M11", "M12", "M13", "N10", "P4", "VID"))
"""Segments that no other manifest of X12 has in this sense."""

COLUMNS = Rule.__struct_fields__


class Catalogue:
    """All rules by id."""

    def __init__(self, texts: dict[str, str], wordings: dict[str, str] | None = None) -> None:
        """texts: file name -> CSV; wordings: format -> CSV (rule and what differs: fix, example, aperak).

        Raises ValueError for missing columns and for an id that stands twice.
        """
        self._rules: dict[str, Rule] = {}
        for name, text in sorted(texts.items()):
            for row in table_rows(text):
                missing = [c for c in COLUMNS if row.get(c) is None]
                if missing:
                    raise ValueError(f"{name}: {row.get('rule')} has no column {missing[0]}")
                if row["rule"] in self._rules:
                    raise ValueError(f"{name}: rule {row['rule']} stands twice in the catalogue")
                self._rules[row["rule"]] = Rule(**{c: row[c] for c in COLUMNS})

        self._wordings = wordings or {}
        self._worded: dict[str, Catalogue] = {}
        self._base = self

    def worded(self, message_format: str) -> Catalogue:
        """Return the catalogue in the words of a format ("edifact_cuscar", "edifact", "itmatt_json"); itself without such words.

        A file is told in the words of its syntax, and each of its messages in those of its own format, when it has any.

        Raises ValueError for the wording of an unknown rule.
        """
        own = message_format in self._wordings
        name = message_format if own else next((n for n in self._wordings if message_format.startswith(n + "_")), "")
        if not name:
            return self
        base = self._base
        if name not in base._worded:
            base._worded[name] = base._in_words(name)
        return base._worded[name]

    def _in_words(self, name: str) -> Catalogue:
        worded = Catalogue({})
        worded._rules = {
            rule: msgspec.structs.replace(r, example="") if _is_strange(r.example, name) else r
            for rule, r in self._rules.items()
        }
        for row in table_rows(self._wordings[name]):
            if row["rule"] not in self._rules:
                raise ValueError(f"wording of {name}: rule {row['rule']} is not in the catalogue")
            own = {c: row[c] for c in COLUMNS if row.get(c)}
            worded._rules[row["rule"]] = msgspec.structs.replace(worded._rules[row["rule"]], **own)
        worded._base, worded._wordings = self, self._wordings
        return worded

    def __getitem__(self, rule: str) -> Rule:
        return self._rules[rule]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def get(self, rule: str) -> Rule | None:
        """Return a rule, None when it is not in the catalogue."""
        return self._rules.get(rule)

    def explain(self, rule: str) -> str:
        """Return a rule in plain words, several lines."""
        r = self._rules[rule]
        codes = r.codes()
        lines = [
            f"{r.rule}  {r.title}  ({r.severity}, refuses the {r.scope})" if r.severity == "error" else f"{r.rule}  {r.title}  ({r.severity})",
            f"  means:    {r.means}",
            f"  why:      {r.why}",
            f"  mend:     {r.fix}",
            f"  example:  {r.example}" if r.example else "",
            f"  source:   {r.citation}{f', since {r.since}' if r.since else ''}",
            f"  answered: {codes}" if codes else "",
        ]  # fmt: skip
        return "\n".join(line for line in lines if line)


def _is_strange(example: str, name: str) -> bool:
    """Tell whether an example of the catalogue is a segment that messages of a wording do not have."""
    if not example.endswith(_OF_X12):
        return False
    return not name.startswith("x12_") or example.partition("*")[0] in _OF_309


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue of the package, read once."""
    folder = files(__package__)
    wordings = {f.name.removesuffix(".csv"): f.read_text("utf-8") for f in folder.joinpath("wording").iterdir()}
    for words, formats in _WORDED_AS.items():
        wordings |= dict.fromkeys(formats, wordings[words])
    return Catalogue({f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".csv")}, wordings)
