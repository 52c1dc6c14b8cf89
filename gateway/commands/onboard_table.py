"""What a sample table tells: its header, how numbers and dates are written, which column is meant by each name.

A name in use (columns.csv) is certain; another name is compared with those in use, and the cells below it with what the
column must hold. Nothing is guessed that would change a value: an ambiguous date order is a question.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise

from gateway.commands.onboard_columns import is_air_waybill, is_of_payer, is_of_receiver, likeness
from gateway.commands.onboard_draft import Draft, Guess, mask
from gateway.commands.onboard_rows import ROWS, header_of, rows_of
from gateway.formats.tabular.layout import VALUES, Header, looks_like_header, options_of
from gateway.formats.tabular.rows import plain_name
from gateway.formats.tabular.vocabulary import is_unsure, meaning, told_beside, vocabulary

_SURE = 0.75  # a guess below is written with a # before it: it could put another value into the field
_MONEY = r"(?P<currency>[A-Z]{3}|[A-Z]{0,2}[$€£])\s?(?P<VALUE>[0-9][0-9.,]*)", "currency"
_MONEY_BEFORE = r"(?P<VALUE>[0-9][0-9.,]*)\s?(?P<currency>[A-Z]{3}|[$€£])", "currency"
_WITH_UNIT = {
    "item_value": (_MONEY, _MONEY_BEFORE),
    "unit_value": (_MONEY, _MONEY_BEFORE),
    "weight": ((r"(?P<VALUE>[0-9][0-9.,]*)\s?(?P<weight_unit>[A-Za-z]+)", "weight_unit"),),
    "weight_kg": ((r"(?P<VALUE>[0-9][0-9.,]*)\s?(?:kg|KG|Kg)s?", ""),),
    "quantity": ((r"(?P<VALUE>[0-9]+)\s?(?P<quantity_unit>[A-Za-z]+)\.?", "quantity_unit"),),
}
_LEAST, _CLOSE = 0.55, 0.1  # a likeness that counts; columns that differ by less compete
_BLOCK = re.compile(r"\d.*,.*(?:[A-Z]{2}\s+\d{5}|\d{5}\s+\w+)|\n.*\d", re.S)


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
        draft.questions.append(
            'Row 1 was taken for the header, though few of its names are known. Is it one? If the table has none, write columns = ["house_bill", ...], a name for each cell, in the place of header_row and rename.'
        )
    cells = [[r[i].strip() for r in body if i < len(r) and r[i].strip()] for i in range(len(names))]
    _columns(names, cells, draft)
    _joined(names, cells, draft)
    _numbers(names, cells, draft)
    if kind != "json":
        _fill_down(names, body, draft)
    _needs(
        [
            *names,
            *(group for rule in draft.tabular.get("split", ()) for group in re.compile(rule["pattern"]).groupindex),
        ],
        draft,
    )
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
    beside = told_beside(names)
    meant = [beside.get(plain_name(name), meaning(name)) for name in names]
    taken = _in_use(names, cells, meant, draft)
    known = {
        *taken.values(),
        *(i for i, name in enumerate(names) if not name or meant[i] or plain_name(name) in beside),
    }
    _guessed(names, cells, [i for i in range(len(names)) if i not in known], taken, draft)
    aside = {*taken.values(), *(i for i, one in enumerate(meant) if one)}
    maybe = {i for i, name in enumerate(names) if name in draft.maybe}
    _unread([(name, cells[i]) for i, name in enumerate(names) if name and i not in aside | maybe], draft)


def _in_use(names: list[str], cells: list[list[str]], meant: list[str], draft: Draft) -> dict[str, int]:
    """Take the columns whose names are in use; return column -> index."""
    beside = told_beside(names)
    taken: dict[str, int] = {}
    for index, (name, column) in enumerate(zip(names, meant, strict=True)):
        if column and column in taken:
            draft.questions.append(
                f'Columns "{names[taken[column]]}" and "{name}" both mean {column}: which one counts? Name the other one under extra_columns.'
            )
        elif column:
            taken[column] = index
            settled = plain_name(name) in beside
            if is_unsure(name) and not settled:
                _ask_value(name, column, draft)
                draft.guesses.append(Guess(column, name, 0.6, "of the line, or of one piece", mask(cells[index])))
                continue
            why = "the columns beside it tell" if settled else "a name in use"
            draft.guesses.append(Guess(column, name, 0.98, why, mask(cells[index])))
    return taken


def _guessed(names: list[str], cells: list[list[str]], left: list[int], taken: dict[str, int], draft: Draft) -> None:
    """Guess what the names mean that nobody knows; what is not sure is written and not in force."""
    columns = vocabulary()[0]
    free = [c for c in columns.values() if c.name not in taken]
    receives = any(map(is_of_receiver, names))
    ways = []
    for index in left:
        if receives and is_of_payer(names[index]):
            continue  # of who paid, beside who receives
        ways += [(*likeness(names[index], cells[index], c), index, c) for c in free]
    likely = [way for way in sorted(ways, key=lambda w: -w[0]) if way[0] >= _LEAST]
    best: dict[int, tuple[float, str]] = {}  # index -> what it is likest
    for score, _, index, column in likely:
        best.setdefault(index, (score, column.name))
    done: set[int] = set()
    for score, why, index, column in likely:
        if index in done or column.name in taken:
            continue
        done.add(index)
        taken[column.name] = index
        name = names[index]
        rivals = [
            i for i, (near, its) in best.items() if i not in done and its == column.name and near > score - _CLOSE
        ]
        if column.name in (*VALUES, "shipment_value"):
            _ask_value(name, column.name, draft)
        elif rivals:
            draft.maybe |= {names[i]: column.name for i in (index, *rivals)}
            both = " and ".join(f'"{names[i]}"' for i in (index, *rivals))
            draft.questions.append(f"Columns {both} may all mean {column.name}: which one? Take the # off its line.")
            done.update(rivals)
        elif score < _SURE:
            draft.maybe[name] = column.name
            draft.questions.append(f'Does "{name}" mean {column.name}? ({why}) If so, take the # off its line.')
        else:
            draft.tabular.setdefault("rename", {})[name] = column.name
        draft.guesses.append(Guess(column.name, name, round(score, 2), why, mask(cells[index])))


def _ask_value(name: str, column: str, draft: Draft) -> None:
    draft.maybe[name] = column
    draft.questions.append(
        f'Is "{name}" the value of the line (item_value) or of one piece (unit_value), or of the whole shipment (shipment_value), without shipping and tax? Write the right one into its line and take the # off.'
    )


def _unread(left: list[tuple[str, list[str]]], draft: Draft) -> None:
    """Ask once for all columns that nothing reads, and of each for one that holds a whole address."""
    for name, cells in left:
        if cells and sum(bool(_BLOCK.search(cell)) for cell in cells) * 2 > len(cells):
            draft.questions.append(
                f'Does "{name}" hold a whole address? Then split takes it apart, as docs/formats/tabular.md shows.'
            )
    filled = [f'"{name}" ({mask(cells)})' for name, cells in left if cells]
    if filled:
        said = "Columns that nothing reads: " if len(filled) > 1 else "A column that nothing reads: "
        draft.questions.append(f"{said}{', '.join(filled)}. Is one needed? Then rename says what it means.")
    if empty := [f'"{name}"' for name, cells in left if not cells]:
        draft.questions.append(f"Columns that nothing reads and that are empty here: {', '.join(empty)}.")
    draft.aside = [name for name, _ in left]


def _joined(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    """Take cells apart that hold a value with its unit: "USD 12.50", "0.5KG", "2 pcs"."""
    there = {meaning(name) for name in names} - {""}
    meant = {g.source: g.field for g in draft.guesses if g.source not in draft.maybe}
    for name, texts in zip(names, cells, strict=True):
        field = meant.get(name, "")
        for pattern, unit in _WITH_UNIT.get(field, ()):
            whole = pattern.replace("VALUE", field)
            whole = whole if unit not in there else whole.replace(f"?P<{unit}>", "?:")
            if texts and all(re.fullmatch(whole, text) for text in texts):
                draft.tabular.setdefault("split", []).append({"column": name, "pattern": whole})
                draft.questions.append(
                    f'Cells of "{name}" hold a value with its unit; split takes them apart. Is it always so?'
                )
                break


# --- how numbers and dates are written ----------------------------------------------------------------------------


def _numbers(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    columns = vocabulary()[0]
    by_name = {g.source: columns[g.field].kind for g in draft.guesses if g.field in columns}
    amounts = {
        kind: [v for n, c in zip(names, cells, strict=True) if by_name.get(n) == kind for v in c]
        for kind in ("money", "weight")
    }
    _decimal_mark([*amounts["money"], *amounts["weight"]], amounts["money"], draft)
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


def _decimal_mark(amounts: list[str], money: list[str], draft: Draft) -> None:
    """Tell the decimal mark where the amounts do; 1,250 may be both: a comma that parts three digits proves nothing."""
    comma = any(re.search(r"\d,\d{1,2}$", v) or re.search(r"(?<![\d.,])0,\d+$", v) for v in amounts)
    point = any(re.search(r"\.\d{1,2}$", v) or re.search(r"(?<![\d.,])0\.\d+$", v) for v in amounts)
    if comma and point:
        draft.questions.append("Amounts are written with a decimal comma and with a decimal point: which one is meant?")
    elif comma:
        draft.tabular["decimal"] = "comma"
        draft.facts.append(("decimal mark", "comma"))
    elif unsure := next((v for v in amounts if re.search(r"(?<![\d.,])[1-9]\d{0,2}(,\d{3})+$", v)), ""):
        draft.hints.append('decimal = "point"   # 1,250 is 1250; "comma": it is 1.25')
        draft.questions.append(
            f'Does the comma in amounts such as {mask([unsure])} part thousands or decimals? Write decimal = "point" (1,250 is 1250) or "comma" (it is 1.25) into its line and take the # off; until then such amounts are refused.'
        )
    elif not point and (unsure := next((v for v in money if re.search(r"(?<![\d.,])[1-9]\d{0,2}(\.\d{3})+$", v)), "")):
        draft.hints.append('decimal = "comma"   # 1.250 is 1250; without it 1.250 is 1.25')
        draft.questions.append(
            f'Does the point in values such as {mask([unsure])} part thousands? Then take the # off the line decimal = "comma".'
        )


def _fill_down(names: list[str], body: list[list[str]], draft: Draft) -> None:
    """Ask for codes of goods that only the first row of a shipment has: exports of orders write the currency once."""
    header = Header(
        list(names),
        options_of({"tabular": {**draft.tabular, "rename": {**draft.maybe, **draft.tabular.get("rename", {})}}}),
    )
    keys = header.keys()
    once: dict[int, bool] = {}
    codes = [i for i, c in enumerate(header.standard) if c is not None and c.level == "item" and c.kind == "code"]
    for above, row in pairwise(body):
        same = bool(keys) and _goes_with(row, above, keys)
        for i in codes if same else ():
            filled = i < len(row) and bool(row[i].strip())
            once[i] = once.get(i, True) and not filled
    found = [
        c.name
        for i, only in once.items()
        if only and (c := header.standard[i]) and any(i < len(r) and r[i].strip() for r in body)
    ]
    if found:
        draft.hints.append(f"fill_down = {json.dumps(found, ensure_ascii=False)}   # an empty cell means the one above")
        draft.questions.append(
            f"Only the first row of a shipment has {', '.join(found)}. Does an empty cell mean the one above? Then take the # off the line fill_down."
        )


def _goes_with(row: list[str], above: list[str], keys: list[int]) -> bool:
    """True for a row of the shipment of the row above: with its number, or with none."""
    here, there = ([cells[i].strip() if i < len(cells) else "" for i in keys] for cells in (row, above))
    return here == there or not any(here)


def _needs(names: list[str], draft: Draft) -> None:
    """Ask for what every table must have, and settle the mode where the numbers tell it."""
    known = {**draft.maybe, **draft.tabular.get("rename", {})}
    header = Header(list(names), options_of({"tabular": {**draft.tabular, "rename": known}}))
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
