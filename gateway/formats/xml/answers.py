"""Messages about messages: what an answer to one of ours says, and what tells a second message of one id from the first."""

from __future__ import annotations

import hashlib

from gateway.formats.xml.nodes import XmlNode, text_at
from gateway.records import Acknowledged

_UNDER_THE_SAME_ID = ("UPDATE", "DELETION")


def answer_in(node: XmlNode) -> Acknowledged:
    """Return what an answer of somebody to us says (XFNM)."""
    status = text_at(node, ("BusinessHeaderDocument", "StatusCode"))
    reasons = [text_at(s, ("Reason",)) for s in (node.children or {}).get("ResponseStatus", ())]
    conversation = text_at(node, ("MessageHeaderDocument", "ConversationID"))
    return Acknowledged("status", conversation, status, node.here(), text="; ".join(filter(None, reasons))[:500])


def number_of_use(facts: dict[str, str]) -> str:
    """Return what is remembered of the id of a Cargo-XML Update or Deletion: programs send those under the id of the Creation."""
    purpose = facts.get("purpose", "").strip().upper()
    if purpose not in _UNDER_THE_SAME_ID:
        return ""
    told = hashlib.sha256(f"{facts.get('id', '')}|{purpose}|{facts.get('created', '')}".encode()).hexdigest()
    return f"{facts.get('id', '')[:24]}-{told[:12]}"
