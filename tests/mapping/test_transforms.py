"""Every transform: its own examples, and what must hold for any text."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.codes import CodeTables
from gateway.mapping.grammar import parse_transform
from gateway.mapping.transforms import Noted, Unusable, find_transform, registry, transform
from gateway.mapping.transforms.arguments import _CHECKS, FREE, argument_fault
from gateway.mapping.transforms.numbers import plain
from gateway.site import base_mappings

TABLES = CodeTables({p.stem: p.read_bytes() for p in (base_mappings() / "codes").glob("*.csv")})
ARGS = {
    "code": ("mode_x12",), "uncode": ("scan_method",), "date": ("CCYYMMDD",), "datetime": ("CCYYMMDDHHMM",), "shape": ("digits", "5"), "only": ("digits", "5"),
    "keep": ("3",), "cut": ("3",), "join_within": ("12",), "drop": ("3",), "join": (" ",), "split": ("/", "2"), "replace": ("-", " "), "prefix": ("NRTX",),
    "party_id": ("x12_party_id",), "agency_id": ("edifact_party_id",), "product_ids": ("x12_product_id",), "product_list": ("edifact_product_id",), "product_id": ("sku",), "lines": ("1",), "lines_from": ("3",), "contact": ("TE",), "const": ("fixed",), "implied": ("2",), "into_us": ("iata_port",), "into_us_time": ("iata_port",), "into_us_day": ("iata_port",),
}  # fmt: skip
"""Arguments for transforms that need some; the examples in their registration are written for these."""


def run(name: str, text: str, *args: str) -> str:
    """Return what a transform makes of source values parted by ";"; "!RULE" when it cannot use them."""
    found = registry()[name]
    values = [v.strip() for v in text.split(";")] if found.many else text
    try:
        return found.bind(args or ARGS.get(name, ()), TABLES)(values)
    except Unusable as error:
        return f"!{error.rule or 'MAP-VALUE'}"


EXAMPLES = [(name, example) for name, found in sorted(registry().items()) for example in found.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=str)
def test_the_example_of_a_transform_holds(name, example):
    left, _, wanted = example.partition("=>")
    if name == "date" and left.strip() == "202510011830":
        assert run(name, left.strip(), "CCYYMMDDHHmm") == wanted.strip()
    elif name == "lines":
        assert run(name, left.strip().replace("|", "\n")) == wanted.strip()
    else:
        assert run(name, left.strip()) == wanted.strip()


def test_every_transform_has_an_example_and_says_what_it_does():
    assert [n for n, t in registry().items() if not t.examples or not (t.function.__doc__ or "").strip()] == []


@pytest.mark.parametrize(
    ("value", "unit", "kilograms"),
    [("450", "L", "204.117"), ("2.2", "LBR", "0.998"), ("0.420", "KGM", "0.420"), ("16", "ONZ", "0.454"), ("500", "GRM", "0.500"), ("1", "K", "1.000"), ("0.0004", "K", "0.000")],
)  # fmt: skip
def test_weights_become_kilograms_by_exact_factors(value, unit, kilograms):
    assert run("kg", f"{value}; {unit}") == kilograms


@given(st.decimals(min_value=0, max_value=10**6, places=3))
def test_pounds_are_exact_to_the_gram(weight: Decimal):
    told = Decimal(run("kg", f"{weight}; L"))
    assert abs(told - weight * Decimal("0.45359237")) <= Decimal("0.0005")


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_money_keeps_its_cents(value: Decimal):
    assert Decimal(run("decimal", f"{value}")) == value
    assert Decimal(run("implied", f"{int(value * 100)}")) == value


@pytest.mark.parametrize("text", ["1e5", "NaN", "Infinity", "1,234.5.6", "--1", "0x10", "\u0661\u0662", "1 2"])
def test_what_is_no_plain_number_is_refused(text):
    assert run("decimal", text).startswith("!")


@pytest.mark.parametrize(
    ("text", "day"),
    [("20250228", "2025-02-28"), ("20250230", "!MAP-VALUE"), ("20240229", "2024-02-29"), ("250101", "!MAP-VALUE"), ("2025-01-01", "!MAP-VALUE")],
)  # fmt: skip
def test_only_days_that_exist_are_dates(text, day):
    assert run("date", text) == day


def test_port_time_is_the_local_time_of_the_port():
    assert run("port_time", "20250304; 0615; 3004") == "2025-03-04T14:15:00Z"  # Blaine: Pacific, winter
    assert run("port_time", "20250704; 0615; 3004") == "2025-07-04T13:15:00Z"  # summer
    assert run("port_time", "20250304; 0615; 0901") == "2025-03-04T11:15:00Z"  # Buffalo: Eastern


@pytest.mark.parametrize(
    ("text", "zip_code"),
    [("14201; NY", "14201"), ("142011234; NY", "14201-1234"), ("14201-1234; NY", "14201-1234"), ("02116; MA", "02116"), ("2116; MA", "02116")],
)  # fmt: skip
def test_zip_codes_are_written_in_one_form(text, zip_code):
    assert run("zip", text) == zip_code


def test_a_zip_code_that_was_padded_carries_a_remark():
    padded = registry()["zip"].bind((), TABLES)(["2116", "MA"])
    assert isinstance(padded, Noted)
    assert [rule for rule, _ in padded.notes] == ["Q-ZIP-PADDED"]


@given(st.integers(0, 9_999_999))
def test_air_waybills_have_one_right_check_digit_in_ten(serial: int):
    good = [d for d in range(10) if not run("awb", f"999-{serial:07}{d}").startswith("!")]
    assert good == [serial % 7]


@given(st.integers(0, 99_999_999))
def test_postal_item_numbers_have_one_right_check_digit(number: int):
    good = [d for d in range(10) if not run("s10", f"RR{number:08}{d}GB").startswith("!")]
    weighted = 11 - sum(int(c) * w for c, w in zip(f"{number:08}", (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    assert good == [{10: 0, 11: 5}.get(weighted, weighted)]


@given(st.text(max_size=24), st.sampled_from(sorted(registry())))
def test_any_text_gives_text_or_a_reason(text: str, name: str):
    found = registry()[name]
    values = [text, text[:3]] if found.many else text
    with suppress(Unusable):
        assert isinstance(found.bind(ARGS.get(name, ()), TABLES)(values), str)


def test_a_form_of_dates_that_makes_no_sense_is_told_in_words():
    assert run("date", "20252025", "CCYYCCYY") == "!MAP-VALUE"


def test_the_text_of_a_number_does_not_depend_on_what_was_read_before():
    assert [plain(Decimal(t), 0) for t in ("3.00", "3", "3.0")] == ["3.00", "3", "3.0"]


def test_a_value_with_several_codes_is_written_only_when_the_first_one_is_meant():
    assert run("uncode", "original", "cargo_xml_purpose") == "!MAP-VALUE"
    assert run("uncode", "original", "cargo_xml_purpose", "first") == "Creation"
    assert run("uncode", "nothing of the kind", "cargo_xml_purpose", "first") == "!MAP-VALUE"


def test_a_package_cannot_take_the_name_of_one_of_our_transforms():
    def trim(value: str) -> str:
        """Not ours."""
        return value

    ours = registry()["trim"]
    with pytest.raises(ValueError, match="trim already"):
        transform("a => a")(trim)
    assert registry()["trim"] is ours


def test_packages_are_asked_for_a_transform_that_is_none_of_ours(monkeypatch):
    asked = []
    module = import_module("gateway.mapping.transforms.registry")
    monkeypatch.setattr(module, "load_user_transforms", lambda: asked.append(True))
    assert find_transform("trim") is not None
    assert asked == []
    assert find_transform("no_such_transform") is None
    assert asked == [True]


def test_each_transform_with_arguments_has_a_check_of_them_or_takes_any_text() -> None:
    """A wrong argument was told by each shipment, and a time zone that is none stopped the translation."""
    with_arguments = {name for name, found in registry().items() if found.args[1]}
    assert set(_CHECKS) | FREE == with_arguments
    assert not [name for name, args in ARGS.items() if argument_fault(name, args)]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("keep x", '"x" of keep is not a number'), ("drop -1", "a number"), ("implied 2.5", "a number"), ("lines 0", "a number from 1"), ("split slash x", "from 1"),
        ("kg FOO", "a unit of weight"), ("shape foo 3", "a shape: digits"), ("only digits x", "a length"), ("code mode_x12 kepp", "one of keep, empty, error"),
        ("uncode mode_x12 all", "is not first"), ("decimal semicolon", "one of"), ("contact phone", "a kind of contact"), ("dtm Mars/Phobos", "a time zone"),
        ("date YYYY-MM-DD", "a form of dates"), ("datetime dd.mm.yyyy", "it needs CCYY or YY"), ("iso EST5EDT/..", "a time zone"),
        ("keep 0", "a number from 1"), ("drop 0", "a number from 1"), ("rounded 80", "decimals from 0 to 9"), ("implied 200", "decimals from 0 to 9"),
        ("split nothing 1", "a text to look for"), ("replace nothing X", "a text to look for"), ("replace X nothing", ""), ("join nothing", ""),
        ("keep 3", ""), ("date DD.MM.CCYY", ""), ("datetime CCYY-MM-DD/HH:mm America/Chicago", ""), ("decimal comma", ""), ("kg l", ""), ("shape digits 4", ""), ("rounded 0", ""),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_told_when_the_table_is_loaded(cell: str, fault: str) -> None:
    (call,) = parse_transform(cell)
    said = argument_fault(call.name, call.args)
    assert (fault in said) if fault else said == ""


@pytest.mark.parametrize(
    ("name", "args", "value", "moment"),
    [
        ("iso", (), "2025-03-04", "2025-03-04T12:00:00Z"), ("iso", ("America/New_York",), "2025-03-04", "2025-03-04T17:00:00Z"),
        ("iso", (), "2025-03-04T00:00:00", "2025-03-04T00:00:00Z"), ("datetime", ("CCYYMMDD", "UTC"), "20250304", "2025-03-04T12:00:00Z"),
        ("datetime", ("CCYYMMDDHHmm", "UTC"), "202503040000", "2025-03-04T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_day_without_a_time_is_noon_wherever_it_is_read(name, args, value, moment):
    """Midnight in UTC is the evening before in the US, and the law of that day."""
    assert registry()[name].bind(args, None)(value) == moment


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United States", "US"), ("united states of america", "US"), ("The Netherlands", "NL"), ("Viet Nam", "VN"), ("Vietnam", "VN"),
        ("Korea, Republic of", "KR"), ("South Korea", "KR"), ("Österreich", "AT"), ("中国", "CN"), ("P.R. China", "CN"), ("Hong Kong", "HK"),
    ],
)  # fmt: skip
def test_a_country_that_is_written_as_a_name_is_read_and_told(text, code):
    read = registry()["country"].bind(("names",), TABLES)(text)
    assert (str(read), [rule for rule, _ in read.notes]) == (code, ["CODE-COUNTRY-NAME"])


def test_a_name_that_is_no_country_is_refused():
    for text in ("Europe", "Lower Saxony", "n/a", "EU"):
        with pytest.raises(Unusable):
            registry()["country"].bind(("names",), TABLES)(text)


def test_without_the_word_names_a_name_is_refused_with_the_code_to_write():
    with pytest.raises(Unusable, match="not an ISO 3166-1 country code: write US"):
        registry()["country"].bind((), TABLES)("United States")


@pytest.mark.parametrize(
    ("text", "number", "told"),
    [
        ("+1 206-555-0100 ext. 12345", "+12065550100", True), ("206.555.0100x12", "2065550100", True),
        ("(206) 555-0100 #4", "2065550100", True), ("555 010 1234", "5550101234", False), ("#5550101234", "5550101234", False),
    ],
)  # fmt: skip
def test_an_extension_is_no_part_of_the_number(text, number, told):
    read = registry()["phone"].function(text)
    assert str(read) == number
    assert [rule for rule, _ in getattr(read, "notes", ())] == ["MAP-NOT-PASSED"] * told
