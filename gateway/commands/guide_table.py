"""The chapter of a guide for a partner who sends tables: how his files are written, and what each of his columns is read as."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from gateway.formats.tabular.layout import NAMES, Options, options_of
from gateway.profile import Profile

_FACTS = {
    "encoding": "Character set", "header_row": "Header in row", "sheet": "Sheet", "decimal": "Decimal mark", "date_order": "Order of dates",
}  # fmt: skip
_ORDERS = {"dmy": "day, month, year", "mdy": "month, day, year"}


def tables_chapter(profile: Profile) -> str:
    """Return the chapter as HTML, "" for a partner without a layout of his own."""
    if not profile.options.get("tabular"):
        return ""
    options = options_of(profile.options)
    facts = [
        (words, _ORDERS.get(str(value), str(value)))
        for key, words in _FACTS.items()
        if (value := getattr(options, key))
    ]
    if options.delimiter:
        facts.insert(0, ("Delimiter", NAMES[options.delimiter]))
    columns = list(_columns(options))
    parts = [f'<h2 id="tables">How your tables are read</h2>{_rows(facts)}' if facts or columns else ""]
    if columns:
        parts.append(
            "<p>Columns of other names are read by the names below.</p>"
            + _rows([("Your column", "is read as"), *columns])
        )
    return "".join(parts)


def filled_in(profile: Profile) -> tuple[str, ...]:
    """Return the standard columns that the partner's layout gives one value for all rows."""
    return tuple(options_of(profile.options).values) if profile.options.get("tabular") else ()


def _columns(options: Options) -> Iterator[tuple[str, str]]:
    """Yield (the partner's column, what it is read as)."""
    yield from options.rename.items()
    for rule in options.split:
        yield rule["column"], ", ".join(re.compile(rule["pattern"]).groupindex)
    if options.title:
        yield "rows above the header", ", ".join(re.compile(options.title).groupindex)
    for name, value in options.values.items():
        yield "none: filled in by us", f"{name} = {value}"
    for number, name in enumerate(options.columns, 1):
        yield f"column {number}", name


def _rows(pairs: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{html.escape(one)}</th><td>{html.escape(other)}</td></tr>" for one, other in pairs)
    return f"<table>{cells}</table>" if pairs else ""
