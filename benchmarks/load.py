"""`load.py small N`, `big GB` or `table GB`: very many small files, or one very big one, through the whole gateway.

Prints files or bytes per second and the most memory the program held, as JSON; then `gateway verify`'s result.
The small files are one truck 309 of one bill each, with numbers of their own; the big one is one 309 of that size, or a
CSV of marketplace listings whose descriptions have 450 characters.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))


def site(folder: Path) -> Path:
    """Make a demo site with drop folders inbox (X12) and tables (CSV); return the first."""
    subprocess.run(
        [sys.executable, "-m", "gateway", "demo", "init", str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    toml = folder / "partners" / "northtest.toml"
    text = toml.read_text().replace(
        "[severities]", '[severities]\nS321-TIME-LATE = "off"', 1
    )  # arrivals of January 2025
    toml.write_text('in_dir = "inbox"\n' + text)
    own = (Path(__file__).parent / "site" / "partners" / "table.toml").read_text()
    (folder / "partners" / "table.toml").write_text(
        'in_dir = "tables"\n' + own + '\n[severities]\nS321-TIME-LATE = "off"\n'
    )
    for name in ("inbox", "tables"):
        (folder / name).mkdir()
    return folder / "inbox"


def small(inbox: Path, count: float) -> None:
    """Write the small files, each with its marker."""
    from corpus import small_309s

    for number, data in enumerate(small_309s(int(count)), 1):
        (inbox / f"f{number:07d}.edi").write_bytes(data)
        (inbox / f"f{number:07d}.edi.done").touch()


def big(inbox: Path, gigabytes: float) -> None:
    """Write the big file."""
    from corpus import truck_309

    truck_309(inbox / "big.edi", int(gigabytes * 1e9 / 441))
    (inbox / "big.edi.done").touch()


def table(folder: Path, gigabytes: float) -> None:
    """Write the CSV: the same shipments again and again, each time with other numbers and addresses."""
    from corpus_formats import table as write

    write(folder / "block", _BLOCK)
    rows = list(csv.reader((folder / "block").read_text().splitlines()))
    (folder / "block").unlink()
    for row in rows[1:]:
        row[21] = f"{row[21]}. {_LISTING * 6}"[:450]
    made = io.StringIO(newline="")
    csv.writer(made).writerows(rows)
    header, text = made.getvalue().split("\r\n", 1)
    with (folder / "table.csv").open("w", newline="") as file:
        written = file.write(header + "\r\n")
        for number in itertools.count():
            if written >= gigabytes * 1e9:
                break
            own = text.replace("GWH0000", f"GWH{number:04d}").replace("1ZSAMPLE", f"TRK{number:06d}")
            written += file.write(own.replace(" APT ", f" {number} APT "))
    (folder / "table.csv.done").touch()


_BLOCK = 9_999  # shipments
_LISTING = "New in box, fits all models of the series, with manual in five languages and two years of warranty; "


def main() -> None:
    kind, amount = sys.argv[1], float(sys.argv[2])
    from measuring import peak_mib

    from gateway.commands.serving import serve_config
    from gateway.shell.log import configure
    from gateway.shell.loop import Engine
    from gateway.site import load_site
    from gateway.translate import translate

    with tempfile.TemporaryDirectory() as name:
        inbox = site(Path(name) / "site")
        write, where = {"small": (small, inbox), "big": (big, inbox), "table": (table, inbox.parent / "tables")}[kind]
        maker = multiprocessing.get_context("fork").Process(target=write, args=(where, amount))
        maker.start()  # in a process of its own: what it holds is not the gateway's
        maker.join()
        size = sum(p.stat().st_size for p in (*inbox.glob("*.edi"), *inbox.parent.glob("tables/*.csv")))
        configure((Path(name) / "log").open("w"))
        loaded = load_site(inbox.parent)
        engine, results = Engine(serve_config(loaded), translate), []
        begin, cpu = time.perf_counter(), time.process_time()
        try:
            for _ in range(3):
                results += engine.run_once()
        finally:
            engine.close()
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        facts = {
            "kind": kind, "files": len(results), "mb": round(size / 1e6), "s": round(seconds, 1), "cpu_s": round(cpu, 1),
            "accepted": sum(r.accepted for r in results), "refused": sum(r.rejected for r in results),
            "files_per_s": round(len(results) / seconds, 1), "mb_per_s": round(size / seconds / 1e6, 2),
            "peak_mib": round(peak_mib()),
        }  # fmt: skip
        print(json.dumps(facts))
        sys.stdout.flush()
        verified = subprocess.run(
            [sys.executable, "-m", "gateway", "verify", str(inbox.parent)], capture_output=True, text=True, check=False
        )
        print(verified.stderr.strip() or verified.stdout.strip()[:500])


if __name__ == "__main__":
    main()
