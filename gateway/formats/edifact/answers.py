"""Inbound CONTRL, APERAK and CUSRES: what the other side says of something we sent. They are never answered.

UCI action 4 rejected, 7 acknowledged, 8 received      Acknowledged("interchange", 0020, R / A / received)
UCF                                                    Acknowledged("group", 0048, R / A)
UCM, ERC, DOC                                          Acknowledged("status", reference, R / A, text)

A CUSRES of CBP's ACE truck manifest tells events too (ERC+SN053: released); notices.csv has the words and what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from gateway.formats.edifact.envelope import component, components
from gateway.formats.edifact.writer import own_number
from gateway.records import Acknowledged, Node, Separators
from gateway.shipped import files, table_rows

_ACTIONS = {"4": "R", "7": "A", "8": "received"}  # 0083: 8 says that it came, not that it is good
_APERAK = {"29": "A", "44": "A", "34": "E", "45": "P", "27": "R"}
_STATUS = {"1": "A", "4": "A", "8": "A", "9": "A", "2": "R", "3": "R"}  # 7365
_GOODS = {
    "4": ("goods released", "released"), "5": ("goods required for examination", "hold"),
    "6": ("documents to be produced", "hold"), "7": ("goods detained", "hold"),
}  # fmt: skip
"""7365: what it says of the goods: words and status; of a whole message 5 to 7 are told and decide no bill."""


def answers(kind: str, root: Node, unit: Node | None, separators: Separators) -> Iterator[Acknowledged]:
    """Yield what one part of an acknowledgment says; unit: a completed UCM, UCF, ERC or DOC group, None at the end."""
    if kind == "CONTRL":
        yield from _contrl(root, unit, separators)
    elif kind == "APERAK":
        yield from _aperak(root, unit, separators)
    elif kind == "CUSRES":
        yield from _cusres(root, unit, separators)


def _contrl(root: Node, unit: Node | None, s: Separators) -> Iterator[Acknowledged]:
    if unit is None:
        for uci in _children(root, "UCI"):
            text = _detail(uci, 5, s)
            yield Acknowledged(
                "interchange", own_number(component(uci, 1, 1, s)), _ACTIONS.get(uci.element(4), ""), uci.place(), text
            )
        return
    if unit.tag == "UCF":
        yield Acknowledged(
            "group", component(unit, 1, 1, s), _ACTIONS.get(unit.element(4), ""), unit.place(), _detail(unit, 5, s)
        )
        for ucm in _children(unit, "UCM"):
            yield _ucm(ucm, s)
    else:
        yield _ucm(unit, s)


def _ucm(node: Node, s: Separators) -> Acknowledged:
    details = [_detail(node, 4, s)]
    for ucs in _children(node, "UCS"):
        where = f"segment {ucs.element(1)}"
        details += [f"{where}: {_words(code)}" for code in [component(ucs, 2, 1, s)] if code]
        for ucd in _children(ucs, "UCD"):
            details.append(f"{where}, {_element(ucd, 2, s)}: {_words(component(ucd, 1, 1, s))}")
    kind = components(node.element(2), s)[0]
    text = ": ".join(part for part in (kind, "; ".join(d for d in details if d)) if part)
    return Acknowledged("status", component(node, 1, 1, s), _ACTIONS.get(node.element(3), ""), node.place(), text)


def _detail(node: Node, first: int, s: Separators) -> str:
    """Return what UCI, UCF or UCM say is wrong: "UNT, element 2: the count in the trailer is wrong (29)"."""
    code, tag = (component(node, n, 1, s) for n in (first, first + 1))
    where = ", ".join(part for part in (tag, _element(node, first + 2, s)) if part)
    return ": ".join(part for part in (where, _words(code) if code else "") if part)


def _element(node: Node, number: int, s: Separators) -> str:
    """Return the place in S011 (0098, 0104): element 2-1."""
    place = "-".join(part for part in components(node.element(number), s)[:2] if part)
    return f"element {place}" if place else ""


@cache
def _syntax_codes() -> dict[str, str]:
    text = files(__package__).joinpath("answer_codes.csv").read_text("utf-8")
    return {row["code"]: row["words"] for row in table_rows(text)}


def _words(code: str) -> str:
    """Return a code of 0085 with its words: missing (13)."""
    words = _syntax_codes().get(code)
    return f"{words} ({code})" if words else f"code {code}"


def _aperak(root: Node, unit: Node | None, s: Separators) -> Iterator[Acknowledged]:
    result = next((_APERAK.get(bgm.element(3), "") for bgm in _children(root, "BGM")), "")
    if unit is None:
        about = {component(r, 1, 1, s): component(r, 1, 2, s) for r in _children(root, "RFF")}
        yield Acknowledged("status", about.get("AGO") or about.get("ACW", ""), result, root.place(), "APERAK")
        return
    bill = next((component(r, 1, 2, s) for r in _children(unit, "RFF")), "")
    text = " ".join([component(unit, 1, 1, s), *(_text(ftx, s) for ftx in _children(unit, "FTX"))])
    yield Acknowledged("status", bill, "R", unit.place(), text.strip())


def _cusres(root: Node, unit: Node | None, s: Separators) -> Iterator[Acknowledged]:
    node = unit or root
    status = _status(node, s)
    errors = _all_errors(node, s)
    if unit is None:
        bill, place = _bill(root, _SENT, s), root.place()
    else:
        own = component(unit, 1, 2, s) if unit.tag == "RFF" else component(unit, 2, 1, s)
        bill, place = _bill(unit, ("AAM",), s) or own or _bill(unit, (), s), unit.place()
    if errors and all(code.startswith(_EVENT) for code, _ in errors):
        known = [_notices().get(code, {"words": text, "status": ""}) for code, text in errors]
        result = "; ".join(f"{code} {n['words']}".strip() for (code, _), n in zip(errors, known, strict=True))
        told, words = next((n["status"] for n in known if n["status"]), ""), ""
    else:
        advice = any(code == _ADVICE for code, _ in errors)
        words = "; ".join(f"{code} {text}".strip() for code, text in errors) or ("CUSRES" if unit is None else "")
        result = "R" if errors and not advice else _STATUS.get(status, "")
        told = {"A": "accepted", "R": "rejected"}.get(result, "")
        if result != "R" and status in _GOODS and (unit is not None or not result):
            result, told = f"{status} {_GOODS[status][0]}", _GOODS[status][1]
        errors = [] if advice else errors
    code = errors[0][0] if errors else ""
    if unit is None:  # of the whole message, not of one bill
        told, code = "", ""
    yield Acknowledged("status", bill, result, place, words, told, code=code)


_EVENT = "SN"  # status notifications of CBP's ACE truck manifest begin so; what is wrong has codes of digits
_ADVICE = "ADVICE"  # Australian customs: what stands beside it tells, and refuses nothing
_SENT = ("ACW", "ABO", "AFB", "MWB", "MB")  # RFF that name the message or manifest which is answered


def _bill(node: Node, kinds: tuple[str, ...], s: Separators) -> str:
    """Return the number of the first RFF of these kinds, of any kind when none is named."""
    found = {component(r, 1, 1, s): component(r, 1, 2, s) for r in reversed(_children(node, "RFF"))}
    if not kinds:
        return next(reversed(found.values()), "")
    return next((found[kind] for kind in kinds if found.get(kind)), "")


def _all_errors(node: Node, s: Separators) -> list[tuple[str, str]]:
    """Return (9321, its text) of all error points of a message or a bill; in older directories some stand where no group is for them."""
    return [error for point in (*_children(node, "ERP"), node) for error in _errors(point, s)]


def _errors(point: Node, s: Separators) -> Iterator[tuple[str, str]]:
    """Yield (9321, its text) of an error point; FTX+ACE repeats what was sent and is left out."""
    codes = [component(erc, 1, 1, s) for erc in _children(point, "ERC")]
    texts = [_text(ftx, s) for ftx in _children(point, "FTX") if ftx.element(1) in ("AAO", "AAH")]
    for number, code in enumerate(codes):
        yield code, texts[number] if number < len(texts) else ""


@cache
def _notices() -> dict[str, dict[str, str]]:
    """Return code -> row of notices.csv."""
    text = files(__package__).joinpath("notices.csv").read_text("utf-8")
    return {row["code"]: row for row in table_rows(text)}


def _status(node: Node, s: Separators) -> str:
    """Return the result (7365) in GEI (D.95B: GIS) of a header or a shipment."""
    for gei in _children(node, "GEI"):
        return component(gei, 2, 1, s)
    return next((component(gis, 1, 1, s) for gis in _children(node, "GIS")), "")


def _text(ftx: Node, s: Separators) -> str:
    return " ".join(components(ftx.element(4), s))


def _children(node: Node, tag: str) -> list[Node]:
    return (node.children or {}).get(tag, [])
