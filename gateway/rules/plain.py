"""Which shipments of a group are not plainly in order: only they are looked at one by one, by the rules themselves.

A rule asks one shipment after another. Here each question is put to a column of the whole group, "is any of these ports
unknown?", and is cruder: what passes here passes the rules, what does not may still be in order. So this file says
nothing of its own, and a rule that is changed must not say anything of what passes here; tests/rules/test_plain.py holds
both against each other. Each function is for one part of the rules (parts.py) and yields numbers of shipments, in any
order, one perhaps twice. Goods lines are a list in all shipments of a group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

from gateway.canonical.requirements import not_expected
from gateway.rules.goods import check_goods, goods_key, small_usd
from gateway.rules.group import Asked, Group, Parties
from gateway.rules.identifiers import NUMBERS, REAL, is_placeholder, is_wrong_awb, is_wrong_tracking
from gateway.rules.parties import NO_ZIP, OUTSIDE, are_po_boxes, is_no_city, is_no_street
from gateway.rules.programs import DE_MINIMIS, INFORMAL, INFORMAL_USD
from gateway.rules.regime import late_words
from gateway.rules.suspects import TOKENS, check_pieces, is_dummy, is_heavier, is_mask, is_wrong_container
from gateway.rules.tables import Tables
from gateway.rules.values import LIMIT_USD, NONE_OF_IT, amount

_DTP, _INITIATOR = "final_deliver_to_party", "shipment_initiator"
_HEAVY_KG = 30  # of jewellery; other goods may be heavier


def _where(column: Iterable[Any], bad: Collection[Any]) -> Iterator[int]:
    """Yield where a value of a column is one of the bad ones; most of the time there are none."""
    if bad:
        yield from (number for number, value in enumerate(column) if value in bad)


def odd_identifiers(group: Group, asked: Asked) -> Iterator[int]:
    """Placeholders, document numbers, check digits, ports."""
    for name in NUMBERS:
        column = group.column(name)
        if any(column) and not REAL.fullmatch("".join([f"{number}\n" for number in column if number])):
            yield from (at for at, number in enumerate(column) if number and is_placeholder(number, asked.tables))
    documents = group.column("_document_number")
    if any(documents):
        houses = zip(documents, group.column("house_bill_number"), strict=True)
        yield from (number for number, (own, house) in enumerate(houses) if own is not None and own != house)
    masters = group.column("master_bill_number")
    yield from _where(masters, {master for master in {*masters} if master and is_wrong_awb(master)})
    numbers = group.column("shipment_tracking_number")
    yield from (at for at, number in enumerate(numbers) if number is not None and is_wrong_tracking(number))
    ports, known = group.column("first_us_port"), asked.tables.ports
    yield from _where(ports, {port for port in {*ports} if port and port not in known})


def odd_values(group: Group, asked: Asked) -> Iterator[int]:
    """Values and quantities of the goods lines, and the value of the whole."""
    lines = group.lines
    texts = [money["amount"] if (money := line.get("total_value")) else "" for line in lines]
    values = list(map(amount, texts))
    if odd := [n for n, value in enumerate(values) if value is None or value <= 0]:
        yield from (of for of in group.owners(odd) if not _is_of_the_whole(group.drafts[of]))
    yield from group.owners(n for n, text in enumerate(texts) if text[-4:-3] == ".")  # three decimals
    quantities = [line.get("quantity") for line in lines]
    yield from group.owners(_where(quantities, NONE_OF_IT & {*quantities}))
    if "unit_value" in group.line_names:
        units = [line.get("unit_value") for line in lines]
        each = enumerate(zip(units, quantities, values, strict=True))
        yield from group.owners(n for n, (unit, of, value) in each if unit and not _is_product(unit, of, value))
    wholes = map(amount, group.column("fair_retail_value_usd"))
    yield from (number for number, value in enumerate(wholes) if value is not None and value > LIMIT_USD)


def _is_of_the_whole(draft: dict[str, Any]) -> bool:
    """True for one goods line without a value of its own in a shipment that has one, as in a house manifest."""
    lines, whole = draft["items"], draft.get("total_value")
    if len(lines) != 1 or whole is None or "total_value" in lines[0]:
        return False
    value = amount(whole["amount"])
    return value is not None and value > 0


def _is_product(unit: dict[str, Any], quantity: Any, total: Decimal | None) -> bool:
    """True when the total is to the cent what the units are worth together; where total and price are the same, of one unit."""
    price, count = amount(unit["amount"]), amount(quantity)
    return price is not None and count is not None and price * count == total and (count <= 1 or price != total)


def odd_parties(group: Group, asked: Asked) -> Iterator[int]:
    """Names and addresses of shipper and consignee."""
    deliver, initiator, tables = group.parties(_DTP), group.parties(_INITIATOR), asked.tables
    for parties in (deliver, initiator):
        yield from parties.owners(_placeholders(parties, tables))
    if tables.consolidators:
        yield from initiator.owners(_where(initiator.normal("name"), tables.consolidators))
    yield from deliver.owners(_places(deliver, tables))
    addresses = [f"{p.get('address_line_1', '')} {p.get('address_line_2', '')}" for p in deliver.parties]
    yield from deliver.owners(are_po_boxes(addresses))


def _placeholders(parties: Parties, tables: Tables) -> Iterator[int]:
    """Yield the parties whose name, street or city may be a placeholder or is not Latin."""
    fakes, names = tables.fake_names, parties.normal("name")
    firsts = [name.partition(" ")[0] for name in names]
    if not (fakes.isdisjoint(firsts) and fakes.isdisjoint(names) and all(map(str.isupper, firsts))):
        for number, (name, first) in enumerate(zip(names, firsts, strict=True)):
            if first in fakes or name in fakes or not first.isupper():
                yield number
    yield from (number for number, name in enumerate(names) if len(name) < 2)
    streets, cities = parties.column("address_line_1"), parties.column("city")
    plain = parties.normal("address_line_1")
    if not (tables.fake_addresses.isdisjoint(plain) and all(map(str.isupper, plain))):  # a letter is in each
        for number, street in enumerate(streets):
            if is_no_street(street, parties.parties[number], tables.fake_addresses):
                yield number
    yield from _where(cities, {city for city in {*cities} if is_no_city(city, tables.fake_addresses)})
    for texts in (parties.column("name"), streets, cities):
        if not "".join(texts).isascii():
            yield from (number for number, text in enumerate(texts) if not text.isascii())


def _places(deliver: Parties, tables: Tables) -> Iterator[int]:
    """Yield the consignees who may be outside of the United States, or whose state and ZIP code do not fit."""
    lands, states, codes = (deliver.column(name) for name in ("country_code", "state_province", "postal_code"))
    of_code, known = tables.zip_states, tables.states
    for number, (land, state, code) in enumerate(zip(lands, states, codes, strict=True)):
        fitting = of_code.get(code[:3]) or of_code.get(code[:1]) or known
        if land != "US" or state not in known or state in OUTSIDE or state not in fitting or code[:5] == NO_ZIP:
            yield number
    if tables.hubs:
        places = enumerate(zip(deliver.normal("address_line_1"), codes, strict=True))
        yield from (number for number, (street, code) in places if (street, code[:5]) in tables.hubs)


def odd_goods(group: Group, asked: Asked) -> Iterator[int]:
    """Descriptions, tariff numbers, product numbers and countries of origin of the goods lines."""
    lines, tables, program, known = group.lines, asked.tables, asked.profile.program, asked.tables.plain_items
    documents = [nature == "documents" for nature in group.column("transaction_nature")]
    small = [small_usd(amount(value), tables) for value in group.column("fair_retail_value_usd")]
    each = zip(lines, group.line_owners, strict=True)
    keys = [goods_key(line, program, small[owner], documents=documents[owner]) for line, owner in each]
    if not known.issuperset(keys):
        for line, owner, key in zip(lines, group.line_owners, keys, strict=True):
            if key not in known and check_goods(line, 0, tables, program, small[owner], documents=documents[owner]):
                yield owner
    origins = group.origins
    yield from group.owners(_where(origins, {*origins} & {None, ""}))
    if "product_identifiers" in group.line_names:
        yield from group.owners(number for number, line in enumerate(lines) if "product_identifiers" in line)


def suspects(group: Group, asked: Asked) -> Iterator[int]:
    """What looks wrong: values, weights, origins, parties, containers."""
    totals = group.column("total_value")
    yield from (number for number, money in enumerate(totals) if money and money["amount"] in TOKENS)
    yield from _weights(group)
    yield from group.owners(_where(group.origins, {"US"}.intersection(group.origins)))
    deliver, initiator = group.parties(_DTP), group.parties(_INITIATOR)
    yield from initiator.owners(_where(initiator.column("country_code"), ("US",)))
    codes = dict(zip(initiator.of, initiator.column("postal_code"), strict=True))
    theirs = zip(deliver.of, deliver.column("postal_code"), strict=True)
    yield from (number for number, code in theirs if codes.get(number) == code)
    for parties in (deliver, initiator):
        for number, party in zip(parties.of, parties.parties, strict=True):
            email, phone = party.get("email"), party.get("phone")
            if (email and is_mask(email)) or (phone and is_dummy(phone)):
                yield number
    if not {"ocean", "rail"}.isdisjoint(group.column("mode_of_transportation")):
        for number, references in enumerate(group.column("references")):
            if any(one.get("type") == "container" and is_wrong_container(one["value"]) for one in references or ()):
                yield number


def _weights(group: Group) -> Iterator[int]:
    weights = group.column("gross_weight_kg")
    for number, weight in enumerate(weights):
        if weight is not None and (weight == "0.000" or float(weight) > _HEAVY_KG):
            yield number
    nets = [line.get("net_weight_kg") for line in group.lines] if "net_weight_kg" in group.line_names else ()
    for owner, net in zip(group.line_owners, nets, strict=False):
        if net is not None and (net == "0.000" or (weights[owner] is not None and is_heavier(net, weights[owner]))):
            yield owner


def unasked(group: Group, asked: Asked) -> Iterator[int]:
    """Fields that the filer is not asked for."""
    modes = group.column("mode_of_transportation")
    for mode in {*modes}:
        of_shipment, of_line = not_expected(asked.profile.filer_type_for(str(mode or "")))
        odd = [number for name in of_shipment for number, draft in enumerate(group.drafts) if name in draft]
        if not of_line.isdisjoint(group.line_names):
            odd += group.owners(number for number, line in enumerate(group.lines) if not of_line.isdisjoint(line))
        yield from (number for number in odd if modes[number] == mode)


def odd_wholes(group: Group, asked: Asked) -> Iterator[int]:
    """Regime, scan, pieces, time."""
    modes, program = group.column("mode_of_transportation"), asked.profile.program
    if program in DE_MINIMIS:
        of_law = [verdict and verdict["verdict"] for verdict in group.column("regime_verdict")]
        yield from _where(of_law, {*of_law} - {"eligible_800", None})
    if "air" in modes:
        for number, scan in enumerate(group.column("security_scan")):
            if scan and scan.get("performed") is not True and modes[number] == "air":
                yield number
    yield from _where(group.column("package_count"), (0,))
    if any(group.column("package_unit")):
        yield from (number for number, draft in enumerate(group.drafts) if check_pieces(draft))
    if program in INFORMAL:
        values = map(amount, group.column("fair_retail_value_usd"))
        yield from (number for number, value in enumerate(values) if value is not None and value > INFORMAL_USD)
    times = list(zip(modes, group.column("estimated_arrival_at"), group.column("first_us_port"), strict=True))
    yield from _where(times, {time for time in {*times} if _is_late(time, asked)})


def _is_late(time: tuple[Any, ...], asked: Asked) -> bool:
    named = zip(("mode_of_transportation", "estimated_arrival_at", "first_us_port"), time, strict=True)
    return bool(late_words({name: value for name, value in named if value is not None}, asked.tables, asked.now))
