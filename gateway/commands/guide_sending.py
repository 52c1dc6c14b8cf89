"""Two chapters of a guide: how the partner's files come to us, and what he gets back; true for his partner file."""

from __future__ import annotations

import html
from collections.abc import Iterable

from gateway.formats import format_module
from gateway.mapping.facts import MappingFacts
from gateway.profile import Profile
from gateway.site import Partner, Site

_ANSWERS = {
    "TA1": "whether the interchange envelope (ISA to IEA) could be read",
    "997": "whether the syntax of your sets is right; groups below version 005010",
    "999": "whether the syntax of your sets is right; groups from version 005010 on",
    "824": "which shipments were refused, with the reason",
    "355": "the same for a customs manifest: each refused bill with its error number",
    "CONTRL": "whether the syntax of your interchange and messages is right",
    "APERAK": "which shipments were refused, with the reason",
    "CUSRES": "which shipments customs data was refused for",
    "XFNM": "Processed or Rejected, with every error and warning",
    "FMA": "the message was taken",
    "FNA": "the message or some of its shipments were refused, with the reason",
    "CUSRSP": "accepted, partly or refused, item by item",
}
_FOR_ALL = (
    ("NAME.receipt.json", "for every file, whatever it is: that it arrived, what it was, how many shipments were accepted"),
    ("NAME.rejects.csv", "for a clerk: each refused shipment, what is wrong, where, how to mend it; opens in Excel"),
    ("NAME.report.json", "the same for a program, with all remarks"),
)  # fmt: skip
_TA1 = {
    "requested": "when ISA14 is 1, or the envelope is wrong", "always": "always", "fault": "when the envelope is wrong",
}  # fmt: skip
_PLAIN = ("tabular", "own", "wco_xml")
"""Formats whose files name no sender and have no control numbers."""
_PROGRAMS = {
    "section_321_pilot": "Section 321: the exemption is claimed", "entry_86": "entry type 86: the exemption is claimed",
    "entry_11": "informal entry, type 11 (or 01)", "entry_13": "mail, entry type 13",
    "postal_imdw": "mail, worksheet of the postal informal entry", "acas": "air, data before loading (ACAS)",
    "eccf_manifest": "express manifest", "postal_aed": "mail, advance data of posts", "isf": "importer security filing",
}  # fmt: skip


def wide_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table that scrolls by itself where the page is narrow; head and cells are HTML already."""
    top = "".join(f"<th>{c}</th>" for c in head)
    lines = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def sending_chapter(site: Site, partner: Partner, chosen: list[MappingFacts]) -> str:
    """Return how files come to us, as HTML."""
    p, facts = (
        partner.profile,
        [("How your goods enter", _PROGRAMS.get(partner.profile.program, partner.profile.program))],
    )
    facts += _fetched(partner) if partner.poll is not None else _dropped(site, partner)
    if any(f.format not in _PLAIN for f in chosen):
        again = "a number that comes again with other content is refused"
        if p.refused_numbers == "free":
            again += ", unless nothing was accepted under it: mend the file and send it again with the same number"
        facts += [
            ("Senders", ", ".join(f"{s.qualifier}:{s.id}".lstrip(":") for s in p.senders)),
            ("Receivers", ", ".join(f"{s.qualifier}:{s.id}".lstrip(":") for s in p.receivers)),
            ("Control numbers", f"each interchange needs its own; {again}"),
            ("Test messages", "are checked and answered, and never reach the receiver" if p.allow_test else "are refused"),
        ]  # fmt: skip
    rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in facts)
    return f'<h2 id="sending">How to send</h2><table>{rows}</table>'


def _dropped(site: Site, partner: Partner) -> list[tuple[str, str]]:
    """The partner brings his files: over SFTP, or into a folder that somebody else serves."""
    temporary = "any name; a name that ends in .tmp, .part or .filepart is not taken until it is renamed"
    if partner.in_dir is not None and not partner.keys:
        return [
            ("Your files", f"into the folder that was agreed with you, {temporary}"),
            ("Answers", "in the folders ack and reject that were agreed with you"),
        ]
    return [
        ("Server", f"SFTP, port {site.settings.sftp_port}; the host name comes with your account"),
        ("Account", partner.profile.account),
        ("Log-in", "SSH key only; send us your public key (ed25519, ECDSA, or RSA of 3072 bits or more)"),
        ("Your files", f"put into /in, {temporary}"),
        ("Answers", "appear in /ack; what was refused is told in /reject. Fetch and delete them as you like"),
    ]


def _fetched(partner: Partner) -> list[tuple[str, str]]:
    """We fetch the partner's files from his server."""
    poll = partner.poll
    assert poll is not None
    whole = (
        f"when its empty marker NAME{poll.marker} lies beside it"
        if poll.marker
        else "when its size and time stay the same for a while"
    )
    after = f"is moved to the folder {poll.done_folder} in it" if poll.done_folder else "is deleted there"
    answers = (
        f"over SFTP, account {partner.profile.account}, in /ack and /reject"
        if partner.keys
        else "in the folders ack and reject that were agreed with you"
    )
    return [
        ("Server", f"yours: {poll.host}, port {poll.port}, account {poll.user}"),
        ("Your files", f"we fetch them from the folder {poll.folder or '/'}; a file is taken {whole}, and {after}"),
        ("Answers", answers),
    ]


def answers_chapter(site: Site, profile: Profile, chosen: list[MappingFacts]) -> str:
    """Return what comes back, as HTML."""
    acks = profile.acks
    wanted: list[str] = []
    for folder in dict.fromkeys(f.format for f in chosen):
        wanted += [kind for kind in format_module(folder).ACKS if _gets(kind, profile)]
    lines = [(kind, _says(kind, profile)) for kind in dict.fromkeys(wanted)] + list(_FOR_ALL)
    if profile.join_hours:
        lines.append(("NAME.late.*", f"when house data did not come within {profile.join_hours:g} hours"))
    if site.settings.responses_dir is not None:
        with_350 = ", .350.edi" if any(f.id.startswith("x12_309") for f in chosen) else ""
        lines.append(
            (
                f"NAME.status-*.json, .csv{with_350}",
                "what the receiver decided of your shipments: released, held, refused",
            )
        )
    note = f"TA1: {_TA1[acks.ta1]}." if "TA1" in wanted else ""
    shown = wide_table(
        ("file", "says"), [(f"<code>{html.escape(name)}</code>", html.escape(text)) for name, text in lines]
    )
    return f'<h2 id="answers">What comes back</h2>{shown}<p class="note">{html.escape(note)}</p>'


def _says(kind: str, profile: Profile) -> str:
    said = _ANSWERS.get(kind, "")
    if kind in ("997", "999") and profile.acks.functional != "auto":
        return said.partition(";")[0]  # the same for every version
    if kind in ("824", "APERAK") and profile.acks.application_for == "all":
        return "which shipments were accepted, and which refused, with the reason"
    return said


def _gets(kind: str, profile: Profile) -> bool:
    acks = profile.acks
    if kind == "TA1":
        return acks.ta1 != "never"
    if kind in ("997", "999"):
        return acks.functional in ("auto", kind)
    if kind in ("824", "355"):
        return kind in acks.application.split("+")
    if kind == "CUSRES":
        return acks.application == "cusres"
    if kind == "APERAK":
        return bool({"824", "355", "aperak"} & set(acks.application.split("+")))
    return acks.functional != "none"
