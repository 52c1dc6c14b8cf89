"""One measured case in a fresh process: prints {"s", "cpu_s", "peak_mib", "shipments"} as JSON.

cases.py gateway FILE FOLDER    the whole way: claim, translate, ledger (durable), canonical JSON, acknowledgments
cases.py translate FILE -       the pure core: read, check, map, schema, rules, encode, acknowledgments
cases.py pyx12 FILE MAPS        pyx12's validation alone
"""

from __future__ import annotations

import io
import json
import resource
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
WHEN = datetime(2025, 1, 14, 10, tzinfo=UTC)


def gateway(file: Path, folder: str) -> Any:
    from gateway.formats import sniffers
    from gateway.shell import heap
    from gateway.shell.deliver import LocalTarget, Targets
    from gateway.shell.desk import Desk
    from gateway.shell.drops import Candidate
    from gateway.shell.folders import StateFolders
    from gateway.shell.intake import Intake
    from gateway.shell.ledger import open_ledger
    from gateway.shell.process import process
    from gateway.site import base_site
    from gateway.translate import translate

    root = Path(folder)
    profile = base_site().partners["nrtx"].profile
    profile.programs("x12_309", "309", "005020")
    folders = StateFolders(root / "state")
    folders.create()
    for name in ("out", "ack", "reject"):
        (root / name).mkdir(parents=True)
    ledger = open_ledger(f"sqlite:///{root}/state/ledger.sqlite")
    desk = Desk(ledger, folders, translate, lambda: WHEN)
    drop = root / file.name
    shutil.copyfile(file, drop)
    intake = Intake(folders, 10**11, lambda: WHEN)

    sniffers()
    heap.settle()

    def run() -> int:
        claimed = intake.claim_path(Candidate(drop), "nrtx", "nrtx")
        targets = Targets(
            LocalTarget(root / "out"),
            LocalTarget(root / "out"),
            LocalTarget(root / "ack"),
            LocalTarget(root / "reject"),
        )
        result = process(claimed, profile, targets, desk)
        assert result.state == "done", result
        return result.found

    return run


def translate(file: Path, _: str) -> Any:
    from gateway.formats import sniffers
    from gateway.history import MemoryHistory
    from gateway.results import Outcome
    from gateway.shell import heap
    from gateway.site import base_site
    from gateway.translate import translate as work

    profile = base_site().partners["nrtx"].profile
    profile.programs("x12_309", "309", "005020")

    sniffers()
    heap.settle()

    def run() -> int:
        with file.open("rb") as source:
            for piece in work(iter(lambda: source.read(1 << 16), b""), profile, WHEN, MemoryHistory(), name=file.name):
                if isinstance(piece, Outcome):
                    for ack in piece.acks:
                        sum(map(len, ack.chunks))
        return piece.counts.found

    return run


def pyx12(file: Path, maps: str) -> Any:
    import pyx12.params
    import pyx12.x12n_document

    text = file.read_text("ascii")

    def run() -> int:
        assert pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(text), io.StringIO(), None, map_path=maps
        )
        return text.count("\nLX*")

    return run


def peak_mib() -> float:
    """Return the most memory this program held; getrusage would count what its parent held before it was started."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    case, file, extra = sys.argv[1:4]
    run = {"gateway": gateway, "translate": translate, "pyx12": pyx12}[case](Path(file), extra)
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_mib()
    print(json.dumps({"s": round(wall, 3), "cpu_s": round(cpu, 3), "peak_mib": round(peak, 1), "shipments": found}))


if __name__ == "__main__":
    main()
