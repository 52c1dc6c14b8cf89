"""Acknowledgments of ours that come back in X12: which group, set or bill they answer, and how.

answers.csv says for each set where number, result and texts stand, answer_codes.csv what the codes of TA1, 997 and 999 mean; 997 and 999 are read here. Results: A accepted,
E accepted with errors, P in part, R refused, else the code as received with its words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest

from gateway.records import Acknowledged, Message, Node
from gateway.shipped import files, table_rows

_TEXT = 200
_FAULTS = 20  # of one set that are told


@cache
def _rows() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("answers.csv").read_text("utf-8")
    return {row["set"]: row for row in table_rows(text)}


@cache
def _dispositions() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("dispositions.csv").read_text("utf-8")
    return {row["code"]: row for row in table_rows(text)}


def answer_of_ta1(node: Node) -> Acknowledged:
    """Return what a TA1 says of an interchange of ours, with its note code."""
    return Acknowledged("interchange", node.element(1), node.element(4), node.place(), _words("TA105", node.element(5)))


def answers_of(message: Message, name: str) -> Iterator[Acknowledged]:
    """Yield what an inbound acknowledgment set says, in file order."""
    root: Node = message.root
    nodes = [node for node in root.walk() if node is not root]
    if message.type in ("997", "999"):
        separators = message.interchange.separators
        yield from _functional(nodes, separators.component if separators is not None else "")
    elif message.type in _rows():
        yield from _statuses(nodes, _rows()[message.type])
    else:
        yield Acknowledged("status", message.control_number, "", root.place(), text=f"{message.type} {name}")


def _functional(nodes: list[Node], component: str) -> Iterator[Acknowledged]:
    """AK1 with the AK9 of the group, and the sets that were not simply accepted, with the codes that say why."""
    end = next((n for n in nodes if n.tag == "AK9"), None)
    result = end.element(1) if end is not None else ""
    why = _all_words("716", end.elements[5:]) if end is not None else ""
    opened: Node | None = None
    faults: list[Node] = []
    for node in nodes:
        if node.tag == "AK1":
            yield Acknowledged("group", node.element(2), result, node.place(), text=why)
        elif node.tag == "AK2":
            opened, faults = node, []
        elif node.tag in ("AK3", "AK4", "IK3", "IK4"):
            faults.append(node)
        elif node.tag in ("AK5", "IK5") and opened is not None and node.element(1) != "A":
            parts = [_all_words("718", node.elements[2:]), *_fault_words(faults, component)]
            text = "; ".join(filter(None, parts[:_FAULTS]))
            yield Acknowledged("set", opened.element(2), node.element(1), opened.place(), text=text)


@cache
def _codes() -> dict[tuple[str, str], str]:
    text = files(__package__).joinpath("answer_codes.csv").read_text("utf-8")
    return {(row["list"], row["code"]): row["words"] for row in table_rows(text)}


def _words(of: str, code: str) -> str:
    """Return a code with its words. of: TA105, or the data element of the list (716, 718, 720, 723)."""
    words = _codes().get((of, code))
    name = code if of.isdigit() else f"{of} {code}"
    return f"{words} ({name})" if words else f"code {name}"


def _all_words(of: str, codes: list[str]) -> str:
    return ", ".join(_words(of, code) for code in codes if code)


def _fault_words(nodes: list[Node], component: str) -> Iterator[str]:
    """Yield what is wrong with segments (AK3) and elements (AK4): "M11-09 of segment 5: the code is not in the list (7)".

    A segment whose elements are told is not told itself. What the bad value was is left out: it may be personal.
    """
    segment: Node | None = None
    for node, following in zip_longest(nodes, nodes[1:]):
        if node.tag in ("AK3", "IK3"):
            segment = node
            of_elements = following is not None and following.tag in ("AK4", "IK4")
            if not (of_elements and node.element(4) == "8"):
                yield f"{node.element(1)}, segment {node.element(2)}: {_words('720', node.element(4))}"
        elif segment is not None:
            element, *rest = node.element(1).split(component or None)
            part = f"-{rest[0]}" if rest and rest[0] else ""
            where = f"{segment.element(1)}-{element.zfill(2)}{part} of segment {segment.element(2)}"
            yield f"{where}: {_words('723', node.element(3))}"


@dataclass
class _Answer:
    """One answer of a set: the segment that names what it is about, with the columns of that, and what is said of it."""

    texts: list[str] = field(default_factory=list)
    named: Node | None = None
    row: dict[str, str] = field(default_factory=dict)


def _statuses(nodes: list[Node], row: dict[str, str]) -> Iterator[Acknowledged]:
    """One answer per segment of the row, with the texts of it; `head`: one for the texts of none of them.

    start: the segment that an answer begins with, where it is another one; outer: what stands above the answers.
    """
    wanted = [(s.partition(".")[0], int(s.partition(".")[2])) for s in row["text"].split()]
    start, (other, number, issuer) = row["start"] or row["segment"], (row["other"] or "..").split(".")
    whole: list[str] = []
    answers: list[_Answer] = []
    current: _Answer | None = None
    before = 0  # of `whole`: what stands before the first answer
    for node in (n for n in nodes if n.tag):
        named = node.tag == row["segment"]
        again = named and (current is None or (current.named is not None and current.named.tag == node.tag))
        if node.tag == start or again:
            before = before if answers else len(whole)
            current = _Answer()
            answers.append(current)
        if node.tag == row["outer"]:
            current = None
        elif named and current is not None:
            current.named, current.row = node, row
        elif node.tag == other and current is not None and current.named is None:
            current.named, current.row = node, {**row, "number": number, "issuer": issuer}
        else:
            texts = current.texts if current is not None else whole
            texts.append(" ".join(node.element(n) for tag, n in wanted if tag == node.tag and node.element(n)))
    whole += [text for one in answers if one.named is None for text in one.texts]
    if row["head"]:
        refused = any(whole[:before] if answers else whole)
        yield from _of_the_whole(nodes, row["head"], "; ".join(t for t in whole if t)[:_TEXT], refused=refused)
    for one in answers:
        if one.named is not None:
            yield _status(one.named, one.row, "; ".join(t for t in one.texts if t)[:_TEXT])


def _of_the_whole(nodes: list[Node], head: str, text: str, *, refused: bool) -> Iterator[Acknowledged]:
    """Yield what a 355 says of the manifest: K3 with ACC, PART or REJ and the counts, else the K1 before any bill (refused)."""
    tag, element = head.split(".")
    about = next((n for n in nodes if n.tag == tag), None)
    counts = next((n.element(1) for n in nodes if n.tag == "K3"), "")
    result = {"ACC": "A", "PART": "P", "REJ": "R"}.get(counts.partition(" ")[0], "R" if refused else "")
    if about is not None and result:
        words = "; ".join(t for t in (text, counts) if t)
        yield Acknowledged("status", about.element(int(element)), result, about.place(), text=words)


def _status(node: Node, row: dict[str, str], text: str) -> Acknowledged:
    code = node.element(int(row["result"])) if row["result"] else "R"
    known = _dispositions().get(code)
    result = f"{code} {known['words']}" if known else _result(code)
    status = known["status"] if known else {"A": "accepted", "E": "accepted", "R": "rejected"}.get(result, "")
    date, time = (node.element(int(row[name])) if row[name] else "" for name in ("date", "time"))
    at = ""
    if (date + time).isascii() and len(date) == 8 and date.isdigit() and len(time) >= 4 and time.isdigit():
        at = f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:00Z"
    issuer = node.element(int(row["issuer"])) if row["issuer"] else ""
    quantity = node.element(int(row["quantity"])).strip() if row["quantity"] else ""
    number = node.element(int(row["number"]))
    return Acknowledged("status", number, result, node.place(), text, status, issuer, code, at, quantity)


def _result(code: str) -> str:
    if len(code) == 2 and code[0] in "TIBG" and code[1] in "AREPC":
        return {"C": "A"}.get(code[1], code[1])
    return code
