"""Rule tables on disk -> Rulebook; the one module of the rules that reads files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gateway.rules.rulebook import Rulebook

_TABLES = (
    "rules/regime", "rules/regime_words", "rules/exclusions", "rules/consolidators", "rules/hubs", "rules/timing", "quality/vague_terms",
    "quality/fake_names", "quality/fake_addresses", "quality/usps_suffix", "codes/schedule_d", "codes/port_zone", "codes/zip_state", "codes/mx_state",
)  # fmt: skip


@cache
def load_rulebook(mappings: Path) -> Rulebook:
    """Return the rulebook of a mappings folder."""
    return Rulebook.load(rule_texts(mappings))


def rule_texts(mappings: Path) -> dict[str, str]:
    """Return the texts of the rule tables by name."""
    return {name.partition("/")[2]: (mappings / f"{name}.csv").read_text("utf-8") for name in _TABLES}
