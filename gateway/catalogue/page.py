"""The catalogue as a Markdown page: docs/rules.md is `gateway explain --all`, and a test keeps it so."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.catalogue import Catalogue, Rule
from gateway.shipped import files, table_rows

_HEAD = """# Rules

Made from the catalogue (`gateway/catalogue/*.csv`) by `gateway explain --all`; do not edit this page.

**What the law says today.** The exemption of 19 U.S.C. 1321(a)(2)(C) (goods of at most 800 USD a person a day, free of duty) has been
suspended for every country of origin since 2025-08-29 and ends by statute on 2027-07-01. Since then a shipment that claims it is
refused (S321-REGIME). Gifts of at most 100 USD, 1321(a)(2)(A), are not suspended, but no program of the gateway claims that exemption: a gift is refused
where (a)(2)(C) is claimed, and told which program takes it (docs/partners.md, Programs). The data set lives on in ACAS, in entry types 11, 01 and 13 and in postal entry, and an older file is still
judged by the law of its day of arrival (`gateway check --as-of`); a law begins at 12:01 a.m. Eastern, wherever the port is. The dates, orders and entry types are rows of
`mappings/rules/regime.csv`. This is software, not legal advice; rows whose source could not be verified say so in their note.

The last column names what shows a rule at work: a case or sample of `fixtures/`, or a test; a test checks each line.

`error` refuses what stands in the column "refuses"; a warning is delivered with a remark. A partner's `severities` change any of them.
"""

_AREAS = (
    ("S321-", "Section 321: shipments, persons, values, law"),
    ("Q-", "Quality of the data"),
    ("PORT-", "Ports, currencies, numbers"),
    ("MAP-", "Mapping tables at work"),
    ("X12-", "X12"),
    ("EDIFACT-", "EDIFACT"),
    ("FILE-", "Files and character sets"),
    ("SFTP-", "SFTP"),
    ("VERIFY-", "What gateway verify tells"),
    ("OUT-", "What gateway extract tells"),
)


def rules_page(catalogue: Catalogue) -> str:
    """Return all rules by area: meaning, reason, mend, example, source, codes of the acknowledgments, what shows it."""
    table = files(__package__).joinpath("shown", "rules.csv").read_text("utf-8")
    shown = {row["rule"]: row["shown_by"] for row in table_rows(table)}
    rules = sorted(catalogue, key=lambda r: r.rule)
    parts, told = [_HEAD], set()
    for prefix, title in _AREAS:
        own = [r for r in rules if r.rule.startswith(prefix)]
        told |= {r.rule for r in own}
        parts.append(_table(title, own, shown))
    parts.append(_table("Others", [r for r in rules if r.rule not in told], shown))
    return "\n".join(p for p in parts if p)


def _table(title: str, rules: list[Rule], shown: Mapping[str, str]) -> str:
    if not rules:
        return ""
    rows = "".join(_row(rule, shown.get(rule.rule, "")) for rule in rules)
    return f"## {title}\n\n| rule | severity, refuses | means, and why | mend | answered as | shown by |\n|---|---|---|---|---|---|\n{rows}"


def _row(rule: Rule, shown_by: str) -> str:
    weight = f"error, {rule.scope}" if rule.severity == "error" else rule.severity
    example = f" Example: `{rule.example}`." if rule.example else ""
    since = f", since {rule.since}" if rule.since else ""
    cells = (
        f"**{rule.rule}** {rule.title}", weight, f"{rule.means} {rule.why} ({rule.citation}{since})",
        f"{rule.fix}{example}", rule.codes(), shown_by,
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
