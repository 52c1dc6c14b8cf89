"""Several files are brought to the disk at once, and every fault is told."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from gateway.shell.syncing import sync_all, sync_handles


def test_threads_wait_for_all_but_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = list[str]()

    def fsync(handle: int) -> None:
        names.append(threading.current_thread().name)
        time.sleep(0.02)

    monkeypatch.setattr(os, "fsync", fsync)
    sync_all(folders=[tmp_path] * 20)
    assert len(names) == 20
    assert sum(name.startswith("sync-") for name in names) == 17  # 8, 8 and 4 at once


def test_the_first_fault_is_raised_when_all_were_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, fsync = list[int](), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (asked.append(handle), fsync(handle)))
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_handles([folder, 999_999, 999_998])
    assert sorted(asked) == [folder, 999_998, 999_999]
    os.close(folder)
