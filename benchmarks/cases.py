"""The product's side of the benchmark; see measuring.py for how a case is run.

gateway      the whole way: claim, translate, ledger (durable), canonical JSON, acknowledgments, delivery
translate    the pure core: read, check, map, schema, rules, encode, acknowledgments
reader, tokens, schema, compile, ...   one stage alone
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from measuring import Facts, main

Spec = dict[str, Any]
_COUNTS = ("found", "accepted", "rejected", "waiting")


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        yield from iter(lambda: source.read(1 << 16), b"")


def _profile(spec: Spec) -> Any:
    """Return the partner's profile with its tables loaded and compiled, and settle the collector as `serve` does."""
    from gateway.formats import sniffers
    from gateway.shell import heap
    from gateway.site import load_site

    profile = load_site(Path(spec["site"])).partners[spec["partner"]].profile
    for facts in profile.tables.facts:
        if facts.id in spec.get("tables", ()):
            profile.tables.compiled(facts)
    sniffers()
    _warm_up(spec, profile)
    heap.settle()
    return profile


def _warm_up(spec: Spec, profile: Any) -> None:
    """Translate twenty shipments of the same kind: what is imported and compiled once in a gateway's life is not the file's cost."""
    from gateway.history import MemoryHistory
    from gateway.translate import translate as work

    data = Path(spec["warm"]).read_bytes()
    for one in data.split(b"\x1e") if spec.get("bundle") else [data]:
        if one.strip():
            _translated(work([one], profile, _when(spec), MemoryHistory(), name="warm.dat"), Counter())


def _when(spec: Spec) -> datetime:
    return datetime.fromisoformat(spec["when"])


def gateway(spec: Spec) -> Callable[[], Facts]:
    """The whole way of one file."""
    from gateway.shell.deliver import LocalTarget, Targets
    from gateway.shell.desk import Desk
    from gateway.shell.drops import Candidate
    from gateway.shell.folders import StateFolders
    from gateway.shell.intake import Intake
    from gateway.shell.ledger import open_ledger
    from gateway.shell.process import process
    from gateway.translate import translate as work

    root, file, now = Path(spec["folder"]), Path(spec["file"]), _when(spec)
    folders = StateFolders(root / "state")
    folders.create()
    out, ack, reject = (LocalTarget(_made(root / name)) for name in ("out", "ack", "reject"))
    desk = Desk(open_ledger(f"sqlite:///{root}/state/ledger.sqlite"), folders, work, lambda: now)
    intake = Intake(folders, 10**12, lambda: now)
    drop = root / file.name
    shutil.copyfile(file, drop)
    profile = _profile(spec)

    def run() -> Facts:
        claimed = intake.claim_path(Candidate(drop), spec["partner"], spec["partner"])
        result = process(claimed, profile, Targets(out, out, ack, reject), desk)
        drop_row = desk.ledger.drop(result.receipt)
        facts = {name: getattr(drop_row, name) for name in _COUNTS}
        delivered = sum(entry.stat().st_size for entry in os.scandir(root / "out"))  # as it comes: no list of 100,000
        return {**facts, "state": result.state, "delivered": delivered > 0}

    return run


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _translated(pieces: Iterator[Any], counts: Counter[str]) -> None:
    from gateway.results import Outcome

    for piece in pieces:
        if isinstance(piece, Outcome):
            for ack in piece.acks:
                sum(map(len, ack.chunks))
            counts.update({name: getattr(piece.counts, name) for name in _COUNTS})


def translate(spec: Spec) -> Callable[[], Facts]:
    """The pure core on one file; spec["bundle"]: the documents of a bundle, one after another."""
    from gateway.history import MemoryHistory
    from gateway.translate import translate as work

    file, now, profile = Path(spec["file"]), _when(spec), _profile(spec)
    if spec.get("bundle"):
        files = [[d] for d in file.read_bytes().split(b"\x1e") if d.strip()]
    else:
        files = [_chunks(file)]

    def run() -> Facts:
        counts: Counter[str] = Counter()
        history = MemoryHistory()
        for chunks in files:
            _translated(work(iter(chunks), profile, now, history, name=file.name), counts)
        return dict(counts)

    return run


def translate_no_rules(spec: Spec) -> Callable[[], Facts]:
    """As translate, with a rulebook that only completes the totals that the canonical schema asks for."""
    import dataclasses

    from gateway.history import MemoryHistory
    from gateway.rules import Rulebook
    from gateway.rules.totals import complete_values
    from gateway.translate import translate as work

    class NoRules(Rulebook):
        def prepare_all(self, drafts: Any, profile: Any, now: datetime) -> list[Any]:
            for draft in drafts:
                draft.setdefault("shipment_id", draft.get("house_bill_number", ""))
            return [complete_values(draft, profile) for draft in drafts]

        def check_all(self, drafts: Any, *_: Any) -> list[Any]:
            return [[] for _ in drafts]

        def person_days(self, drafts: Any, *_: Any) -> list[None]:
            return [None] * len(drafts)

    file, now, profile = Path(spec["file"]), _when(spec), _profile(spec)
    profile = dataclasses.replace(profile, rules=NoRules(profile.rules.tables))

    def run() -> Facts:
        counts: Counter[str] = Counter()
        _translated(work(_chunks(file), profile, now, MemoryHistory(), name=file.name), counts)
        return dict(counts)

    return run


def places(spec: Spec) -> Callable[[], Facts]:
    """As translate; counts how often the source of a value was looked up (the only thing a trace does more)."""
    from gateway.mapping import program

    looked: Counter[str] = Counter()
    locate = program.Mapped.locate

    def counting(self: Any, pointer: str) -> Any:
        looked["places"] += 1
        return locate(self, pointer)

    program.Mapped.locate = counting  # type: ignore[method-assign]
    work = translate(spec)
    return lambda: {**work(), "places": looked["places"]}


def traced(spec: Spec) -> Callable[[], Facts]:
    """Tracing on: read and map, and look up the source of every value of every shipment."""
    from gateway.commands.mapping import leaves

    def look(mapped: Any) -> int:
        return sum(1 for pointer, _ in leaves(mapped.draft, "") if mapped.locate(pointer))

    return _mapped(spec, look)


def untraced(spec: Spec) -> Callable[[], Facts]:
    """Read and map only: what `traced` is compared with."""
    return _mapped(spec, lambda _: 0)


def _mapped(spec: Spec, look: Callable[[Any], int]) -> Callable[[], Facts]:
    from gateway.formats import x12
    from gateway.records import MessageBegin, Unit

    file, profile = Path(spec["file"]), _profile(spec)

    def run() -> Facts:
        found = values = 0
        program: Any = None
        for event in x12.read(_chunks(file), profile):
            if type(event) is MessageBegin:
                program = profile.programs(event.message.format, event.message.type, event.message.version)
            elif type(event) is Unit:
                found += 1
                values += look(program.run(event.message, event.node, profile))
        return {"found": found, "values": values}

    return run


def reader(spec: Spec) -> Callable[[], Facts]:
    """The reader of a format alone: tokens, envelopes, structure and element checks, trees with positions."""
    from gateway.formats import format_module
    from gateway.records import Unit

    file, profile = Path(spec["file"]), _profile(spec)
    read = format_module(spec["format"]).read
    return lambda: {"found": sum(1 for e in read(_chunks(file), profile) if type(e) is Unit)}


def tokens(spec: Spec) -> Callable[[], Facts]:
    """The tokenizer of X12 or EDIFACT alone, as the reader runs it: segments with elements, number, line and byte offset."""
    from importlib import import_module

    from gateway.formats.x12.tokens import Run
    from gateway.records import Node

    file = Path(spec["file"])
    tokenizer = import_module(f"gateway.formats.{spec['format']}.tokenizer").Tokenizer()
    read = getattr(tokenizer, "runs", tokenizer.tokens)
    return lambda: {"segments": sum(len(t.tags) if type(t) is Run else type(t) is Node for t in read(_chunks(file)))}


def schema(spec: Spec) -> Callable[[], Facts]:
    """The schema stage over canonical shipments, in the gateway's groups (with their JSON, as the encoder hands it over)."""
    from gateway.canonical.validate import ShipmentValidator
    from gateway.sharing import AT_ONCE

    lines = Path(spec["file"]).read_bytes().splitlines()
    drafts = [json.loads(line) for line in lines]
    check = ShipmentValidator(spec["filer"])

    def run() -> Facts:
        groups = (slice(at, at + AT_ONCE) for at in range(0, len(drafts), AT_ONCE))
        refused = sum(map(bool, chain.from_iterable(check.errors_of_all(drafts[g], lines[g]) for g in groups)))
        return {"found": len(drafts), "refused": refused}

    return run


def schema_paths(spec: Spec) -> Callable[[], Facts]:
    """Not timed for its own sake: verdict and instance paths of each record, to compare with jsonschema's."""
    from gateway.canonical.validate import ShipmentValidator

    drafts = [json.loads(line) for line in Path(spec["file"]).read_bytes().splitlines()]
    engine = ShipmentValidator(spec["filer"])._engine
    return lambda: {"paths": [sorted({"/".join(map(str, e.path)) for e in engine.errors(d)}) for d in drafts]}


def compile_tables(spec: Spec) -> Callable[[], Facts]:
    """Every mapping table from its CSV to a program that can run. Told: medians of process time in ms.

    table     modules imported, canonical model and structures of the format known; of this table, its cells and its code
              tables nothing is remembered
    written   and every function of the program written, every code table it names read, as if all of it had been used
    process   as `table`, in a forked process that has compiled nothing before: with model and structures
    """
    import statistics

    from gateway.formats import format_module
    from gateway.mapping.folder import MappingSet
    from gateway.mapping.transforms import registry
    from gateway.shell import heap
    from gateway.site import base_mappings

    registry()
    mappings = MappingSet(base_mappings())
    for facts in mappings.facts:
        format_module(facts.format)
    heap.settle()

    def run() -> Facts:
        taken: dict[str, dict[str, list[float]]] = {name: {} for name in ("table", "written", "process")}
        for _ in range(spec["times"]):
            for facts in mappings.facts:
                process = _forked(lambda f=facts: mappings.compiled(f))
                taken["process"].setdefault(facts.id, []).append(process)
        for _ in range(spec["times"] + 1):  # the first time round, the structures of the formats are read
            for facts in mappings.facts:
                table, written = _compiled_afresh(MappingSet(base_mappings()), facts)
                taken["table"].setdefault(facts.id, []).append(table)
                taken["written"].setdefault(facts.id, []).append(written)
        return {
            kind: {name: 1000 * statistics.median(all_of_it) for name, all_of_it in of.items()}
            for kind, of in taken.items()
        }

    return run


def _compiled_afresh(mappings: Any, facts: Any) -> tuple[float, float]:
    """Return the process time of compiling a table, and of that with all of its functions and code tables."""
    from gateway.mapping import compile as compiling
    from gateway.mapping import grammar

    for module in (compiling, grammar):
        for known in vars(module).values():
            if hasattr(known, "cache_clear"):
                known.cache_clear()  # what other tables had in common with this one
    begin = time.process_time()
    program = mappings.compiled(facts)
    table = time.process_time() - begin
    program.write()
    for row in mappings.rows(facts)[0]:
        for call in grammar.parse_transform(row.transform):
            if call.name in ("code", "uncode"):
                mappings.codes[call.args[0]]
    return table, time.process_time() - begin


def _forked(work: Callable[[], Any]) -> float:
    """Return the process time of a piece of work in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        begin = time.process_time()
        done = work()
        os.write(writing, struct.pack("d", time.process_time() - begin if done else float("nan")))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return float(struct.unpack("d", told)[0])  # fails when the child died


CASES = {
    f.__name__: f
    for f in (gateway, translate, translate_no_rules, places, traced, untraced, reader, tokens, schema, schema_paths, compile_tables)
}  # fmt: skip

if __name__ == "__main__":
    main(CASES)
