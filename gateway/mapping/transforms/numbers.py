"""Number, money and weight transforms. Decimal throughout; nothing is rounded but kilograms, to grams."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from gateway.mapping.transforms.registry import Noted, Unusable, transform
from gateway.spreadsheets import of_double

_IN_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,.][0-9]{3})+(?:[.,][0-9]*)?")
_WITH_COMMA = re.compile(r"[+-]?(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+|(?=,[0-9]))(?:,[0-9]*)?")
_EXACT = Context(prec=60)  # a product of two numbers has at most 48 digits
_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")

_DECIMALS = re.compile(r"[+-]?[0-9]{0,15}\.([0-9]{10,99})")

KILOGRAMS = {
    "K": Decimal(1), "KG": Decimal(1), "KGM": Decimal(1), "KGS": Decimal(1),
    "L": Decimal("0.45359237"), "LB": Decimal("0.45359237"), "LBR": Decimal("0.45359237"), "LBS": Decimal("0.45359237"),
    "G": Decimal("0.001"), "GR": Decimal("0.001"), "GRM": Decimal("0.001"),
    "O": Decimal("0.028349523125"), "OZ": Decimal("0.028349523125"), "ONZ": Decimal("0.028349523125"),
    "E": Decimal(1000), "TNE": Decimal(1000), "S": Decimal("907.18474"), "STN": Decimal("907.18474"),
    "T": Decimal("1016.0469088"), "LTN": Decimal("1016.0469088"),
}  # fmt: skip
"""Weight unit -> kilograms; X12 element 188 (K L G O E S T) and UN/ECE Rec 20 codes. 1 lb = 0.45359237 kg exactly."""

_CANONICAL_UNIT = {
    "K": "KG",
    "KG": "KG",
    "KGM": "KG",
    "KGS": "KG",
    "L": "LB",
    "LB": "LB",
    "LBR": "LB",
    "LBS": "LB",
    "G": "GRM",
    "GR": "GRM",
    "GRM": "GRM",
    "O": "OZ",
    "OZ": "OZ",
    "ONZ": "OZ",
    "E": "TNE",
    "TNE": "TNE",
    **dict.fromkeys(("S", "STN", "T", "LTN"), ""),  # short and long tons: converted; the canonical list has no word
}


@lru_cache(2048)
def number(text: str) -> Decimal:
    """Return a plain decimal number. Raises Unusable for exponents, separators of thousands and anything else."""
    value = text.strip()
    if not _PLAIN.fullmatch(value):
        if exact := of_double(value):
            return Decimal(exact)
        if decimals := _DECIMALS.fullmatch(value):
            raise Unusable(f'"{value}" has {len(decimals[1])} decimals, more than the 9 that are read: round it')
        if re.fullmatch(r"[0-9.]+[Ee][+-]?[0-9]+", value):
            raise Unusable(f'"{value}" is in scientific notation: a spreadsheet rounded it', "NUM-EXPONENT")
        if "," in value and _IN_THOUSANDS.fullmatch(value):
            raise Unusable(
                f'"{value}" has a comma, which may part thousands or decimals; write it without, with a point'
            )
        raise Unusable(f'"{value}" is not a number' if value else "there is no number, or not one for each line")
    return Decimal(value)


def plain(value: Decimal, places: int) -> str:
    """Return a decimal without exponent, with at least `places` decimals.

    Not cached: 3 and 3.00 are one key of a cache, but two texts.
    """
    text = format(value, "f")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(places, '0')}" if places or fraction else whole


@transform("24.90 => 24.90", "12,5 => 12.5", "1,250 => !MAP-VALUE", args=(0, 1), result="decimal")
def decimal(value: str, mark: str = ".") -> str:
    """A number; `decimal comma` reads 1.234,50 as 1234.50. A point that parts no thousands (24.90) is refused there: it is no comma."""
    text = value.strip()
    if mark == ",":
        if not _WITH_COMMA.fullmatch(text):
            raise Unusable(f'"{text}" is not a number with a decimal comma such as 1.234,50')
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?[0-9]+,[0-9]{1,2}", text):
        return Noted(plain(number(text.replace(",", ".")), 0), _comma_read(text))
    return plain(number(text), 0)


def _comma_read(text: str) -> tuple[str, str]:
    return "NUM-COMMA", f"The decimal comma of {text} was read as a point."


@transform("1250 => 12.50", "12.50 => 12.50", args=(1, 1), result="decimal")
def implied(value: str, places: str) -> str:
    """A number whose last N digits are decimals: `implied 2`. One with a point is kept as sent, with a remark."""
    amount = number(value)
    if "." not in value:
        return plain(amount.scaleb(-int(places)), int(places))
    text = plain(amount, int(places))
    said = f'"{value.strip()}" has a point, where the last {places} digits are decimals without one; it was read as {text}.'
    return Noted(text, ("MAP-VALUE", said))


@transform("1250 => 12.50", "12.50 => 12.50", result="decimal")
def cents(value: str) -> str:
    """Cents -> currency units. A number with a point is one of currency units: it is kept as sent, with a remark."""
    return implied(value, "2")


@transform("25 => 25.00", "24.90 => 24.90", result="decimal")
def whole_dollars(value: str) -> str:
    """X12 element 602: whole dollars. A decimal point is kept as sent, with a remark; it is never dropped."""
    amount = number(value)
    text = plain(amount, 2)
    if "." in value:
        return Noted(
            text,
            (
                "X12-N1006-DECIMALS",
                f'Element 602 is whole dollars by the standard; "{value.strip()}" was read as {text}.',
            ),
        )
    return text


@transform("24.9; USD => 24.90", many=True, result="decimal")
def money(values: list[str]) -> str:
    """An amount (the currency is a target of its own), with 2 decimals at least."""
    return plain(number(values[0]), 2)


@transform(
    "19.99; 2 => 39.98", "7.90; => 7.90", "6.50; 2; EA; 2; ea => 13.00", "6.50; 24; EA; 2; BX => 156.00",
    "6.50; 1; EA; 3; EA => !MAP-VALUE", many=True, result="decimal",
)  # fmt: skip
def extended(values: list[str]) -> str:
    """A line total of unit price and quantity; without a quantity one piece is meant. With unit, other quantity and its unit: two quantities of one unit are the same."""
    price, pieces, unit, others, other_unit = (v.strip() for v in (*values, *[""] * 5)[:5])
    quantity = number(pieces) if pieces else Decimal(1)
    if others and (unit or other_unit).upper() == other_unit.upper() and number(others) != quantity:
        raise Unusable(f"one segment says {pieces or 1} {unit}, the other {others} {other_unit}")
    return plain(_EXACT.multiply(number(price), quantity).normalize(_EXACT), 2)


@transform("24.905 => 24.91", "24.5 => 24.50", args=(0, 1), result="decimal")
def rounded(value: str, places: str = "2") -> str:
    """A number with N decimals, half up: `rounded` gives cents, `rounded 0` whole units."""
    return format(number(value).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP), "f")


@transform("12 => 12", "3.0 => 3", result="integer")
def integer(value: str) -> str:
    """A whole number; 3.0 is 3, 3.5 is refused."""
    amount = number(value)
    if amount != amount.to_integral_value():
        raise Unusable(f'"{value.strip()}" is not a whole number')
    return str(int(amount))


@transform("1 => 1", "0 => !S321-QTY-ZERO", result="integer")
def count(value: str) -> str:
    """A number of pieces: whole and above 0."""
    whole = integer(value)
    if int(whole) <= 0:
        raise Unusable(f"the number of pieces is {whole}; it must be 1 or more", "S321-QTY-ZERO")
    return whole


@lru_cache(2048)
def _kilograms(value: str, unit: str) -> str:
    factor = KILOGRAMS.get(unit.strip().upper())
    if factor is None:
        raise Unusable(f'weight unit "{unit.strip()}" is not known' if unit.strip() else "the weight unit is missing")
    return str((number(value) * factor).quantize(Decimal("0.001"), ROUND_HALF_UP))


@transform("450; L => 204.117", "0.420; KGM => 0.420", "2 ; XX => !MAP-VALUE", many=True, args=(0, 1), result="decimal")
def kg(values: list[str], unit: str = "") -> str:
    """Weight and unit -> kilograms with 3 decimals; `kg L` when the unit is fixed."""
    return _kilograms(values[0], unit or (values[1] if len(values) > 1 else ""))


@transform("L => LB", "KGM => KG", "S => ", args=(0, 1), part=True)
def weight_unit(value: str, unknown: str = "") -> str:
    """The unit as the canonical model writes it: KG, LB, GRM, OZ, TNE; nothing for short and long tons.

    `weight_unit empty`: nothing for a unit that is not known either, where the row of the weight tells of it.
    """
    word = value.strip().upper()
    if word not in _CANONICAL_UNIT:
        if unknown == "empty":
            return ""
        raise Unusable(f'weight unit "{word}" is not known')
    return _CANONICAL_UNIT[word]


_IMP = re.compile(r"[TPSD]?(?P<pieces>\d+)?(?:(?P<unit>[KL])(?P<weight>\d+(?:\.\d*|,\d{0,2})?))?(?![\d.,])(?P<rest>.*)")
"""A number that goes on (K1.2.3, T2,5K3) is none, nothing of it is cut off; in K1,250 the comma may part thousands."""
_BEHIND_WEIGHT = re.compile(r"(?:(?:MC|CF|CC|CI)[\d.,]+)?(?:DG\d+)?(?:T\d+)?")
"""Volume, density and total pieces: anything else (K1E2, K1.25LB) may change what the weight is."""


@transform(
    "T2K3.2 => 3.200",
    "K1.25 => 1.250",
    "L4.4 => 1.996",
    "K1,25 => 1.250",
    "K1,250.5 => !MAP-VALUE",
    "T2K3.2MC0.05 => 3.200",
    "K1E2 => !MAP-VALUE",
    result="decimal",
)
def imp_weight(value: str) -> str:
    """The weight of a Cargo-IMP quantity such as T2K3.2 or K1.25, in kilograms; K kilograms, L pounds."""
    found = _IMP.fullmatch(value.strip())
    if found is None or not found["weight"] or not _BEHIND_WEIGHT.fullmatch(found["rest"]):
        raise Unusable(f'"{value.strip()}" holds no weight such as K1.25')
    weight = found["weight"].replace(",", ".")
    kilograms = _kilograms(weight.rstrip("."), found["unit"])
    if "," not in found["weight"]:
        return kilograms
    return Noted(kilograms, _comma_read(found["weight"]))


@transform("T2K3.2 => K", "L4.4 => L", "T2 => ", part=True)
def imp_unit(value: str) -> str:
    """The unit of the weight in a Cargo-IMP quantity such as T2K3.2: K or L; nothing where there is no weight."""
    found = _IMP.fullmatch(value.strip())
    return found["unit"] if found is not None and found["weight"] else ""


@transform("T2K3.2 => 2", "3 => 3", result="integer")
def imp_pieces(value: str) -> str:
    """The pieces of a Cargo-IMP quantity such as T2K3.2."""
    found = _IMP.fullmatch(value.strip())
    if found is None or not found["pieces"]:
        raise Unusable(f'"{value.strip()}" holds no number of pieces such as T2')
    return count(found["pieces"])
