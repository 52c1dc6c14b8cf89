"""A shipment of a table comes to the same alone, among others that are damaged, and in any order: CSV by columns, JSON by objects.

Each shipment has a person of its own, so that no sum of a day connects them. Not compared: where a row stands, and what is said
once for a file.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from gateway.formats.tabular import groups, many_rows
from gateway.results import ShipmentResult
from tests.drops import Drop, drop, profile_for
from tests.formats.tabular.test_many_rows import CELLS, GOOD
from tests.test_purpose import PARCEL, table

Rows = list[dict[str, str]]
MANY = 70  # shipments: two groups of the rules and more
OF_GOODS = ("item_description", "hts", "origin", "quantity", "item_value", "currency", "sku", "unit_value")
FIXED = ("house_bill", "mode")  # one filer type for the whole message
DAMAGE = [
    *(cell for cell in CELLS if cell not in ("=1+1", '"open', "a|b|c|d")), "0401", "UK", "HK", "CNY", "RED WINE", "GIFT", "UNKNOWN", "PO BOX 9",
    "C/O JOHN SMITH", "APT 4", "800.00", "800.01", "2025-05-02", "2025-03-04T23:30:00-08:00", "999-12345676", "1Z5R89390357567127", "RR473124828GB", "409000000.0",
]  # fmt: skip


def shipments_of(chance: random.Random) -> list[Rows]:
    """Return shipments of one to three goods lines; some have a few cells of others, or damaged ones."""
    others = ("purpose", "master_bill", "consignee_phone", "pieces")
    names = [name for name in dict.fromkeys((*GOOD, *others)) if name in PARCEL or chance.random() < 0.7]
    damaged = chance.choice((0.05, 0.2, 0.5))
    found = []
    for number in range(MANY):
        own = {**dict.fromkeys(names, ""), **GOOD, "house_bill": f"GWC{number:03}", "item_value": f"{5 + number}.00"}
        own |= {"consignee_name": f"CASEY {chr(65 + number % 26) * 2} EXAMPLE", "consignee_address1": f"{number + 1} MOCK LANE"}  # fmt: skip
        rows = [{**own, "item_description": f"STEEL KEY RING {line}"} for line in range(chance.choice((1, 1, 2, 3)))]
        while chance.random() < damaged:
            name, cell = chance.choice([n for n in names if n not in FIXED]), chance.choice(DAMAGE)
            for row in chance.choice((rows, rows[:1], rows[-1:])):
                row[name] = cell
        found.append([{name: row[name] for name in names} for row in rows])
    return found


def csv_of(shipments: list[Rows]) -> bytes:
    return table(*[row for rows in shipments for row in rows])


def json_of(shipments: list[Rows]) -> bytes:
    """Return JSON lines: what is of the shipment once, what is of the goods in a list."""
    lines = []
    for rows in shipments:
        own = {name: cell for name, cell in rows[0].items() if name not in OF_GOODS}
        items = [{name: cell for name, cell in row.items() if name in OF_GOODS} for row in rows]
        lines.append(json.dumps({**own, "items": items}))
    return "\n".join([*lines, ""]).encode()


def comes_to(result: Drop) -> dict[str, Any]:
    """Return for each shipment its canonical form, and what is said of it (of one that came twice, of both)."""
    found: dict[str, list[Any]] = {}
    for message in result.messages():
        for shipment in message["shipments"]:
            found.setdefault(shipment["house_bill_number"], []).append(shipment)
    for record in result.outcome.records:
        if isinstance(record, ShipmentResult):
            said = [(f.rule, f.severity, re.sub(r"lines \d+ to \d+", "", f.message), f.position.column, f.value, f.pointer) for f in record.findings]  # fmt: skip
            found.setdefault(record.id, []).append((record.verdict, sorted(said, key=repr)))
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("write", "name"), [(csv_of, "m.csv"), (json_of, "m.jsonl")])
def test_a_shipment_comes_to_the_same_in_any_company(monkeypatch, write, name, seed):
    monkeypatch.setattr(many_rows, "_SOME_ROWS", 1)  # read by columns from the second row on
    monkeypatch.setattr(groups, "WINDOW", 20)
    chance = random.Random(seed)
    shipments = shipments_of(chance)
    profile = profile_for(write(shipments))

    def of(some: list[Rows]) -> dict[str, Any]:
        return comes_to(drop(write(some), name=name, profile=profile))

    together, alone = of(shipments), dict[str, Any]()
    for rows in shipments:
        alone |= of([rows])
    assert len(together) == MANY
    assert 5 < sum(isinstance(said[0], dict) for said in together.values()) < MANY
    assert alone == together
    assert of(chance.sample(shipments, MANY)) == together
