"""What sample messages tell (X12, EDIFACT, XML, Cargo-IMP): who sends to whom, which versions, what the base tables read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from gateway.commands.onboard_draft import Draft, Guess
from gateway.formats import format_module
from gateway.formats.detect import Detection, Transcoded
from gateway.mapping.choice import ProgramChoice
from gateway.mapping.cover import Coverage
from gateway.mapping.program import CompiledProgram
from gateway.profile import Identity, Profile
from gateway.records import Interchange, InterchangeBegin, MessageBegin, Unit

_ANYBODY = (Identity("*"),)
_MOST = 25  # unread elements that become questions


Covers = dict[str, Coverage]
"""Mapping id -> what all samples together show of it."""


def message_draft(path: Path, data: bytes, seen: Detection, profile: Profile, covers: Covers) -> Draft:
    """Return the draft for one file of messages, without its fields: `add_fields` tells them of all samples together.

    profile: any; senders and receivers are let in unseen. covers: what the file shows of each mapping is added.
    """
    profile = replace(profile, senders=_ANYBODY, receivers=_ANYBODY)
    draft = Draft(seen.format)
    kinds: Counter[str] = Counter()
    read = sum(cover.units for cover in covers.values())
    events = format_module(seen.format).read(Transcoded((data,), seen), profile, (seen.skip, seen.factor))
    for event in events:
        if isinstance(event, InterchangeBegin):
            _envelope(event.interchange, draft)
        elif isinstance(event, MessageBegin):
            kinds[f"{event.message.type} {event.message.version}".strip()] += 1
        elif isinstance(event, Unit):
            _cover(event, profile, covers, by_element=seen.format != "edifact")
    for kind, number in kinds.items():
        draft.facts.append(("messages", f"{number} times {kind}"))
    if sum(cover.units for cover in covers.values()) == read:
        draft.questions.append(f"{path.name} holds no shipment that a base table reads: is it the right sample?")
    return draft


def add_fields(covers: Covers, draft: Draft) -> None:
    """Add to a draft which rows gave a value in how many shipments of the samples, and what nothing reads."""
    for name, cover in sorted(covers.items()):
        _rows(name, cover, draft)


def _envelope(facts: Interchange, draft: Draft) -> None:
    pair = (facts.sender_qualifier, facts.sender_id)
    if facts.sender_id and pair not in draft.senders:
        draft.senders.append(pair)
    other = (facts.receiver_qualifier, facts.receiver_id)
    if facts.receiver_id and other not in draft.receivers:
        draft.receivers.append(other)
    shown = [
        ("syntax", f"{facts.syntax} {facts.version}".strip()),
        ("test indicator", "test" if facts.test else "live"),
    ]
    if facts.separators is not None:
        s = facts.separators
        shown.append(("separators", f"element {s.element!r}, component {s.component!r}, segment {s.segment!r}"))
    draft.facts += [fact for fact in shown if fact not in draft.facts]


def _cover(unit: Unit, profile: Profile, covers: Covers, *, by_element: bool) -> None:
    message = unit.message
    choice = profile.programs(message.format, message.type, message.version) if profile.programs else None
    program = choice.choose(message, profile) if isinstance(choice, ProgramChoice) else choice
    if isinstance(program, CompiledProgram):
        cover = covers.setdefault(program.mapping_id, Coverage(program, by_element=by_element))
        cover.add(message, unit.node, profile)


def _rows(mapping: str, cover: Coverage, draft: Draft) -> None:
    """Tell which rows of the base table gave a value in how many shipments, and what nothing reads."""
    draft.facts.append(("base table", f"{mapping}: {cover.units} shipments"))
    for row, times in cover.gave():
        if row.target.startswith("_"):  # a value for the rules, not for the receiver
            continue
        share = min(1.0, times / cover.units)
        target = row.target if row.level in ("message", "shipment") else f"{row.level}.{row.target}"
        once = row.level == "message"
        why = "read once for all" if once else f"gave a value {times} times in {cover.units} shipments"
        draft.guesses.append(Guess(target, row.source, 0.95 if once else round(0.5 + share * 0.45, 2), why))
    counters = {cover.root, *cover.program.unit_path[-1:]}  # ST, LX: they only count
    for unread in [u for u in cover.unread() if u.place.partition("-")[0] not in counters][:_MOST]:
        draft.questions.append(
            f"{unread.place} ({unread.count} times, {unread.sample}) is read by nothing. Is it needed?"
        )
