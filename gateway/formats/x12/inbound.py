"""Acknowledgments of ours that come back in X12: which group, set or bill they answer, and how.

answers.csv says for each set where number, result and texts stand; 997 and 999 are read here. Results: A accepted,
E accepted with errors, P in part, R refused, else the code as received with its words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from gateway.records import Acknowledged, Message, Node

_TEXT = 200


@cache
def _rows() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("answers.csv").read_text("utf-8")
    return {row["set"]: row for row in csv.DictReader(text.splitlines())}


@cache
def _dispositions() -> dict[str, str]:
    text = files(__package__).joinpath("dispositions.csv").read_text("utf-8")
    return {row["code"]: row["words"] for row in csv.DictReader(text.splitlines())}


def answers_of(message: Message, name: str) -> Iterator[Acknowledged]:
    """Yield what an inbound acknowledgment set says, in file order."""
    root: Node = message.root
    nodes = [node for node in root.walk() if node is not root]
    if message.type in ("997", "999"):
        yield from _functional(nodes)
    elif message.type in _rows():
        yield from _statuses(nodes, _rows()[message.type])
    else:
        yield Acknowledged("status", message.control_number, "", root.place(), text=f"{message.type} {name}")


def _functional(nodes: list[Node]) -> Iterator[Acknowledged]:
    """AK1 with the AK9 of the group, and the sets that were not simply accepted."""
    result = next((n.element(1) for n in nodes if n.tag == "AK9"), "")
    opened: Node | None = None
    faults: list[str] = []
    for node in nodes:
        if node.tag == "AK1":
            yield Acknowledged("group", node.element(2), result, node.place(), text=node.element(1))
        elif node.tag == "AK2":
            opened, faults = node, []
        elif node.tag in ("AK3", "AK4", "IK3", "IK4"):
            faults.append("*".join(node.elements[:4]).rstrip("*"))
        elif node.tag in ("AK5", "IK5") and opened is not None and node.element(1) != "A":
            text = "; ".join(faults)[:_TEXT]
            yield Acknowledged("set", opened.element(2), node.element(1), opened.place(), text=text)


def _statuses(nodes: list[Node], row: dict[str, str]) -> Iterator[Acknowledged]:
    """One answer per segment of the row, with the texts that follow it."""
    wanted = [(s.partition(".")[0], int(s.partition(".")[2])) for s in row["text"].split()]
    current: Node | None = None
    texts: list[str] = []
    for node in [*nodes, None]:
        if node is None or node.tag == row["segment"]:
            if current is not None:
                result = current.element(int(row["result"])) if row["result"] else "R"
                number = current.element(int(row["number"]))
                words = "; ".join(t for t in texts if t)[:_TEXT]
                yield Acknowledged("status", number, _result(result), current.place(), text=words)
            current, texts = node, []
        elif current is not None:
            texts.append(" ".join(node.element(n) for tag, n in wanted if tag == node.tag and node.element(n)))


def _result(code: str) -> str:
    if len(code) == 2 and code[0] in "TIBG" and code[1] in "AREPC":
        return {"C": "A"}.get(code[1], code[1])
    words = _dispositions().get(code)
    return f"{code} {words}" if words else code
