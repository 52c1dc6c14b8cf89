"""Files that a person named on the command line: what a name stands for instead, and what to write."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import ConfigError


def check_file(path: Path) -> None:
    """Do nothing for a file. Raises ConfigError for a folder, a pipe, or a name that nothing has."""
    if path.is_file():
        return
    if str(path) == "-" or path.is_fifo():
        raise ConfigError("Standard input is not read.", "Save it to a file and name that.")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder.", "Name the files in it.")
    if path.exists():
        raise ConfigError(f"{path} is no file.", "Name a file.")
    if any(c in path.name for c in "*?["):
        raise ConfigError(f"No file has a name like {path}.", "Write the pattern without quotes, and check the folder.")
    raise ConfigError(f"{path} is not there.", "Check the path.")


def files_below(path: Path) -> list[Path]:
    """Return the files of a folder and its sub-folders, or the file itself. Raises ConfigError when there is none."""
    if not path.is_dir():
        check_file(path)
        return [path]
    found = sorted(p for p in path.rglob("*") if p.is_file())
    if not found:
        raise ConfigError(f"{path} holds no file.", "Name the folder that holds the files.")
    return found
