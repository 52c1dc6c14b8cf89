"""The parts of a canonical shipment as frozen Structs: money, party, item, security scan, reference and the small ones.

Not the shipment and the envelope themselves, and not the names other packages import from: that is model.py.
"""

# no `from __future__ import annotations`: they are read as objects, by fields_of and by msgspec
import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Country = Annotated[str, Meta(min_length=2, max_length=2, extra={"tag": "country"})]
Amount = Annotated[Decimal, Meta(extra={"tag": "dec:2"})]
Quantity = Annotated[Decimal, Meta(extra={"tag": "dec:3"})]
Rate = Annotated[Decimal, Meta(extra={"tag": "dec:10"})]
Time = Annotated[dt.datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=1)]
Text2 = Annotated[str, Meta(min_length=1, max_length=2)]
Text3 = Annotated[str, Meta(min_length=1, max_length=3)]
Text4 = Annotated[str, Meta(min_length=1, max_length=4)]
Text5 = Annotated[str, Meta(min_length=1, max_length=5)]
Text9 = Annotated[str, Meta(min_length=1, max_length=9)]
Text10 = Annotated[str, Meta(min_length=1, max_length=10)]
Text15 = Annotated[str, Meta(min_length=1, max_length=15)]
Text20 = Annotated[str, Meta(min_length=1, max_length=20)]
Text35 = Annotated[str, Meta(min_length=1, max_length=35)]
Text40 = Annotated[str, Meta(min_length=1, max_length=40)]
Text50 = Annotated[str, Meta(min_length=1, max_length=50)]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Text70 = Annotated[str, Meta(min_length=1, max_length=70)]
Text200 = Annotated[str, Meta(min_length=1, max_length=200)]
Text254 = Annotated[str, Meta(min_length=1, max_length=254)]
Text255 = Annotated[str, Meta(min_length=1, max_length=255)]
Text256 = Annotated[str, Meta(min_length=1, max_length=256)]
Text350 = Annotated[str, Meta(min_length=1, max_length=350)]
Text512 = Annotated[str, Meta(min_length=1, max_length=512)]
Uri = Annotated[str, Meta(min_length=1, max_length=2048)]

Purpose = Literal["original", "amend", "cancel"]
PartyRole = Literal[
    "shipment_initiator",
    "final_deliver_to_party",
    "seller",
    "buyer",
    "manufacturer",
    "consolidator",
    "notify_party",
    "owner",
]


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all canonical Structs: frozen, keyword-only, empty fields left out, unknown fields refused."""


class Money(Model, frozen=True, kw_only=True):
    """Amount and currency; at least 2 and at most 4 decimals."""

    amount: Amount
    currency: Text3


class PartyIdentifier(Model, frozen=True, kw_only=True):
    """Register number of a party."""

    type: Literal["duns", "gln", "lei", "mid", "ein", "cbp_assigned", "eori", "tax_id", "account"]
    value: Text35


class Party(Model, frozen=True, kw_only=True):
    """Person or company with address."""

    name: Text70
    company: Text70 | None = None
    attention_care_of: Text70 | None = None
    address_line_1: Text70
    address_line_2: Text70 | None = None
    address_line_3: Text70 | None = None
    city: Text35
    state_province: Text9 | None = None
    postal_code: Text15 | None = None
    country_code: Country
    phone: Text20 | None = None
    email: Text254 | None = None
    website: Text200 | None = None
    identifiers: tuple[PartyIdentifier, ...] = ()
    raw: tuple[Text350, ...] = ()
    normalised_key: Text200 | None = None


class Picture(Model, frozen=True, kw_only=True):
    """Picture by link, or companion file by hash, name and type."""

    uri: Uri | None = None
    sha256: Text64 | None = None
    file_name: Text255 | None = None
    media_type: Literal["png", "jpeg", "webp"] | None = None
    bytes: Count | None = None


class ProductIdentifier(Model, frozen=True, kw_only=True):
    """Number that identifies a product."""

    type: Literal["sku", "gtin", "upc", "ean", "asin", "model", "serial", "brand"]
    value: Text70


class Item(Model, frozen=True, kw_only=True):
    """One line of goods."""

    line_number: Count
    enhanced_product_description: Text512 | None = None
    manifest_description: Text256 | None = None
    product_link: Uri | None = None
    product_picture: tuple[Picture, ...] = ()
    product_identifiers: tuple[ProductIdentifier, ...] = ()
    listed_price: Money | None = None
    listed_price_basis: Literal["list", "auction_final"] | None = None
    retail_price_in_export_country: Money | None = None
    unit_value: Money | None = None
    total_value: Money | None = None
    quantity: Quantity | None = None
    quantity_unit: Text3 | None = None
    net_weight_kg: Quantity | None = None
    country_of_origin: Country | None = None
    hts_number: Text10 | None = None
    hts_basis: Literal["6", "8", "10"] | None = None
    hts_schedule: Literal["HTSUS", "HS", "other"] | None = None
    product_category: Text70 | None = None
    material: Text70 | None = None
    intended_use: Text70 | None = None
    gender_size: Text35 | None = None
    pga_flag: bool | None = None
    pga_codes: tuple[Text10, ...] = ()


class RegulatedAgent(Model, frozen=True, kw_only=True):
    """Regulated agent of an air security declaration."""

    country_code: Country | None = None
    identifier: Text35
    expires_on: dt.date | None = None


class SecurityScan(Model, frozen=True, kw_only=True):
    """Foreign security scan."""

    performed: bool
    result: Literal["clear", "alarm_resolved", "unresolved", "unknown"] | None = None
    method: Literal["xry", "eds", "etd", "vck", "phs", "k9", "other"] | None = None
    scanned_at: Time | None = None
    facility: Text70 | None = None
    country_code: Country | None = None
    performed_by: Text70 | None = None
    regulated_agent_id: RegulatedAgent | None = None
    report_number: Text35 | None = None
    image_file: Picture | None = None
    exemption_code: Text4 | None = None


class Reference(Model, frozen=True, kw_only=True):
    """Further number of the shipment."""

    type: Literal[
        "house_bill",
        "master_bill",
        "tracking",
        "container",
        "seal",
        "order_number",
        "invoice_number",
        "entry_number",
        "in_bond",
        "ucn",
        "receptacle_id",
        "dispatch_id",
        "ctin",
        "ddpn",
        "customer_account",
        "isf_transaction",
        "parent_shipment",
    ]
    value: Text50
    issuer: Text35 | None = None
    date: dt.date | None = None


class Marketplace(Model, frozen=True, kw_only=True):
    """Online marketplace."""

    name: Text70 | None = None
    website: Text200 | None = None
    marketplace_seller_id: Text50 | None = None


class PersonClaimingExemption(Model, frozen=True, kw_only=True):
    """Who claims the exemption, and the shipment field that holds the party."""

    capacity: Literal["purchaser", "owner", "warehouse"]
    party: PartyRole


class Amendment(Model, frozen=True, kw_only=True):
    """Amendment of one bill (X12 M13)."""

    action: Literal["add", "replace", "delete"]
    reason_code: Text2 | None = None
    quantity: Quantity | None = None


class RegimeVerdict(Model, frozen=True, kw_only=True):
    """What the regime table says."""

    rule_id: Text20
    verdict: Literal["eligible_800", "not_eligible", "repealed", "undetermined"]
    as_of_date: dt.date
