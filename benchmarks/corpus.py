"""Synthetic truck 309 files from a seed: invented parties, the same bytes every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

SEED = 321
_FIRST = [
    "GOLDEN",
    "SUNRISE",
    "LUCKY",
    "MAPLE",
    "HARBOUR",
    "CEDAR",
    "JADE",
    "NORTH",
    "ORCHID",
    "PEARL",
    "RIVER",
    "SILVER",
    "TULIP",
    "WILLOW",
]
_SECOND = ["TRADING", "GARMENT", "ELECTRONICS", "HOME", "TOYS", "BEAUTY", "SPORT", "GADGET", "PAPER", "LIGHT"]
_NAMES = ["ALEX", "JORDAN", "RILEY", "CASEY", "MORGAN", "TAYLOR", "JAMIE", "DREW", "AVERY", "QUINN", "SKYLER", "ROBIN"]
_LAST = ["SAMPLE", "EXAMPLE", "PLACEHOLDER", "SPECIMEN", "TESTER", "MOCKLEY", "DEMOTT", "FAUXMAN", "PROTO", "STANDIN"]
_STREETS = ["BIRCH AVE", "ELM ST", "LAKEVIEW DR", "SECOND ST", "PINE RD", "OAK CT", "MILL LN", "HILL BLVD"]
_CITIES = [("COLUMBUS", "OH", "43004"), ("ERIE", "PA", "16501"), ("BUFFALO", "NY", "14201"), ("AUSTIN", "TX", "78701")]
_ABROAD = [("SHENZHEN", "518000"), ("GUANGZHOU", "510000"), ("YIWU", "322000"), ("NINGBO", "315000")]
_GOODS = [
    ("COTTON KNIT T-SHIRT MENS", "610910"), ("PHONE CASE PLASTIC", "392690"), ("PLASTIC BUILDING TOYS", "950300"),
    ("CERAMIC COFFEE MUG", "691200"), ("USB CHARGING CABLE 1M", "854442"), ("STAINLESS WATER BOTTLE", "732393"),
]  # fmt: skip


def truck_309(path: Path, shipments: int, *, per_set: int = 5000, bad_every: int = 0) -> None:
    """Write a 005020 truck 309 of so many bills (14 segments each); bad_every: each n-th bill has bill type 99."""
    with path.open("w", encoding="ascii", newline="") as file:
        for segment in _segments(shipments, per_set, bad_every):
            file.write("*".join(map(str, segment)) + "~\n")


def small_309s(count: int) -> Iterator[bytes]:
    """Yield small files of one bill each: every file has its own control number, trip, bill and persons."""
    head: list[tuple[object, ...]] = []
    body: list[tuple[object, ...]] = []
    number = 0
    for segment in _segments(count, 1, 0):
        if segment[0] == "ISA":
            head = [segment]
        elif segment[0] == "GS":
            head.append(segment)
        elif segment[0] == "SE":
            number += 1
            isa = (*head[0][:13], f"{number:09d}", *head[0][14:])
            trip = (*body[1][:6], f"NR{number:08d}", *body[1][7:])
            whole = (isa, head[1], ("ST", 309, "0001"), trip, *body[2:], ("SE", segment[1], "0001"), ("GE", 1, 1))
            whole = (*whole, ("IEA", 1, f"{number:09d}"))
            yield "".join("*".join(map(str, one)) + "~\n" for one in whole).encode("ascii")
        elif segment[0] == "ST":
            body = [segment]
        else:
            body.append(segment)


def _segments(shipments: int, per_set: int, bad_every: int) -> Iterator[tuple[object, ...]]:
    draw = random.Random(SEED)
    yield ("ISA", "00", " " * 10, "00", " " * 10, "02", "NRTX".ljust(15), "ZZ", "S321GATEWAY".ljust(15), "250115", "0930", "^", "00501", "000000001", 0, "P", ">")  # fmt: skip
    yield ("GS", "AQ", "NRTX", "S321GATEWAY", "20250115", "0930", 1, "X", "005020")
    sets = 0
    for start in range(1, shipments + 1, per_set):
        sets += 1
        bills = min(per_set, shipments + 1 - start)
        count = 4
        yield ("ST", 309, f"{sets:04d}")
        yield ("M10", "NRTX", "J", "CA", "", "", f"NRTX25A{sets:03d}", "", bills, "W")
        yield ("P4", "0901", "20250115", "", "", "1430")
        for line in range(1, bills + 1):
            for segment in _bill(draw, start + line - 1, line, bad_every):
                count += 1
                yield segment
        yield ("SE", count, f"{sets:04d}")
    yield ("GE", sets, 1)
    yield ("IEA", 1, "000000001")


def tracking_number(number: int) -> str:
    """Return a 1Z number with its check digit: letters count (ASCII - 63) mod 10, every other place twice."""
    own = f"SAMPLE{number:09d}"
    digits = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in own]
    return f"1Z{own}{-(sum(digits[::2]) + 2 * sum(digits[1::2])) % 10}"


def _bill(draw: random.Random, number: int, line: int, bad_every: int) -> Iterator[tuple[object, ...]]:
    items = [(*draw.choice(_GOODS), draw.randint(1, 3), draw.randint(10, 120), draw.randint(1, 30) / 10) for _ in range(draw.choice((1, 2, 2, 3)))]  # fmt: skip
    tracking = tracking_number(number)
    kind = "99" if bad_every and number % bad_every == 0 else "13"
    yield ("LX", line)
    yield ("M11", f"{number:08d}", "80107", sum(i[2] for i in items), "PCS", round(sum(i[4] for i in items), 1), "K", "", "", kind, "", "", "NRTX")  # fmt: skip
    yield ("N9", "2I", tracking)
    yield ("N9", "MB", "OCNVMBL0099881")
    yield ("N9", "SCA", "MKTP")
    yield ("N1", "SH", f"{draw.choice(_FIRST)} {draw.choice(_SECOND)} CO {draw.randint(1, 99)}")
    yield ("N3", f"{draw.randint(1, 999)} {draw.choice(_FIRST)} IND RD")
    city, code = draw.choice(_ABROAD)
    yield ("N4", city, "", code, "CN")
    yield ("N1", "CN", f"{draw.choice(_NAMES)} {draw.choice(_LAST)}")
    yield ("N3", f"{draw.randint(1, 9999)} {draw.choice(_STREETS)} APT {draw.randint(1, 99)}")
    yield ("N4", *draw.choice(_CITIES), "US")
    yield ("VID", "TL", "", "TRL5501", "SEAL778812")
    for text, hts, quantity, value, weight in items:
        yield ("N10", quantity, text, tracking, "A", hts, value, "K", weight, "", "PCS", "CN", "US", "USD")
