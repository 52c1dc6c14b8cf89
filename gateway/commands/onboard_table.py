"""What a sample table tells: its header, how numbers and dates are written, which column is meant by each name.

A name in use (columns.csv) is certain; another name is compared with those in use, and the cells below it with what the
column must hold. Nothing is guessed that would change a value: an ambiguous date order is a question.
"""

from __future__ import annotations

import re

from gateway.commands.onboard_columns import is_air_waybill, likeness
from gateway.commands.onboard_draft import Draft, Guess, mask
from gateway.commands.onboard_rows import ROWS, header_of, rows_of
from gateway.formats.tabular.layout import Header, looks_like_header, options_of, vocabulary
from gateway.formats.tabular.rows import plain_name


def table_draft(data: bytes, kind: str) -> Draft:
    """Return the draft for a table. kind: "xlsx", "json" or "csv"."""
    draft = Draft({"xlsx": "xlsx", "json": "json"}.get(kind, "csv"))
    rows = rows_of(data, kind, draft)
    at = header_of(rows)
    names = [c.strip() for c in rows[at]] if rows else []
    body = [r for r in rows[at + 1 :] if sum(bool(c.strip()) for c in r) > 1][:ROWS]
    draft.facts.append(("columns, rows looked at", f"{len(names)}, {len(body)}"))
    if at and kind != "json":
        draft.tabular["header_row"] = at + 1
        draft.questions.append(
            f"Row {at + 1} was taken for the header. Is it always there? The rows above are title rows."
        )
        _title(rows[:at], draft)
    elif names and kind != "json" and not looks_like_header(names):
        draft.tabular["header_row"] = 1  # with most names unknown the reader would not take it for a header
        draft.questions.append("Row 1 was taken for the header, though few of its names are known. Is it one?")
    cells = [[r[i].strip() for r in body if i < len(r) and r[i].strip()] for i in range(len(names))]
    _columns(names, cells, draft)
    _numbers(names, cells, draft)
    _needs(names, draft)
    return draft


def _title(rows: list[list[str]], draft: Draft) -> None:
    """Read the air waybill out of the title rows, when there is one."""
    found = (number for row in rows for cell in row for number in re.findall(r"\b\d{3}-\d{8}\b", cell))
    if any(map(is_air_waybill, found)):
        draft.tabular["title"] = r"(?P<master_bill>[0-9]{3}-[0-9]{8})"
        draft.guesses.append(
            Guess("master_bill", "title rows", 0.8, "a number of the form of an air waybill, check digit right")
        )


# --- columns ------------------------------------------------------------------------------------------------------


def _columns(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    columns, aliases = vocabulary()
    taken: dict[str, int] = {}
    for index, name in enumerate(names):
        meant = aliases.get(plain_name(name), "")
        if meant and meant not in taken:
            taken[meant] = index
            draft.guesses.append(Guess(meant, name, 0.98, "a name in use", mask(cells[index])))
        elif meant:
            draft.questions.append(f'Columns "{names[taken[meant]]}" and "{name}" both mean {meant}: which one counts?')
    ways = []
    for index, name in enumerate(names):
        if name and index not in taken.values() and plain_name(name) not in aliases:
            ways += [(*likeness(name, cells[index], c), index, c) for c in columns.values() if c.name not in taken]
    done: set[int] = set()
    for score, why, index, column in sorted(ways, key=lambda w: -w[0]):
        if score >= 0.55 and index not in done and column.name not in taken:
            done.add(index)
            taken[column.name] = index
            draft.tabular.setdefault("rename", {})[names[index]] = column.name
            draft.guesses.append(Guess(column.name, names[index], round(score, 2), why, mask(cells[index])))
            if score < 0.75:
                draft.questions.append(f'Is "{names[index]}" really {column.name}? ({why})')
    for index, name in enumerate(names):
        if name and index not in taken.values() and plain_name(name) not in aliases:
            draft.questions.append(
                f'Column "{name}" ({mask(cells[index]) or "empty"}) is read by nothing. Is it needed?'
            )


# --- how numbers and dates are written ----------------------------------------------------------------------------


def _numbers(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    columns = vocabulary()[0]
    by_name = {g.source: columns[g.field].kind for g in draft.guesses if g.field in columns}
    amounts = [v for n, c in zip(names, cells, strict=True) if by_name.get(n) in ("money", "weight") for v in c]
    comma = any(re.search(r"\d,\d{1,3}$", v) and not re.search(r"\.\d{1,2}$", v) for v in amounts)
    point = any(re.search(r"\.\d{1,2}$", v) for v in amounts)
    if comma and not point:
        draft.tabular["decimal"] = "comma"
        draft.facts.append(("decimal mark", "comma"))
    elif comma and point:
        draft.questions.append("Amounts are written with a decimal comma and with a decimal point: which one is meant?")
    days = [v for n, c in zip(names, cells, strict=True) if by_name.get(n) == "date" for v in c]
    parts = [m for v in days if (m := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}", v))]
    first, second = any(int(m[1]) > 12 for m in parts), any(int(m[2]) > 12 for m in parts)
    if first != second:
        draft.tabular["date_order"] = "dmy" if first else "mdy"
        draft.facts.append(("dates", "day before month" if first else "month before day"))
    elif parts:
        draft.questions.append(
            f'Is {mask([parts[0][0]], whole=True)} day/month or month/day? Write date_order = "dmy" or "mdy".'
        )


def _needs(names: list[str], draft: Draft) -> None:
    """Ask for what every table must have, and settle the mode where the numbers tell it."""
    header = Header(list(names), options_of({"tabular": draft.tabular}))
    for column, _ in header.missing(currency=False):
        draft.questions.append(_ASK.get(column, f"No column for {column} was found: which one is it?"))
    if not header.has("mode") and not header.has("seller_id"):
        air = next((g for g in draft.guesses if g.field == "master_bill"), None)
        if air is not None:
            draft.tabular.setdefault("values", {})["mode"] = "air"
            draft.guesses.append(Guess("mode", "air", 0.7, "the master bill is an air waybill"))
            draft.questions.append('Do all shipments come by air? Else change values = { mode = "air" }.')
        else:
            draft.questions.append(
                'By which mode do the shipments come? Write values = { mode = "truck" } under [options.tabular].'
            )


_ASK = {
    "house_bill": 'Which column has the number of the parcel? Write rename = { "Their name" = "tracking_number" } (or house_bill, order_number) under [options.tabular].',
    "currency": 'In which currency are the values? Write default_currency = "USD" in the partner file.',
    "weight_unit": 'In which unit is the weight? Write values = { weight_unit = "KG" } under [options.tabular].',
}
