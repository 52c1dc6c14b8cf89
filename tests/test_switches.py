"""Settings of one format: what would do nothing, or stop the first file, is refused at the start."""

from __future__ import annotations

import pytest

from gateway.config_files import PartnerFile
from gateway.errors import ConfigError
from gateway.switches import check_switches


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


def test_other_settings_of_formats() -> None:
    for given in ({"encoding": "klingon"}, {"join_formats": ["x13"]}, {"unwrap": ["pgp"]}):
        with pytest.raises(ConfigError):
            checked(**given)
