"""Settings of one format: what would do nothing, or stop the first file, is refused at the start."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from gateway.config_files import PartnerFile, Program, read_file
from gateway.errors import ConfigError
from gateway.mapping.folder import MappingSet
from gateway.settings import base_mappings
from gateway.switches import check_switches
from gateway.table_settings import check_names


def checked(**given: object) -> None:
    check_switches("acme.toml", PartnerFile(originator_code="A", senders=[], receivers=[], **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"default": True, "max_depth": 3, "format": "tabular", "wrap": "keep", "unox_codec": "iso2022_jp"},
        {"contrl_list_all": False, "accept_missing_unz": True, "ignore_namespaces": True, "shipment_level": "order"},
        {"ports_of_ours": "0901"},  # for its mapping tables: profile.ports_of_ours
        {"tabular": {"delimiter": ";"}},
    ],
)
def test_known_settings_pass(options: dict[str, object]) -> None:
    checked(options=options, encoding="cp1252")


@pytest.mark.parametrize(
    ("options", "said", "mend"),
    [
        ({"default": "no"}, "options.default is not understood", "true or false"),
        ({"max_depth": "x"}, "options.max_depth is not understood", "whole number"),
        ({"max_depth": True}, "options.max_depth is not understood", "whole number"),
        ({"format": "csv"}, "options.format is not understood", "tabular"),
        ({"wrap": "off"}, "options.wrap is not understood", "keep"),
        ({"unox_codec": "base64"}, "options.unox_codec is not understood", "iso2022_jp"),
        ({"contrl_list_al": True}, 'options has no "contrl_list_al"', "contrl_list_all"),
        ({"shipment_levl": "order"}, 'options has no "shipment_levl"', "shipment_level"),
        ({"shipment_level": "tare"}, "shipment_level 'tare' is not known", "order, pack"),
    ],
)
def test_slips_of_the_pen_are_told(options: dict[str, object], said: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=r"acme\.toml") as caught:
        checked(options=options)
    assert said in caught.value.message
    assert mend in caught.value.advice


def test_a_sum_of_the_day_that_takes_accepted_shipments_back_is_refused_with_what_to_do() -> None:
    checked(aggregate_reject="later")
    with pytest.raises(ConfigError, match="is not carried out") as caught:
        checked(aggregate_reject="all")
    assert "cancel" in caught.value.advice and "S321-AGG-800" in caught.value.advice


def test_other_settings_of_formats() -> None:
    for given in ({"encoding": "klingon"}, {"join_formats": ["x13"]}, {"unwrap": ["pgp"]}):
        with pytest.raises(ConfigError):
            checked(**given)


@pytest.mark.parametrize(
    ("layout", "said", "mend"),
    [
        ({"header_row": "four"}, "options.tabular.header_row is text in quotes", "whole number"),
        ({"header_row": 0}, "options.tabular.header_row is not understood", ">= 1"),
        ({"decimal": ","}, 'options.tabular.decimal "," is not known', "Known: comma, point."),
        ({"group_by": "order_number"}, "options.tabular.group_by is text in quotes", "a list"),
        ({"rename": {"Art": ["hts"]}}, "options.tabular.rename is a list", "text in quotes"),
        ({"split": [{"col": "A", "pattern": "x"}]}, '"options.tabular.split.col" is not known', "column"),
        ({"delimiter": "dot"}, 'options.tabular.delimiter "dot" is not known', "semicolon"),
        ({"values": {"mode": ["air"]}}, "options.tabular.values.mode is not one value", "text in quotes"),
        ({"title": "("}, "the pattern '(' cannot be read", ""),
    ],
)
def test_a_layout_of_tables_is_checked_at_the_start(layout: dict[str, object], said: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=r"acme\.toml") as caught:
        checked(options={"tabular": layout})
    assert said in caught.value.message
    assert mend in caught.value.advice


@pytest.mark.parametrize(
    ("layout", "said", "mend"),
    [
        ({"values": {"arival_port": "0901"}}, 'values fills "arival_port"', "arrival_port"),
        ({"title": "No (?P<gate>.+)"}, 'title fills "gate"', "mapping row"),
        (
            {"split": [{"column": "A", "pattern": "(?P<consigne_zip>.+)"}]},
            'split fills "consigne_zip"',
            "consignee_zip",
        ),
        ({"rename": {"Ort": "consigne_city"}}, 'rename names "consigne_city"', "consignee_city"),
        ({"columns": ["house_bill", "consigne_zip"]}, 'columns names "consigne_zip"', "consignee_zip"),
        ({"group_by": ["ordernumbr"]}, 'group_by names "ordernumbr"', "order_number"),
    ],
)
def test_a_name_that_nothing_reads_is_told_at_the_start(layout: dict[str, object], said: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=r"acme\.toml") as caught:
        check_names("acme.toml", {"tabular": layout}, MappingSet(base_mappings()))
    assert said in caught.value.message
    assert mend in caught.value.advice


@pytest.mark.parametrize(
    "layout",
    [
        {"values": {"mode": "air", "gate": 7}, "extra_columns": ["gate"]},
        {"columns": ["house_bill", "filler", "shipper_address4"], "group_by": ["House Bill"]},
        {"rename": {"Ort": "place", "Block": "consignee_block"}, "split": [{"column": "consignee_block", "pattern": "(?P<hts>.)"}]},
    ],
)  # fmt: skip
def test_names_of_the_partners_own_pass(layout: dict[str, object]) -> None:
    check_names("acme.toml", {"tabular": layout}, MappingSet(base_mappings()))


def test_the_programs_of_a_partner_file_are_those_of_the_canonical_message() -> None:
    schema = json.loads((files("gateway.canonical") / "schema.json").read_text("utf-8"))
    assert set(get_args(Program)) == set(schema["properties"]["program"]["enum"])


@pytest.mark.parametrize(("key", "value"), [("originator_code", "acme-1"), ("originator_code", "A" * 16), ("program", "type11"), ("filer_name", "x" * 71)])  # fmt: skip
def test_what_no_message_could_hold_is_refused_at_the_start(key: str, value: str, tmp_path: Path) -> None:
    given = {"originator_code": "A", key: value}
    path = tmp_path / "acme.toml"
    lines = [f'{name} = "{text}"' for name, text in given.items()]
    path.write_text("\n".join([*lines, "senders = []", "receivers = []"]))
    with pytest.raises(ConfigError, match=key):
        read_file(path, PartnerFile)
