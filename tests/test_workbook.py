"""Mapping tables to Excel and back: nothing changes; what Excel damaged is refused with its cell."""

from __future__ import annotations

import datetime as dt
import re
import zipfile

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment

from gateway.errors import ConfigError, MappingError
from gateway.site import base_mappings
from gateway.workbook import export_table, import_table
from tests.test_cli import gateway

TABLES = sorted(path for form in ("*/map.csv", "out/*/map.csv", "codes/*.csv") for path in base_mappings().glob(form))


@pytest.mark.parametrize("path", TABLES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_round_trip_changes_no_byte(path, tmp_path):
    book = tmp_path / "m.xlsx"
    export_table(path.read_bytes(), path.parent.name, book)
    assert import_table(book) == path.read_bytes()


@pytest.mark.parametrize("mark", [";", "\t", "sep"])
@pytest.mark.parametrize("codec", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_table_as_a_spreadsheet_saved_it_becomes_a_workbook_of_its_columns(tmp_path, mark, codec):
    rows = [["level", "target", "source", "default", "note"], ["shipment", "first_us_port", "", "0901", "Müller, Köln"]]
    text = ("sep=;\n" if mark == "sep" else "") + "\n".join((";" if mark == "sep" else mark).join(r) for r in rows)
    book = tmp_path / "m.xlsx"
    assert export_table(text.encode(codec), "rows.csv", book) == 1
    assert (
        import_table(book).decode() == 'level,target,source,default,note\nshipment,first_us_port,,0901,"Müller, Köln"\n'
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'level,target\nshipment,"x\n', "rows.csv, line 2: a cell of this row has quotes that nothing closes"),
        (b"name,city\nA,B\n", "rows.csv is no mapping table"),
        (b"", "rows.csv is no mapping table"),
    ],
)
def test_what_is_no_table_becomes_no_workbook(tmp_path, data, said):
    with pytest.raises(ConfigError) as caught:
        export_table(data, "rows.csv", tmp_path / "m.xlsx")
    assert said in caught.value.message
    assert not (tmp_path / "m.xlsx").exists()


def truck(tmp_path):
    book = tmp_path / "m.xlsx"
    export_table((base_mappings() / "x12_309_truck" / "map.csv").read_bytes(), "x12_309_truck", book)
    return book


def test_the_header_is_locked_the_rows_are_not_and_words_are_offered(tmp_path):
    sheet = load_workbook(truck(tmp_path))["map"]
    assert sheet.protection.sheet
    assert sheet["A1"].protection.locked
    assert not sheet["C5"].protection.locked
    assert {cell.number_format for cell in sheet[5]} == {"@"}
    formulas = [v.formula1 for v in sheet.data_validations.dataValidation]
    assert any("final_deliver_to_party" in f for f in formulas)
    assert any("warn" in f for f in formulas)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(0.02, "a number"), (5, "a number"), (dt.date(2025, 3, 5), "a date"), ("=A1", "formula"), (True, "TRUE or FALSE")],
)
def test_what_excel_turned_is_refused_with_its_cell(tmp_path, value, kind):
    path = truck(tmp_path)
    book = load_workbook(path)
    book["map"]["C7"] = value
    book.save(path)
    with pytest.raises(MappingError) as told:
        import_table(path)
    assert "C7" in str(told.value)
    assert kind in str(told.value)
    assert "text" in told.value.advice


def test_an_edited_cell_and_an_added_row_come_back(tmp_path):
    path = truck(tmp_path)
    book = load_workbook(path)
    sheet = book["map"]
    last = max(cell.row for cell in sheet["A"] if cell.value)
    for column, text in enumerate(("item", "product_category", "N10.03", "", "trim"), 1):
        sheet.cell(last + 1, column).value = text or None
    book.save(path)
    lines = import_table(path).decode().splitlines()
    assert lines[-1] == "item,product_category,N10.03,,trim,,,,,,"


def test_a_broken_table_is_not_taken_over(tmp_path):
    path = truck(tmp_path)
    book = load_workbook(path)
    book["map"]["C7"] = "#REF!"
    book.save(path)
    with pytest.raises(MappingError):
        import_table(path)


def test_a_broken_table_on_the_way_out_is_not_taken_over(tmp_path):
    path = tmp_path / "m.xlsx"
    export_table((base_mappings() / "out" / "imd" / "map.csv").read_bytes(), "out/imd", path)
    book = load_workbook(path)
    book["map"]["B4"] = "#REF!"
    book.save(path)
    with pytest.raises(MappingError, match="line 4, column source"):
        import_table(path)


def test_no_workbook_is_told(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"level,target\n")
    with pytest.raises(ConfigError):
        import_table(tmp_path / "a.xlsx")


def test_the_commands(tmp_path):
    done = gateway("mapping", "export", "x12_309_truck", "-o", str(tmp_path / "m.xlsx"))
    assert done.returncode == 0, done.stderr
    done = gateway("mapping", "import", str(tmp_path / "m.xlsx"), "-o", str(tmp_path / "map.csv"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "map.csv").read_bytes() == (base_mappings() / "x12_309_truck" / "map.csv").read_bytes()
    assert gateway("mapping", "export", "nowhere", "-o", str(tmp_path / "n.xlsx")).returncode == 2


def test_a_fault_of_the_table_is_told_with_the_row_of_the_workbook(tmp_path):
    """Examples have line breaks: the line of the CSV is another one than the row that Excel shows."""
    path = tmp_path / "m.xlsx"
    export_table((base_mappings() / "x12_309_truck" / "map.csv").read_bytes(), "x12_309_truck", path)
    book = load_workbook(path)
    sheet = book["map"]
    row = next(r for r in range(2, sheet.max_row) if sheet.cell(r, 2).value == "package_unit")
    sheet.cell(row, 3).value = "#NAME?"
    book.save(path)
    with pytest.raises(MappingError) as told:
        import_table(path)
    assert (told.value.line, told.value.column) == (row, "source")


def damaged(book, part, old, new):
    """Put other bytes into one part of a workbook."""
    parts = {}
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", b"</row>", b"<row>"),
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
        ("xl/styles.xml", b"<fonts", b'<fonts count="x"><none/'),
    ],
)
def test_a_damaged_workbook_is_said_to_be_damaged(part, old, new, tmp_path):
    book = truck(tmp_path)
    damaged(book, part, old, new)
    with pytest.raises(ConfigError, match="damaged"):
        import_table(book)


def test_a_cut_workbook_and_no_workbook_at_all(tmp_path):
    book = truck(tmp_path)
    book.write_bytes(book.read_bytes()[:-300])
    with pytest.raises(ConfigError, match="damaged"):
        import_table(book)
    book.write_text("level,target,source")
    with pytest.raises(ConfigError, match="not a workbook"):
        import_table(book)


def test_a_damaged_sample_of_a_partner_is_no_fault_of_onboard(tmp_path):
    book = truck(tmp_path)
    damaged(book, "xl/worksheets/sheet1.xml", b"</row>", b"<row>")
    told = gateway("onboard", str(book), "--partner", "newone", "--to", str(tmp_path / "new"))
    assert told.returncode == 2, told
    assert "damaged" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_a_workbook_that_was_written_row_by_row_is_read_to_its_end(tmp_path):
    book = truck(tmp_path)
    whole = import_table(book)
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    (said,) = re.findall(rb"<dimension [^>]*/>", sheet)
    damaged(book, "xl/worksheets/sheet1.xml", said, b'<dimension ref="A1"/>')
    assert import_table(book) == whole


def test_merged_cells_and_cells_beside_the_table_are_told_with_their_place(tmp_path):
    path = truck(tmp_path)
    book = load_workbook(path)
    book["map"].merge_cells("C5:C6")
    book.save(path)
    with pytest.raises(MappingError, match="C5:C6 are merged"):
        import_table(path)
    path = truck(tmp_path)
    book = load_workbook(path)
    book["map"]["M5"] = "stray"
    book.save(path)
    with pytest.raises(MappingError, match="M5 stands in a column without a name"):
        import_table(path)


@pytest.mark.parametrize(("name", "mend"), [("a.ods", "xlsx"), ("a.csv", "needs no import"), ("a.xls", "xlsx")])
def test_other_tables_are_told_what_they_need(tmp_path, name, mend):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigError) as told:
        import_table(tmp_path / name)
    assert mend in told.value.advice


def test_hidden_rows_and_comments_change_nothing(tmp_path):
    path = truck(tmp_path)
    before = import_table(path)
    book = load_workbook(path)
    sheet = book["map"]
    sheet.auto_filter.ref = "A1:K20"
    sheet.row_dimensions[7].hidden = True
    sheet["C5"].comment = Comment("look", "me")
    book.save(path)
    assert import_table(path) == before


def test_a_code_table_comes_back_with_its_zeros_or_is_refused(tmp_path):
    """It could be exported and not imported: who edits codes in Excel lost the zeros of 0901."""
    book = tmp_path / "schedule_d.xlsx"
    done = gateway("mapping", "export", "schedule_d", "-o", str(book))
    assert "mapping import" in done.stdout and "codes/schedule_d.csv" in done.stdout
    assert "code table" in {row[0].value for row in load_workbook(book)["how"]}
    edited = load_workbook(book)
    edited["map"]["A2"] = 101
    edited.save(book)
    done = gateway("mapping", "import", str(book), "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 2 and "A2 holds a number" in done.stderr
    edited["map"]["A2"] = "0102"
    edited.save(book)
    done = gateway("mapping", "import", str(book), "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 2 and "line 3" in done.stderr and 'code "0102" has two values' in done.stderr
    edited["map"]["A2"] = "0099"
    edited.save(book)
    assert gateway("mapping", "import", str(book), "-o", str(tmp_path / "out.csv")).returncode == 0
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[1].startswith("0099,Portland")
    done = gateway("mapping", "import", str(book), "--over", "x12_309_truck", "-o", str(tmp_path / "over.csv"))
    assert done.returncode == 2 and "no rows of a mapping" in done.stderr
    assert not (tmp_path / "over.csv").exists()
