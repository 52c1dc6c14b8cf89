"""Columns are named as the sender's own file writes them; two of one meaning are told with the way out."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from gateway.findings import Finding, Scope, Severity
from gateway.formats.tabular.paths import DIALECT, column_of
from gateway.formats.tabular.rows import plain_name
from gateway.formats.tabular.vocabulary import vocabulary
from gateway.mapping.grammar import parse_path
from gateway.own_words import in_own_words
from gateway.profile import Profile
from tests.drops import drop, profile_for, sample

HEAD = (
    "Sendungsnummer;Empfänger;Straße;Ort;Bundesland;PLZ;Land;Absender;Absender Straße;Absender Ort;Absender Land;"
    "Warenbeschreibung;Ursprungsland;Warenwert;Währung;Gewicht;Gewichtseinheit;Zolltarifnummer;Menge;Transportart;Zielhafen;ETA"
)
GOOD = "TRK1;Pat Sample;12 Main St;Erie;PA;16501;US;Demo GmbH;Hauptstr. 1;Köln;DE;Cotton shirts;CN;12.50;USD;0.5;KG;6109100012;1;air;2720;2025-03-04"
OURS = "|".join(sorted(vocabulary()[0], key=len, reverse=True))


def told(text: str, name: str = "goods.csv", **changes: object) -> list[dict[str, str]]:
    return drop(text.encode(), name=name, **changes).rejects()


def profile(**tabular: object) -> Profile:
    return profile_for(HEAD.encode(), options={"tabular": {"delimiter": ";", **tabular}})


@pytest.mark.parametrize("header", ["Gewicht [kg]", "Gewicht (kg)", "Zahl [1/2]", "Ref/No", "Ref Nr.", "A [x=1]"])
def test_a_row_reads_a_column_by_the_name_that_the_file_has(header):
    """What stands in square brackets was taken for a qualifier, and the column was not found."""
    assert plain_name(column_of(parse_path(header))) == plain_name(header)


def test_there_is_no_column_0():
    assert DIALECT.problems(parse_path("col 0"), "", "CSV", "") and not DIALECT.problems(
        parse_path("col 10"), "", "CSV", ""
    )


def test_what_is_said_of_a_cell_names_the_column_of_the_file():
    nothing = "TRK2;" + ";" * 20
    wrong = "TRK3;Pat;x;y;ZZ;1;QQ;Demo;a;b;QQ;gifts;QQ;1x;EURO;2x;KX;61091;0;jet;27;tomorrow"
    rows = told("\n".join([HEAD, wrong, nothing, ""]))
    assert len(rows) > 25
    names = set(HEAD.split(";"))
    for row in rows:
        assert row["column"] in names | {""}, row
        words = row["what is wrong"] + row["how to mend it"]
        assert set(re.findall(r'columns? "([^"]+)"', words)) <= names, row
        assert re.search(rf"\\bcolumns? ({OURS})\\b", words) is None, row
    (row,) = (r for r in rows if r["field"] == "consignee name" and r["shipment"] == "TRK2")
    assert row["what is wrong"] == 'Consignee name (column "Empfänger") missing.'
    mends = {row["how to mend it"] for row in rows if row["rule"] == "MAP-WEIGHT"}
    assert mends == {'Write the weight into column "Gewicht" and K, KG, L or LB into column "Gewichtseinheit".'}


def test_keys_of_json_are_named_like_columns():
    row = {"Sendungsnummer": "TRK1", "Empfänger": "Pat", "Warenbeschreibung": "x", "Warenwert": "1", "Währung": "USD"}
    rows = told(json.dumps([{**row, "shipper": {"name": ""}, "Land": "QQQ"}]), "goods.json")
    words = [r["what is wrong"] for r in rows]
    assert 'Shipper name (column "shipper.name") missing.' in words
    assert any('column "Land"' in w for w in words)
    assert (
        "Consignee street (column consignee_address1) missing." in words
    )  # the file has none: our name tells what to send


def test_a_header_that_only_the_profile_knows_is_found():
    """Every third of its names must be one that the profile or the gateway knows; what is none is told."""
    names = [vocabulary()[1][plain_name(name)] for name in HEAD.split(";")]
    strange = {f"X{number}": name for number, name in enumerate(names)}
    text = "\n".join(["Lieferung vom 3. März", ";".join(strange), GOOD, ""]).encode()
    known = dict(list(strange.items())[: len(names) // 3 + 1])
    assert "CSV-HEADER" in [r["rule"] for r in drop(text, name="goods.csv", profile=profile(header_row=0)).rejects()]
    assert (
        drop(text[text.index(b"X0") :], name="goods.csv", profile=profile(rename=strange)).outcome.counts.accepted == 1
    )
    part = drop(text[text.index(b"X0") :], name="goods.csv", profile=profile(rename=known)).rejects()
    assert "CSV-HEADER" not in [r["rule"] for r in part]
    few = drop(
        text[text.index(b"X0") :], name="goods.csv", profile=profile(rename=dict(list(known.items())[:-1]))
    ).rejects()
    assert "CSV-HEADER" in [r["rule"] for r in few]


@pytest.mark.parametrize("name", ["Ort", "Stadt"])
def test_two_columns_of_one_meaning_are_told_with_both_places(name):
    head = HEAD.replace("Absender Ort", name)
    result = drop(f"{head}\n{GOOD}\n".encode(), name="goods.csv")
    (finding,) = (f for f in result.findings() if f.rule == "CSV-DUP-HEADER")
    assert "4" in finding.message
    assert "10" in finding.message
    assert "(consignee_city)" in finding.message
    row, *_ = (r for r in result.rejects() if r["rule"] == "CSV-DUP-HEADER")
    assert "rename" in row["how to mend it"]
    for key in ("col 10", *([name] if name != "Ort" else [])):
        done = drop(
            f"{head}\n{GOOD}\n".encode(), name="goods.csv",
            profile=profile(rename={key: "shipper_city"}),
        )  # fmt: skip
        (message,) = done.messages()
        (shipment,) = message["shipments"]
        assert shipment["shipment_initiator"]["city"] == "Köln"
        assert shipment["final_deliver_to_party"]["city"] == "Erie"


@pytest.mark.parametrize(
    ("layout", "city", "told"),
    [
        ({"rename": {"col 10": "consignee_city"}}, "Köln", "Ort"),
        ({"rename": {"Stadt": "consignee_city"}}, "Köln", "Ort"),
        ({"rename": {"Ort": "consignee_city"}}, "Erie", "Stadt"),
        ({"extra_columns": ["Stadt"]}, "Erie", ""),
        ({"extra_columns": ["Ort"]}, "Köln", ""),
    ],
)
def test_of_two_columns_of_one_meaning_the_layout_says_which_counts(layout, city, told):
    head = HEAD.replace("Absender Ort", "Stadt")
    values = {"shipper_city": "Bonn"}
    done = drop(f"{head}\n{GOOD}\n".encode(), name="goods.csv", profile=profile(values=values, **layout))
    (message,) = done.messages()
    assert message["shipments"][0]["final_deliver_to_party"]["city"] == city
    said = [f.message for f in done.findings() if f.rule == "CSV-EXTRA-COLUMN"]
    assert said == ([f'Column "{told}" was not read: another column is agreed to be consignee_city.'] if told else [])


def test_a_column_of_the_standard_name_gives_way_to_a_renamed_one_wherever_it_stands():
    for names in ("Gewicht;weight", "weight;Gewicht"):
        head, good = (
            HEAD.replace("Gewicht", names, 1),
            GOOD.replace(";0.5;", ";0.5;9;" if names[0] == "G" else ";9;0.5;"),
        )
        done = drop(f"{head}\n{good}\n".encode(), name="goods.csv", profile=profile(rename={"Gewicht": "weight"}))
        assert done.messages()[0]["shipments"][0]["gross_weight_kg"] == "0.500"


def test_a_missing_column_is_told_with_its_names_and_the_one_that_may_be_meant():
    text = f"{HEAD}\n{GOOD}\n".replace("Warenbeschreibung", "Warenbeschreibg").replace("Warenwert", "Betrag")
    (words, other) = (f.message for f in drop(text.encode(), name="g.csv").findings() if f.rule == "CSV-MISSING-COLUMN")
    assert words.startswith('The table has no column item_description (or "description", ')
    assert words.endswith('Perhaps it is column "Warenbeschreibg", a name that is not known.')
    assert "Perhaps" not in other


def test_a_number_alone_is_a_shipment_of_which_all_else_is_missing():
    text = f"{HEAD}\n{GOOD}\nTRK2{';' * 21}\nchecked by A. Clerk{';' * 21}\n"
    assert drop(text.encode(), name="g.csv").counts() == (2, 1, 1, 0)


def test_a_part_of_an_amount_is_not_named_like_its_column():
    written = {"unit_value": "Lineitem price", "currency": "Currency"}.get
    said = Finding(
        "S321-SCHEMA",
        Severity.ERROR,
        Scope.SHIPMENT,
        "Item 2, unit_value.currency is missing, and column currency too.",
    )
    (told,) = in_own_words([said], SimpleNamespace(written=lambda name: written(name, ""), type="rows"), None)
    assert told.message == 'Item 2, unit_value.currency is missing, and column "Currency" too.'


def test_a_header_of_more_columns_than_any_table_has_is_none() -> None:
    head, rest = sample("csv/01").split(b"\n", 1)
    for row in (head.rstrip() + b",a" * 20_000, b"," * 20_000 + head):
        result = drop(row + b"\n" + rest, name="a.csv")
        (told,) = [f for f in result.findings() if f.rule == "CSV-HEADER"]
        assert "columns; a table has 16384 at most" in told.message and result.outcome.verdict == "reject"
    few = drop(head.rstrip() + b",a" * 50 + b"\n" + rest, name="a.csv")
    assert "CSV-HEADER" not in few.rules()


def test_a_header_in_another_character_set_is_told_as_that_and_not_as_unknown_columns():
    found = drop(sample("csv/02"), name="goods.csv").findings()
    of_header = [f for f in found if f.position.row == 1 and f.rule != "CSV-DELIM-DETECTED"]
    assert [f.rule for f in of_header] == ["CSV-ENCODING"]
    assert 'encoding = "cp1252"' in of_header[0].message
    assert not any("\ufffd" in f.message for f in found)


@pytest.mark.parametrize("many", [1, 400])
def test_a_column_without_a_name_is_told_when_it_holds_something(many: int) -> None:
    """What stood in it was lost without a word."""
    rows = [f"{'x' if n >= many - 1 else ''}; ;{GOOD.replace('TRK1', f'TRK{n}')}" for n in range(many + 2)]
    text = "\n".join([f"; ;{HEAD}", *rows, ""]).encode()

    def said(**tabular: object) -> list[tuple[int | None, str]]:
        found = drop(text, name="m.csv", profile=profile(**tabular)).findings()
        return [(f.position.row, f.message) for f in found if f.rule == "CSV-EXTRA-COLUMN"]

    assert said() == [(many + 1, f"Column 1 has no name and was not read; row {many + 1} is the first that has something in it.")]  # fmt: skip
    assert said(extra_columns=["col 1"]) == said(rename={"col 1": "sku"}) == []
