"""What a shipment is called, as far as it can be told without a mapping: for rejects that never reached one."""

from __future__ import annotations

from gateway.formats.tabular.rows import Rows

_NUMBERS = (
    ("house_bill_number", ("house_bill", "shipmentControlNumber")),
    ("shipment_tracking_number", ("tracking_number",)),
    ("master_bill_number", ("master_bill",)),
)


def identify(unit: Rows) -> dict[str, str]:
    """Return house bill, tracking and master bill number where they stand."""
    found: dict[str, str] = {}
    for target, names in _NUMBERS:
        for name in names:
            index = unit.root.columns[name]
            if index < len(unit.elements) and unit.elements[index].strip():
                found.setdefault(target, unit.elements[index].strip()[:50])
    return found
