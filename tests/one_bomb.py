"""A process that translates files as `gateway serve` does and says what became of each: what test_bombs.py limits.

python -m tests.one_bomb FOLDER MEGABYTES NAME...      one line of JSON for each bomb
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.history import MemoryHistory
from gateway.results import Delivery, MessageFinding, Outcome, ShipmentResult
from gateway.shell.folders import read_blocks
from gateway.shell.spool import FileSpool
from gateway.site import base_site
from gateway.translate import translate
from tests.bombs import write


def told(path: Path) -> dict[str, Any]:
    """Translate a file and write every answer; return verdict, books, rules and the sizes of what came out."""
    profile = base_site().profile_for(next(read_blocks(path), b""))
    delivered = 0
    outcome: Outcome | None = None
    with FileSpool(path.with_suffix(".spool")) as spool:
        for piece in translate(
            read_blocks(path), profile, datetime(2025, 3, 3, 10, tzinfo=UTC), MemoryHistory(),
            name=path.name, size=path.stat().st_size, sha256="0" * 64, receipt_id="BOMB", spool=spool,
        ):  # fmt: skip
            if isinstance(piece, Delivery):
                delivered += len(piece.data)
            else:
                outcome = piece
        assert outcome is not None
        answered = sum(len(chunk) for ack in outcome.acks for chunk in ack.chunks)
        rules = set()
        for record in outcome.records.telling():
            if isinstance(record, MessageFinding):
                rules.add(record.finding.rule)
            elif isinstance(record, ShipmentResult):
                rules.update(finding.rule for finding in record.findings)
    return {
        "verdict": outcome.verdict, "format": outcome.format, "balanced": outcome.counts.balanced, "rules": sorted(rules),
        **outcome.counts.facts(), "received": path.stat().st_size, "answered": answered, "delivered": delivered,
    }  # fmt: skip


def main(folder: Path, megabytes: int, names: list[str]) -> None:
    """Write, translate and remove one bomb after the other."""
    for name in names:
        path = folder / f"{name}.bomb"
        write(name, path, megabytes)
        before = resource.getrusage(resource.RUSAGE_SELF)
        facts = told(path)
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps({"bomb": name, **facts, "cpu_s": round(seconds, 2), "peak_mb": used.ru_maxrss // 1000}))
        sys.stdout.flush()
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
