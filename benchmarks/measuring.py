"""One measured case in a fresh process: `FILE.py SPEC`, where SPEC is a JSON object with the case's name and its inputs.

A case is a function that prepares (imports, tables, warm-up: not measured) and returns what is measured; that returns the
facts by which the runner checks the output. Printed: {"s", "cpu_s", "peak_mib", "facts"} as JSON. Standard library only: the
peers' environment has nothing of the product.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Facts = dict[str, Any]
Case = Callable[[dict[str, Any]], Callable[[], Facts]]


def peak_mib() -> float:
    """Return the most memory this program held; getrusage would count what its parent held before it was started."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(status.read().split("VmHWM:")[1].split()[0]) / 1024


def main(cases: dict[str, Case], *, warm_up: bool = False) -> None:
    """Run the case that argv names; warm_up: once on the small file spec["warm"] before, not measured."""
    spec = json.loads(sys.argv[1])
    if warm_up and "warm" in spec:
        cases[spec["case"]](spec | {"file": spec["warm"], "folder": f"{spec['folder']}/warm"})()
    run = cases[spec["case"]](spec)
    before = peak_mib()
    wall, cpu = time.perf_counter(), time.process_time()
    facts = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"s": wall, "cpu_s": cpu, "peak_mib": peak_mib(), "base_mib": before, "facts": facts}))
    sys.stdout.flush()
    os._exit(0)  # what was measured is told; tearing down a million objects is nobody's result
