"""Folders that must not be one another: found when the site is loaded, before anything is moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.commands.doctor import doctor
from gateway.commands.mapping import check_all
from gateway.errors import ConfigError
from gateway.site import load_site

PARTNER = """
originator_code = "ACME01"
senders = ["ACME"]
receivers = ["S321"]
"""


def site(tmp_path: Path, gateway: str = "", **partners: str) -> Path:
    """Write a profile folder; partners: name -> further lines of its file."""
    folder = tmp_path / "site"
    for part in ("partners", "keys"):
        (folder / part).mkdir(parents=True)
    (folder / "gateway.toml").write_text(gateway)
    for name, lines in (partners or {"acme": ""}).items():
        (folder / "partners" / f"{name}.toml").write_text(lines + PARTNER)
    return folder


def test_folders_of_their_own_pass(tmp_path: Path) -> None:
    both = site(tmp_path, 'responses = "responses"\n', acme='in_dir = "in/acme"\n', other='in_dir = "in/other"\n')
    assert sorted(load_site(both).partners) == ["acme", "other"]


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("out", "is the out folder"),
        ("../site/./out", "is the out folder"),
        ("out/test", "is the out folder of test messages"),
        ("partners-home/acme/ack", "is the ack folder of acme"),
        ("partners-home/acme/reject", "is the reject folder of acme"),
        ("state", "lies in the state folder"),
        ("state/work", "lies in the state folder"),
        (".", "is the profile folder"),
        ("partners", "is the folder of the partner files"),
        ("keys", "is the folder of the keys"),
        ("link", "is the out folder"),
    ],
)
def test_a_drop_folder_that_is_something_else_is_refused(tmp_path: Path, folder: str, said: str) -> None:
    place = site(tmp_path, acme=f'in_dir = "{folder}"\n')
    (place / "out").mkdir()
    (place / "link").symlink_to("out")
    with pytest.raises(ConfigError, match="in_dir of acme") as caught:
        load_site(place)
    assert said in caught.value.message


def test_two_partners_do_not_share_a_drop_folder_or_an_account(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in_dir of other is in_dir of acme"):
        load_site(site(tmp_path / "a", acme='in_dir = "in"\n', other='in_dir = "in"\n'))
    place = site(tmp_path / "b", acme='account = "one"\n', other='account = "one"\n')
    assert len(load_site(place).partners) == 2  # neither has a key: nobody logs in
    for name in ("acme", "other"):
        (place / "keys" / f"{name}.pub").write_text("ssh-ed25519 AAAA x\n")
    with pytest.raises(ConfigError, match="acme and other have one SSH account, one"):
        load_site(place)


def test_two_partners_do_not_share_a_home(tmp_path: Path) -> None:
    for number, (one, two) in enumerate((("both", "both"), ("both", "./x/../both"), ("partners-home/other", None))):
        lines = {"acme": f'home = "{one}"\n', "other": f'home = "{two}"\n' if two else ""}
        with pytest.raises(ConfigError, match="home of other is home of acme: each would read the other's"):
            load_site(site(tmp_path / str(number), **lines))
    place = site(tmp_path / "link", acme='home = "a"\n', other='home = "b"\n')
    (place / "a").mkdir()
    (place / "b").symlink_to("a")
    with pytest.raises(ConfigError, match="home of other is home of acme"):
        load_site(place)
    nested = site(tmp_path / "nested", acme='home = "a"\n', other='home = "a/ack"\n')
    assert len(load_site(nested).partners) == 2  # only files directly in a folder are shown


@pytest.mark.parametrize(
    ("gateway", "home", "said"),
    [
        ('out = "a/ack"\n', "a", "home of acme: its ack folder is the out folder"),
        ('out = "a"\n', "a", ""),
        ("", "link", "home of acme: its reject folder is the folder of the keys"),
    ],
)
def test_a_partner_does_not_read_what_is_not_its_own(tmp_path: Path, gateway: str, home: str, said: str) -> None:
    place = site(tmp_path, gateway, acme=f'home = "{home}"\n')
    (place / "link").mkdir()
    (place / "link" / "reject").symlink_to("../keys")
    if not said:
        assert load_site(place)
        return
    with pytest.raises(ConfigError, match=said):
        load_site(place)


def test_responses_and_the_out_folder_have_places_of_their_own(tmp_path: Path) -> None:
    for number, (line, said) in enumerate(
        (
            ('responses = "in"\n', "The folder of responses is in_dir of acme"),
            ('out = "state/out"\n', "The out folder lies in the state folder"),
        )
    ):
        with pytest.raises(ConfigError, match=said):
            load_site(site(tmp_path / str(number), line, acme='in_dir = "in"\n'))
    with pytest.raises(ConfigError, match="home of acme lies in the state folder"):
        load_site(site(tmp_path / "home", acme='home = "state/acme"\n'))


def test_a_key_file_that_is_named_is_there_and_holds_public_keys(tmp_path: Path) -> None:
    place = site(tmp_path, acme='keys = ["keys/gone.pub"]\n')
    with pytest.raises(ConfigError, match=r"acme\.toml: key file keys/gone\.pub cannot be read \(No such file"):
        load_site(place)
    (place / "keys" / "gone.pub").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no text"):
        load_site(place)
    (place / "keys" / "gone.pub").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n")
    with pytest.raises(ConfigError, match=r"keys/gone\.pub holds a private key"):
        load_site(place)
    (place / "keys" / "gone.pub").write_text("# ours\n\nssh-ed25519 AAAA x\n ssh-ed25519 AAAA x \nssh-ed25519 BBBB y\n")
    partner = load_site(place).partners["acme"]
    assert partner.keys == ("ssh-ed25519 AAAA x", "ssh-ed25519 BBBB y")
    assert partner.key_places == ("keys/gone.pub, line 3", "keys/gone.pub, line 5")
    (found,) = [c for c in doctor(place) if c.name == "partner acme"]
    assert found.state == "error"
    assert found.said.startswith("keys/gone.pub, line 3: ")
    assert "private" not in found.mend


def test_without_a_word_a_key_file_may_be_missing(tmp_path: Path) -> None:
    assert load_site(site(tmp_path)).partners["acme"].keys == ()


@pytest.mark.parametrize(
    ("tables", "lines", "said", "mend"),
    [
        (["partners/acme/x12_309_truk.csv"], "", "acme/x12_309_truk.csv is read by nobody", "x12_309_truck"),
        ([], 'mappings = ["tables"]\n', "the folder tables is not there", "profile folder"),
        (
            ["partners/acme/x12_309_truck.csv", "tables/x12_204.csv"],
            'mappings = ["tables"]\n',
            "mappings leaves out partners/acme",
            '"partners/acme"',
        ),
        (
            ["partners/acme/codes/mode_x12.csv", "tables/x12_204.csv"],
            'mappings = ["tables"]\n',
            "mappings leaves out partners/acme",
            '"partners/acme"',
        ),
    ],
)
def test_a_table_that_nobody_reads_is_told(tmp_path: Path, tables: list[str], lines: str, said: str, mend: str) -> None:
    place = site(tmp_path, acme=lines)
    for name in tables:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("level,target,source\n")
    with pytest.raises(ConfigError, match=r"acme\.toml") as caught:
        load_site(place)
    assert said in caught.value.message
    assert mend in caught.value.advice


AS_SAVED = {
    "tab": b"level\ttarget\tsource\n", "sep": b"sep=;\r\nlevel;target;source\r\n", "comment": b"# ours, agreed in May\nlevel,target,source\n",
    "utf16": "level\ttarget\tsource\n".encode("utf-16"), "quoted": b'\xef\xbb\xbf"Level","Target","Source"\n',
}  # fmt: skip


@pytest.mark.parametrize("form", AS_SAVED)
@pytest.mark.parametrize("folder", ["acme", "acm"])
def test_a_table_that_nobody_reads_is_told_however_it_was_saved(tmp_path: Path, form: str, folder: str) -> None:
    place = site(tmp_path, acme="")
    name = "x12_309_truk.csv" if folder == "acme" else "x12_309_truck.csv"
    (place / "partners" / folder).mkdir()
    (place / "partners" / folder / name).write_bytes(AS_SAVED[form])
    with pytest.raises(ConfigError, match="read by nobody"):
        load_site(place)


def test_the_rows_of_a_table_in_utf_16_name_their_code_table_and_settings(tmp_path: Path) -> None:
    place = site(tmp_path, acme="")
    codes = place / "partners" / "acme" / "codes"
    codes.mkdir(parents=True)
    (codes / "cities.csv").write_text("code,value\nA,CTN\n")
    rows = "level\ttarget\tsource\ttransform\nshipment\tpackage_unit\tM11.04; profile.hub\tcode cities\n"
    (place / "partners" / "acme" / "x12_309_truck.csv").write_bytes(rows.encode("utf-16"))
    assert [one.code for one in load_site(place).partners["acme"].unread] == ["MAP-PROFILE-UNSET"]


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("x12_309_truck.xlsx", "gateway mapping import"),
        ("x12_309_truck.CSV", "Name it x12_309_truck.csv"),
        ("x12_309_truck.csv.txt", "Name it x12_309_truck.csv"),
    ],
)
def test_a_table_with_another_ending_is_a_warning_unless_the_table_lies_beside_it(
    tmp_path: Path, name: str, mend: str
) -> None:
    place = site(tmp_path, acme="")
    own = place / "partners" / "acme"
    own.mkdir(parents=True)
    (own / name).write_text("level,target,source,default\nshipment,package_unit,,PCS\n")
    (own / "onboard.md").write_text("what the samples tell")
    (left_over,) = load_site(place).partners["acme"].unread
    assert f"acme/{name} is read by nobody" in left_over.said
    assert mend in left_over.mend
    assert [f["code"] for f in check_all(place)] == ["MAP-FILE-UNUSED"]
    (own / "x12_309_truck.csv").write_text("level,target,source,default\nshipment,package_unit,,PCS\n")
    assert load_site(place).partners["acme"].unread == ()


def test_a_table_right_in_the_folder_of_partner_files_is_told(tmp_path: Path) -> None:
    place = site(tmp_path, acme="")
    (place / "partners" / "x12_309_truck.csv").write_text("level,target,source,default\nshipment,package_unit,,PCS\n")
    with pytest.raises(ConfigError, match=r"partners/x12_309_truck\.csv is read by nobody") as caught:
        load_site(place)
    assert "partners/NAME/x12_309_truck.csv" in caught.value.advice


@pytest.mark.parametrize(("name", "mend"), [("cities", "code cities"), ("mode_x21", "mode_x12")])
def test_a_code_table_that_no_row_names_is_a_warning(tmp_path: Path, name: str, mend: str) -> None:
    place = site(tmp_path, acme="")
    codes = place / "partners" / "acme" / "codes"
    codes.mkdir(parents=True)
    (codes / f"{name}.csv").write_text("code,value\nA,air\n")
    (left_over,) = load_site(place).partners["acme"].unread
    assert f"acme/codes/{name}.csv is read by nobody: no row names {name}." in left_over.said
    assert mend in left_over.mend
    assert [c.state for c in doctor(place) if left_over.said == c.said] == ["warning"]
    (fault,) = [f for f in check_all(place) if f["code"] == "MAP-CODE-UNUSED"]
    assert fault["severity"] == "warning" and fault["message"] == left_over.said


@pytest.mark.parametrize(
    ("lines", "name", "mend"),
    [
        ("", "hub_code", "Write hub_code under [options] of acme.toml"),
        ("options = { hub_kode = 'X' }\n", "hub_code", "Did you mean profile.hub_kode?"),
        ("", "bill_is_mastr", "Did you mean profile.bill_is_master?"),
        ("options = { hub_code = 'X' }\n", "hub_code", ""),
        ("constants = { first_us_port = '0901' }\n", "first_us_port", ""),
        ("", "bill_is_master", ""),
    ],
)
def test_a_setting_that_rows_ask_for_and_nobody_makes_is_a_warning(
    tmp_path: Path, lines: str, name: str, mend: str
) -> None:
    place = site(tmp_path, acme=lines)
    own = place / "partners" / "acme"
    own.mkdir(parents=True)
    rows = f"shipment,package_unit,M11.04,profile.{name} present,,\nshipment,package_unit,profile.{name},,,\n"
    (own / "x12_309_truck.csv").write_text(f"level,target,source,when,transform,default\n{rows}")
    told = load_site(place).partners["acme"].unread
    assert [one.mend.startswith(mend) for one in told] == [True] * bool(mend)
    faults = [f["message"] for f in check_all(place) if f["code"] == "MAP-PROFILE-UNSET"]
    assert faults == [one.said for one in told]
    assert all(f"acme/x12_309_truck.csv asks for profile.{name}, which is never set" in said for said in faults)


def test_the_check_looks_where_the_partner_file_says(tmp_path: Path) -> None:
    place = site(tmp_path, acme='mappings = ["tables"]\n')
    (place / "tables").mkdir()
    (place / "tables" / "x12_309_truck.csv").write_text("level,target,source\nshipment,package_unti,M11.04\n")
    assert [f["code"] for f in check_all(place) if f["severity"] == "error"] == ["MAP-ROW"]


def test_tables_of_base_names_and_codes_of_own_rows_pass(tmp_path: Path) -> None:
    place = site(tmp_path, acme='enrichment = { file = "partners/acme/values.csv", on = "house_bill_number" }\n')
    own = place / "partners" / "acme"
    (own / "codes").mkdir(parents=True)
    (own / "values.csv").write_text("house_bill_number\n")
    (own / "x12_309_truck.csv").write_text("level,target,source,transform\nshipment,package_unit,M11.04,code cities\n")
    for name in ("cities", "mode_x12"):
        (own / "codes" / f"{name}.csv").write_text("code,value\nA,air\n")
    (acme,) = load_site(place).partners.values()
    assert acme.unread == ()


@pytest.mark.parametrize(
    ("table", "mend"),
    [
        ("partners/acm/x12_309_truck.csv", "Did you mean partners/acme?"),
        ("partners/Zulu Express/codes/cities.csv", "move it out of partners/"),
        ("partners/zz/maps/309.5020.xml", "add it to mappings of a partner"),
        ("partners/northern/x12_309_truck.csv", "The file of northern is nrtx.toml: name the folder partners/nrtx."),
    ],
)
def test_a_folder_of_tables_without_a_partner_file_is_told(tmp_path: Path, table: str, mend: str) -> None:
    place = site(tmp_path, acme="", nrtx='partner = "northern"\n')
    (place / table).parent.mkdir(parents=True)
    (place / table).write_text("level,target,source\n")
    with pytest.raises(ConfigError, match="holds tables and is read by nobody") as caught:
        load_site(place)
    assert mend in caught.value.advice


def test_folders_that_hold_no_tables_or_that_a_partner_names_pass(tmp_path: Path) -> None:
    place = site(tmp_path, acme='mappings = ["partners/shared"]\n')
    for name in ("shared", ".off"):
        (place / "partners" / name).mkdir()
        (place / "partners" / name / "x12_309_truck.csv").write_text("level,target,source\n")
    for name in ("values", "acme"):  # rows of an enrichment file are no tables
        (place / "partners" / name).mkdir()
        (place / "partners" / name / "may.csv").write_text("house_bill_number,total\n")
    assert list(load_site(place).partners) == ["acme"]


def test_what_is_doubtful_in_a_table_is_told_at_the_start_and_after_a_change(tmp_path: Path) -> None:
    place = site(tmp_path, acme="")
    own = place / "partners" / "acme"
    own.mkdir(parents=True)
    (own / "x12_309_truck.csv").write_text("level,target,source\nbuyer,(first),N1[cn]\n")
    loaded = load_site(place)
    loaded.check_tables()
    (told,) = loaded.unread
    assert told.code == "MAP-VALUE-ODD"
    assert told.said.startswith('acme/x12_309_truck.csv, line 2, source: "cn" is compared letter by letter')
    assert told.mend == "Write CN."
