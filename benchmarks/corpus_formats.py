"""Synthetic CUSCAR, CSV and XFHL files of one arrival in March 2025, from a seed: invented parties, the same bytes every time."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from corpus import _ABROAD, _CITIES, _FIRST, _GOODS, _LAST, _NAMES, _SECOND, _STREETS, SEED


def _shipments(count: int):
    draw = random.Random(SEED)
    for number in range(1, count + 1):
        items = [
            (*draw.choice(_GOODS), draw.randint(1, 3), draw.randint(10, 120)) for _ in range(draw.choice((1, 2, 2, 3)))
        ]
        yield {
            "number": f"GWH{number:08d}",
            "tracking": f"1ZSAMPLE{number:010d}",
            "shipper": f"{draw.choice(_FIRST)} {draw.choice(_SECOND)} CO {draw.randint(1, 99)}",
            "shipper_street": f"{draw.randint(1, 999)} {draw.choice(_FIRST)} IND RD",
            "shipper_place": draw.choice(_ABROAD),
            "consignee": f"{draw.choice(_NAMES)} {draw.choice(_LAST)}",
            "street": f"{draw.randint(1, 9999)} {draw.choice(_STREETS)} APT {draw.randint(1, 99)}",
            "place": draw.choice(_CITIES),
            "weight": f"{draw.randint(2, 60) / 10:.3f}",
            "items": items,
        }


def cuscar(path: Path, shipments: int) -> None:
    """Write a CUSCAR D.03A (air) with one message for each 5,000 consignments; 5 % carry release characters."""
    with path.open("w", encoding="latin-1", newline="") as file:
        file.write("UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250303:1200+IC000001++CUSCAR'\n")
        found, messages = list(_shipments(shipments)), 0
        for start in range(0, shipments, 5000):
            messages += 1
            part = found[start : start + 5000]
            out = [
                f"UNH+{messages}+CUSCAR:D:03A:UN", f"BGM+785+MAN{messages:08d}+9", "DTM+137:202503021155:203",
                "RFF+MWB:999-12345675", "NAD+CA+XX:172:3", "NAD+MS+GWSENDER::ZZZ", "TDT+20+XX901+4++XX:172:3",
                "LOC+5+CNSZX:139:6", "LOC+60+USJFK:139:6", "DTM+132:202503031830:203", f"CNT+10:{len(part)}",
            ]  # fmt: skip
            for line, s in enumerate(part, 1):
                shipper = s["shipper"] + (" ?+ SONS" if line % 20 == 0 else "")
                city, code = s["shipper_place"]
                town, state, postal = s["place"]
                out += [
                    f"CNI+{line}+{s['number']}", f"RFF+HWB:{s['number']}", "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6",
                    "TDT+20+XX901+4++XX:172:3", "RFF+MWB:999-12345675",
                    f"NAD+CZ+++{shipper}+{s['shipper_street']}+{city}++{code}+CN",
                    f"NAD+CN+++{s['consignee']}+{s['street']}+{town}+{state}+{postal}+US",
                ]  # fmt: skip
                for number, (text, hts, quantity, value) in enumerate(s["items"], 1):
                    out += [
                        f"GID+{number}+{quantity}:CT", f"FTX+AAA+++{text}", f"MEA+AAE+G+KGM:{s['weight']}",
                        f"MOA+40:{value}.00:USD", f"CST+{number}+{hts}1000:122", "LOC+27+CN:162:5",
                    ]  # fmt: skip
            out.append(f"UNT+{len(out) + 1}+{messages}")
            file.write("".join(f"{segment}'\n" for segment in out))
        file.write(f"UNZ+{messages}+IC000001'\n")


def table(path: Path, shipments: int) -> None:
    """Write a CSV, one row for each item, with the columns of the base mapping."""
    names = [
        "mawb",
        "hawb",
        "tracking_number",
        "flight_number",
        "arrival_date",
        "port_of_arrival",
        "shipper_name",
        "shipper_address1",
        "shipper_city",
        "shipper_zip",
        "shipper_country",
        "consignee_name",
        "consignee_address1",
        "consignee_city",
        "consignee_state",
        "consignee_zip",
        "consignee_country",
        "pieces",
        "gross_weight",
        "weight_unit",
        "line_no",
        "description",
        "hts_number",
        "quantity",
        "total_value",
        "currency",
        "country_of_origin",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        for s in _shipments(shipments):
            city, code = s["shipper_place"]
            for number, (text, hts, quantity, value) in enumerate(s["items"], 1):
                out.writerow(
                    ("999-12345675", s["number"], s["tracking"], "XX880", "2025-03-03", "2720", s["shipper"],
                     s["shipper_street"], city, code, "CN", s["consignee"], s["street"], *s["place"], "US", 1, s["weight"],
                     "KG", number, text, hts, quantity, f"{value}.00", "USD", "CN")
                )  # fmt: skip
