"""`gateway extract`: delivered canonical messages -> a worksheet, an entry extract or XFZB documents.

Two passes over the files, one message in memory at a time: the first checks them and finds the last version of each
shipment, the second writes. Nothing appears under its final name before all of it is written; nothing is overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.canonical.validate import validate_message
from gateway.check import parse_instant
from gateway.commands.extract_sinks import Done, Key, Work, sink_of
from gateway.errors import ConfigError
from gateway.findings import Finding, Scope, Severity
from gateway.formats.detect import OUR_SUFFIXES
from gateway.history import bare_number
from gateway.mapping.sources import Run
from gateway.outputs.fill import EVERY, Filler, purpose_of
from gateway.outputs.fits import left_out, remarks
from gateway.outputs.folder import layout_folders, load_layout
from gateway.outputs.layout import Layout
from gateway.rules.tables import Tables

Tell = Callable[[Finding, int], None]

_ANSWERS = (*OUR_SUFFIXES, ".cusrsp.json")
"""Ends of the names of answers in JSON, which translate writes beside the messages."""
_PLACE = re.compile(r"-([0-9]{4,})(?:\.[0-9a-f]{16})?\.json$")
"""End of a delivered file's name: the place of the message in the file that was received (and a piece of that file's digest)."""


def extract(
    files: list[Path], layout: Layout, output: Path, settings: Mapping[str, Any], law: Tables, now: datetime, tell: Tell
) -> Done:
    """Write the output of all shipments in the files; `tell` takes each finding and the number of shipments it is about.

    Raises ConfigError for files that are no canonical messages and for an output that is there already.
    """
    done = Done()

    def say(finding: Finding, shipments: int = 1) -> None:
        done.errors += finding.severity is Severity.ERROR
        done.warnings += finding.severity is Severity.WARNING
        tell(finding, shipments)

    work = Work(layout, Filler(layout, settings, now, say), output, say, done)
    known = _versions(files)
    sink = sink_of(work)
    try:
        for file in files:
            message = json.loads(file.read_bytes())
            run, came = work.filler.run_of(message), _came(message, file)
            if message["test_indicator"]:
                said, fix = f"{file.name} is a test message.", "Leave it out of a real filing."
                say(Finding("OUT-TEST", Severity.WARNING, Scope.MESSAGE, said, shipment=EVERY, fix=fix), len(message["shipments"]))  # fmt: skip
            for number, shipment in enumerate(message["shipments"]):
                key = (str(message["originator_code"]), str(shipment["shipment_id"]))
                versions = known[_bare(key)]
                whole = None
                if _is_written(work, shipment, versions.last, _Version(came, file, number), run):
                    whole = _completed(shipment, versions.whole, run)
                    if whole is None:
                        say(_alone(key[1]))
                if whole is None:
                    done.left_out += 1
                    continue
                done.shipments += 1
                for finding in remarks(layout, whole, law):
                    say(finding)
                sink.add(whole, key, run)
        for finding, shipments in work.filler.summary():
            say(finding, shipments)
        sink.finish()
    except BaseException:
        sink.drop()
        raise
    return done


def settings_of(shared: Mapping[str, Any], layout: Layout, known: set[str], names: Iterable[str]) -> dict[str, Any]:
    """Return the settings of one output: [outputs] of gateway.toml with [outputs.NAME] over it.

    shared: [outputs] as written; known: every setting that some output reads; names: of all outputs. Raises ConfigError for anything else.
    """
    tables = {k: v for k, v in shared.items() if isinstance(v, dict)}
    for name in tables.keys() - set(names):
        raise ConfigError(f"gateway.toml: outputs.{name} is not known.", f"Outputs: {', '.join(sorted(names))}.")
    found = {k: v for k, v in shared.items() if k not in tables} | tables.get(layout.id, {})
    for key, value in found.items():
        if key not in known or isinstance(value, dict | list):
            raise ConfigError(f"gateway.toml: outputs.{key} is not known.", f"Known: {', '.join(sorted(known))}.")
    return found


def known_settings(base: Path, profile: Path | None) -> set[str]:
    """Return every setting that some output reads."""
    layouts = [load_layout(name, base, profile) for name in layout_folders(base, profile)]
    return {key for layout in layouts for f in layout.fields for key in f.settings}


def files_of(paths: list[Path]) -> list[Path]:
    """Return the files, and the canonical messages of folders. Raises ConfigError when there are none."""
    found = []
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{path} is not there.", "Check the path.")
        below = sorted(p for p in path.glob("*.json") if not p.name.endswith(_ANSWERS))
        found += below if path.is_dir() else [path]
    if not found:
        raise ConfigError("There is no canonical message.", "Name files of the out folder, or the folder.")
    return list(dict.fromkeys(found))


def _checked(file: Path) -> dict[str, Any]:
    """Return a canonical message. Raises ConfigError; the message names places, never values."""
    mend = "Name files as the gateway delivers them (the out folder, or gateway translate FILE -o DIR)."
    try:
        message = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise ConfigError(f"{file.name} is not JSON.", mend) from None
    faults = validate_message(message)
    if faults:
        raise ConfigError(f"{file.name} is no canonical message: {len(faults)} faults, the first at {faults[0].pointer or '/'}.", mend)  # fmt: skip
    return dict(message)


def _bare(key: Key) -> Key:
    """Return what two versions of a shipment share, however its number was written."""
    return key[0], bare_number(key[1])


@dataclass(frozen=True, slots=True)
class _Version:
    """Where a version of a shipment stands. came: (instant of receipt, place of its message in the file that was received)."""

    came: tuple[datetime, int]
    file: Path
    number: int


@dataclass(slots=True)
class _Versions:
    """The versions of one shipment. last: received last; whole: the last one with goods; None: a change of the quantity came alone."""

    last: _Version
    whole: _Version | None = None


def _came(message: dict[str, Any], file: Path) -> tuple[datetime, int]:
    """Return when a message came: the messages of one file were received together, and stand in it one after the other."""
    place = _PLACE.search(file.name)
    return parse_instant(str(message["source"].get("received_at") or message["created_at"])), int(
        place[1]
    ) if place else 0


def _versions(files: list[Path]) -> dict[Key, _Versions]:
    """Return where the last version of each shipment stands: the one received last, then the one named last."""
    found: dict[Key, _Versions] = {}
    for file in files:
        message = _checked(file)
        came = _came(message, file)
        for number, shipment in enumerate(message["shipments"]):
            one = _Version(came, file, number)
            key = _bare((str(message["originator_code"]), str(shipment["shipment_id"])))
            known = found.setdefault(key, _Versions(one))
            if came >= known.last.came:
                known.last = one
            if shipment.get("items") and (known.whole is None or came >= known.whole.came):
                known.whole = one
    return found


def _completed(shipment: dict[str, Any], whole: _Version | None, run: Run) -> dict[str, Any] | None:
    """Return a shipment with what an amendment of its quantity alone (X12 M13) leaves as it was; None when that is not known."""
    if shipment.get("items") or not shipment.get("amendment") or purpose_of(shipment, run) != "amend":
        return shipment
    if whole is None:
        return None
    before: dict[str, Any] = json.loads(whole.file.read_bytes())["shipments"][whole.number]
    quantity = shipment["amendment"].get("quantity")
    return before | shipment | ({"package_count": int(Decimal(quantity))} if quantity else {})


def _alone(shipment: str) -> Finding:
    said = "The shipment is left out: its last version gives a new quantity only, and what that changes is in none of the files."
    return Finding(
        "OUT-LEFT-OUT",
        Severity.ERROR,
        Scope.SHIPMENT,
        said,
        shipment=shipment,
        fix="Name the file of its original too.",
    )


def _is_written(work: Work, shipment: dict[str, Any], last: _Version, here: _Version, run: Run) -> bool:
    """True when a shipment goes into the output; why not is told."""
    name = str(shipment["shipment_id"])
    if (here.file, here.number) != (last.file, last.number):
        said = f"The shipment comes again in {last.file.name}; this version ({here.file.name}) is not written."
        if here.came == last.came and here.file != last.file:
            said += " Both came at the same time; the one that is named last was taken."
        work.say(Finding("OUT-SUPERSEDED", Severity.WARNING, Scope.SHIPMENT, said, shipment=name, fix="Check that the last version is the right one."))  # fmt: skip
        return False
    why = left_out(work.layout, shipment, run)
    if why is None and work.layout.kind is None and purpose_of(shipment, run) == "cancel":
        said = "The shipment is cancelled and left out."
        why = Finding("OUT-CANCELLED", Severity.WARNING, Scope.SHIPMENT, said, shipment=name, fix="Nothing, if the cancellation is right.")  # fmt: skip
    if why is not None:
        work.say(why)
    return why is None
