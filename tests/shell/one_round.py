"""A process that starts a gateway, does one round and ends: what the fault tests kill."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gateway.shell import log
from tests.shell.shell_support import Yard

if __name__ == "__main__":
    log.configure(open(os.devnull, "w"))  # noqa: SIM115
    tries = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for result in Yard(Path(sys.argv[1]), max_tries=tries, workers=workers).run():
        print(result.state, result.error)
