"""`python -m gateway` and the `gateway` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; `--version` answers before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["version"]):
        from gateway import __version__

        print(f"gateway {__version__}")
        return
    from gateway.cli import run

    run()


if __name__ == "__main__":
    main()
