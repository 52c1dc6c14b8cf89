"""Of several legs of a journey the one into the US: what stands beside its airport, and its day."""

from __future__ import annotations

from gateway.mapping.transforms.dates import flight_day, flight_time
from gateway.mapping.transforms.registry import Tables, transform


@transform(
    "LAXCX; CX880; ORDAA; AA123 => CX880",
    "ICNKE; KE1; LAXKE; KE2 => KE2",
    "HKGCX; CX1 => ",
    many=True,
    args=(1, 1),
    tables=True,
    part=True,
)
def into_us(values: list[str], tables: Tables | None, table: str) -> str:
    """Of pairs of a leg's airport (its first 3 letters) and a value the value of the first leg whose airport is in a table of those of the US."""
    return _leg_into(values, tables, table)[1]


@transform(
    "LAXCX; 02; ORDAA; 03; 2025-02-27 => 2025-03-02T20:00:00Z", "HKGCX; 02; 2025-02-27 => ",
    many=True, args=(1, 1), tables=True, result="timestamp", part=True,
)  # fmt: skip
def into_us_time(values: list[str], tables: Tables | None, table: str) -> str:
    """Noon at the airport of that leg on its day. values: pairs of airport and day, the day of receipt behind them; see into_us, flight_time."""
    airport, day = _leg_into(values[:-1], tables, table)
    return flight_time([day, airport, values[-1]], tables) if day else ""


@transform(
    "LAXCX; 02; ORDAA; 03; 2025-02-27 => 2025-03-02",
    "HKGCX; 02; 2025-02-27 => ",
    many=True,
    args=(1, 1),
    tables=True,
    result="date",
    part=True,
)
def into_us_day(values: list[str], tables: Tables | None, table: str) -> str:
    """The day of that leg, see into_us_time."""
    _, day = _leg_into(values[:-1], tables, table)
    return flight_day([day, values[-1]]) if day else ""


def _leg_into(values: list[str], tables: Tables | None, table: str) -> tuple[str, str]:
    """Return airport and value of the first leg into the US, nothing of none."""
    assert tables is not None
    pairs = ((leg.strip()[:3].upper(), value.strip()) for leg, value in zip(values[::2], values[1::2], strict=False))
    return next((pair for pair in pairs if pair[0] and tables[table].get(pair[0]) is not None), ("", ""))
