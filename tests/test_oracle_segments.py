"""An oracle that knows no mapping table: a shipment is drawn as plain data, written by hand as X12 or EDIFACT in the ways that
the references allow (versions, separators, levels, qualifiers, order, what may be left out), and compared with the canonical JSON.

Segments are written with `*` and `~`, or `+ : ' .`, and get the separators of the draw at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drops import SAMPLES_NOW, drop

UNITS = {  # X12 and its 856, EDIFACT, kilograms
    "K": ("KG", "KGM", "1"), "L": ("LB", "LBR", "0.45359237"), "G": ("GR", "GRM", "0.001"), "O": ("OZ", "ONZ", "0.028349523125"),
}  # fmt: skip
USD = {"USD": "1", "CAD": "0.70", "EUR": "1.05"}
Choose = Callable[[Sequence[Any]], Any]


class Party(NamedTuple):
    """Written as N1 or NAD; a field that is empty is left out of the canonical party."""

    name: str
    address_line_1: str
    city: str
    state_province: str
    postal_code: str
    country_code: str


class Line(NamedTuple):
    """Goods of one kind; price: of one piece."""

    text: str
    pieces: int
    price: int
    weight: Decimal
    origin: str
    tariff: str


class Shipment(NamedTuple):
    """What is drawn."""

    house: str
    tracking: str
    shipper: Party
    consignee: Party
    lines: list[Line]
    unit: str
    currency: str
    master: str

    def canonical(self) -> dict[str, Any]:
        """Return the fields that every format must give."""
        worth = sum(line.price * line.pieces for line in self.lines)
        return {
            "master_bill_number": self.master,
            "shipment_initiator": {k: v for k, v in self.shipper._asdict().items() if v},
            "final_deliver_to_party": {k: v for k, v in self.consignee._asdict().items() if v},
            "gross_weight_kg": rounded(self.gross * Decimal(UNITS[self.unit][2]), "0.001"),
            "total_value": {"amount": f"{worth}.00", "currency": self.currency},
            "fair_retail_value_usd": rounded(worth * Decimal(USD[self.currency]), "0.01"),
            "items": [
                {
                    "enhanced_product_description": line.text, "quantity": str(line.pieces), "country_of_origin": line.origin, "hts_number": line.tariff,
                    "total_value": {"amount": f"{line.price * line.pieces}.00", "currency": self.currency},
                }
                for line in self.lines
            ],
        }  # fmt: skip

    @property
    def gross(self) -> Decimal:
        """All goods together, in the unit drawn."""
        return sum((line.weight for line in self.lines), Decimal(0))


def rounded(value: Decimal, step: str) -> str:
    return str(value.quantize(Decimal(step), ROUND_HALF_UP))


LINES = st.builds(
    Line, st.sampled_from(["COTTON T-SHIRT", "WOODEN CHAIR", "CERAMIC COFFEE MUG", "LED DESK LAMP"]), st.integers(1, 5), st.integers(1, 40),
    st.decimals("0.1", "30", places=2), st.sampled_from(["CN", "CA", "MX", "VN", "DE"]), st.sampled_from(["610910", "94016900", "6911100010"]),
)  # fmt: skip
SHIPPERS = (
    Party("MAPLE LANE GOODS INC", "410 CARDINAL CT", "MISSISSAUGA", "ON", "L4Z1A1", "CA"),
    Party("LUCKY STAR TRADING", "17 NANHAI AVE", "GUANGZHOU", "", "510000", "CN"),
)
CONSIGNEES = (
    Party("JORDAN EXAMPLE", "905 BIRCH AVE", "COLUMBUS", "OH", "43004", "US"),
    Party("RILEY SAMPLE", "12 ELM ST", "BOSTON", "MA", "02108", "US"),
)
SHIPMENTS = st.builds(
    Shipment, st.sampled_from(["00450001", "HB77", "A1"]), st.sampled_from(["LPX0000001", "TRK99"]), st.sampled_from(SHIPPERS),
    st.sampled_from(CONSIGNEES), st.lists(LINES, min_size=1, max_size=3), st.sampled_from(list(UNITS)), st.sampled_from(list(USD)), st.just("OCNVM1234567"),
)  # fmt: skip


def judge(data: bytes, expected: dict[str, Any]) -> None:
    result = drop(data, now=SAMPLES_NOW)
    (shipment,) = [s for m in result.messages() for s in m["shipments"]] or [{"refused": result.findings()}]
    assert is_part(expected, shipment), (expected, shipment)


def is_part(expected: Any, found: Any) -> bool:
    """True when all that is expected was found; fields beside it are no matter."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(k in found and is_part(v, found[k]) for k, v in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(is_part, expected, found))
    return bool(expected == found)


# --- X12 -------------------------------------------------------------------------------------------------------------


def x12(choose: Choose, sender: str, group: str, version: str, kind: str, body: list[str]) -> bytes:
    element, end, component = choose([("*", "~", ">"), ("|", "\x15", ":"), ("\x1d", "\x1c", "\x1f"), ("^", "\n", "<")])
    isa = f"ISA*00*{'':10}*00*{'':10}*{sender:17}*ZZ*{'S321GATEWAY':15}*250115*0930*U*00401*000000001*0*P*{component}"
    gs = f"GS*{group}*{sender[3:]}*S321GATEWAY*20250115*0930*1*X*{version}"
    rows = [row.rstrip("*") for row in body]
    rows = [isa, gs, f"ST*{kind}*0001", *rows, f"SE*{len(body) + 2}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(row.replace("*", element) + end for row in rows).encode("ascii")


def n1(code: str, party: Party) -> list[str]:
    return [f"N1*{code}*{party.name}", f"N3*{party.address_line_1}", f"N4*{'*'.join(party[2:])}"]


def n10(choose: Choose, line: Line, one: Shipment) -> list[str]:
    head, _, rest = line.text.partition(" ")
    text, more = choose([(line.text, []), (head, [f"N10**{rest}"])])
    worth = f"{line.price * line.pieces:02d}"
    code = f"{choose('AJH')}*{line.tariff}*{worth}*{one.unit}*{line.weight}**PCS*{line.origin}*US*{one.currency}"
    return [f"N10*{line.pieces}*{text}**{code}", *more]


@given(one=SHIPMENTS, data=st.data())
@settings(max_examples=60)
def test_a_309_says_what_was_drawn(one: Shipment, data: Any) -> None:
    choose: Choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
    version, group = choose([("004010", "SO"), ("004040", "AQ"), ("005010", "AQ"), ("005020", "AQ")])
    pieces, house = sum(line.pieces for line in one.lines), choose([one.house, f"NRTX{one.house}"])
    again, consolidated = choose([([f"N9*MB*{one.master}"], "*NRTX"), ([], f"{one.master[4:]}*NRTX*{one.master[:4]}")])
    bill = f"M11*{house}*80107*{pieces}*PCS*{one.gross}*{one.unit}***13**{consolidated}"
    references = [f"N9*2I*{one.tracking}", *again, "N9*CR*ORD-1"]
    shipper = n1(choose(["SH", "SE", "SF", "EX"]), one.shipper)
    consignee = n1(choose(["CN", "ST", "MA", "UC"]), one.consignee)
    parties = choose([shipper + consignee, consignee + shipper])
    several = choose([False, True])
    goods = ["" if several else "VID*TL**TRL1"]
    for number, line in enumerate(one.lines):
        goods += [f"VID*TL**TRL{number}"] * several + n10(choose, line, one)
    trip = f"M10*NRTX*{choose('JM')}*CA***NRTX25A01**{choose('1 ').strip()}*{choose('WP')}"
    body = [
        trip,
        "P4*0901*20250115***1430",
        "LX*1",
        bill,
        *choose([references, references[::-1]]),
        *parties,
        *filter(None, goods),
    ]
    expected = one.canonical() | {"house_bill_number": one.house, "shipment_id": f"NRTX{one.house}"}
    expected |= {"first_us_port": "0901", "estimated_arrival_at": "2025-01-15T19:30:00Z"}
    expected |= {"shipment_tracking_number": one.tracking, "house_bill_issuer": "NRTX"}
    judge(x12(choose, "02*NRTX", group, version, "309", body), expected)


@given(one=SHIPMENTS, data=st.data())
@settings(max_examples=60)
def test_an_856_says_what_was_drawn_at_whatever_level(one: Shipment, data: Any) -> None:
    choose: Choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
    at: dict[str, list[str]] = {"S": ["TD5*B*2*NRTX*M"], "O": ["PRF*ORD-1"], "P": [], "I": []}
    at["P"].append(f"TD1*CTN25*1****G*{one.gross}*{UNITS[one.unit][0]}")
    at[choose("SOP")].append(f"REF*MB*{one.master}")
    level, number = choose([("P", "MAN*CP"), ("P", "REF*2I"), ("O", "REF*2I")])
    at[level].append(f"{number}*{one.tracking}")
    if number == "MAN*CP":
        at["P"].sort(key=lambda row: row.startswith("MAN"))  # MAN stands behind REF
    at[choose("OP")] += n1(choose(["ST", "BY"]), one.consignee)
    at[choose("OP")] += n1("SE", one.shipper)
    at[choose("SOPI")].append(f"CUR*SE*{one.currency}")
    body = ["BSN*00*MAN1*20250115*0810*0001"]
    for above, name in enumerate("SOP"):
        body += [f"HL*{above + 1}*{above or ''}*{name}*1", *at[name]]
    for number, line in enumerate(one.lines, 4):
        near = f"SK*S1*CH*{line.origin}*HS*{line.tariff}"
        far = f"HS*{line.tariff}*UP*036000291452*EN*4006381333931*VN*V1*CH*{line.origin}"
        body += [f"HL*{number}*3*I*0", f"LIN*1*{choose([near, far])}", f"SN1**{line.pieces}*EA"]
        body += [f"SLN*1**I*{line.pieces}*EA*{line.price}", f"PID*F****{line.text}", *at["I"]]
    body.append(f"CTT*{len(one.lines) + 3}")
    version = choose(["004010", "005010", "006050"])
    expected = one.canonical() | {"shipment_tracking_number": one.tracking}
    judge(x12(choose, "ZZ*MKTPLACE", "SH", version, "856", body), expected)


# --- UN/EDIFACT --------------------------------------------------------------------------------------------------------


def edifact(choose: Choose, kind: str, body: list[str]) -> bytes:
    marks = choose([":+.?'", ":+,?'", "^|,\\~"])
    rows = [f"UNB+UNOC:{choose('23')}+GWSENDER:ZZ+GWRECEIVER:ZZ+250114:0900+IC1", f"UNH+1+{kind}", *body]
    rows += [f"UNT+{len(body) + 2}+1", "UNZ+1+IC1"]
    text = choose(["'", "'\n"]).join(rows) + "'"
    advice = f"UNA{marks[:4]} {marks[4]}" if marks != ":+.?'" or choose([False, True]) else ""
    return (advice + text.translate(str.maketrans(":+.?'", marks))).encode("ascii")


def nad(choose: Choose, code: str, party: Party) -> str:
    where = choose(["+{}+{}", "{}:{}++"]).format(party.name, party.address_line_1)  # C080 and C059, or C058
    return f"NAD+{code}++{where}+{'+'.join(party[2:])}"


@given(one=SHIPMENTS, data=st.data())
@settings(max_examples=80)
def test_cuscar_ifcsum_and_iftmin_say_what_was_drawn(one: Shipment, data: Any) -> None:
    choose: Choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
    kind, release = choose(["CUSCAR 95B", "CUSCAR 03A", "CUSCAR 24A", "IFCSUM 96A", "IFCSUM 03A", "IFTMIN 03A"]).split()
    if release == "95B":  # no place for the origin of a line
        one = one._replace(lines=[line._replace(origin="CN") for line in one.lines])
    single = len({line.origin for line in one.lines}) == 1 and (release == "95B" or choose([False, True]))
    once = [f"LOC+27+{one.lines[0].origin}:162:5"] * single
    bill, master = f"RFF+{choose(['HWB', 'BH'])}:{one.house}", f"RFF+MB:{one.master}"
    weight = choose(["AAE+G", "WT+G", "WT+"])
    goods = []
    for count, line in enumerate(one.lines, 1):
        worth = f"MOA+{choose([40, 38, 203])}:{line.price * line.pieces}.00:{one.currency}"
        text = f"FTX+AAA+++{choose([line.text, line.text.replace(' ', ':', 1)])}"
        weigh = f"MEA+{weight}+{UNITS[one.unit][1]}:{line.weight}"
        origin = [f"LOC+27+{line.origin}:162:5"] * (not once)
        goods.append(f"GID+{count}+{line.pieces}:CT")
        if kind == "CUSCAR":
            goods += [text, weigh, worth, f"CST+{count}+{line.tariff}:122", *origin]
        else:
            goods += [*origin, worth, f"PIA+5+{line.tariff}:HS", text, weigh]
    carriage = f"TDT+20+V77+{choose([1, 10])}++OCNL:172:182"
    way = [carriage, f"LOC+{choose([60, 11])}+2709:77", "DTM+132:202501201200:203"]
    parties = [nad(choose, choose(["CZ", "SE"]), one.shipper), nad(choose, choose(["CN", "UC", "DP"]), one.consignee)]
    above, below = choose([([master], []), ([], [carriage, master])])
    head = ["BGM+785+MAN1+9", "DTM+137:202501140900:203"]
    if kind == "IFTMIN":
        body = [*head, *once, bill, master, *way]
    elif kind == "IFCSUM":
        body = [*head, *above, *way, f"CNI+1+{one.house}", *once, bill, *below]
    else:
        body = [*head, *above, *way, f"CNI+1+{one.house}", bill, *once, *below]
    expected = one.canonical() | {"house_bill_number": one.house, "first_us_port": "2709"}
    expected |= {"estimated_arrival_at": "2025-01-20T12:00:00Z"}
    judge(edifact(choose, f"{kind}:D:{release}:UN", [*body, *parties, *goods]), expected)
