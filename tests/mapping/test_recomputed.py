"""Numbers and dates of random values, computed a second time by other means: fractions, the calendar, the zone's own rules.

A value that no transform can mean is refused; it is never cut, rounded or read by another rule than the one named.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from gateway.formats.cargo_imp.totals import quantity
from gateway.formats.tabular.cells import read_date
from gateway.mapping.transforms import Unusable, registry
from tests.drops import SAMPLES_NOW, drop, sample

ZONES = ("UTC", "America/New_York", "America/Los_Angeles", "America/Anchorage", "Asia/Shanghai", "Asia/Kolkata")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def run(name: str, value: object, *args: str) -> str:
    try:
        return str(registry()[name].bind(args, None)(value))
    except Unusable:
        return "!"


def half_up(value: Fraction, places: int) -> str:
    """Return a number with N decimals, half away from zero, by whole numbers alone."""
    sign, scaled = "-" if value < 0 else "", abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = str(whole).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def written(r: random.Random) -> tuple[str, Fraction]:
    """Return a number above zero as a manifest writes it, and what it is."""
    digits, point = str(r.randrange(1, 10 ** r.randrange(1, 10))), r.randrange(0, 6)
    text = digits if not point else f"{digits[:-point] or r.choice(['', '0'])}.{digits[-point:].rjust(point, '0')}"
    return r.choice(["", "", "0", "00"]) + text, Fraction(int(digits), 10**point)


# --- numbers --------------------------------------------------------------------------------------------------


def test_weights_and_amounts_are_those_of_fractions() -> None:
    r = random.Random(31)
    pounds, ounces = Fraction(45359237, 10**8), Fraction(45359237, 16 * 10**8)
    units = {"K": 1, "KGM": 1, "L": pounds, "LBR": pounds, "O": ounces, "G": Fraction(1, 1000), "S": 2000 * pounds, "T": 2240 * pounds, "TNE": 1000}  # fmt: skip
    for _ in range(2000):
        text, value = written(r)
        unit = r.choice(list(units))
        assert run("kg", [text, unit]) == half_up(value * units[unit], 3)
        assert run("rounded", text, "2") == half_up(value, 2)
        cents = str(r.randrange(10**9))
        assert run("implied", cents, "2") == run("cents", cents) == half_up(Fraction(int(cents), 100), 2)
        other, factor = written(r)
        assert Fraction(run("extended", [text, other])) == value * factor, "nothing is rounded"
        assert Fraction(run("money", [text])) == Fraction(run("decimal", text)) == value
        assert run("money", [text]).partition(".")[2].startswith(text.partition(".")[2]), "zeros at the end are kept"


def test_a_decimal_comma_parts_decimals_and_points_part_thousands_only() -> None:
    r = random.Random(32)
    for _ in range(1000):
        whole, cents = r.randrange(1, 10**8), r.randrange(100)
        plain, grouped = f"{whole},{cents:02d}", f"{whole:,}".replace(",", ".") + f",{cents:02d}"
        for text in (plain, grouped, plain[:-3], grouped[:-3]):
            parted = f"{whole}.{cents:02d}" if "," in text else str(whole)
            assert run("decimal", text, ",") == parted, text
    for text in ("24.90", "0.450", "1.2.3,4", "1.23,4", "12.3456", "1,2,3", "1.234.56", ",", "", "1.,5", "01.234"):
        assert run("decimal", text, ",") == "!", text


@pytest.mark.parametrize("text", ["T2K1.2.3", "K1,234.5", "K1.2,3", "K1,250", "K1..2", "T2,5", "K1,2,3"])
def test_a_cargo_imp_number_that_goes_on_is_none(text: str) -> None:
    assert run("imp_weight", text) == "!"
    assert quantity(text)[1] is None


@pytest.mark.parametrize("text", ["T2,5K3", "T2.5", "2,0K1.5"])
def test_pieces_that_are_no_whole_number_are_none(text: str) -> None:
    assert run("imp_pieces", text) == "!"


# --- dates ----------------------------------------------------------------------------------------------------


def instants(r: random.Random, count: int) -> list[datetime]:
    """Return local times: any of a century, and those around the changes of the clock in 2025."""
    any_time = [datetime(1970, 1, 1) + timedelta(minutes=r.randrange(60 * 365 * 1440)) for _ in range(count)]  # noqa: DTZ001
    days = [datetime(2025, 3, 9), datetime(2025, 11, 2)]  # noqa: DTZ001
    changes = [day + timedelta(minutes=r.randrange(360)) for day in days for _ in range(60)]
    return any_time + changes


def to_utc(local: datetime, zone: str) -> str:
    """Return the instant at which a clock in the zone shows the time: the first one; an hour later in the hour that it skips."""
    offsets = {(EPOCH + timedelta(days=n)).astimezone(ZoneInfo(zone)).utcoffset() for n in range((local.date() - date(1970, 1, 2)).days, (local.date() - date(1970, 1, 1)).days + 3)}  # fmt: skip
    found = []
    for offset in offsets:
        assert offset is not None
        moment = (local - offset).replace(tzinfo=UTC)
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
            found.append(moment)
    return min(found).isoformat().replace("+00:00", "Z") if found else to_utc(local + timedelta(hours=1), zone)


def test_local_times_are_instants_by_the_rules_of_their_zone() -> None:
    r = random.Random(33)
    for local in instants(r, 300):
        zone = r.choice(ZONES)
        for name, value, args in (
            ("dtm", [f"{local:%Y%m%d%H%M}", "203"], (zone,)),
            ("datetime", f"{local:%Y%m%d%H%M}", ("CCYYMMDDHHmm", zone)),
            ("iso", f"{local:%Y-%m-%dT%H:%M}", (zone,)),
        ):
            assert run(name, value, *args) == to_utc(local, zone), (name, local, zone)


FORMS = {"2": "%d%m%y", "3": "%m%d%y", "4": "%d%m%Y", "5": "%d%m%Y%H%M", "10": "%Y%m%dT%H%M", "101": "%y%m%d", "102": "%Y%m%d", "201": "%y%m%d%H%M", "202": "%y%m%d%H%M%S", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S"}  # fmt: skip


def test_each_format_code_of_a_dtm_is_read_as_the_code_list_says() -> None:
    r = random.Random(34)
    for _ in range(400):
        moment = datetime(2000, 1, 1) + timedelta(seconds=r.randrange(60 * 365 * 86400))  # noqa: DTZ001
        for code, form in FORMS.items():
            known = "%H" in form
            wanted = (
                moment.replace(second=moment.second if "%S" in form else 0)
                if known
                else moment.replace(hour=12, minute=0, second=0)
            )
            assert run("dtm", [f"{moment:{form}}", code]) == f"{wanted:%Y-%m-%dT%H:%M:%SZ}", (code, moment)
            assert run("dtm_day", [f"{moment:{form}}", code]) == f"{moment:%Y-%m-%d}"
        east = r.randrange(-12 * 60, 14 * 60)
        offset = f"{'-' if east < 0 else '+'}{abs(east) // 60:02d}{abs(east) % 60:02d}"
        instant = moment.replace(second=0) - timedelta(minutes=east)
        for code, form in (("303", "%Y%m%d%H%M"), ("301", "%y%m%d%H%M"), ("205", "%Y%m%d%H%M")):
            assert run("dtm", [f"{moment:{form}}{offset}", code]) == f"{instant:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("value", "code"),
    [("20251001", "718"), ("202510", "610"), ("010325", "9"), ("251001183000", "203"), ("20251001", "ABC")],
)
def test_a_format_code_that_is_not_read_is_never_guessed_against(value: str, code: str) -> None:
    assert run("dtm", [value, code]) == run("dtm_day", [value, code]) == "!"


def test_spreadsheet_days_are_counted_from_the_end_of_1899() -> None:
    r = random.Random(35)
    for _ in range(500):
        serial, second = r.randrange(20_000, 60_000), r.randrange(86_400)
        day = date.fromordinal(date(1900, 3, 1).toordinal() + serial - 61)
        assert read_date(str(serial), "")[0] == day.isoformat()
        wanted = day.isoformat() + (
            f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" if second else ""
        )
        assert read_date(f"{serial + second / 86400:.9f}".rstrip("0").rstrip("."), "")[0] == wanted


# --- the ends of the calendar ---------------------------------------------------------------------------------


@pytest.mark.parametrize("arrival", ["99991231***2330", "99991231***2359", "00010101***0000", "00250304***1430"])
@pytest.mark.parametrize("port", ["0901", "3201", "2720"])
def test_a_day_that_no_shipment_has_refuses_it_in_words(arrival: str, port: str) -> None:
    data = re.sub(rb"P4\*[^~]*~", f"P4*{port}*{arrival}~".encode(), sample("x12/01"))
    dropped = drop(data, now=SAMPLES_NOW)
    assert dropped.outcome.verdict == "reject"
    assert {"S321-SCHEMA"} <= dropped.rules()
    said = [f.message for f in dropped.findings() if f.rule == "S321-SCHEMA"]
    assert any(f'"{arrival[:4]}-' in text for text in said), "years have four digits"


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59", "0001-01-01"]
)
def test_iso_moments_at_the_ends_of_the_calendar_are_none(text: str) -> None:
    for zone in ZONES:
        assert run("iso", text, zone) == "!"
