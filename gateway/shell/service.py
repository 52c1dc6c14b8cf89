"""What the gateway tells a service manager (systemd, Type=notify), and the kernel for the case that memory runs out.

READY=1 is told when the SFTP port is open: `systemctl start` returns then, or fails with the reason in the journal.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from pathlib import Path

_OOM = Path("/proc/self/oom_score_adj")
_STEP = 200  # as if the process held a fifth more of the memory that there is


def tell(*facts: str) -> None:
    """Send "KEY=value" lines to the service manager that started this process, if one waits for them."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    name = f"\0{place[1:]}" if place.startswith("@") else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto("\n".join(facts).encode(), name)


def more_files(most: int = 65_536) -> int:
    """Let this process have as many files open as the system allows it (1,024 unless it asks); return how many.

    Else the uploads of four partners at once may take all, and none is left for the ledger.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if 0 <= soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def rather_than_others() -> None:
    """When memory runs out, let this process be killed rather than the one it was forked from."""
    with contextlib.suppress(OSError, ValueError):
        _OOM.write_text(str(min(1000, int(_OOM.read_text()) + _STEP)))
