"""Maps and compiled tables: the JSON in the package is what the XML says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.formats.x12.layout import load_table, supported_versions
from gateway.formats.x12.pyx12_maps import compile_all, compile_folder

PACKAGE = Path(str(files("gateway.formats.x12")))


def test_the_committed_tables_are_what_the_maps_compile_to() -> None:
    fresh = compile_all()
    committed = {path.name: path.read_bytes() for path in (PACKAGE / "tables").glob("*.json")}
    assert sorted(fresh) == sorted(committed)
    for name, text in fresh.items():
        assert committed[name] == text, f"{name}: run python -m gateway.formats.x12.pyx12_maps"


def test_every_layout_of_the_version_list_has_its_tables() -> None:
    layouts = {path.name.split(".")[1] for path in (PACKAGE / "tables").glob("*.json")}
    assert layouts == set(supported_versions().values())


def test_reading_a_table_does_not_import_pyx12() -> None:
    load = "from gateway.formats.x12.layout import load_table; load_table('309', '005020')"
    code = f"import sys; {load}; print('pyx12' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("version", sorted(set(supported_versions().values())))
def test_customs_takes_twelve_characters_of_a_bill_number(version: str) -> None:
    table = load_table("309", version)
    assert table is not None
    lengths = {(e.de, e.max) for s in table.segments for e in s.elements if e.de in ("598", "602", "369")}
    assert lengths == {("598", 12), ("602", 8), ("369", 45)}


def _partner_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "partner"
    shutil.copytree(PACKAGE / "maps" / "005020", folder)
    return folder


def test_a_partners_map_folder_becomes_tables(tmp_path: Path) -> None:
    folder = _partner_folder(tmp_path)
    text = (folder / "309.xml").read_text("utf-8")
    text = text.replace('<segment xid="M11" usage="S"', '<segment xid="M11" usage="R"')
    (folder / "309.xml").write_text(text, "utf-8")
    tables = compile_folder(folder)
    assert sorted(tables) == [("309", "005020"), ("358", "005020")]
    own = load_table("309", "005020", tables)
    assert own is tables["309", "005020"]
    assert own is not load_table("309", "005020")


def test_a_faulty_map_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    folder = _partner_folder(tmp_path)
    text = (folder / "dataele.xml").read_text("utf-8")
    (folder / "dataele.xml").write_text(text.replace('ele_num="598"', 'ele_num="5980"'), "utf-8")
    with pytest.raises(ConfigError, match=r"partner/309\.xml.*598"):
        compile_folder(folder)
    (folder / "maps.xml").write_text("<maps", "utf-8")
    with pytest.raises(ConfigError, match=r"partner/maps\.xml"):
        compile_folder(folder)


def test_the_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        compile_folder(tmp_path / "nowhere")
