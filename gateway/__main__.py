"""`python -m gateway` and the `gateway` command."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; `--version` answers before anything heavy is imported.

    Whatever a command writes is for its own user only, unless the code gives more rights by name.
    """
    os.umask(0o077)
    if sys.argv[1:] in (["--version"], ["version"]):
        from gateway import __version__

        print(f"gateway {__version__}")
        return
    from gateway.shell import heap

    heap.rarely()
    try:
        from gateway.cli import run

        run()
    finally:
        heap.leave()


if __name__ == "__main__":
    main()
