"""Layouts on disk: mappings/out/NAME, and outputs/NAME of a profile folder, which comes first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.errors import ConfigError, MappingError
from gateway.mapping.codes import CodeTables
from gateway.mapping.table import Fault
from gateway.mapping.transforms import load_user_transforms
from gateway.outputs.layout import Layout
from gateway.outputs.reading import read_layout


def layout_folders(base: Path, profile: Path | None) -> dict[str, Path]:
    """Return name -> folder of every layout. base: the mappings folder; profile: a profile folder."""
    places = [base / "out", *([profile / "outputs"] if profile else [])]
    return {p.parent.name: p.parent for place in places for p in sorted(place.glob("*/map.toml"))}


def load_layout(name: str, base: Path, profile: Path | None = None) -> Layout:
    """Return a layout that is fit to write with. Raises ConfigError for an unknown name, MappingError for a fault."""
    folders = layout_folders(base, profile)
    if name not in folders:
        raise ConfigError(f'There is no output "{name}".', f"Known: {', '.join(sorted(folders))}.")
    layout, faults = read_folder(folders[name], _codes(base, profile))
    for fault in faults:
        if fault.severity == "error":
            raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)
    assert layout is not None
    return layout


def check_layouts(base: Path, profile: Path | None) -> Iterable[Fault]:
    """Yield the faults of all layouts."""
    codes = _codes(base, profile)
    for folder in layout_folders(base, profile).values():
        yield from read_folder(folder, codes)[1]


def read_folder(folder: Path, codes: CodeTables) -> tuple[Layout | None, list[Fault]]:
    """Return the layout of a folder and its faults."""
    load_user_transforms()
    table, template = folder / "map.csv", folder / "template.csv"
    return read_layout(
        folder.name,
        table.read_bytes() if table.is_file() else b"",
        (folder / "map.toml").read_bytes(),
        template.read_bytes() if template.is_file() else None,
        codes,
    )


def _codes(base: Path, profile: Path | None) -> CodeTables:
    places = [base / "codes", *([profile / "outputs" / "codes"] if profile else [])]
    return CodeTables({p.stem: p.read_bytes() for place in places for p in sorted(place.glob("*.csv"))})
