"""The canonical model 1.0 as frozen Structs, in canonical field order, and the table of its levels.

    Envelope > shipments: Shipment > shipment_initiator, final_deliver_to_party ...: Party
                                   > items: Item > product_picture: Picture ...
                                   > references: Reference

Not the check of a draft: that is validate.py. Every Struct is frozen, keyword-only and refuses unknown fields; a field
without a value is left out of the JSON, never null. Money, weight and quantity are Decimal here and strings in JSON;
times are aware UTC datetimes. Meaning and source of each field stand in schema.json; tests/canonical/test_model.py
proves that both agree.
"""

# no `from __future__ import annotations`: they are read as objects, by fields_of and by msgspec
import datetime as dt
import types
import typing
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec

from gateway.canonical.parts import (
    Amendment,
    Amount,
    Count,
    Country,
    Item,
    Marketplace,
    Model,
    Money,
    Party,
    PartyIdentifier,
    PartyRole,
    PersonClaimingExemption,
    Picture,
    ProductIdentifier,
    Purpose,
    Quantity,
    Rate,
    Reference,
    RegimeVerdict,
    RegulatedAgent,
    SecurityScan,
    Text3,
    Text4,
    Text5,
    Text15,
    Text20,
    Text35,
    Text40,
    Text50,
    Text64,
    Text70,
    Text255,
    Time,
)

FilerType = Literal["carrier", "freight_forwarder", "online_marketplace", "customs_broker", "other"]


class Shipment(Model, frozen=True, kw_only=True):
    """One shipment as one filer sees it."""

    shipment_id: Text50
    transmission_purpose: Purpose | None = None
    amendment: Amendment | None = None
    shipment_tracking_number: Text50 | None = None
    house_bill_number: Text50 | None = None
    house_bill_issuer: Text4 | None = None
    master_bill_number: Text50 | None = None
    mode_of_transportation: Literal["air", "truck", "rail", "ocean", "mail", "other"]
    cbp_mot_code: (
        Literal["10", "11", "12", "20", "21", "30", "31", "32", "33", "34", "40", "41", "50", "60", "70"] | None
    ) = None
    carrier_code: Text4 | None = None
    carrier_code_type: Literal["scac", "iata", "icao", "awb_prefix", "upu"] | None = None
    conveyance_reference: Text20 | None = None
    first_us_port: Text4 | None = None
    port_of_lading: Text5 | None = None
    foreign_port: Text5 | None = None
    estimated_departure_at: Time | None = None
    estimated_arrival_at: Time | None = None
    location_of_goods_firms: Text4 | None = None
    country_of_shipment: Country | None = None
    shipment_initiator: Party | None = None
    final_deliver_to_party: Party | None = None
    seller: Party | None = None
    buyer: Party | None = None
    manufacturer: Party | None = None
    consolidator: Party | None = None
    notify_party: Party | None = None
    owner: Party | None = None
    person_claiming_exemption: PersonClaimingExemption | None = None
    unsold_merchandise: bool | None = None
    known_carrier_customer_flag: bool | None = None
    known_marketplace_seller_flag: bool | None = None
    marketplace: Marketplace | None = None
    verified_known_consignor_flag: bool | None = None
    security_scan: SecurityScan | None = None
    package_count: Count | None = None
    package_unit: Text3 | None = None
    gross_weight_kg: Quantity | None = None
    weight_source_unit: Literal["K", "L", "KG", "LB", "KGM", "LBR", "GRM", "GR", "TNE", "OZ", "ONZ"] | None = None
    total_value: Money | None = None
    fair_retail_value_usd: Amount | None = None
    fx_rate: Rate | None = None
    fx_date: dt.date | None = None
    shipping_charges: Money | None = None
    delivery_terms: Text3 | None = None
    transaction_nature: Literal["sale", "gift", "documents", "sample", "return", "other"] | None = None
    entry_type_requested: Literal["01", "02", "03", "11", "12", "13", "86", "imdw", "none"] | None = None
    regime_verdict: RegimeVerdict | None = None
    items: tuple[Item, ...] = ()
    references: tuple[Reference, ...] = ()


class ControlNumbers(Model, frozen=True, kw_only=True):
    """Control numbers of the source envelope."""

    interchange: Text70 | None = None
    group: Text70 | None = None
    message: Text70 | None = None


class Source(Model, frozen=True, kw_only=True):
    """Received file and mapping."""

    format: Text40
    version: Text20 | None = None
    file_name: Text255 | None = None
    file_sha256: Text64 | None = None
    received_at: Time | None = None
    control_numbers: ControlNumbers | None = None
    mapping_id: Text70 | None = None
    mapping_version: Text20 | None = None


class Envelope(Model, frozen=True, kw_only=True):
    """The whole message."""

    schema_version: Literal["1.0"]
    message_id: Text64
    originator_code: Text15
    participant_filer_type: FilerType
    filer_name: Text70 | None = None
    sender_id: Text35
    receiver_id: Text35
    created_at: Time
    transmission_purpose: Purpose
    supersedes_message_id: Text64 | None = None
    program: Literal[
        "section_321_pilot",
        "acas",
        "entry_11",
        "entry_13",
        "entry_86",
        "postal_imdw",
        "eccf_manifest",
        "postal_aed",
        "isf",
    ]
    test_indicator: bool
    source: Source
    shipments: tuple[Shipment, ...]


_LEVELS: dict[str, type[Model]] = {
    "envelope": Envelope,
    "source": Source,
    "control_numbers": ControlNumbers,
    "shipment": Shipment,
    "amendment": Amendment,
    "party": Party,
    "party_identifier": PartyIdentifier,
    "person_claiming_exemption": PersonClaimingExemption,
    "marketplace": Marketplace,
    "security_scan": SecurityScan,
    "regulated_agent": RegulatedAgent,
    "picture": Picture,
    "money": Money,
    "regime_verdict": RegimeVerdict,
    "item": Item,
    "product_identifier": ProductIdentifier,
    "reference": Reference,
}
_LEVEL_OF = {struct: level for level, struct in _LEVELS.items()}

PARTY_ROLES: tuple[str, ...] = get_args(PartyRole)
"""Fields of the shipment that hold a party, in canonical order."""

PERSONAL_FIELDS: Mapping[str, frozenset[str]] = {
    "party": frozenset(Party.__struct_fields__) - {"country_code", "state_province"},
    "party_identifier": frozenset({"value"}),
    "security_scan": frozenset({"performed_by"}),
}
"""Level -> fields with personal data (names, addresses, telephone, e-mail, numbers of a person; raw lines and the
aggregation key too). They are masked in logs, messages, samples and diffs unless the user asks for raw data."""


@cache
def fields_of(level: str) -> Mapping[str, str]:
    r"""Return the fields of a level in canonical order, each with its type tag.

    level: `envelope`, `shipment`, `party`, `item`, `reference`, `security_scan`, `marketplace`, `money`, `source` and
    the other names of LEVELS. The eight PARTY_ROLES are *fields* of `shipment`, all of level `party`.

    | tag           | value in a draft                                                                           |
    |---------------|--------------------------------------------------------------------------------------------|
    | `str:N`       | str of 1 to N characters                                                                   |
    | `dec:SCALE`   | decimal str. dec:2 is money: at least 2 decimals (`amount` up to 4, `_usd` exactly 2).     |
    |               | dec:3 and dec:10: at most 3 or 10. No sign, no exponent. `decimal_text` writes all of them |
    | `int`         | int, 1 or more                                                                             |
    | `bool`        | True or False                                                                              |
    | `date`        | str YYYY-MM-DD                                                                             |
    | `ts`          | str YYYY-MM-DDTHH:MM:SSZ, UTC                                                              |
    | `enum:a\|b`   | one of the words                                                                           |
    | `country`     | str of 2 capital letters, ISO 3166-1                                                       |
    | `money`       | object with `amount` and `currency`, as level `money`                                      |
    | `object:LEVEL`| object of that level                                                                       |
    | `list:LEVEL`  | non-empty list of objects of that level; `list:str:N` = list of plain strings              |

    A target `total_value.amount` is field `total_value` (tag `money`) of the row's level, then `amount` of `money`.
    Patterns, minimum lengths and conditions are not in the tag: they are the schema's business.

    Raises KeyError for a level that does not exist.

    >>> fields_of("money")
    mappingproxy({'amount': 'dec:2', 'currency': 'str:3'})
    """
    struct = _LEVELS[level]
    return types.MappingProxyType({name: _tag(struct.__annotations__[name]) for name in struct.__struct_fields__})


def decimal_text(value: Decimal, scale: int, most: int = 4) -> str:
    """Return the canonical text of a decimal for tag `dec:<scale>`.

    Money (scale 2) gets at least 2 decimals and keeps up to `most`: 4 for an `amount`, 2 for `fair_retail_value_usd`.
    Other scales keep the decimals they came with, up to the scale. What does not fit is rounded half-even.

    >>> decimal_text(Decimal("25"), 2), decimal_text(Decimal("0.4500"), 3), decimal_text(Decimal("1E+1"), 3)
    ('25.00', '0.450', '10')
    """
    decimals = max(0, -int(value.as_tuple().exponent))
    wanted = min(max(decimals, 2), most) if scale == 2 else min(decimals, scale)
    return format(value.quantize(Decimal(1).scaleb(-wanted), ROUND_HALF_EVEN), "f")


def _tag(hint: Any) -> str:
    """Return the type tag of one annotation."""
    if get_origin(hint) in {types.UnionType, typing.Union}:
        (hint,) = (part for part in get_args(hint) if part is not types.NoneType)
    if get_origin(hint) is Literal:
        return "enum:" + "|".join(get_args(hint))
    if get_origin(hint) is tuple:
        return "list:" + _tag(get_args(hint)[0]).removeprefix("object:")
    metas = [part for part in getattr(hint, "__metadata__", ()) if isinstance(part, msgspec.Meta)]
    for meta in metas:
        if meta.extra and "tag" in meta.extra:
            return str(meta.extra["tag"])
    plain = get_args(hint)[0] if metas else hint
    if plain in _LEVEL_OF:
        return "money" if plain is Money else f"object:{_LEVEL_OF[plain]}"
    return f"str:{metas[0].max_length}" if plain is str else _PLAIN_TAGS[plain]


_PLAIN_TAGS = {int: "int", bool: "bool", dt.date: "date", dt.datetime: "ts"}

LEVELS: tuple[str, ...] = tuple(_LEVELS)
"""Names of all levels, outermost first."""

FIELD_ORDER: Mapping[str, tuple[str, ...]] = {level: struct.__struct_fields__ for level, struct in _LEVELS.items()}
"""Level -> field names in canonical order: the order of keys in the JSON."""


def bill_identity(issuer: str, number: str) -> str:
    """Return issuer (in capitals) and number of a bill as one; an issuer that already stands before the number is not doubled.

    >>> bill_identity("nrtx", "00450001"), bill_identity("NRTX", "NRTX00450001"), bill_identity("NRTX", "nrtx00450001")
    ('NRTX00450001', 'NRTX00450001', 'NRTX00450001')
    """
    own = bill_number(issuer, number)
    return issuer.strip().upper() + own if own else ""


def bill_number(issuer: str, number: str) -> str:
    """Return the number of a bill without the issuer that some senders write before it.

    >>> bill_number("NRTX", "NRTX00450001"), bill_number("NRTX", "00450001"), bill_number("NRTX", "NRTX")
    ('00450001', '00450001', 'NRTX')
    """
    issuer, number = issuer.strip().upper(), number.strip()
    doubled = bool(issuer) and len(number) > len(issuer) and number[: len(issuer)].upper() == issuer
    return number[len(issuer) :] if doubled else number
