"""`make bench`: the gateway against pyx12 on the same file in the same run; medians of interleaved rounds.

Job J: one truck 309 (005020) of 10,000 bills. Memory: the whole way at 1,000 and 100,000 bills.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from corpus import truck_309

HERE = Path(__file__).parent
MAPS = HERE.parent / "gateway" / "formats" / "x12" / "maps" / "005020"


def measure(case: str, file: Path, folder: Path) -> dict[str, Any]:
    """Run one case in a fresh process."""
    extra = str(pyx12_maps(folder)) if case == "pyx12" else str(folder / f"run-{case}")
    shutil.rmtree(folder / f"run-{case}", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, str(HERE / "cases.py"), case, str(file), extra], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{case} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def pyx12_maps(folder: Path) -> Path:
    """Return a map folder for pyx12: our 309 map and its own control maps, with the qualifier 02 let through."""
    from importlib.resources import files
    from xml.etree import ElementTree

    maps = folder / "maps"
    if maps.exists():
        return maps
    maps.mkdir()
    for name in ("dataele.xml", "codes.xml", "309.xml"):
        shutil.copy(MAPS / name, maps)
    for name in ("x12.control.00401.xml", "x12.control.00501.xml"):
        tree = ElementTree.ElementTree(ElementTree.fromstring(files("pyx12").joinpath("map", name).read_bytes()))
        for element in tree.iter("element"):
            codes = element.find("valid_codes")
            if element.get("xid") in ("ISA05", "ISA07") and codes is not None:
                ElementTree.SubElement(codes, "code").text = "02"
        tree.write(maps / name)
    (maps / "maps.xml").write_text(
        '<maps><version icvn="00501"><map vriic="005020" fic="AQ">309.xml</map>'
        '<map vriic="" fic="">x12.control.00501.xml</map></version></maps>'
    )
    return maps


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--shipments", type=int, default=10_000)
    options.add_argument("--memory", action="store_true", help="also 1,000 and 100,000 bills")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "job.edi"
        truck_309(file, chosen.shipments)
        rounds: dict[str, list[dict[str, Any]]] = {"pyx12": [], "gateway": [], "translate": []}
        for _ in range(chosen.rounds):
            for case, runs in rounds.items():
                runs.append(measure(case, file, folder))
        peer = statistics.median(r["s"] for r in rounds["pyx12"])
        print(f"{chosen.shipments} bills, {file.stat().st_size / 1e6:.1f} MB, medians of {chosen.rounds}")
        print("| case | s | shipments/s | peak MiB | times pyx12 |\n|---|---|---|---|---|")
        for case, runs in rounds.items():
            seconds = statistics.median(r["s"] for r in runs)
            peak = statistics.median(r["peak_mib"] for r in runs)
            print(f"| {case} | {seconds:.2f} | {chosen.shipments / seconds:,.0f} | {peak:.0f} | {peer / seconds:.1f} |")
        if chosen.memory:
            for size in (1_000, 100_000):
                for bad in (0, 1):
                    truck_309(file, size, bad_every=bad)
                    result = measure("gateway", file, folder)
                    print(
                        f"memory: {size} bills{', all refused' if bad else ''}: {result['peak_mib']} MiB, {result['s']} s"
                    )


if __name__ == "__main__":
    main()
