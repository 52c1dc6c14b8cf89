"""`python -m tests.rules_shown`: writes gateway/catalogue/shown/rules.csv, each rule with what shows it.

First choice: a case or sample of fixtures/ whose check says the rule. Else: a test that names it. tests/test_rules_shown.py
checks every line of the table; rules that nothing shows have an empty cell and fail there.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.catalogue import load_catalogue
from gateway.check import Checker, parse_instant, run_cases
from gateway.site import base_site, load_site

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
TABLE = ROOT / "gateway" / "catalogue" / "shown" / "rules.csv"
AS_OF = "2025-03-03T10:00:00Z"


def said_of(result: dict[str, Any]) -> set[str]:
    """Return the rules that a check said."""
    return {finding["rule"] for finding in result["findings"]}


def said_in_cases() -> dict[str, set[str]]:
    """Return case id -> rules."""
    found: dict[str, set[str]] = {}
    for case, result, _ in run_cases(FIXTURES / "cases" / "cases.jsonl", base_site(), ""):
        found[f"case {case['id']}"] = said_of(result)
    return found


def said_in_samples() -> Iterator[tuple[str, set[str]]]:
    """Yield (path below fixtures, rules) of each sample, read with the base profile."""
    for folder in ("x12", "edifact", "xml", "xml-extra", "cargoimp", "csv"):
        for path in sorted((FIXTURES / folder).iterdir()):
            if path.is_file() and path.suffix != ".md":
                result = Checker(base_site(), parse_instant(AS_OF)).file(path)
                yield f"{folder}/{path.name}", said_of(result)
    tables = load_site(FIXTURES / "profiles" / "tabular")
    for path in sorted((FIXTURES / "csv").iterdir()):
        if path.is_file() and path.suffix != ".md":
            for partner in tables.partners:
                if path.name[:2] in partner:
                    result = Checker(tables.only(partner), parse_instant(AS_OF)).file(path)
                    yield f"csv/{path.name} as {partner}", said_of(result)


def named_in_tests() -> dict[str, str]:
    """Return rule -> the first test file that names it."""
    rules = [rule.rule for rule in load_catalogue()]
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        for rule in rules:
            if f'"{rule}"' in text or f"'{rule}'" in text or f" {rule}" in text:
                found.setdefault(rule, str(path.relative_to(ROOT)))
    return found


def main() -> None:
    """Write the table."""
    shown: dict[str, str] = {}
    for name, rules in [*said_in_cases().items(), *said_in_samples()]:
        for rule in rules:
            shown.setdefault(rule, name)
    tests = named_in_tests()
    TABLE.parent.mkdir(exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("rule", "shown_by"))
        for rule in sorted(r.rule for r in load_catalogue()):
            out.writerow((rule, shown.get(rule) or tests.get(rule, "")))
            if not (rule in shown or rule in tests):
                print(f"nothing shows {rule}", file=sys.stderr)


if __name__ == "__main__":
    main()
